// SPDX-License-Identifier: Apache-2.0
// What a command is called and what its help text says.

/// Describes a command.
public struct CommandConfiguration: Sendable {
    /// The name to type; the type's name in kebab case when nil.
    public var commandName: String?
    /// One sentence about what the command does.
    public var abstract: String
    /// The usage line without `USAGE:`; made from the arguments when nil.
    public var usage: String?
    /// More text for the end of the help text, an example for instance.
    ///
    /// Lines that fit are left as they are.
    public var discussion: String
    /// What `--version` prints, for this command and those below it; empty for none.
    public var version: String
    /// Whether the command is listed in the help text of its parent.
    public var shouldDisplay: Bool
    /// The commands below this one that belong to no group.
    public var ungroupedSubcommands: [any ParsableCommand.Type]
    /// The commands below this one that are listed in groups.
    public var groupedSubcommands: [CommandGroup]
    /// The command to run when no subcommand is named.
    public var defaultSubcommand: (any ParsableCommand.Type)?
    /// Other names for the command, not shown.
    public var aliases: [String]

    /// All commands below this one; setting them dissolves the groups.
    public var subcommands: [any ParsableCommand.Type] {
        get { ungroupedSubcommands + groupedSubcommands.flatMap(\.subcommands) }
        set {
            groupedSubcommands = []
            ungroupedSubcommands = newValue
        }
    }

    /// Creates a description of a command.
    ///
    /// - Parameters:
    ///   - commandName: The name to type; the type's name in kebab case when nil.
    ///   - abstract: One sentence about what the command does.
    ///   - usage: The usage line without `USAGE:`; made from the arguments when nil.
    ///   - discussion: More text for the end of the help text.
    ///   - version: What `--version` prints.
    ///   - shouldDisplay: Whether the command is listed in the help text of its parent.
    ///   - subcommands: The commands below this one that belong to no group.
    ///   - groupedSubcommands: The commands below this one that are listed in groups.
    ///   - defaultSubcommand: The command to run when no subcommand is named.
    ///   - aliases: Other names for the command.
    public init(
        commandName: String? = nil,
        abstract: String = "",
        usage: String? = nil,
        discussion: String = "",
        version: String = "",
        shouldDisplay: Bool = true,
        subcommands: [any ParsableCommand.Type] = [],
        groupedSubcommands: [CommandGroup] = [],
        defaultSubcommand: (any ParsableCommand.Type)? = nil,
        aliases: [String] = []
    ) {
        self.commandName = commandName
        self.abstract = abstract
        self.usage = usage
        self.discussion = discussion
        self.version = version
        self.shouldDisplay = shouldDisplay
        self.ungroupedSubcommands = subcommands
        self.groupedSubcommands = groupedSubcommands
        self.defaultSubcommand = defaultSubcommand
        self.aliases = aliases
    }
}

/// Commands that the help text lists under one heading.
public struct CommandGroup: Sendable {
    /// The heading, without the word "subcommands".
    public let name: String
    /// The commands.
    public let subcommands: [any ParsableCommand.Type]

    /// Creates a group.
    ///
    /// - Parameters:
    ///   - name: The heading, without the word "subcommands".
    ///   - subcommands: The commands.
    public init(name: String, subcommands: [any ParsableCommand.Type]) {
        self.name = name
        self.subcommands = subcommands
    }
}
