// SPDX-License-Identifier: Apache-2.0
// Settings after loading: for all, for one worker, and as rows to show.

import Agents
package import QueueModel

/// A setting as `vigil config` shows it.
package struct SettingRow: Equatable, Sendable {
    /// The name of the setting.
    package let name: String
    /// The value in effect, as the setting itself accepts it; a secret is not shown.
    package let value: String
    /// Where the value came from.
    package let source: SettingSource
    /// What is allowed.
    package let range: String
    /// The unit of plain numbers; nil when there is none.
    package let unit: String?
    /// What it does, in one line.
    package let summary: String
    /// The part of the table that it belongs to.
    package let group: SettingGroup
}

/// Settings that passed every check.
package struct LoadedSettings: Sendable {
    /// Where the root and the file are.
    struct Place: Sendable {
        let root: String
        let source: SettingSource
        let file: String?
    }

    /// The settings of everything that is no single worker.
    package private(set) var settings = VigilSettings()

    private let layers: SettingLayers
    private let place: Place
    private let profiles: [AgentProfile]
    private let checks: [Check]
    private let files: SettingsFiles

    init(layers: SettingLayers, place: Place, profiles: [AgentProfile], checks: [Check], files: SettingsFiles) {
        self.layers = layers
        self.place = place
        self.profiles = profiles
        self.checks = checks
        self.files = files
        settings = settings(forWorker: nil)
    }

    /// The settings of one worker: its section of the file counts before the rest of the file.
    ///
    /// The file system is asked for the worker's prompt file when none is set.
    ///
    /// - Parameter worker: the worker; it need not have a section.
    /// - Returns: the worker's settings.
    package func settings(for worker: WorkerID) -> VigilSettings { settings(forWorker: worker.string) }

    /// All settings as rows, in the order of the table.
    ///
    /// - Parameter worker: whose settings; nil for those of everything that is no single worker.
    /// - Returns: a row for each setting.
    package func rows(for worker: WorkerID? = nil) -> [SettingRow] {
        let settings = settings(forWorker: worker?.string)
        return Setting.all.map { setting in
            SettingRow(
                name: setting.name,
                value: setting.render(settings),
                source: layers.winner(for: setting, worker: worker?.string)?.source ?? .default,
                range: setting.range,
                unit: setting.unit,
                summary: setting.summary,
                group: setting.group
            )
        }
    }

    private func settings(forWorker worker: String?) -> VigilSettings {
        var settings = VigilSettings()
        for setting in Setting.all {
            guard let entry = layers.winner(for: setting, worker: worker) else { continue }
            setting.apply(entry.text, &settings)
        }
        settings.root = place.root
        settings.configurationFile = place.file
        for setting in Setting.all { setting.complete?(&settings) }
        if !isGiven("TASK_TIMEOUT", worker) {
            settings.taskTimeout = min(settings.taskTimeout, settings.maxTaskTimeout)
        }
        if let worker, !isGiven("SYSTEM_PROMPT_FILE", worker) {
            let path = PathText.resolved("prompts/\(worker).md", under: place.root)
            settings.systemPromptFile = files.kind(path) == .file ? path : nil
        }
        let builtIn = AgentProfile.claude(command: settings.claudeCommand)
        settings.agents[builtIn.name] = builtIn
        for profile in profiles { settings.agents[profile.name] = profile.completed(from: builtIn) }
        for check in checks { settings.checks[check.name] = check }
        return settings
    }

    private func isGiven(_ name: String, _ worker: String?) -> Bool {
        Setting.named(name).flatMap { layers.winner(for: $0, worker: worker) } != nil
    }
}

// MARK: - Settings that do not go together

extension LoadedSettings {
    /// What is wrong although each setting is right by itself.
    func problems() -> [String] {
        var problems: [String] = []
        for worker in [nil] + layers.sections.keys.sorted().map(Optional.some) {
            let settings = settings(forWorker: worker)
            if settings.taskTimeout > settings.maxTaskTimeout {
                problems.append(
                    problem(
                        "TASK_TIMEOUT",
                        worker,
                        settings,
                        "give at most MAX_TASK_TIMEOUT, which is "
                            + DurationText.format(settings.maxTaskTimeout)
                    )
                )
            }
            if settings.profile(named: nil) == nil {
                let names = settings.agents.keys.map(\.string).sorted()
                let nearest = NearestName.of(settings.agent.string, in: names)
                problems.append(
                    problem(
                        "VIGIL_AGENT",
                        worker,
                        settings,
                        "there is no such profile; "
                            + (nearest.map { "did you mean \($0)?" } ?? "give one of \(names.joined(separator: ", "))")
                    )
                )
            }
        }
        // A value for everyone shows up again for each worker.
        return problems.enumerated().filter { !problems[..<$0.offset].contains($0.element) }.map(\.element)
    }

    private func problem(_ name: String, _ worker: String?, _ settings: VigilSettings, _ text: String) -> String {
        guard let setting = Setting.named(name) else { return text }
        let source = layers.winner(for: setting, worker: worker)?.source ?? .default
        return "\(name)=\(setting.render(settings)) (\(source)): \(text)"
    }
}
