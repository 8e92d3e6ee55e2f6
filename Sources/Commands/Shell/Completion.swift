// SPDX-License-Identifier: Apache-2.0
// What may come next on a command line, whatever the shell.

package import ArgumentParser

/// Completes a command line from the tree of commands; names that only the queue knows are asked for when needed.
package struct Completion {
    /// Names that are looked up in the queue.
    package enum Names: Sendable, Hashable {
        /// The ids of tasks.
        case tasks
        /// The names of workers.
        case workers
        /// The names of agent profiles.
        case agents
    }

    /// What the shell is to offer.
    package enum Answer: Sendable, Equatable {
        /// These words, each with what it means, or an empty text.
        case words([Word])
        /// Names of files.
        case files
        /// Names of directories.
        case directories
    }

    /// A word that may come next.
    package struct Word: Sendable, Equatable {
        /// The word.
        package let text: String
        /// What it means, in one line.
        package let meaning: String
    }

    private let root: CommandInfoV0
    private let names: (Names) -> [String]

    /// Makes a completer.
    /// - Parameters:
    ///   - tool: The program.
    ///   - names: Looks names up; called at most once for a line.
    package init(_ tool: ToolInfoV0, names: @escaping (Names) -> [String]) {
        root = tool.command
        self.names = names
    }

    /// Completes a line.
    /// - Parameter words: The words behind the program's name; the last one is being typed, and may be empty.
    /// - Returns: What may stand in its place.
    package func answer(to words: [String]) -> Answer {
        let words = Self.joined(words)
        let typed = words.last ?? ""
        var line = Line(command: root)
        for word in words.dropLast() { line.read(word) }
        let answer = answer(line, typed)
        guard case .words(let found) = answer else { return answer }
        return .words(found.filter { $0.text.hasPrefix(typed) })
    }

    private func answer(_ line: Line, _ typed: String) -> Answer {
        if let option = line.openOption { return values(of: option) }
        if !line.isLiteral, typed.hasPrefix("-") {
            if let sign = typed.firstIndex(of: "="), let option = line.option(named: String(typed[..<sign])) {
                return values(of: option).prefixed(with: typed[...sign])
            }
            return .words(options(of: line.command))
        }
        let visible = line.command.subcommands.filter(\.shouldDisplay)
        if !visible.isEmpty {
            let help = line.command.superCommands.isEmpty ? [Word(text: "help", meaning: "Show help information.")] : []
            return .words(visible.map { Word(text: $0.commandName, meaning: $0.abstract) } + help)
        }
        return line.nextPositional.map(values) ?? .words([])
    }

    private func options(of command: CommandInfoV0) -> [Word] {
        let own = command.arguments.filter { $0.kind != .positional && $0.shouldDisplay }.flatMap { argument in
            argument.names.map { Word(text: $0.synopsis, meaning: argument.abstract) }
        }
        return own + [Word(text: "--help", meaning: "Show help information.")]
    }

    private func values(of argument: ArgumentInfoV0) -> Answer {
        if let values = argument.allValues { return .words(values.map { Word(text: $0, meaning: "") }) }
        switch argument.names.first?.name ?? argument.valueName {
        case "id", "ids", "after": return .words(found(.tasks))
        case "worker", "workers": return .words(found(.workers))
        case "agent": return .words(found(.agents))
        case "file", "batch", "config": return .files
        case "root", "cwd": return .directories
        default: return .words([])
        }
    }

    private func found(_ kind: Names) -> [Word] { names(kind).map { Word(text: $0, meaning: "") } }

    // MARK: Words

    /// Bash breaks `--state=failed` into three words; here it is one again, unless its end is what is being typed.
    private static func joined(_ words: [String]) -> [String] {
        var joined: [String] = []
        var index = 0
        while index < words.count {
            if words[index] == "=", let last = joined.last, last.hasPrefix("--") {
                // The value takes the option's own way to it; alone, the sign stands for an empty value.
                index += 1
                if index == words.count { joined.append("") }
                continue
            }
            joined.append(words[index])
            index += 1
        }
        return joined
    }
}

extension Completion.Answer {
    /// The same words behind an option's name, as most shells take both for one word.
    fileprivate func prefixed(with name: Substring) -> Self {
        guard case .words(let words) = self else { return self }
        return .words(words.map { Completion.Word(text: name + $0.text, meaning: $0.meaning) })
    }
}

/// What the words so far have led to.
private struct Line {
    var command: CommandInfoV0
    /// The option whose value comes next.
    var openOption: ArgumentInfoV0?
    /// Whether `--` has ended the options.
    var isLiteral = false
    private var positionals = 0

    init(command: CommandInfoV0) { self.command = command }

    /// The argument that the next plain word is.
    var nextPositional: ArgumentInfoV0? {
        let all = command.arguments.filter { $0.kind == .positional }
        if positionals < all.count { return all[positionals] }
        return all.last.flatMap { $0.isRepeating ? $0 : nil }
    }

    func option(named text: String) -> ArgumentInfoV0? {
        command.arguments.first { $0.kind == .option && $0.names.contains { $0.synopsis == text } }
    }

    mutating func read(_ word: String) {
        if openOption != nil {
            openOption = nil
        } else if isLiteral {
            positionals += 1
        } else if word == "--" {
            isLiteral = true
        } else if word.hasPrefix("-") {
            openOption = word.contains("=") ? nil : option(named: word)
        } else if let child = command.subcommands.first(where: { $0.commandName == word }) {
            command = child
        } else if word != "help" || !command.superCommands.isEmpty {
            positionals += 1
        }
    }
}
