// SPDX-License-Identifier: Apache-2.0
// How many tokens of each kind were used.

/// Numbers of tokens by their kind.
package struct TokenCounts: Sendable, Hashable {
    /// The kinds; the texts are stable.
    package enum Kind: String, Sendable, CaseIterable {
        case input
        case output
        case cacheWrite = "cache_write"
        case cacheRead = "cache_read"

        /// The names that agents give them.
        fileprivate var names: [String] {
            switch self {
            case .input: ["input_tokens"]
            case .output: ["output_tokens"]
            case .cacheWrite: ["cache_creation_input_tokens"]
            case .cacheRead: ["cache_read_input_tokens", "cached_input_tokens"]
            }
        }
    }

    private var counts: [Kind: Int] = [:]

    /// No tokens.
    package init() {}

    /// The tokens that an agent tells of.
    ///
    /// - Parameter usage: the counts by the names that agents give them; what is no count is left out.
    package init(usage: JSONObject?) {
        for kind in Kind.allCases {
            self[kind] = kind.names.lazy.compactMap { usage?[$0]?.countValue }.first ?? 0
        }
    }

    /// The number of one kind.
    package subscript(kind: Kind) -> Int {
        get { counts[kind] ?? 0 }
        set { counts[kind] = newValue > 0 ? newValue : nil }
    }

    /// Whether there are none.
    package var isEmpty: Bool { counts.isEmpty }

    /// The number of all kinds together.
    package var total: Int { counts.values.reduce(0, &+) }

    /// Adds up.
    package static func + (first: TokenCounts, second: TokenCounts) -> TokenCounts {
        var sum = first
        for kind in Kind.allCases { sum[kind] = first[kind] &+ second[kind] }
        return sum
    }

    /// The counts that a JSON object describes, or nil when it describes none.
    package init?(json: JSONValue) {
        guard let object = json.objectValue else { return nil }
        for kind in Kind.allCases { self[kind] = object[kind.rawValue]?.countValue ?? 0 }
    }
}

extension TokenCounts: RecordPart {
    /// Hands over the members in the order in which they are written, without those that are zero.
    package func add(to members: inout some MemberSink) {
        for kind in Kind.allCases where self[kind] > 0 { members.add(kind.rawValue, self[kind]) }
    }
}
