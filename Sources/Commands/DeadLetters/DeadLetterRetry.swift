// SPDX-License-Identifier: Apache-2.0
// `vigil dlq retry`.

import ArgumentParser
import FileQueue
import QueueModel
import SystemKit

/// Runs the tasks of dead letters again.
struct DeadLetterRetry: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Put the tasks of dead letters back into their inboxes.",
        discussion: """
            A task comes back as it first came, with all its attempts; its failed result
            and its dead letter go. A task that has completed by now, and an id that is
            another task's by now, are left alone.

            Of a task with several dead letters, the newest is run again; older ones go
            with it when they hold the same task, and stay when they hold another. A
            file's name stands for exactly that one.

            Examples:
              vigil dlq retry report-17 report-18
              vigil dlq retry --all --reason max_retries_exceeded --worker marie
            """
    )

    @OptionGroup
    var selection: DeadLetterSelection
    @OptionGroup
    var queue: QueueOptions
    @OptionGroup
    var form: OutputOptions

    func run() throws {
        do {
            let box = DeadLetterBox(locations: try queue.locations())
            var batch = DeadLetterBatch(verb: "queued again")
            let letters = try batch.select(selection, from: box)
            let plan = RetryPlan(letters)
            for step in plan.steps {
                batch.perform(step.letter) { () throws(SubmissionError) in try box.perform(step) }
            }
            for letter in plan.left {
                Output.note("\(printable(letter.place)) stays: it holds another task of the same id")
            }
            try batch.finish(form.output, lists: !selection.all)
        } catch let error as SystemCallError { throw CommandFailure(error) }
    }
}
