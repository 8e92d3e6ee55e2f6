// SPDX-License-Identifier: Apache-2.0
// A way to run an agent: what to start, how to hand it the task, what it may see.

package import QueueModel

/// How the description of a task reaches the agent.
package enum PromptChannel: Equatable, Sendable {
    /// In the command line.
    case argument
    /// On standard input.
    case standardInput
}

/// A named way to run an agent; tasks name it, only the operator defines it.
package struct AgentProfile: Equatable, Sendable {
    /// What is known about the program.
    package enum Kind: Equatable, Sendable {
        /// The program takes the options of the Claude command line and prints text.
        case claudeText
        /// The program takes the options of the Claude command line and prints a stream of JSON events.
        case claude
        /// The program takes the options of `codex exec` and prints a line of JSON for each event.
        case codex
        /// Any program that prints a line of JSON for each event; the mapping says what they mean.
        case events(EventMapping)
        /// Any program: its arguments are a template, and it is judged by its exit code.
        case command
    }

    /// The name that tasks use.
    package var name: AgentName
    /// What is known about the program.
    package var kind: Kind
    /// The program and its arguments; for `command` a template with placeholders such as `{description}`.
    package var arguments: [String]
    /// The arguments that stand for `{resume}` when a task goes on with a session; a template.
    package var resumeArguments: [String]
    /// How the description reaches the agent.
    package var promptChannel: PromptChannel
    /// Names of variables that are passed on besides the usual ones; one that ends in `*` stands for a prefix.
    package var environment: [String]
    /// The directory to work in, absolute; nil for the worker's.
    package var workingDirectory: String?
    /// The file with the system prompt, absolute; nil for the worker's.
    package var systemPromptFile: String?
    /// Whether an answer counts although the agent was denied a tool on the way.
    package var acceptsDenials: Bool
    /// The account whose usage limit the profile shares with others; nil for one of its own.
    package var account: AgentName?
    /// When it is taken for hung; what is left open is the worker's.
    package var liveness: LivenessLimits
    /// What its tokens cost, where the agent itself does not tell in time.
    package var prices: PriceList
    /// The checks that the work of the agent must pass.
    package var checks: [CheckName]

    /// Makes a profile.
    ///
    /// - Parameters:
    ///   - name: the name that tasks use.
    ///   - kind: what is known about the program.
    ///   - arguments: the program and its arguments.
    ///   - resumeArguments: the arguments that stand for `{resume}` when a task goes on with a session.
    ///   - promptChannel: how the description reaches the agent.
    ///   - environment: names or prefixes of variables that are passed on besides the usual ones.
    ///   - workingDirectory: an absolute path, or nil for the worker's.
    ///   - systemPromptFile: an absolute path, or nil for the worker's.
    ///   - acceptsDenials: whether an answer counts although the agent was denied a tool on the way.
    ///   - account: the account whose usage limit the profile shares with others.
    ///   - liveness: when it is taken for hung.
    ///   - prices: what its tokens cost.
    ///   - checks: the checks that the work of the agent must pass.
    package init(
        name: AgentName,
        kind: Kind,
        arguments: [String],
        resumeArguments: [String] = [],
        promptChannel: PromptChannel = .argument,
        environment: [String] = [],
        workingDirectory: String? = nil,
        systemPromptFile: String? = nil,
        acceptsDenials: Bool = false,
        account: AgentName? = nil,
        liveness: LivenessLimits = LivenessLimits(),
        prices: PriceList = PriceList(),
        checks: [CheckName] = []
    ) {
        self.name = name
        self.kind = kind
        self.arguments = arguments
        self.resumeArguments = resumeArguments
        self.promptChannel = promptChannel
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.systemPromptFile = systemPromptFile
        self.acceptsDenials = acceptsDenials
        self.account = account
        self.liveness = liveness
        self.prices = prices
        self.checks = checks
    }

    /// The profile that is always there.
    ///
    /// - Parameter command: the program and its first arguments.
    /// - Returns: a profile of kind `claudeText` named `claude`.
    package static func claude(command: [String] = ["claude"]) -> AgentProfile {
        AgentProfile(name: defaultName, kind: .claudeText, arguments: command)
    }

    /// The name of the profile that is always there: `claude`.
    package static let defaultName: AgentName = {
        guard let name = AgentName(bytes: "claude".utf8) else {
            preconditionFailure("claude is a lower-case word")
        }
        return name
    }()

    /// Whether the agent tells in events what it does, so that its exit code alone proves nothing.
    package var printsEvents: Bool {
        switch kind {
        case .claude, .codex, .events: true
        case .claudeText, .command: false
        }
    }

    /// Whether the tokens that it tells are those of its whole session, earlier runs included.
    package var tellsSessionUsage: Bool { kind == .codex }

    /// The name under which its usage limit is kept.
    package var limitAccount: AgentName { account ?? name }

    /// The program, for messages.
    package var program: String { arguments.first ?? "" }
}
