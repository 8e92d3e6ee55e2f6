// SPDX-License-Identifier: Apache-2.0
// Which queue a command works on.

import ArgumentParser
import FileQueue
import QueueModel
import Settings
import SystemKit

/// The options of every command that works on a queue without being its daemon.
struct QueueOptions: ParsableArguments {
    @Option(help: "The root directory; else VIGIL_ROOT.")
    var root: String?
    @Option(help: "The configuration file; else vigil.json5 in the root.")
    var config: String?

    /// Loads the settings as a daemon would.
    /// - Throws: `SettingsError` with every wrong value.
    func load() throws(SettingsError) -> LoadedSettings { try SettingsLoader.load(sources()) }

    /// What the settings are loaded from.
    func sources() -> SettingsSources {
        var flags = SettingsFlags()
        if let root { _ = flags.set(root, for: "root") }
        if let config { _ = flags.set(config, for: "config") }
        return SettingsSources(
            flags: flags,
            environment: SystemInfo.environment,
            currentDirectory: SystemInfo.currentDirectory,
            files: .system
        )
    }

    /// The queue's directories.
    /// - Throws: `SettingsError`.
    func locations() throws(SettingsError) -> QueueLocations { QueueLocations(try load().settings) }
}
