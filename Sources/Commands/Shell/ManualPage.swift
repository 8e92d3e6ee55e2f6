// SPDX-License-Identifier: Apache-2.0
// The manual page, made from the tree of commands so that it never says less than --help.

package import ArgumentParser

/// The manual page of a program in the language of man(7).
package struct ManualPage {
    /// A setting, as the page lists it.
    package struct Variable: Sendable {
        /// The environment variable.
        package let name: String
        /// What it is for.
        package let summary: String
        /// What it can be.
        package let range: String

        /// Describes a setting.
        /// - Parameters:
        ///   - name: The environment variable.
        ///   - summary: What it is for.
        ///   - range: What it can be.
        package init(name: String, summary: String, range: String) {
            self.name = name
            self.summary = summary
            self.range = range
        }
    }

    private let root: CommandInfoV0
    private let version: String
    private let variables: [Variable]

    /// Makes a page.
    /// - Parameters:
    ///   - tool: The program.
    ///   - version: Its version.
    ///   - variables: The environment variables that it reads.
    package init(_ tool: ToolInfoV0, version: String, variables: [Variable]) {
        root = tool.command
        self.version = version
        self.variables = variables
    }

    /// The page.
    package var text: String {
        var lines = [
            #".\" SPDX-License-Identifier: Apache-2.0"#,
            #".\" Made by: \#(root.commandName) manual"#,
            ".TH \(root.commandName.uppercased()) 1 \"\" \"\(root.commandName) \(Roff.escaped(version))\" \"\"",
            ".SH NAME", #"\#(root.commandName) \- \#(Roff.escaped(lowered(root.abstract)))"#,
            ".SH SYNOPSIS", ".B \(root.commandName)", Roff.italic("COMMAND") + " [OPTION ...]",
            ".SH DESCRIPTION",
        ]
        lines += Roff.verbatim(root.discussion)
        lines.append(".SH COMMANDS")
        for command in visible(root) { lines += section(command) }
        lines += [
            ".SH ENVIRONMENT",
            Roff.paragraph("A flag of the same name counts first, then the variable, then the configuration file."),
        ]
        for variable in variables {
            lines += [
                ".TP", ".B \(Roff.escaped(variable.name))", Roff.paragraph("\(variable.summary) (\(variable.range))"),
            ]
        }
        lines += [".SH EXIT STATUS"]
        for (code, meaning) in Self.exitCodes { lines += [".TP", ".B \(code)", Roff.line(meaning)] }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let exitCodes = [
        (0, "Done."), (1, "The task, or what was asked for, failed."), (2, "The daemon that is needed is not there."),
        (64, "Wrong words on the command line."), (65, "The input is not what it should be."),
        (69, "Something that is needed is not there."), (70, "The operating system refused something."),
        (73, "A file could not be made."), (77, "Not permitted."), (78, "The settings are wrong."),
        (124, "The time was over."), (130, "Interrupted."),
    ]

    private func lowered(_ text: String) -> String {
        let text = text.hasSuffix(".") ? String(text.dropLast()) : text
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    private func visible(_ command: CommandInfoV0) -> [CommandInfoV0] { command.subcommands.filter(\.shouldDisplay) }

    private func section(_ command: CommandInfoV0) -> [String] {
        let path = (command.superCommands + [command.commandName]).joined(separator: " ")
        var lines = [
            ".SS \(Roff.escaped(path))", Roff.paragraph(command.abstract), ".PP", Roff.paragraph(command.usage),
        ]
        for argument in command.arguments where argument.shouldDisplay { lines += entry(argument) }
        if !command.discussion.isEmpty { lines += [".PP"] + Roff.verbatim(command.discussion) }
        return lines + visible(command).flatMap(section)
    }

    private func entry(_ argument: ArgumentInfoV0) -> [String] {
        let value = argument.valueName.map { Roff.italic($0) }
        let names = argument.names.map { Roff.bold($0.synopsis) }.joined(separator: ", ")
        let label = [names, value ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
        let notes = [
            argument.allValues.map { "values: " + $0.joined(separator: ", ") },
            argument.defaultValue.map { "default: " + $0 },
        ].compactMap { $0 }.joined(separator: "; ")
        let text = [argument.abstract, notes.isEmpty ? "" : "(\(notes))", argument.discussion]
        return [".TP", label, Roff.paragraph(text.filter { !$0.isEmpty }.joined(separator: " "))]
    }
}

/// The language of man(7).
private enum Roff {
    /// A text without anything that the formatter would take for its own.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "\\": escaped += "\\e"
            case "-": escaped += "\\-"
            case "'": escaped += "\\(aq"
            case "`": escaped += "\\(ga"
            case "^": escaped += "\\(ha"
            case "~": escaped += "\\(ti"
            case "\"": escaped += "\\(dq"
            case "…": escaped += "..."
            default:
                for scalar in character.unicodeScalars {
                    let code = String(scalar.value, radix: 16, uppercase: true)
                    let padding = String(repeating: "0", count: max(0, 4 - code.count))
                    escaped += scalar.isASCII ? String(scalar) : "\\[u\(padding)\(code)]"
                }
            }
        }
        return escaped
    }

    /// A line of text; a dot at its beginning is no request.
    static func line(_ text: String) -> String {
        let escaped = escaped(text)
        return escaped.hasPrefix(".") ? "\\&" + escaped : escaped
    }

    /// A paragraph, in lines that an editor shows whole.
    static func paragraph(_ text: String) -> String {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + word.count < 72 {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines.map(line).joined(separator: "\n")
    }

    static func bold(_ text: String) -> String { "\\fB\(escaped(text))\\fR" }
    static func italic(_ text: String) -> String { "\\fI\(escaped(text))\\fR" }

    /// Lines that are left as they are; an empty one is a space between paragraphs.
    static func verbatim(_ text: String) -> [String] {
        [".nf"]
            + text.split(separator: "\n", omittingEmptySubsequences: false).map {
                $0.isEmpty ? ".sp" : line(String($0))
            }
            + [".fi"]
    }
}
