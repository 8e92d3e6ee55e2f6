// SPDX-License-Identifier: Apache-2.0
// `vigil status`.

import ArgumentParser
import Settings
import SystemKit

/// Shows the state of a queue.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show queues, workers, problems and recent failures.",
        discussion: """
            Reads the queue's files and locks, so it answers while no worker runs, and
            says so. A worker whose heartbeat is older than three intervals is not
            running; one of this machine that went without a word is "crashed?". Causes of
            waiting and the counters are as old as the heartbeat; all else is as of now.
            Recent failures are dead letters, and attempts that failed and will be
            repeated.

            The exit code is 0 whatever the state is; with --json, "workers_running" tells
            whether anything runs.

            With --watch a terminal shows the present state; elsewhere each change is
            printed as a block, or with --json as a document on a line.

            Examples:
              vigil status --json
              vigil status --watch
            """
    )

    @Flag(help: "Show it again whenever it changes, until Ctrl-C.")
    var watch = false
    @OptionGroup
    var queue: QueueOptions
    @OptionGroup
    var form: OutputOptions

    func run() throws {
        if watch { return try StatusWatch(loaded: try queue.load(), output: form.output).run() }
        do {
            let survey = StatusSurvey(loaded: try queue.load(), host: SystemInfo.hostName, now: .present())
            let report = try survey.report()
            let output = form.output
            output.render(report.json, report.text(width: Output.width, paint: output.styled))
        } catch let error as SystemCallError { throw CommandFailure(error) }
    }
}
