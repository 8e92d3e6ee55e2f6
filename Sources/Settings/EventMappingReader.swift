// SPDX-License-Identifier: Apache-2.0
// Reads what a profile says about the events of its agent.

import Agents
import QueueModel

/// Reads the rows of a profile of kind `events`, and collects everything that is wrong with them.
struct EventMappingReader {
    private static let factNames = EventMapping.Fact.allCases.map(\.rawValue)
    private static let classes = Dictionary(
        uniqueKeysWithValues: FailureClass.allCases.filter { $0 != .cancelled }.map { ($0.rawValue, $0) }
    )

    /// What is wrong, each with the key at which it stands.
    private(set) var problems: [(key: String, text: String)] = []

    /// Reads the table; what is wrong is missing from it.
    mutating func mapping(events: ConfigurationValue?, patterns: ConfigurationValue?) -> EventMapping {
        var mapping = EventMapping(rules: [])
        if case .array(let rows)? = events {
            mapping.rules = rows.enumerated().compactMap { rule($0.element, "events[\($0.offset)]") }
        }
        let isEnding = { (rule: EventMapping.Rule) in rule.outcome == .completed }
        if problems.isEmpty, !mapping.rules.contains(where: isEnding) {
            report("events", "give a list of rows, one of them with outcome: \"completed\": nothing else is success")
        }
        if case .array(let rows)? = patterns {
            mapping.patterns = rows.enumerated().compactMap { pattern($0.element, "patterns[\($0.offset)]") }
        } else if patterns != nil {
            report("patterns", "give a list of { text, class }")
        }
        return mapping
    }

    private mutating func rule(_ value: ConfigurationValue, _ key: String) -> EventMapping.Rule? {
        guard case .object(let members) = value else {
            report(key, "give an object with \"when\" and what the event tells")
            return nil
        }
        var rule = EventMapping.Rule(when: [:])
        for member in members {
            switch (member.key, member.value) {
            case ("when", .object(let conditions)): rule.when = texts(conditions, "\(key).when")
            case ("outcome", .string(let word)): rule.outcome = outcome(word, "\(key).outcome")
            case (_, .string(let path)):
                if let fact = EventMapping.Fact(rawValue: member.key) {
                    rule.facts[fact] = path
                } else {
                    let names = (["when", "outcome"] + Self.factNames).joined(separator: ", ")
                    report("\(key).\(MessageText.excerpt(member.key))", "give one of \(names)")
                }
            default: report("\(key).\(MessageText.excerpt(member.key))", "give a text")
            }
        }
        if rule.when.isEmpty {
            report("\(key).when", "give the fields that the event must have, such as { type: \"end\" }")
        }
        return rule
    }

    private mutating func outcome(_ word: String, _ key: String) -> EventMapping.EventOutcome? {
        if word == "completed" { return .completed }
        if word == "failed" { return .failed(nil) }
        if let failureClass = Self.classes[word] { return .failed(failureClass) }
        report(key, "give one of completed, failed, \(Self.classes.keys.sorted().joined(separator: ", "))")
        return nil
    }

    private mutating func pattern(_ value: ConfigurationValue, _ key: String) -> EventMapping.Pattern? {
        guard case .object(let members) = value else {
            report(key, "give { text, class }")
            return nil
        }
        let fields = texts(members, key)
        guard let text = fields["text"], !text.isEmpty, let word = fields["class"], let found = Self.classes[word],
            fields.count == 2
        else {
            report(key, "give { text, class }, the class one of \(Self.classes.keys.sorted().joined(separator: ", "))")
            return nil
        }
        return EventMapping.Pattern(text: text, failureClass: found)
    }

    private mutating func texts(_ members: [ConfigurationMember], _ key: String) -> [String: String] {
        var texts: [String: String] = [:]
        for member in members {
            if case .string(let text) = member.value {
                texts[member.key] = text
            } else {
                report("\(key).\(MessageText.excerpt(member.key))", "give a text")
            }
        }
        return texts
    }

    private mutating func report(_ key: String, _ text: String) { problems.append((key, text)) }
}
