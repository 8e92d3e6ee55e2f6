// SPDX-License-Identifier: Apache-2.0
// The help text of a command.

/// The help text of the last command of `stack`, the root of which is its first.
struct HelpText {
    let stack: [any ParsableCommand.Type]
    let columns: Int
    let includesHidden: Bool
    private let configuration: CommandConfiguration
    private let definitions: [ArgumentDefinition]
    private static let labelWidth = 26

    /// - Precondition: `stack` is not empty.
    init(stack: [any ParsableCommand.Type], columns: Int, includesHidden: Bool = false) {
        self.stack = stack
        // Narrower than this nothing can be laid out.
        self.columns = max(columns, 40)
        self.includesHidden = includesHidden
        let command = stack[stack.count - 1]
        configuration = command.configuration
        definitions = argumentDefinitions(of: command.init()).filter { includesHidden || !$0.isHidden }
    }

    /// The command as it is typed.
    var path: String { stack.map { $0.name }.joined(separator: " ") }

    /// The usage line; with many options the optional ones are not named.
    var usage: String {
        if let usage = configuration.usage { return usage }
        let subcommand = configuration.subcommands.isEmpty ? [] : ["<subcommand>"]
        let options = definitions.filter { $0.kind != .positional }
        let positionals = definitions.filter { $0.kind == .positional }.map(\.usage)
        let full = ([path] + options.map(\.usage) + positionals + subcommand).joined(separator: " ")
        guard full.count + "Usage: ".count > columns else { return full }
        let required = options.filter(\.isRequired).map(\.usage)
        let optional = required.count == options.count ? [] : ["[<options>]"]
        return ([path] + optional + required + positionals + subcommand).joined(separator: " ")
    }

    /// The whole text, without a newline at its end.
    var text: String {
        var blocks: [String] = []
        if !configuration.abstract.isEmpty {
            blocks.append(wrapped("OVERVIEW: " + configuration.abstract, indent: 0))
        }
        blocks.append("USAGE: " + usage)
        blocks.append(contentsOf: argumentSections)
        blocks.append(contentsOf: subcommandSections)
        if !configuration.discussion.isEmpty {
            blocks.append("DISCUSSION:\n" + wrapped(configuration.discussion, indent: 2))
        }
        if !configuration.subcommands.isEmpty {
            let subpath = ([stack[0].name, "help"] + stack.dropFirst().map { $0.name }).joined(separator: " ")
            blocks.append("  See '\(subpath) <subcommand>' for detailed help.")
        }
        return blocks.joined(separator: "\n\n")
    }

    private var argumentSections: [String] {
        let untitled = definitions.filter { $0.section.isEmpty }
        var titles: [String] = []
        for title in definitions.map(\.section) where !title.isEmpty && !titles.contains(title) { titles.append(title) }
        let titled = titles.map { title in
            section(title, definitions.filter { $0.section == title }.map(row))
        }
        let version = stack.contains { !$0.configuration.version.isEmpty } ? [("--version", "Show the version.")] : []
        let positionals = section("Arguments", untitled.filter { $0.kind == .positional }.map(row))
        let options = untitled.filter { $0.kind != .positional }.map(row)
        return [positionals].compactMap { $0 } + titled.compactMap { $0 }
            + [section("Options", options + version + [("-h, --help", "Show help information.")])].compactMap { $0 }
    }

    private var subcommandSections: [String] {
        func listed(_ title: String, _ commands: [any ParsableCommand.Type]) -> String? {
            section(
                title,
                commands.filter { includesHidden || $0.configuration.shouldDisplay }.map { command in
                    let isDefault = configuration.defaultSubcommand.map { $0 == command } ?? false
                    return (command.name + (isDefault ? " (default)" : ""), command.configuration.abstract)
                }
            )
        }
        return [listed("Subcommands", configuration.ungroupedSubcommands)].compactMap { $0 }
            + configuration.groupedSubcommands.compactMap { listed($0.name + " subcommands", $0.subcommands) }
    }
}

extension HelpText {
    private func row(_ definition: ArgumentDefinition) -> (label: String, text: String) {
        var notes: [String] = []
        if !definition.allValues.isEmpty { notes.append("values: " + definition.allValues.joined(separator: ", ")) }
        if !definition.defaultText.isEmpty { notes.append("default: " + definition.defaultText) }
        let note = notes.isEmpty ? "" : "(" + notes.joined(separator: "; ") + ")"
        let abstract = [definition.help.abstract, note].filter { !$0.isEmpty }.joined(separator: " ")
        let text = [abstract, definition.help.discussion].filter { !$0.isEmpty }.joined(separator: "\n")
        return (definition.label, text)
    }

    private func section(_ title: String, _ rows: [(label: String, text: String)]) -> String? {
        guard !rows.isEmpty else { return nil }
        return ([title.uppercased() + ":"] + rows.map { layOut($0.label, $0.text) }).joined(separator: "\n")
    }

    private func layOut(_ label: String, _ text: String) -> String {
        let label = "  " + label
        guard !text.isEmpty else { return label }
        let lines = wrapped(text, indent: Self.labelWidth)
        guard label.count < Self.labelWidth else { return label + "\n" + lines }
        return label + lines.dropFirst(label.count)
    }

    /// Breaks lines that are too long at spaces, and keeps the others as they are, indented.
    private func wrapped(_ text: String, indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .flatMap { broken(String($0), at: columns - indent) }
            .map { $0.isEmpty ? "" : margin + $0 }
            .joined(separator: "\n")
    }

    private func broken(_ line: String, at width: Int) -> [String] {
        guard line.count > width else { return [line] }
        let margin = String(line.prefix { $0 == " " })
        var lines: [String] = []
        var current = margin
        for word in line.split(separator: " ") {
            let isFirst = current.count == margin.count
            if !isFirst, current.count + 1 + word.count > width {
                lines.append(current)
                current = margin + word
            } else {
                current += (isFirst ? "" : " ") + word
            }
        }
        return lines + [current]
    }
}

extension ArgumentDefinition {
    /// How the argument is written in the usage line.
    fileprivate var usage: String {
        let inverse = inverseNames.first.map { "|" + $0.text } ?? ""
        let dots = isRepeating && kind != .positional ? " ..." : ""
        let text = synopsis + inverse + dots
        return isRequired ? text : "[\(text)]"
    }

    /// How the argument is written in the list of arguments, short names first.
    fileprivate var label: String {
        guard !names.isEmpty else { return "<\(valueName)>" }
        let short = names.filter(\.isShort).map(\.text)
        let long = names.filter { !$0.isShort }.map(\.text)
        let opposite = inverseNames.map(\.text)
        let pairs = opposite.isEmpty ? long : [(long + opposite).joined(separator: "/")]
        return (short + pairs).joined(separator: ", ") + (kind == .flag ? "" : " <\(valueName)>")
    }
}
