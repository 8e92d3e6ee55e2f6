// SPDX-License-Identifier: Apache-2.0
// The commands of a small program that uses everything the parser offers.

import ArgumentParser

/// The root of the program.
struct Tool: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tool",
        abstract: "Puts parcels on their way.",
        discussion: "Example:\n  tool send home Books and papers",
        version: "tool 1.2.3",
        groupedSubcommands: [
            CommandGroup(name: "Parcel", subcommands: [Send.self, List.self]),
            CommandGroup(name: "Depot", subcommands: [Depot.self, Secret.self]),
        ]
    )

    @OptionGroup var output: OutputOptions
}

/// Shared by all commands.
struct OutputOptions: ParsableArguments {
    @Flag(inversion: .prefixedNo, help: "Colours in the output.")
    var color = true
}

/// Has required and repeated arguments, options of every kind and a rule of its own.
struct Send: AsyncParsableCommand {
    enum Speed: String, CaseIterable, ExpressibleByArgument { case slow, normal, fast }

    static let configuration = CommandConfiguration(abstract: "Sends a parcel.", aliases: ["ship"])

    @OptionGroup var output: OutputOptions

    @Option(name: .shortAndLong, help: "Higher goes first.")
    var priority = 3

    @Option(help: "How it travels.")
    var speed: Speed = .normal

    @Option(
        help: ArgumentHelp(
            "Wait for this parcel before this one is sent, however long that takes; may be repeated.",
            valueName: "id"
        )
    )
    var after: [String] = []

    @Option(name: .customShort("w"), help: "In kilograms.", transform: Weight.init(text:))
    var weight: Weight?

    @Flag(name: .shortAndLong, help: "Say more; twice for everything.")
    var verbose: Int

    @Flag(name: [.customShort("n"), .customLong("dry-run")])
    var dryRun = false

    @Option(help: ArgumentHelp("For tests.", visibility: .hidden))
    var trace: String?

    @Argument(help: "Where to.")
    var address: String

    @Argument(help: "What is in it.")
    var contents: [String]

    mutating func validate() throws {
        guard (-100...100).contains(priority) else {
            throw ValidationError("The priority \(priority) is not in -100...100.")
        }
    }

    mutating func run() async throws {}
}

/// Made by a throwing initialiser.
struct Weight: Equatable, Sendable {
    struct Invalid: Error, CustomStringConvertible { var description: String { "not a number of kilograms" } }
    var kilograms: Int
    init(kilograms: Int) { self.kilograms = kilograms }
    init(text: String) throws {
        guard let kilograms = Int(text) else { throw Invalid() }
        self.kilograms = kilograms
    }
}

/// Has options that collect.
struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists parcels.")

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Filters") var filters: Filters

    @Option(parsing: .upToNextOption, help: "The columns to show.")
    var columns: [String] = ["id", "state"]

    @Argument(help: "Only this one.")
    var id: String?
}

/// Shown under a heading of their own.
struct Filters: ParsableArguments {
    @Option(help: "Only parcels in this state.")
    var state: String?

    @Option(name: .long, help: "At most this many.")
    var limit: Int = 20

    mutating func validate() throws {
        guard limit > 0 else { throw ValidationError("The limit \(limit) is not positive.") }
    }
}

/// A group with a default.
struct Depot: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Works with depots.",
        subcommands: [Open.self, Exec.self],
        defaultSubcommand: Open.self
    )

    struct Open: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Opens a depot.")
        @Option var name = "main"
    }

    struct Exec: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Runs a program there.")
        @Flag var quiet = false
        @Argument(parsing: .captureForPassthrough, help: "The program and its arguments.")
        var command: [String]
    }
}

/// Not listed.
struct Secret: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Nobody knows.", shouldDisplay: false)
}

/// Parses as the program would.
func parsed<Command: ParsableCommand>(
    _ arguments: String...,
    as type: Command.Type = Command.self
) throws -> Command? {
    try Tool.parseAsRoot(arguments) as? Command
}

/// What the program would print and exit with.
func outcome(_ arguments: [String], columns: Int = 80) -> (text: String, code: Int32) {
    do {
        var command = try Tool.parseAsRoot(arguments)
        if command is any AsyncParsableCommand { return ("", 0) }
        try command.run()
        return ("", 0)
    } catch {
        return (Tool.fullMessage(for: error, columns: columns), Tool.exitCode(for: error).rawValue)
    }
}
