// SPDX-License-Identifier: Apache-2.0
// `vigil up`.

import ArgumentParser
import QueueModel
import Settings

/// Runs everything that one machine needs, in the foreground.
struct Up: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Run all workers of this machine and the orchestrator in one process.",
        discussion: """
            When another orchestrator serves the queue already, the workers run without one of their own.
            Ctrl-C drains: running agents get DRAIN_TIMEOUT to end. A second Ctrl-C stops now; the agents' tasks wait
            for the next start, and lose no attempt.

            Example:
              vigil up --workers marie,anga
            """
    )

    @Option(help: "WORKERS: the names, separated by commas.")
    var workers: String?
    @OptionGroup(title: "Settings")
    var settings: SettingsOptions

    func run() throws {
        var sources = SettingsSources.process(settings)
        if let workers { _ = sources.flags.set(workers, for: "workers") }
        try Daemon(sources: sources, role: .everything).run()
    }
}
