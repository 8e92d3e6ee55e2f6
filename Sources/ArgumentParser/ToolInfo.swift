// SPDX-License-Identifier: Apache-2.0
// The tree of a program's commands as plain values, for manuals and completions.

/// A program: the tree of its commands.
///
/// The well-known package keeps these types in a module of their own, `ArgumentParserToolInfo`, and prints them for
/// `--experimental-dump-help`.
public struct ToolInfoV0: Sendable, Hashable {
    /// The version of this form.
    public var serializationVersion = 0
    /// The root command.
    public var command: CommandInfoV0

    /// Describes a program.
    ///
    /// - Parameter root: The root command.
    public init(_ root: any ParsableCommand.Type) {
        command = CommandInfoV0(root, below: [])
    }
}

/// A command.
public struct CommandInfoV0: Sendable, Hashable {
    /// The names of the commands that lead to it, root first.
    public var superCommands: [String]
    /// The name to type.
    public var commandName: String
    /// Whether it is listed.
    public var shouldDisplay: Bool
    /// One sentence about what it does.
    public var abstract: String
    /// More text, whose lines are to be left as they are.
    public var discussion: String
    /// The heading of its group among its siblings; empty for none.
    ///
    /// An addition to the well-known package.
    public var groupName: String
    /// The usage line; an addition to the well-known package.
    public var usage: String
    /// The name of the command that runs when none below it is named.
    public var defaultSubcommand: String?
    /// The commands below it.
    public var subcommands: [CommandInfoV0]
    /// What its command line can contain, without `--help` and `--version`.
    public var arguments: [ArgumentInfoV0]

    init(_ command: any ParsableCommand.Type, below parents: [any ParsableCommand.Type], group: String = "") {
        let configuration = command.configuration
        let stack = parents + [command]
        superCommands = parents.map { $0.name }
        commandName = command.name
        shouldDisplay = configuration.shouldDisplay
        abstract = configuration.abstract
        discussion = configuration.discussion
        groupName = group
        usage = HelpText(stack: stack, columns: 80).usage
        defaultSubcommand = configuration.defaultSubcommand.map { $0.name }
        subcommands =
            configuration.ungroupedSubcommands.map { CommandInfoV0($0, below: stack) }
            + configuration.groupedSubcommands.flatMap { group in
                group.subcommands.map { CommandInfoV0($0, below: stack, group: group.name) }
            }
        arguments = argumentDefinitions(of: command.init()).map(ArgumentInfoV0.init)
    }
}

/// One thing that a command line can contain.
public struct ArgumentInfoV0: Sendable, Hashable {
    /// How it is recognised.
    public enum KindV0: String, Sendable, Hashable {
        /// By its place.
        case positional
        /// By its name, with a value.
        case option
        /// By its name alone.
        case flag
    }

    /// One name.
    public struct NameInfoV0: Sendable, Hashable {
        /// How many dashes come first.
        public enum KindV0: String, Sendable, Hashable {
            /// Two.
            case long
            /// One, and one letter.
            case short
            /// One, and a word.
            case longWithSingleDash
        }

        /// How many dashes come first.
        public var kind: KindV0
        /// The name without dashes.
        public var name: String

        /// The name as it is typed.
        public var synopsis: String { (kind == .long ? "--" : "-") + name }
    }

    /// How it is recognised.
    public var kind: KindV0
    /// Whether it is listed.
    public var shouldDisplay: Bool
    /// The heading of its section; nil for none.
    public var sectionTitle: String?
    /// Whether it may be left out.
    public var isOptional: Bool
    /// Whether it may be given more than once.
    public var isRepeating: Bool
    /// Its names, those that mean a flag's opposite included.
    public var names: [NameInfoV0]
    /// The name of its value; nil for a flag.
    public var valueName: String?
    /// Its value when it is not given.
    public var defaultValue: String?
    /// All values that it can have; nil when they are not known.
    public var allValues: [String]?
    /// One sentence.
    public var abstract: String
    /// More text.
    public var discussion: String

    init(_ definition: ArgumentDefinition) {
        switch definition.kind {
        case .flag: kind = .flag
        case .option: kind = .option
        case .positional: kind = .positional
        }
        shouldDisplay = !definition.isHidden
        sectionTitle = definition.section.isEmpty ? nil : definition.section
        isOptional = !definition.isRequired
        isRepeating = definition.isRepeating
        names = (definition.names + definition.inverseNames).map { name in
            NameInfoV0(
                kind: name.isShort ? .short : name.text.hasPrefix("--") ? .long : .longWithSingleDash,
                name: name.bare
            )
        }
        valueName = definition.kind == .flag ? nil : definition.valueName
        defaultValue = definition.defaultText.isEmpty ? nil : definition.defaultText
        allValues = definition.allValues.isEmpty ? nil : definition.allValues
        abstract = definition.help.abstract
        discussion = definition.help.discussion
    }
}
