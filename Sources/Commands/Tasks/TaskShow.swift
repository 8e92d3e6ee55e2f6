// SPDX-License-Identifier: Apache-2.0
// `vigil show`.

import ArgumentParser
import FileQueue
import QueueModel
import Settings
import SystemKit

/// Shows everything that is known of one task.
struct TaskShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one task whole: state, attempts, why it waits, result, logs.",
        discussion: """
            Looks at the queue's files alone, so it answers whether a daemon runs or
            not. Exits 1 when there is no such task.

            Examples:
              vigil show t-20261125-221530-4f9a1c07
              vigil show build-7 --json
            """
    )

    @Argument(help: "The task.", transform: { try TaskID($0) })
    var id: TaskID
    @OptionGroup
    var form: OutputOptions
    @OptionGroup
    var queue: QueueOptions

    func run() throws {
        let loaded = try queue.load()
        do {
            let view = try QueueView.existing(QueueLocations(loaded.settings))
            guard let portrait = try TaskPortrait.take(id, in: view, loaded) else {
                throw CommandFailure.unknownTask(id, loaded.settings.root)
            }
            form.output.render(portrait.json, portrait.text(form.output, now: .present()))
        } catch let error as SystemCallError {
            throw CommandFailure(error)
        }
    }
}

extension CommandFailure {
    /// Nothing on disk knows a task.
    static func unknownTask(_ id: TaskID, _ root: String) -> CommandFailure {
        CommandFailure(.failed, "no task \(id) in \(printable(root)); look at the id, or give another --root")
    }
}
