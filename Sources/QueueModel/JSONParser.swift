// SPDX-License-Identifier: Apache-2.0
// The one strict reader of JSON from outside (RFC 8259).

/// Reads JSON strictly: what two readers could understand differently is refused.
///
/// Refused are duplicate keys (compared by bytes after resolving escapes), invalid UTF-8, lone surrogates, trailing
/// commas, comments, bare control characters, numbers that no finite double can hold, and every excess of a limit.
/// One leading UTF-8 byte-order mark is skipped. UTF-16 and UTF-32 are refused.
package enum JSONParser {
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Reads one document.
    ///
    /// - Parameters:
    ///   - bytes: the whole document.
    ///   - limits: what it may not exceed.
    /// - Returns: its value.
    /// - Throws: the first broken rule with its place.
    package static func parse(_ bytes: [UInt8], limits: JSONLimits) throws(JSONParseError) -> JSONValue {
        do throws(JSONFault) {
            var reader = JSONReader(bytes: bytes, limits: limits)
            return try reader.document { (reader) throws(JSONFault) in try reader.value() }
        } catch {
            throw error.located(in: bytes)
        }
    }
}

/// Walks over the bytes of one document by recursive descent, at most `limits.maxDepth` calls deep.
struct JSONReader {
    let bytes: [UInt8]
    var index = 0
    private let limits: JSONLimits
    private var depth = 0
    private var memberCount = 0

    init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// Reads the one value of the document by a closure.
    mutating func document<Value>(
        _ read: (inout JSONReader) throws(JSONFault) -> Value
    ) throws(JSONFault) -> Value {
        guard bytes.count <= limits.maxBytes else {
            throw JSONFault(code: .tooLarge, offset: limits.maxBytes, detail: "\(limits.maxBytes) bytes")
        }
        try checkEncoding()
        skipWhitespace()
        guard index < bytes.count else { throw JSONFault(code: .empty, offset: index) }
        let value = try read(&self)
        skipWhitespace()
        guard index == bytes.count else {
            throw JSONFault(code: isAtComment ? .comment : .trailingData, offset: index)
        }
        return value
    }

    /// The byte at the index, which must exist.
    func current() throws(JSONFault) -> UInt8 {
        guard index < bytes.count else { throw JSONFault(code: .unexpectedEnd, offset: bytes.count) }
        return bytes[index]
    }

    // MARK: Values

