// SPDX-License-Identifier: Apache-2.0
// `vigil why`.

import ArgumentParser
import FileQueue
import QueueModel
import Settings
import SystemKit

/// Explains why a task is where it is.
struct TaskWhy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Explain why a task waits, failed or is not there, and what to do.",
        discussion: """
            One sentence, what led there, and what to do. What a task waits for is
            followed through all tasks that it needs. With --json, "cause" is a stable
            word: a cause of waiting, a reason of failing, or a state. Exits 1 when there
            is no such task.

            Example:
              vigil why build-7
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
            let facts = try TaskInquiry(survey: WaitSurvey(view, loaded)).circumstances(of: id)
            let explanation = TaskExplanation(facts)
            let output = form.output
            output.render(explanation.json(facts), explanation.text(now: facts.now, paint: output.styled))
            if facts.portrait == nil { throw ExitCode(CommandFailure.Code.failed.rawValue) }
        } catch let error as SystemCallError {
            throw CommandFailure(error)
        }
    }
}
