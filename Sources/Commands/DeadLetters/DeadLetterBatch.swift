// SPDX-License-Identifier: Apache-2.0
// The same done to several dead letters, with every failure reported.

import ArgumentParser
import FileQueue
import QueueModel
import SystemKit

/// What was done to which dead letters, and what failed.
struct DeadLetterBatch {
    /// What is done, in the past tense.
    private let verb: String
    private var done: [DeadLetter] = []
    private var failures: [(id: String, message: String)] = []

    /// Begins a batch.
    /// - Parameter verb: What is done, in the past tense.
    init(verb: String) { self.verb = verb }

    /// Finds what was selected; ids that name nothing become failures.
    /// - Parameters:
    ///   - selection: What was asked for.
    ///   - box: All dead letters.
    /// - Returns: The dead letters, oldest first, none twice.
    /// - Throws: When the dead letters cannot be read.
    mutating func select(_ selection: DeadLetterSelection, from box: DeadLetterBox) throws -> [DeadLetter] {
        let letters = try box.list(worker: selection.filter.worker)
        if selection.all {
            let chosen = letters.filter(selection.filter.accepts)
            if chosen.isEmpty { Output.note("no dead letters to act on") }
            return chosen
        }
        let index = DeadLetterIndex(letters)
        var places: Set<String> = []
        for id in selection.ids {
            do {
                places.formUnion(try index.letters(named: id).map(\.place))
            } catch let error as CommandFailure { fail(id, error.description) }
        }
        return letters.filter { places.contains($0.place) }
    }

    /// Does it to one dead letter, and notes what came of it.
    mutating func perform(_ letter: DeadLetter, _ action: () throws(SubmissionError) -> Void) {
        do throws(SubmissionError) {
            try action()
            done.append(letter)
        } catch { fail(letter.name, error.description) }
    }

    /// Prints what came of the batch.
    /// - Parameters:
    ///   - output: Where to.
    ///   - lists: Whether each dead letter gets a line, and not their number alone.
    /// - Throws: The exit code 1 when anything failed.
    func finish(_ output: Output, lists: Bool) throws {
        let lines = done.map { "\(verb): \(printable($0.name)) (\($0.worker))" }
        let count = done.isEmpty ? "" : "\(verb): \(done.count == 1 ? "1 dead letter" : "\(done.count) dead letters")"
        output.render(json, lists ? lines.joined(separator: "\n") : count)
        for failure in failures { Output.note("Error: \(printable(failure.message))") }
        if !failures.isEmpty { throw ExitCode(CommandFailure.Code.failed.rawValue) }
    }

    private mutating func fail(_ id: String, _ message: String) { failures.append((id, message)) }

    /// What came of the batch, as a document.
    var json: JSONValue {
        [
            "schema_version": .integer(DeadLetterReport.schemaVersion),
            "done": .array(
                done.map { letter in
                    [
                        "file": .string(letter.file.description), "worker": .string(letter.worker.string),
                        "task_id": letter.record.taskID.map { .string($0.string) } ?? .null,
                    ]
                }
            ),
            "failed": .array(failures.map { ["id": .string($0.id), "error": .string($0.message)] }),
        ]
    }
}
