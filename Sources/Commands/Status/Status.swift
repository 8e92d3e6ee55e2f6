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

            Example:
              vigil status --json
            """
    )

    @OptionGroup
    var queue: QueueOptions
    @OptionGroup
    var form: OutputOptions

    func run() throws {
        do {
            let survey = StatusSurvey(loaded: try queue.load(), host: SystemInfo.hostName, now: .present())
            let report = try survey.report()
            let output = form.output
            output.render(report.json, report.text(width: Output.width, paint: output.styled))
        } catch let error as SystemCallError { throw CommandFailure(error) }
    }
}
