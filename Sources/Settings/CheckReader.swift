// SPDX-License-Identifier: Apache-2.0
// Reads the checks of the configuration file.

import Agents
import QueueModel

/// Reads checks, and collects everything that is wrong with them.
struct CheckReader {
    private static let keys = ["command", "timeout", "environment"]
    private static let timeout = ValueKind<Duration>.duration(.seconds(1) ... .seconds(86_400))

    let path: String
    private(set) var problems: [String] = []
    private var place = ""

    init(path: String) {
        self.path = path
    }

    /// Reads one check; nil when something is wrong with it.
    mutating func check(from member: ConfigurationMember) -> Check? {
        place = "\(ConfigurationDocument.checksKey).\(MessageText.excerpt(member.key))"
        let before = problems.count
        guard let name = CheckName(bytes: member.key.utf8) else {
            report("a check is named by \(CheckNameRule.ruleText)")
            return nil
        }
        guard case .object(let members) = member.value else {
            report("give an object with the keys \(Self.keys.joined(separator: ", "))")
            return nil
        }
        let section = ConfigurationSection(members, keys: Self.keys)
        for problem in section.problems { report(problem.text, problem.key) }
        let values = section.values
        let check = Check(
            name: name,
            arguments: command(values["command"]),
            timeout: timeout(values["timeout"]),
            environment: environment(values["environment"])
        )
        return problems.count == before ? check : nil
    }

    private mutating func command(_ value: ConfigurationValue?) -> [String] {
        guard let words = value?.commandWords else {
            report("give a program and its arguments, in a list of strings", "command")
            return []
        }
        return words
    }

    private mutating func timeout(_ value: ConfigurationValue?) -> Duration {
        guard let value else { return Check.defaultTimeout }
        if let limit = value.scalarText.flatMap({ Self.timeout.parse(.text($0)) }) { return limit }
        report("give a time from 1 second to 1 day", "timeout")
        return Check.defaultTimeout
    }

    private mutating func environment(_ value: ConfigurationValue?) -> [String] {
        guard let value else { return [] }
        guard let patterns = value.strings, patterns.allSatisfy(AgentEnvironment.isPattern) else {
            report("give a list of variable names, each of which may end in \"*\"", "environment")
            return []
        }
        return patterns
    }

    private mutating func report(_ text: String, _ key: String? = nil) {
        problems.append("\(place)\(key.map { ".\($0)" } ?? "") (\(path)): \(text)")
    }
}
