// SPDX-License-Identifier: Apache-2.0
// The values that were given for each setting, strongest first, and everything that is wrong with them.

/// What the layers give, judged but not merged yet.
struct SettingLayers: Sendable {
    /// A right value, and where it came from.
    struct Entry: Sendable {
        let text: SettingText
        let source: SettingSource
    }

    /// The right values of each setting by its name, strongest first, without those of a worker's section.
    private(set) var entries: [String: [Entry]] = [:]
    /// The right values in the sections of workers, by worker and name.
    private(set) var sections: [String: [String: Entry]] = [:]
    /// The names of settings with a wrong value.
    private(set) var refused: Set<String> = []
    /// One line for each wrong value.
    private(set) var problems: [String] = []

    /// Adds the flags and the environment, which come before any file.
    mutating func add(_ sources: SettingsSources) {
        for setting in Setting.all {
            if let given = sources.flags.entries[setting.name] {
                add(Entry(text: .text(given.value), source: .flag(given.flag)), for: setting)
            }
            // An empty variable is how scripts and containers leave one out.
            if let value = sources.environment[setting.name], !value.isEmpty {
                add(Entry(text: .text(value), source: .environment), for: setting)
            }
        }
    }

    /// Adds the settings of a file, and of its sections for workers.
    mutating func add(_ document: ConfigurationDocument) {
        for member in document.settings { add(member, document, worker: nil) }
        for section in document.workerSections {
            sections[section.worker] = [:]
            for member in section.members { add(member, document, worker: section.worker) }
        }
    }

    private mutating func add(_ member: ConfigurationMember, _ document: ConfigurationDocument, worker: String?) {
        let source = SettingSource.file(path: document.path, worker: worker)
        guard let setting = Setting.named(key: member.key) else {
            let known = Setting.all.filter { worker == nil ? $0.isAllowedInFile : $0.isPerWorker }.map(\.key)
            problems.append(document.unknown(member, among: known, in: source))
            return
        }
        guard setting.isAllowedInFile else {
            problems.append("\(setting.name) (\(source)): this cannot be set in the file itself")
            return
        }
        guard worker == nil || setting.isPerWorker else {
            problems.append("\(setting.name) (\(source)): this cannot be set for one worker")
            return
        }
        if case .null = member.value { return }
        guard let text = Self.text(of: member.value, forms: setting.forms) else {
            refuse(setting, value: member.value.excerpt, source)
            return
        }
        let isRepeated =
            worker.map { sections[$0]?[setting.name] != nil }
            ?? (entries[setting.name] ?? []).contains { $0.source == source }
        guard !isRepeated else {
            problems.append("\(setting.name) (\(source)): given twice, in two spellings; remove one")
            return
        }
        add(Entry(text: text, source: source), for: setting)
    }

    private mutating func add(_ entry: Entry, for setting: Setting) {
        guard setting.accepts(entry.text) else {
            refuse(setting, value: entry.text.excerpt, entry.source)
            return
        }
        if case .file(_, let worker?) = entry.source {
            sections[worker]?[setting.name] = entry
        } else {
            entries[setting.name, default: []].append(entry)
        }
    }

    /// The value that counts: flag, environment, the worker's section, the rest of the file.
    func winner(for setting: Setting, worker: String?) -> Entry? {
        let candidates = entries[setting.name] ?? []
        if let first = candidates.first, !first.source.isFile { return first }
        return worker.flatMap { sections[$0]?[setting.name] } ?? candidates.first
    }

    /// The text of a value that has one of the right forms.
    private static func text(of value: ConfigurationValue, forms: FileForms) -> SettingText? {
        switch value {
        case .string(let text) where forms.contains(.string): .text(text)
        case .number(let text) where forms.contains(.number): .text(text)
        case .boolean(let value) where forms.contains(.boolean): .text(value ? "true" : "false")
        case .array where forms.contains(.list): value.strings.map(SettingText.list)
        default: nil
        }
    }

    private mutating func refuse(_ setting: Setting, value: String, _ source: SettingSource) {
        let shown = setting.isSecret ? Secret<String>.redacted : MessageText.excerpt(value)
        refused.insert(setting.name)
        problems.append("\(setting.name)=\(shown) (\(source)): \(setting.hint)")
    }
}

extension SettingSource {
    /// Whether the value stands in the configuration file.
    var isFile: Bool {
        if case .file = self { return true }
        return false
    }
}

/// Text from outside that becomes part of a one-line message.
enum MessageText {
    /// The start of a text, without control characters.
    static func excerpt(_ text: String) -> String {
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(80) {
            shown.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
        }
        return String(shown) + (text.unicodeScalars.count > 80 ? "…" : "")
    }
}
