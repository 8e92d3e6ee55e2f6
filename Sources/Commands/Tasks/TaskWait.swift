// SPDX-License-Identifier: Apache-2.0
// `vigil wait`.

import ArgumentParser
import FileQueue
import QueueModel
import Settings
import SystemKit

/// Waits until tasks have ended.
struct TaskWait: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until tasks have ended.",
        discussion: """
            Prints a line for each task as it ends: id, status, and how long it took or
            why it failed. A task that is not known yet is waited for.

            Exits 0 when all have completed, 1 when one failed or was cancelled, and 124
            when the time was over before; with --any, by the first that ended. Ctrl-C
            ends the waiting, not the tasks.

            Examples:
              vigil wait build-7 test-7 --timeout 30m
              vigil wait $(vigil submit marie --batch tasks.jsonl) --any --json
            """
    )

    @Argument(help: "The tasks.", transform: { try TaskID($0) })
    var id: [TaskID]
    @Flag(help: "Only until the first of them has ended.")
    var any = false
    @Option(
        help: ArgumentHelp("Give up after so long, such as 30m.", valueName: "duration"),
        transform: { try Duration(typed: $0) }
    )
    var timeout: Duration?
    @OptionGroup
    var form: OutputOptions
    @OptionGroup
    var queue: QueueOptions

    func run() throws {
        let settings = try queue.load().settings
        let deadline = timeout.map { ContinuousClock.now.advanced(by: $0) }
        do {
            _ = try QueueView.existing(QueueLocations(settings))
        } catch let error as SystemCallError { throw CommandFailure(error) }
        let output = form.output
        let ending = try Following.run(settings, for: .reader) { [id, any] following in
            let view = try QueueView(locations: QueueLocations(settings))
            let endings = TaskEndings(id, in: view, changes: following.changes())
            let unknown = try endings.unknown()
            if !unknown.isEmpty { Output.note("not known yet, and waited for: \(Self.list(unknown))") }
            let pipe = OutputPipe(following)
            var hasFailed = false
            let outcome = try await endings.run(until: deadline, any: any) { ending in
                if ending.status != .completed { hasFailed = true }
                let line = output.isJSON ? JSONWriter.text(ending.json) : ending.line
                try await pipe.write(Array((line + "\n").utf8), to: .standardOutput)
            }
            return (outcome, hasFailed)
        }
        switch ending {
        case nil: throw ExitCode(CommandFailure.Code.interrupted.rawValue)
        case (.timedOut(let pending), _)?:
            let time = timeout.map { "after \($0.rounded), " } ?? ""
            throw CommandFailure(.timedOut, "\(time)\(Self.list(pending)) not ended; see why: vigil why \(pending[0])")
        case (.ended, let hasFailed)?: if hasFailed { throw ExitCode(CommandFailure.Code.failed.rawValue) }
        }
    }

    private static func list(_ ids: [TaskID]) -> String {
        let shown = ids.prefix(5).map(\.string).joined(separator: ", ")
        return ids.count > 5 ? "\(shown) and \(ids.count - 5) more" : shown
    }
}
