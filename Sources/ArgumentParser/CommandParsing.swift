// SPDX-License-Identifier: Apache-2.0
// Which command was named.

/// An error together with the commands that lead to where it happened, root first.
struct CommandError: Error {
    var underlying: any Error
    var stack: [any ParsableCommand.Type]
}

extension ParsableCommand {
    static var name: String { configuration.commandName ?? String(describing: Self.self).kebabCased }

    static func parse(
        _ arguments: [String],
        below parents: [any ParsableCommand.Type]
    ) throws -> any ParsableCommand {
        let stack = parents + [Self.self]
        if let (child, rest) = try subcommand(in: arguments, stack: stack) {
            return try child.parse(rest, below: stack)
        }
        do {
            return try parse(arguments, hasVersion: stack.contains { !$0.configuration.version.isEmpty })
        } catch {
            throw CommandError(underlying: error, stack: stack)
        }
    }

    /// The subcommand that was named, or the default one, and the arguments without its name.
    private static func subcommand(
        in arguments: [String],
        stack: [any ParsableCommand.Type]
    ) throws -> (any ParsableCommand.Type, [String])? {
        let configuration = configuration
        guard !configuration.subcommands.isEmpty else { return nil }
        let parser = CommandLineParser(definitions: argumentDefinitions(of: Self()), hasVersion: false)
        let index = parser.leadingOptionCount(of: arguments)
        if index < arguments.count, arguments[index] != "--", !parser.isOption(arguments[index]) {
            let name = arguments[index]
            let following = arguments[(index + 1)...]
            // Options before the subcommand's name are handed on to it.
            if let child = subcommand(named: name) { return (child, Array(arguments[..<index]) + following) }
            if name == "help" { throw helpRequest(for: following, below: stack) }
            if configuration.defaultSubcommand == nil, !parser.definitions.contains(where: { $0.kind == .positional }) {
                throw CommandError(underlying: unknownSubcommand(name), stack: stack)
            }
        }
        let isAboutThisCommand = ["--help", "-h", "--version"].contains { arguments.first == $0 }
        guard let child = configuration.defaultSubcommand, !isAboutThisCommand else { return nil }
        return (child, arguments)
    }

    private static func subcommand(named name: String) -> (any ParsableCommand.Type)? {
        configuration.subcommands.first { $0.name == name || $0.configuration.aliases.contains(name) }
    }

    private static func unknownSubcommand(_ name: String) -> ParserError {
        let known = configuration.subcommands.filter { $0.configuration.shouldDisplay }.map { $0.name } + ["help"]
        let hint = nearest(to: name, among: known).map { ". Did you mean '\($0)'?" } ?? ""
        return ParserError("Unknown command '\(name)'\(hint)")
    }

    /// The help text of the command that the words after `help` name.
    private static func helpRequest(
        for names: ArraySlice<String>,
        below parents: [any ParsableCommand.Type]
    ) -> CommandError {
        var stack = parents
        for name in names {
            let parent = stack.last ?? Self.self
            guard let child = parent.subcommand(named: name) else {
                return CommandError(underlying: parent.unknownSubcommand(name), stack: stack)
            }
            stack.append(child)
        }
        return CommandError(underlying: CleanExit.helpRequest(), stack: stack)
    }

    /// The commands that lead from this one to `command`, both included; nil when it is not below this one.
    static func path(to command: any ParsableCommand.Type) -> [any ParsableCommand.Type]? {
        if command == Self.self { return [Self.self] }
        for child in configuration.subcommands {
            if let path = child.path(to: command) { return [Self.self] + path }
        }
        return nil
    }
}

extension CommandLineParser {
    /// How many arguments at the start are options of this command and their values.
    func leadingOptionCount(of arguments: [String]) -> Int {
        var index = 0
        while index < arguments.count, isOption(arguments[index]) {
            let (name, value) = arguments[index].splitAtEquals
            guard let definition = definitions.first(where: { $0.isNamed(name) }) else { break }
            index += definition.kind == .option && value == nil ? 2 : 1
        }
        return min(index, arguments.count)
    }
}
