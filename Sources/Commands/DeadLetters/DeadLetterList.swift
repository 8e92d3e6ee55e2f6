// SPDX-License-Identifier: Apache-2.0
// `vigil dlq list`.

import ArgumentParser
import FileQueue
import SystemKit

/// Lists dead letters.
struct DeadLetterList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List dead letters, oldest first.",
        discussion: """
            Example:
              vigil dlq list --worker marie --reason max_retries_exceeded
            """
    )

    @OptionGroup
    var filter: DeadLetterFilter
    @OptionGroup
    var queue: QueueOptions
    @OptionGroup
    var form: OutputOptions

    func run() throws {
        do {
            let box = DeadLetterBox(locations: try queue.locations())
            let letters = try box.list(worker: filter.worker).filter(filter.accepts)
            let report = DeadLetterReport(letters, now: .present())
            form.output.render(report.json, report.text(width: Output.width))
        } catch let error as SystemCallError { throw CommandFailure(error) }
    }
}
