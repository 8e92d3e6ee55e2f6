// SPDX-License-Identifier: Apache-2.0
// Names that become parts of paths: checked by bytes once, then carried as types.

/// What an identifier of some kind may look like.
package protocol IdentifierRule: Sendable {
    /// What the identifier names, for messages, for example `task id`.
    static var noun: String { get }
    /// The rule in words that follow "give".
    static var ruleText: String { get }
    /// Whether these bytes keep the rule.
    static func accepts(_ bytes: borrowing Span<UInt8>) -> Bool
}

/// An identifier that keeps its rule: ASCII only, safe as one component of a path.
package struct Identifier<Rule: IdentifierRule>: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The identifier as text.
    package let string: String

    /// An identifier from text.
    ///
    /// - Parameter string: the text.
    /// - Throws: ``IdentifierError`` when the text breaks the rule.
    package init(_ string: String) throws(IdentifierError) {
        guard Rule.accepts(string.utf8.span) else {
            throw IdentifierError(noun: Rule.noun, value: string, ruleText: Rule.ruleText)
        }
        self.string = string
    }

    /// An identifier from bytes, for example of a file name; nil when they break the rule.
    package init?(bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        guard Rule.accepts(bytes.span) else { return nil }
        string = String(decoding: bytes, as: UTF8.self)
    }

    /// The identifier as text.
    package var description: String { string }

    /// Whether the first sorts before the second by bytes.
    package static func < (lhs: Identifier, rhs: Identifier) -> Bool {
        lhs.string.bytesPrecede(rhs.string)
    }
}

/// The identity of a task, across the whole root.
package typealias TaskID = Identifier<TaskIDRule>
/// The name of a worker.
package typealias WorkerID = Identifier<WorkerIDRule>
/// The name of a configured agent profile.
package typealias AgentName = Identifier<AgentNameRule>
/// The name of a group of tasks.
package typealias GroupName = Identifier<GroupNameRule>

/// The name of a configured check.
package typealias CheckName = Identifier<CheckNameRule>

/// A text that breaks the rule of an identifier.
package struct IdentifierError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the identifier names.
    package let noun: String
    /// The text that was refused.
    package let value: String
    /// The rule in words that follow "give".
    package let ruleText: String

    /// What was refused and what to give instead, in one line.
    package var description: String {
        "\(noun) \(value.quotedForMessage) is not allowed; give \(ruleText)"
    }
}

// MARK: - Rules

/// `[A-Za-z0-9][A-Za-z0-9._-]{0,127}` without `..`, not ending in `.json`.
///
/// The output of the task `a.json` would lie in a directory of the very name that the result of the task `a` has.
package enum TaskIDRule: IdentifierRule {
    /// What it names.
    package static let noun = "task id"
    /// The rule in words.
    package static let ruleText =
        "1 to 128 letters, digits, \".\", \"_\" or \"-\", the first a letter or digit, without \"..\", not ending in \".json\""

    /// Whether these bytes keep the rule.
    package static func accepts(_ bytes: borrowing Span<UInt8>) -> Bool {
        bytes.isWord(upTo: 128, letters: .anyCase, withDots: true) && !bytes.hasTwoDotsInARow && !bytes.ends(".json")
    }
}

/// `[A-Za-z0-9][A-Za-z0-9_-]{0,63}` but not `orchestrator`.
package enum WorkerIDRule: IdentifierRule {
    /// What it names.
    package static let noun = "worker name"
    /// The rule in words.
    package static let ruleText =
        "1 to 64 letters, digits, \"_\" or \"-\", the first a letter or digit, other than \"orchestrator\""

    /// Whether these bytes keep the rule.
    package static func accepts(_ bytes: borrowing Span<UInt8>) -> Bool {
        bytes.isWord(upTo: 64, letters: .anyCase) && !(bytes.count == 12 && bytes.ends("orchestrator"))
    }
}

/// `[a-z0-9][a-z0-9_-]{0,63}`.
package enum AgentNameRule: IdentifierRule {
    /// What it names.
    package static let noun = "agent name"
    /// The rule in words.
    package static let ruleText =
        "1 to 64 lower-case letters, digits, \"_\" or \"-\", the first a letter or digit"

    /// Whether these bytes keep the rule.
    package static func accepts(_ bytes: borrowing Span<UInt8>) -> Bool {
        bytes.isWord(upTo: 64, letters: .lowerCase)
    }
}

/// The same as for an agent.
package enum CheckNameRule: IdentifierRule {
    /// What it names.
    package static let noun = "check name"
    /// The rule in words.
    package static let ruleText = AgentNameRule.ruleText

    /// Whether these bytes keep the rule.
    package static func accepts(_ bytes: borrowing Span<UInt8>) -> Bool {
        AgentNameRule.accepts(bytes)
    }
}

/// The same as for a task id.
package enum GroupNameRule: IdentifierRule {
    /// What it names.
    package static let noun = "group name"
    /// The rule in words.
    package static let ruleText = TaskIDRule.ruleText

    /// Whether these bytes keep the rule.
    package static func accepts(_ bytes: borrowing Span<UInt8>) -> Bool {
        TaskIDRule.accepts(bytes)
    }
}

private enum LetterCase { case anyCase, lowerCase }

extension Span<UInt8> {
    /// Whether this is a letter or digit followed by letters, digits, `_` and `-`, and dots where they are allowed.
    fileprivate func isWord(upTo limit: Int, letters: LetterCase, withDots: Bool = false) -> Bool {
        guard count > 0, count <= limit, Self.isAlphanumeric(self[0], letters) else { return false }
        for index in 1..<count {
            switch self[index] {
            case UInt8(ascii: "_"), UInt8(ascii: "-"): continue
            case UInt8(ascii: ".") where withDots: continue
            case let byte where Self.isAlphanumeric(byte, letters): continue
            default: return false
            }
        }
        return true
    }

    fileprivate var hasTwoDotsInARow: Bool {
        for index in 1..<count where self[index] == UInt8(ascii: ".") && self[index - 1] == UInt8(ascii: ".") {
            return true
        }
        return false
    }

    fileprivate func ends(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard count >= length else { return false }
        return text.withUTF8Buffer { end in
            end.indices.allSatisfy { self[count - length + $0] == end[$0] }
        }
    }

    private static func isAlphanumeric(_ byte: UInt8, _ letters: LetterCase) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): letters == .anyCase
        default: false
        }
    }
}
