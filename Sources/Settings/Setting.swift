// SPDX-License-Identifier: Apache-2.0
// One row of the table of settings.

/// A part of the table of settings, in the order in which they are shown.
package enum SettingGroup: String, CaseIterable, Sendable {
    case places = "Places"
    case work = "Work"
    case failures = "Failures"
    case agents = "Agents"
    case files = "Files"
    case watching = "Watching"
}

/// One setting: what it is called in each layer, what it may be, and how it reaches `VigilSettings`.
package struct Setting: Sendable {
    /// The name of the environment variable, and the name in messages.
    package let name: String
    /// The key in the configuration file; the variable's name is accepted there too.
    package private(set) var key: String
    /// The names of the flag, without the leading `--`; the first one is shown.
    package private(set) var flags: [String]
    /// What it does, in one line.
    package let summary: String
    /// What is allowed.
    package let range: String
    /// What stands for the value in help texts.
    package let placeholder: String
    /// The unit of plain numbers; nil when there is none.
    package let unit: String?
    /// The part of the table that it belongs to.
    package private(set) var group = SettingGroup.places
    /// The default, as `vigil config` shows it.
    package private(set) var defaultText: String
    /// A value that differs from the default, for the configuration template.
    package private(set) var example: String?
    /// Whether the configuration file may give another value for one worker.
    package private(set) var isPerWorker = false
    /// Whether the configuration file may hold it at all.
    package private(set) var isAllowedInFile = true
    /// Whether its value is kept out of messages and listings.
    package private(set) var isSecret = false

    let hint: String
    let forms: FileForms
    /// Whether the text is a right value.
    let accepts: @Sendable (SettingText) -> Bool
    /// Puts a right value in its place; a wrong one changes nothing.
    let apply: @Sendable (SettingText, inout VigilSettings) -> Void
    /// The value as text that the same row accepts.
    let render: @Sendable (VigilSettings) -> String
    /// Completes the value once the root is known.
    private(set) var complete: (@Sendable (inout VigilSettings) -> Void)?
}

extension Setting {
    /// A row whose default is the initial value of the property.
    static func row<Value>(
        _ name: String,
        _ path: any WritableKeyPath<VigilSettings, Value> & Sendable,
        _ kind: ValueKind<Value>,
        _ summary: String
    ) -> Setting {
        Setting(
            name: name,
            key: name.lowercased(),
            flags: [String(name.lowercased().map { $0 == "_" ? "-" : $0 })],
            summary: summary,
            range: kind.range,
            placeholder: kind.placeholder,
            unit: kind.unit,
            defaultText: kind.render(VigilSettings()[keyPath: path]),
            hint: kind.hint,
            forms: kind.forms,
            accepts: { text in kind.parse(text) != nil },
            apply: { text, settings in
                if let value = kind.parse(text) { settings[keyPath: path] = value }
            },
            render: { settings in kind.render(settings[keyPath: path]) }
        )
    }

    /// A row for a directory or file that lies under the root unless it is moved.
    static func place(
        _ name: String,
        _ path: any WritableKeyPath<VigilSettings, String> & Sendable,
        _ noun: String,
        default defaultName: String,
        _ summary: String
    ) -> Setting {
        var setting = row(name, path, .path(noun), summary)
        setting.defaultText = defaultName
        setting.complete = { settings in
            let value = settings[keyPath: path]
            settings[keyPath: path] = PathText.resolved(value.isEmpty ? defaultName : value, under: settings.root)
        }
        return setting
    }

    func inGroup(_ group: SettingGroup) -> Setting { changed { $0.group = group } }
    func flag(_ flags: String...) -> Setting { changed { $0.flags = flags } }
    func key(_ key: String) -> Setting { changed { $0.key = key } }
    func perWorker() -> Setting { changed { $0.isPerWorker = true } }
    func outsideFile() -> Setting { changed { $0.isAllowedInFile = false } }
    func secret() -> Setting { changed { $0.isSecret = true } }
    func example(_ text: String) -> Setting { changed { $0.example = text } }
    func defaultText(_ text: String) -> Setting { changed { $0.defaultText = text } }
    func completed(by body: @escaping @Sendable (inout VigilSettings) -> Void) -> Setting {
        changed { $0.complete = body }
    }

    private func changed(_ body: (inout Setting) -> Void) -> Setting {
        var setting = self
        body(&setting)
        return setting
    }

    /// The keys under which the configuration file may hold it.
    var keys: Set<String> { [key, name, name.lowercased()] }
}
