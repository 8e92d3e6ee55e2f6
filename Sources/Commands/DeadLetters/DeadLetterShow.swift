// SPDX-License-Identifier: Apache-2.0
// `vigil dlq show`.

import ArgumentParser
import FileQueue
import SystemKit

/// Shows one dead letter.
struct DeadLetterShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one dead letter whole: reason, attempts, task.",
        discussion: """
            Of a task with several dead letters, the newest is shown.

            Example:
              vigil dlq show report-17
            """
    )

    @Argument(help: "A task's id, or the file name of a dead letter.")
    var id: String
    @OptionGroup
    var queue: QueueOptions
    @OptionGroup
    var form: OutputOptions

    func run() throws {
        do {
            let box = DeadLetterBox(locations: try queue.locations())
            let letters = try DeadLetterIndex(box.list(worker: nil)).letters(named: id)
            guard let letter = letters.last else { return }
            if letters.count > 1 {
                let others = letters.dropLast().map { printable($0.place) }.joined(separator: ", ")
                Output.note("\(printable(id)) has \(letters.count - 1) older: \(others)")
            }
            let report = DeadLetterReport([letter], now: .present())
            form.output.render(report.json(of: letter), report.text(of: letter, in: box.directory(of: letter.worker)))
        } catch let error as SystemCallError { throw CommandFailure(error) }
    }
}
