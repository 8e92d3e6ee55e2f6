// SPDX-License-Identifier: Apache-2.0
// `vigil orchestrator`.

import ArgumentParser
import QueueModel
import Settings

/// Runs the orchestrator alone in the foreground.
struct OrchestratorRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orchestrator",
        abstract: "Run the orchestrator daemon.",
        discussion: """
            Follows the tasks of all workers, keeps their history, and writes a notification to triggers/orchestrator/
            for every task that ends or takes too long, and for every worker that falls silent. One orchestrator
            serves a queue; `vigil up` has one of its own. SIGTERM or Ctrl-C stops it; nothing is lost, and what
            happens meanwhile is told after the next start.

            Example:
              vigil orchestrator --workers marie,anga --completion-timeout 15m
            """
    )

    @Option(help: "WORKERS: the workers that are expected to live, separated by commas.")
    var workers: String?
    @OptionGroup(title: "Settings")
    var settings: SettingsOptions

    func run() throws {
        var sources = SettingsSources.process(settings)
        if let workers { _ = sources.flags.set(workers, for: "workers") }
        try Daemon(sources: sources, role: .orchestrator).run()
    }
}
