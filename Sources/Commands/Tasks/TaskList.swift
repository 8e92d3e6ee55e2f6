// SPDX-License-Identifier: Apache-2.0
// `vigil list`.

import ArgumentParser
import FileQueue
import QueueModel
import Settings
import SystemKit

/// Lists tasks, newest first.
struct TaskList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List tasks, newest first.",
        discussion: """
            A task's time is that of its submission while it is queued, of its latest step
            while it is being worked on, and of its end. With --json there is a document
            on each line. Of a file that was refused there is no task: vigil dlq list.

            Examples:
              vigil list --state failed --limit 20
              vigil list --worker marie --state running --state waiting
              vigil list --limit 0 --json
            """
    )

    @Option(help: "Only tasks in this state; may be repeated.")
    var state: [TaskState] = []
    @Option(help: "Only this worker's tasks.", transform: { try WorkerID($0) })
    var worker: WorkerID?
    @Option(help: ArgumentHelp("The most tasks that are listed; 0 lists all.", valueName: "n"))
    var limit = 50
    @OptionGroup
    var form: OutputOptions
    @OptionGroup
    var queue: QueueOptions

    func validate() throws {
        if limit < 0 { throw ValidationError("--limit \(limit): give 0 for all, or how many") }
    }

    func run() throws {
        let loaded = try queue.load()
        do {
            let survey = WaitSurvey(try QueueView.existing(QueueLocations(loaded.settings)), loaded)
            var listing = TaskListing(survey: survey)
            listing.states = Set(state)
            listing.worker = worker
            listing.limit = limit == 0 ? nil : limit
            let summary = try form.json ? stream(listing) : show(listing)
            if case .files(let reason)? = summary.source { Output.note("\(reason): read from the queue's files") }
            if summary.isCut { Output.note("there are more than \(limit); --limit 0 lists all") }
        } catch let error as SystemCallError {
            throw CommandFailure(error)
        }
    }

    private func stream(_ listing: TaskListing) throws -> TaskListing.Summary {
        try listing.forEach { form.output.render($0.json, "") }
    }

    private func show(_ listing: TaskListing) throws -> TaskListing.Summary {
        var rows: [TaskRow] = []
        let summary = try listing.forEach { rows.append($0) }
        if rows.isEmpty {
            Output.note("no task is there" + (state.isEmpty && worker == nil ? "" : " in that state or of that worker"))
        } else {
            let output = form.output
            let table = TaskRow.table(rows, now: listing.survey.now, width: Output.width) {
                output.styled($0, $1.style)
            }
            Output.write(Array((table + "\n").utf8))
        }
        return summary
    }
}

extension TaskState: ExpressibleByArgument {}
