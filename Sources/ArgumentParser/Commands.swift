// SPDX-License-Identifier: Apache-2.0
// Commands and their entry points.

import Glibc

public protocol ParsableArguments: Decodable {
    init()
    mutating func validate() throws
}
extension ParsableArguments { public mutating func validate() throws {} }

public struct CommandConfiguration: Sendable {
    public var commandName: String?
    public var abstract: String
    public var version: String
    public var subcommands: [any ParsableCommand.Type]
    public init(
        commandName: String? = nil,
        abstract: String = "",
        version: String = "",
        subcommands: [any ParsableCommand.Type] = []
    ) {
        self.commandName = commandName
        self.abstract = abstract
        self.version = version
        self.subcommands = subcommands
    }
}

public protocol ParsableCommand: ParsableArguments, SendableMetatype {
    static var configuration: CommandConfiguration { get }
    mutating func run() throws
}
extension ParsableCommand {
    public static var configuration: CommandConfiguration { CommandConfiguration() }
    public mutating func run() throws { throw CommandSignal.help }
    static var name: String { configuration.commandName ?? String(describing: Self.self).lowercased() }
}

public protocol AsyncParsableCommand: ParsableCommand { mutating func run() async throws }

public struct ExitCode: Error, Equatable, Sendable {
    public let rawValue: Int32
    public init(_ code: Int32) { rawValue = code }
    public static let success = Self(0)
    public static let failure = Self(1)
    public static let validationFailure = Self(64)
}

extension ParsableCommand {
    public static func parseAsRoot(_ arguments: [String]? = nil) throws -> any ParsableCommand {
        try parse(arguments ?? Array(CommandLine.arguments.dropFirst()), stack: [])
    }

    static func parse(_ arguments: [String], stack: [any ParsableCommand.Type]) throws -> any ParsableCommand {
        let stack = stack + [Self.self]
        if let first = arguments.first, let child = configuration.subcommands.first(where: { $0.name == first }) {
            return try child.parse(Array(arguments.dropFirst()), stack: stack)
        }
        do {
            let values = try CommandLineParser(definitions: argumentDefinitions(of: Self())).parse(arguments)
            var command = try Self(from: ArgumentDecoder(values: values))
            try command.validate()
            return command
        } catch {
            throw CommandError(underlying: error, stack: stack)
        }
    }

    public static func exitCode(for error: any Error) -> ExitCode {
        switch (error as? CommandError)?.underlying ?? error {
        case let code as ExitCode: code
        case is CommandSignal: .success
        case is ValidationError, is DecodingError: .validationFailure
        default: .failure
        }
    }

    public static func message(for error: any Error) -> String {
        switch (error as? CommandError)?.underlying ?? error {
        case CommandSignal.help: return helpMessage(stack: (error as? CommandError)?.stack ?? [Self.self])
        case CommandSignal.version: return configuration.version
        case is ExitCode: return ""
        case let underlying: return "\(underlying)"
        }
    }

    public static func exit(withError error: (any Error)? = nil) -> Never {
        guard let error else { Glibc.exit(0) }
        let code = exitCode(for: error)
        let text = message(for: error)
        if !text.isEmpty {
            if code == .success {
                print(text)
            } else {
                let bytes = Array("Error: \(text)\n".utf8)
                _ = write(STDERR_FILENO, bytes, bytes.count)
            }
        }
        Glibc.exit(code.rawValue)
    }

    public static func helpMessage() -> String { helpMessage(stack: [Self.self]) }

    static func helpMessage(stack: [any ParsableCommand.Type]) -> String {
        guard let command = stack.last else { return "" }
        let definitions = argumentDefinitions(of: command.init())
        let path = stack.map { $0.name }.joined(separator: " ")
        var lines: [String] = []
        if !command.configuration.abstract.isEmpty { lines += ["OVERVIEW: " + command.configuration.abstract, ""] }
        let usage = definitions.map { d -> String in
            let body =
                d.names.isEmpty
                ? "<\(d.key)>" : d.names[0] + (d.kind == .flag ? "" : " <\(d.names[0].drop { $0 == "-" })>")
            return d.isRequired ? body : "[\(body)\(d.kind == .repeating ? " ..." : "")]"
        }
        lines.append(
            "USAGE: "
                + ([path] + usage + (command.configuration.subcommands.isEmpty ? [] : ["<subcommand>"])).joined(
                    separator: " "
                )
        )
        func section(_ title: String, _ rows: [(String, String)]) {
            guard !rows.isEmpty else { return }
            lines += ["", title + ":"]
            lines += rows.map { "  " + $0.0 + String(repeating: " ", count: max(2, 24 - $0.0.count)) + $0.1 }
        }
        section("ARGUMENTS", definitions.filter { $0.names.isEmpty }.map { ("<\($0.key)>", $0.help) })
        section(
            "OPTIONS",
            definitions.filter { !$0.names.isEmpty }.map { d in
                (
                    d.names.sorted { $0.count < $1.count }.joined(separator: ", ")
                        + (d.kind == .flag ? "" : " <\(d.names[0].drop { $0 == "-" })>"), d.help
                )
            } + [("-h, --help", "Show help information.")]
        )
        section("SUBCOMMANDS", command.configuration.subcommands.map { ($0.name, $0.configuration.abstract) })
        return lines.joined(separator: "\n")
    }
}

extension AsyncParsableCommand {
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
    public static func main() async { await main(nil) }
}
