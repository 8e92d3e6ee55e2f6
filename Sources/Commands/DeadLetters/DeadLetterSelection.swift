// SPDX-License-Identifier: Apache-2.0
// Which dead letters a command is about.

import ArgumentParser
package import FileQueue
import QueueModel
import SystemKit

extension DeadLetterReason: ExpressibleByArgument {}

/// The filters that every command for several dead letters has.
struct DeadLetterFilter: ParsableArguments {
    @Option(help: "Only this worker's dead letters.", transform: { try WorkerID($0) })
    var worker: WorkerID?
    @Option(help: "Only those with this reason.")
    var reason: DeadLetterReason?

    /// Whether there is any filter.
    var isEmpty: Bool { worker == nil && reason == nil }

    func accepts(_ letter: DeadLetter) -> Bool {
        (worker == nil || letter.worker == worker) && (reason == nil || letter.record.reason == reason)
    }
}

/// The dead letters that were named, or all of them.
struct DeadLetterSelection: ParsableArguments {
    @Argument(help: "Task ids, or the file names of dead letters.")
    var ids: [String] = []
    @Flag(help: "All dead letters, less what the filters leave out.")
    var all = false
    @OptionGroup
    var filter: DeadLetterFilter

    mutating func validate() throws {
        guard ids.isEmpty else {
            if all { throw ValidationError("give ids or --all, not both") }
            if !filter.isEmpty { throw ValidationError("--worker and --reason go with --all") }
            return
        }
        if !all { throw ValidationError("give the ids of dead letters, or --all; vigil dlq list shows them") }
    }
}

/// Finds dead letters by what people call them.
package struct DeadLetterIndex {
    private let letters: [DeadLetter]

    /// Takes the dead letters among which to look.
    /// - Parameter letters: Oldest first.
    package init(_ letters: [DeadLetter]) { self.letters = letters }

    /// The dead letters that a text means.
    /// - Parameter text: A task's id, a file's name with or without `.json`, or `<worker>/<file>`.
    /// - Returns: All of a task's, oldest first; of a file's name exactly that one.
    /// - Throws: `CommandFailure` when there are none, or a file's name stands for several.
    package func letters(named text: String) throws -> [DeadLetter] {
        let names: Set<String> = [text, text + ".json"]
        let files = letters.filter {
            names.contains($0.file.description) || names.contains("\($0.worker)/\($0.file)")
        }
        if files.count > 1 {
            let workers = files.map(\.worker.string).joined(separator: ", ")
            throw CommandFailure(
                .failed,
                "\(text): several workers have one (\(workers)); put the worker in front: \(files[0].worker)/\(text)"
            )
        }
        if !files.isEmpty { return files }
        let found = letters.filter { $0.record.taskID?.string == text }
        if found.isEmpty {
            throw CommandFailure(.failed, "\(text): there is no such dead letter; vigil dlq list shows them")
        }
        return found
    }
}
