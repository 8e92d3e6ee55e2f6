// SPDX-License-Identifier: Apache-2.0
// Reads the agent profiles of the configuration file.

import Agents
import QueueModel

/// Reads profiles, and collects everything that is wrong with them.
struct AgentProfileReader {
    private static let keys = [
        "kind", "command", "resume", "prompt", "environment", "cwd", "system_prompt_file", "account", "denials",
        "events", "patterns", "start_timeout", "silence_timeout", "tool_timeout", "result_grace",
        "prices", "verify",
    ]
    private static let kinds: [String: AgentProfile.Kind] = [
        "claude-text": .claudeText, "claude": .claude, "codex": .codex, "command": .command,
        "events": .events(EventMapping(rules: [])),
    ]
    private static let channels: [String: PromptChannel] = ["argument": .argument, "stdin": .standardInput]

    let path: String
    /// What relative paths are under.
    let root: String
    private(set) var problems: [String] = []
    private var place = ""

    init(path: String, root: String) {
        self.path = path
        self.root = root
    }

    /// Reads one profile; nil when something is wrong with it.
    mutating func profile(from member: ConfigurationMember) -> AgentProfile? {
        place = "agents.\(MessageText.excerpt(member.key))"
        let before = problems.count
        guard let name = AgentName(bytes: member.key.utf8) else {
            report("a profile is named by \(AgentNameRule.ruleText)")
            return nil
        }
        guard case .object(let members) = member.value else {
            report("give an object with the keys \(Self.keys.joined(separator: ", "))")
            return nil
        }
        let section = ConfigurationSection(members, keys: Self.keys)
        for problem in section.problems { report(problem.text, problem.key) }
        let values = section.values
        let command = values["command"].map { words($0, "command") }
        let kind = kind(values, hasCommand: command != nil)
        if kind.isTemplate, command == nil {
            report("command: give a program and its arguments, in a list", "command")
        }
        let arguments = command ?? []
        let profile = AgentProfile(
            name: name,
            kind: kind,
            arguments: arguments,
            resumeArguments: resume(values["resume"], kind, arguments),
            promptChannel: channel(values["prompt"], kind, arguments),
            environment: environment(values["environment"]),
            workingDirectory: values["cwd"].flatMap { directory($0, "cwd") },
            systemPromptFile: values["system_prompt_file"].flatMap { directory($0, "system_prompt_file") },
            acceptsDenials: choice(values["denials"], "denials", ["fail": false, "accept": true]) ?? false,
            account: values["account"].flatMap { account($0) },
            liveness: LivenessLimits(
                start: duration(values, "start_timeout"),
                silence: duration(values, "silence_timeout"),
                tool: duration(values, "tool_timeout"),
                afterResult: duration(values, "result_grace")
            ),
            prices: values["prices"].map { prices($0, kind) } ?? PriceList(),
            checks: checks(values["verify"])
        )
        return problems.count == before ? profile : nil
    }

    private mutating func kind(
        _ values: [String: ConfigurationValue],
        hasCommand: Bool
    ) -> AgentProfile.Kind {
        let kind = choice(values["kind"], "kind", Self.kinds) ?? (hasCommand ? .command : .claudeText)
        guard case .events = kind else {
            for key in ["events", "patterns"] where values[key] != nil {
                report("belongs to a profile of kind \"events\"", key)
            }
            return kind
        }
        var reader = EventMappingReader()
        let mapping = reader.mapping(events: values["events"], patterns: values["patterns"])
        for problem in reader.problems { report(problem.text, problem.key) }
        return .events(mapping)
    }

    private mutating func resume(
        _ value: ConfigurationValue?,
        _ kind: AgentProfile.Kind,
        _ arguments: [String]
    ) -> [String] {
        guard let value else {
            if kind.isTemplate, arguments.contains(ArgumentTemplate.resume) {
                report("the command holds {resume}; say here what stands for it", "resume")
            }
            return []
        }
        guard kind.isTemplate, arguments.contains(ArgumentTemplate.resume), let words = value.strings else {
            report("give a list of arguments, and {resume} where they belong in the command", "resume")
            return []
        }
        return words
    }

