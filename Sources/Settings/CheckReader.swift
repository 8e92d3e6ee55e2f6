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
        var values: [String: ConfigurationValue] = [:]
        for member in members {
            if Self.keys.contains(member.key) {
                if member.value != .null { values[member.key] = member.value }
            } else {
                let nearest = NearestName.of(member.key, in: Self.keys).map { "did you mean \($0)?" }
                report(nearest ?? "give one of \(Self.keys.joined(separator: ", "))", MessageText.excerpt(member.key))
            }
        }
        let check = Check(
            name: name,
            arguments: command(values["command"]),
            timeout: timeout(values["timeout"]),
            environment: environment(values["environment"])
        )
        return problems.count == before ? check : nil
    }

    private mutating func command(_ value: ConfigurationValue?) -> [String] {
        let text: SettingText? =
            if case .string(let line) = value { .text(line) } else { (value?.strings).map(SettingText.list) }
        guard let words = text.flatMap({ ValueKind<[String]>.command.parse($0) }) else {
            report("give a program and its arguments, in a list of strings", "command")
            return []
        }
        return words
    }

    private mutating func timeout(_ value: ConfigurationValue?) -> Duration {
        guard let value else { return Check.defaultTimeout }
        let text: String? =
            switch value {
            case .number(let text), .string(let text): text
            default: nil
            }
        if let limit = text.flatMap({ Self.timeout.parse(.text($0)) }) { return limit }
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
