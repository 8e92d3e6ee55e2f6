// SPDX-License-Identifier: Apache-2.0
// Reads a small record without a tree.

/// A value of a member that was read without a tree.
package enum JSONScalar: Sendable, Equatable {
    /// A whole number in plain digits.
    case integer(Int64)
    /// A string.
    case string(String)
    /// Any other value.
    case other(JSONValue)

    /// The whole number, or nil when this is something else; `5.0` and `5e0` are whole.
    package var intValue: Int64? {
        switch self {
        case .integer(let value): value
        case .string: nil
        case .other(let value): value.numberValue?.exactInt
        }
    }

    /// The string, or nil when this is something else.
    package var stringValue: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// Whether this is `null`.
    package var isNull: Bool {
        if case .other(.null) = self { true } else { false }
    }
}

extension JSONParser {
    /// Reads a document that is one object of which some members are wanted; as strict as ``parse(_:limits:)``.
    ///
    /// - Parameters:
    ///   - keys: the keys of the members that are wanted, best in the order in which they come.
    ///   - bytes: the whole document.
    ///   - limits: what it may not exceed.
    /// - Returns: the values in the order of the keys, nil for those that are not there; nil when the document is no
    ///   object.
    /// - Throws: the first broken rule with its place.
    package static func members(
        _ keys: [StaticString],
        of bytes: [UInt8],
        limits: JSONLimits
    ) throws(JSONParseError) -> [JSONScalar?]? {
        do throws(JSONFault) {
            var reader = JSONReader(bytes: bytes, limits: limits)
            return try reader.document { (reader) throws(JSONFault) in try reader.members(keys) }
        } catch {
            throw error.located(in: bytes)
        }
    }
}

extension JSONReader {
    fileprivate mutating func members(_ keys: [StaticString]) throws(JSONFault) -> [JSONScalar?]? {
        guard try current() == UInt8(ascii: "{") else {
            _ = try value()
            return nil
        }
        var values = [JSONScalar?](repeating: nil, count: keys.count)
        var others: Set<ByteKey> = []
        var expected = 0
        try eachMember { (reader) throws(JSONFault) in
            let start = reader.index
            var known = reader.skipKey(of: keys, from: expected)
            if known == nil {
                let key = try reader.string()
                known = keys.firstIndex { key.hasSameBytes(as: "\($0)") }
                let isNew = known != nil || others.insert(ByteKey(text: key)).inserted
                guard isNew else { throw JSONFault.duplicate(key, at: start) }
            }
            if let known, values[known] != nil { throw JSONFault.duplicate("\(keys[known])", at: start) }
            try reader.colon()
            guard let known else {
                _ = try reader.value()
                return
            }
            values[known] = try reader.scalar()
            expected = known + 1
        }
        return values
    }

    /// Steps over one of some keys that is written without escapes, if it is at the index.
    private mutating func skipKey(of keys: [StaticString], from expected: Int) -> Int? {
        for distance in keys.indices {
            let position = (expected + distance) % keys.count
            if skip(quoted: keys[position]) { return position }
        }
        return nil
    }

    private mutating func skip(quoted word: StaticString) -> Bool {
        let end = index + 1 + word.utf8CodeUnitCount
        guard end < bytes.count, bytes[end] == UInt8(ascii: "\"") else { return false }
        for offset in 0..<word.utf8CodeUnitCount where bytes[index + 1 + offset] != word.utf8Start[offset] {
            return false
        }
        index = end + 1
        return true
    }

    private mutating func scalar() throws(JSONFault) -> JSONScalar {
        if try current() == UInt8(ascii: "\"") { return .string(try string()) }
        if let whole = plainInteger() { return .integer(whole) }
        return .other(try value())
    }

    /// Reads a whole number of at most 18 digits; everything else that a number can be is left where it is.
    private mutating func plainInteger() -> Int64? {
        var end = index
        let isNegative = bytes[end] == UInt8(ascii: "-")
        if isNegative { end += 1 }
        let first = end
        var value: Int64 = 0
        while end < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[end]), end - first < 18 {
            value = value * 10 + Int64(bytes[end] - UInt8(ascii: "0"))
            end += 1
        }
        let hasNeedlessZero = end - first > 1 && bytes[first] == UInt8(ascii: "0")
        guard end > first, !hasNeedlessZero, !isInsideNumber(end) else { return nil }
        index = end
        return isNegative ? -value : value
    }
}