    private mutating func prices(_ value: ConfigurationValue, _ kind: AgentProfile.Kind) -> PriceList {
        if kind == .claudeText || kind == .command {
            report("only an agent that prints events tells what it uses", "prices")
        }
        var reader = PriceListReader()
        let list = reader.list(value)
        for problem in reader.problems { report(problem.text, problem.key) }
        return list
    }

    /// A span of time of which zero means never.
    private mutating func duration(_ values: [String: ConfigurationValue], _ key: String) -> Duration? {
        guard let value = values[key] else { return nil }
        let kind = ValueKind<Duration?>.durationOrOff(.seconds(1) ... .seconds(86_400))
        if let duration = value.scalarText.flatMap({ kind.parse(.text($0)) }) { return duration ?? .zero }
        report(kind.hint, key)
        return nil
    }

    private mutating func checks(_ value: ConfigurationValue?) -> [CheckName] {
        guard let value else { return [] }
        let words: [String]? = if case .string(let word) = value { [word] } else { value.strings }
        let names = words?.compactMap { CheckName(bytes: $0.utf8) }
        guard let names, names.count == words?.count else {
            report("give the name of a check, or a list of such names", "verify")
            return []
        }
        return names
    }

    private mutating func account(_ value: ConfigurationValue) -> AgentName? {
        if case .string(let word) = value, let name = AgentName(bytes: word.utf8) { return name }
        report("an account is named by \(AgentNameRule.ruleText)", "account")
        return nil
    }

    private mutating func words(_ value: ConfigurationValue, _ key: String) -> [String] {
        guard let words = value.commandWords else {
            report("give a program and its arguments, in a list of strings", key)
            return ["?"]
        }
        return words
    }

    private mutating func choice<Choice>(
        _ value: ConfigurationValue?,
        _ key: String,
        _ choices: [String: Choice]
    ) -> Choice? {
        guard let value else { return nil }
        if case .string(let word) = value, let choice = choices[word] { return choice }
        report("give one of \(choices.keys.sorted().joined(separator: ", "))", key)
        return nil
    }

    private mutating func channel(
        _ value: ConfigurationValue?,
        _ kind: AgentProfile.Kind,
        _ arguments: [String]
    ) -> PromptChannel {
        let given = choice(value, "prompt", Self.channels)
        guard kind.isTemplate else { return given ?? .argument }
        let holdsPrompt = arguments.dropFirst().contains { ArgumentTemplate.holdsDescription($0) }
        switch (given, holdsPrompt) {
        case (.argument, false):
            report("no argument of the command holds {description}; add it, or give \"stdin\"", "prompt")
        case (.standardInput, true):
            report("the command holds {description}; take it out, or give \"argument\"", "prompt")
        default: break
        }
        if ArgumentTemplate.holdsDescription(arguments.first ?? "") {
            report("a task cannot name the program; {description} belongs behind it", "command")
        }
        return given ?? (holdsPrompt ? .argument : .standardInput)
    }

    private mutating func environment(_ value: ConfigurationValue?) -> [String] {
        guard let value else { return [] }
        guard let patterns = value.strings, patterns.allSatisfy(AgentEnvironment.isPattern) else {
            report(
                "give a list of variable names, each of which may end in \"*\" after the start of a name",
                "environment"
            )
            return []
        }
        return patterns
    }

    private mutating func directory(_ value: ConfigurationValue, _ key: String) -> String? {
        guard case .string(let path) = value, PathText.isUsable(path) else {
            report("give a path", key)
            return nil
        }
        return PathText.resolved(path, under: root)
    }

    private mutating func report(_ text: String, _ key: String? = nil) {
        problems.append("\(place)\(key.map { ".\($0)" } ?? "") (\(path)): \(text)")
    }
}

extension AgentProfile {
    /// The profile with what it leaves open taken from the built-in one.
    func completed(from builtIn: AgentProfile) -> AgentProfile {
        var profile = self
        guard arguments.isEmpty else { return self }
        switch kind {
        case .claudeText, .claude: profile.arguments = builtIn.arguments
        case .codex: profile.arguments = ["codex"]
        case .events, .command: break
        }
        return profile
    }
}

extension AgentProfile.Kind {
    /// Whether the command is a template that says where the description goes.
    var isTemplate: Bool {
        switch self {
        case .events, .command: true
        case .claudeText, .claude, .codex: false
        }
    }
}