    /// Reads the value at the index.
    mutating func value() throws(JSONFault) -> JSONValue {
        switch try current() {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        case UInt8(ascii: "t"):
            try literal("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try literal("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try literal("null")
            return .null
        default:
            throw unexpected("a value")
        }
    }

    private mutating func literal(_ word: String) throws(JSONFault) {
        for expected in word.utf8 {
            guard try current() == expected else { throw unexpected(word) }
            index += 1
        }
    }

    private mutating func array() throws(JSONFault) -> JSONValue {
        try enter()
        var elements: [JSONValue] = []
        if try current() == UInt8(ascii: "]") {
            leave()
            return .array([])
        }
        repeat {
            try countMember()
            elements.append(try value())
        } while try hasNext(before: UInt8(ascii: "]"), named: "\",\" or \"]\"")
        leave()
        return .array(elements)
    }

    private mutating func object() throws(JSONFault) -> JSONValue {
        var keys = SeenKeys()
        var members: [(key: String, value: JSONValue)] = []
        try eachMember { (reader) throws(JSONFault) in
            let start = reader.index
            let key = try reader.string()
            guard keys.insert(key, after: members) else { throw JSONFault.duplicate(key, at: start) }
            try reader.colon()
            // Most objects fit.
            if members.isEmpty { members.reserveCapacity(8) }
            members.append((key, try reader.value()))
        }
        return .object(JSONObject(distinct: members))
    }

    /// Reads an object whose members a closure reads, each from the quote before its key on.
    mutating func eachMember(_ read: (inout JSONReader) throws(JSONFault) -> Void) throws(JSONFault) {
        try enter()
        guard try current() != UInt8(ascii: "}") else { return leave() }
        repeat {
            try countMember()
            guard try current() == UInt8(ascii: "\"") else { throw unexpected("a key in double quotes") }
            try read(&self)
        } while try hasNext(before: UInt8(ascii: "}"), named: "\",\" or \"}\"")
        leave()
    }

    /// Steps over the colon after a key, and the space around it.
    mutating func colon() throws(JSONFault) {
        skipWhitespace()
        guard try current() == UInt8(ascii: ":") else { throw unexpected("\":\"") }
        index += 1
        skipWhitespace()
    }

    // MARK: Between values

    /// Steps over an opening bracket and the space after it.
    private mutating func enter() throws(JSONFault) {
        guard depth < limits.maxDepth else {
            throw JSONFault(code: .tooDeep, offset: index, detail: "\(limits.maxDepth) levels")
        }
        depth += 1
        index += 1
        skipWhitespace()
    }

    /// Steps over a closing bracket.
    private mutating func leave() {
        depth -= 1
        index += 1
    }

    private mutating func countMember() throws(JSONFault) {
        memberCount += 1
        guard memberCount <= limits.maxMembers else {
            throw JSONFault(code: .tooManyMembers, offset: index, detail: "\(limits.maxMembers)")
        }
    }

    /// After a member: steps over a comma and says true, or says false at the closing bracket.
    private mutating func hasNext(before close: UInt8, named expected: String) throws(JSONFault) -> Bool {
        skipWhitespace()
        let byte = try current()
        if byte == close { return false }
        guard byte == UInt8(ascii: ",") else { throw unexpected(expected) }
        let comma = index
        index += 1
        skipWhitespace()
        if try current() == close { throw JSONFault(code: .trailingComma, offset: comma) }
        return true
    }

    private mutating func skipWhitespace() {
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): index += 1
            default: return
            }
        }
    }

    private mutating func checkEncoding() throws(JSONFault) {
        if bytes.starts(with: JSONParser.byteOrderMark) {
            index = JSONParser.byteOrderMark.count
            return
        }
        guard bytes.count >= 2 else { return }
        // A mark, or a zero byte beside the first ASCII character, which no JSON text in UTF-8 begins with.
        switch (bytes[0], bytes[1]) {
        case (0xFE, 0xFF), (0xFF, 0xFE), (0, _), (_, 0):
            throw JSONFault(code: .unsupportedEncoding, offset: 0)
        default: return
        }
    }

    // MARK: Faults

    private var isAtComment: Bool {
        guard index + 1 < bytes.count, bytes[index] == UInt8(ascii: "/") else { return false }
        return bytes[index + 1] == UInt8(ascii: "/") || bytes[index + 1] == UInt8(ascii: "*")
    }

    private func unexpected(_ expected: String) -> JSONFault {
        if isAtComment { return JSONFault(code: .comment, offset: index) }
        let byte = bytes[index]
        let found =
            switch byte {
            case 0x21...0x7E: String(UnicodeScalar(byte)).quotedForMessage
            case UInt8(ascii: " "): "space"
            default: "byte 0x" + String(byte, radix: 16, uppercase: true)
            }
        return JSONFault(code: .unexpectedCharacter, offset: index, detail: "\(found), expected \(expected)")
    }
}

/// The keys of one object so far: compared one by one while they are few, hashed beyond.
private struct SeenKeys {
    private static let mostComparedOneByOne = 16
    private var hashed: Set<ByteKey> = []

    /// Whether the key is new among those of the members before it.
    mutating func insert(_ key: String, after members: [(key: String, value: JSONValue)]) -> Bool {
        if members.count < Self.mostComparedOneByOne {
            let length = key.utf8.count
            return !members.contains { $0.key.utf8.count == length && $0.key.hasSameBytes(as: key) }
        }
        if hashed.isEmpty { hashed = Set(members.map { ByteKey(text: $0.key) }) }
        return hashed.insert(ByteKey(text: key)).inserted
    }
}
