// SPDX-License-Identifier: Apache-2.0
// Commands and their entry points.

/// Arguments that belong together: a command, or a group that several commands share.
///
/// The properties are wrapped in ``Argument``, ``Option``, ``Flag`` or ``OptionGroup``.
public protocol ParsableArguments: Decodable {
    /// Creates an instance whose properties are still definitions.
    init()
    /// Checks what was typed, after every property has its value.
    ///
    /// - Throws: ``ValidationError`` with the rule that was broken.
    mutating func validate() throws
}

extension ParsableArguments {
    /// Accepts everything.
    public mutating func validate() throws {}

    /// Parses arguments that are no command.
    ///
    /// - Parameter arguments: What was typed; the arguments of the process when nil.
    /// - Returns: The values.
    /// - Throws: An error for ``ParsableCommand/exit(withError:)``.
    public static func parse(_ arguments: [String]? = nil) throws -> Self {
        try parse(arguments ?? Array(CommandLine.arguments.dropFirst()), hasVersion: false)
    }

    static func parse(_ arguments: [String], hasVersion: Bool) throws -> Self {
        var parser = CommandLineParser(definitions: argumentDefinitions(of: Self()), hasVersion: hasVersion)
        var result = try Self(from: ArgumentDecoder(values: try parser.parse(arguments)))
        try result.validate()
        return result
    }
}

/// A command, or a group of commands.
public protocol ParsableCommand: ParsableArguments, SendableMetatype {
    /// What the command is called and what its help text says.
    static var configuration: CommandConfiguration { get }
    /// Does what the command is for.
    ///
    /// - Throws: Any error; ``ParsableCommand/exitCode(for:)`` makes an exit code of it.
    mutating func run() throws
}

extension ParsableCommand {
    /// Nothing but the type's name.
    public static var configuration: CommandConfiguration { CommandConfiguration() }

    /// Shows the help text.
    ///
    /// - Throws: ``CleanExit``, always.
    public mutating func run() throws { throw CleanExit.helpRequest(Self.self) }

    /// Parses the arguments of a program of which this is the root command.
    ///
    /// - Parameter arguments: What was typed after the program's name; the arguments of the process when nil.
    /// - Returns: The command that was named, to be run.
    /// - Throws: An error for ``exit(withError:)``, ``fullMessage(for:columns:)`` and ``exitCode(for:)``.
    public static func parseAsRoot(_ arguments: [String]? = nil) throws -> any ParsableCommand {
        try parse(arguments ?? Array(CommandLine.arguments.dropFirst()), below: [])
    }

    /// Parses, runs and ends the process when something fails.
    ///
    /// - Parameter arguments: What was typed after the program's name; the arguments of the process when nil.
    public static func main(_ arguments: [String]?) {
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch {
            exit(withError: error)
        }
    }

    /// Parses the arguments of the process, runs and ends the process when something fails.
    public static func main() { main(nil) }
}

/// A command whose work is asynchronous.
public protocol AsyncParsableCommand: ParsableCommand {
    /// Does what the command is for.
    ///
    /// - Throws: Any error; ``ParsableCommand/exitCode(for:)`` makes an exit code of it.
    mutating func run() async throws
}

extension AsyncParsableCommand {
    /// Parses, runs and ends the process when something fails.
    ///
    /// - Parameter arguments: What was typed after the program's name; the arguments of the process when nil.
    public static func main(_ arguments: [String]?) async {
        do {
            var command = try parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            exit(withError: error)
        }
    }

    /// Parses the arguments of the process, runs and ends the process when something fails.
    public static func main() async { await main(nil) }
}
