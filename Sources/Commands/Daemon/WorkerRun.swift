// SPDX-License-Identifier: Apache-2.0
// `vigil worker`.

import ArgumentParser
import QueueModel
import Settings
import SystemKit

/// Runs one worker in the foreground.
struct WorkerRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Run one worker daemon.",
        discussion: """
            Takes the tasks of tasks/<name>/, runs the agent for each, and writes results/<name>/.
            SIGTERM or Ctrl-C drains; a second one stops now, and nothing is lost. SIGHUP reads the settings again.

            Example:
              CLAUDE_COMMAND=claude vigil worker marie --max-concurrent 2
            """
    )

    @Argument(help: "The worker's name.", transform: { try WorkerID($0) })
    var name: WorkerID
    @OptionGroup(title: "Settings")
    var settings: SettingsOptions

    func run() throws { try Daemon(sources: .process(settings), role: .worker(name)).run() }
}

extension SettingsSources {
    /// What a daemon's settings are loaded from.
    /// - Parameter options: The flags.
    /// - Returns: Flags, environment and file system of this process.
    static func process(_ options: SettingsOptions) -> SettingsSources {
        SettingsSources(
            flags: options.flags(),
            environment: SystemInfo.environment,
            currentDirectory: SystemInfo.currentDirectory,
            files: .system
        )
    }
}
