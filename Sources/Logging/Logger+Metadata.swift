// SPDX-License-Identifier: Apache-2.0
// The message of an event and the facts that go with it.

extension Logger {
    /// The text of an event.
    public struct Message: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, CustomStringConvertible,
        Equatable, Sendable
    {
        /// The text.
        public let description: String

        /// Creates a message from a literal.
        public init(stringLiteral value: String) { description = value }
    }

    /// Facts by name.
    public typealias Metadata = [String: MetadataValue]

    /// One fact: text, or a list or dictionary of facts.
    public enum MetadataValue: Sendable {
        /// Text.
        case string(String)
        /// A value whose description is only made when the event is written.
        case stringConvertible(any CustomStringConvertible & Sendable)
        /// Facts by name.
        case dictionary(Metadata)
        /// Facts in order.
        case array([Metadata.Value])
    }
}

extension Logger.Metadata {
    /// One fact.
    public typealias Value = Logger.MetadataValue
}

extension Logger.MetadataValue: Equatable {
    /// Whether both are of the same kind and read the same.
    public static func == (lhs: Self, rhs: Self) -> Bool {
        switch (lhs, rhs) {
        case (.string(let left), .string(let right)): left == right
        case (.stringConvertible(let left), .stringConvertible(let right)): left.description == right.description
        case (.dictionary(let left), .dictionary(let right)): left == right
        case (.array(let left), .array(let right)): left == right
        default: false
        }
    }
}

extension Logger.MetadataValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    /// Creates text from a literal.
    public init(stringLiteral value: String) { self = .string(value) }
}

extension Logger.MetadataValue: ExpressibleByArrayLiteral {
    /// Creates a list from a literal.
    public init(arrayLiteral elements: Self...) { self = .array(elements) }
}

extension Logger.MetadataValue: ExpressibleByDictionaryLiteral {
    /// Creates a dictionary from a literal; of two values with one name the last one counts.
    public init(dictionaryLiteral elements: (String, Self)...) {
        self = .dictionary(Dictionary(elements) { _, last in last })
    }
}

extension Logger.MetadataValue: CustomStringConvertible {
    /// The value as text; the members of a dictionary are sorted by name.
    public var description: String {
        switch self {
        case .string(let value): return value
        case .stringConvertible(let value): return value.description
        case .array(let values): return "[" + values.map(\.description).joined(separator: ", ") + "]"
        case .dictionary(let members):
            guard !members.isEmpty else { return "[:]" }
            let sorted = members.sorted { $0.key < $1.key }
            return "[" + sorted.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "]"
        }
    }
}
