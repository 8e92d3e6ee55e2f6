// SPDX-License-Identifier: Apache-2.0
// A JSON object whose members keep their order.

/// A JSON object: members in the order they came, keys compared by their UTF-8 bytes.
package struct JSONObject: Sendable {
    /// The members in order; no two have the same key.
    package private(set) var members: [(key: String, value: JSONValue)]

    /// An object without members.
    package init() {
        members = []
    }

    /// An object of these members; of repeated keys the last value counts, at the place of the first.
    package init(_ members: some Sequence<(String, JSONValue)>) {
        self.members = []
        self.members.reserveCapacity(members.underestimatedCount)
        for (key, value) in members { self[key] = value }
    }

    /// An object of members whose keys are known to differ.
    init(distinct members: [(key: String, value: JSONValue)]) {
        self.members = members
    }

    /// The value of a key, nil when there is none; setting nil removes the member.
    ///
    /// Looking up takes time proportional to the number of members.
    package subscript(key: String) -> JSONValue? {
        get {
            index(of: key).map { members[$0].value }
        }
        set {
            switch (index(of: key), newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((key, value))
            case (nil, nil): break
            }
        }
    }

    private func index(of key: String) -> Int? {
        let length = key.utf8.count
        for index in members.indices where members[index].key.utf8.count == length {
            if members[index].key.hasSameBytes(as: key) { return index }
        }
        return nil
    }

    /// The keys in order.
    package var keys: [String] {
        members.map(\.key)
    }

    /// The number of members.
    package var count: Int {
        members.count
    }

    /// Whether there are no members.
    package var isEmpty: Bool {
        members.isEmpty
    }

    /// The same object without the members whose key the closure names.
    package func removing(_ isUnwanted: (String) -> Bool) -> JSONObject {
        JSONObject(distinct: members.filter { !isUnwanted($0.key) })
    }

    /// The places of the members when they are sorted by the bytes of their keys.
    var sortedIndices: [Int] {
        members.indices.sorted { members[$0].key.bytesPrecede(members[$1].key) }
    }

    private var sortedMembers: [(key: String, value: JSONValue)] {
        sortedIndices.map { members[$0] }
    }
}

// MARK: - Comparing

extension JSONObject: Hashable {
    /// Whether both have the same members in any order, which RFC 8259 gives no meaning.
    package static func == (lhs: JSONObject, rhs: JSONObject) -> Bool {
        guard lhs.count == rhs.count else { return false }
        if haveSameKeysInOrder(lhs.members, rhs.members) {
            return zip(lhs.members, rhs.members).allSatisfy { $0.value == $1.value }
        }
        let (left, right) = (lhs.sortedMembers, rhs.sortedMembers)
        return haveSameKeysInOrder(left, right) && zip(left, right).allSatisfy { $0.value == $1.value }
    }

    /// Feeds the members to a hasher so that their order does not matter.
    package func hash(into hasher: inout Hasher) {
        var combined = 0
        for (key, value) in members {
            var memberHasher = Hasher()
            key.hashBytes(into: &memberHasher)
            memberHasher.combine(value)
            combined ^= memberHasher.finalize()
        }
        hasher.combine(combined)
        hasher.combine(count)
    }

    private static func haveSameKeysInOrder(
        _ left: [(key: String, value: JSONValue)],
        _ right: [(key: String, value: JSONValue)]
    ) -> Bool {
        zip(left, right).allSatisfy { $0.key.hasSameBytes(as: $1.key) }
    }
}

// MARK: - Literals

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// An object literal; of repeated keys the last value counts.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements)
    }
}
