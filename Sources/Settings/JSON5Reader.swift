// SPDX-License-Identifier: Apache-2.0
// Reads JSON5 (spec.json5.org): JSON with comments, bare keys, single quotes and trailing commas.

/// Reads one JSON5 document; duplicate keys and nesting over 32 levels are errors.
///
/// The standard decoder reads JSON5 too, but it keeps the line of an error to itself, takes the first of two equal
/// keys without a word, and costs a third of the binary.
struct JSON5Reader {
    static let maxDepth = 32

    let scalars: [Unicode.Scalar]
    var index = 0
    private var depth = 0
    /// A position whose line is known, so that lines are counted once for all members.
    private var counted = (position: 0, line: 1)

    private init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

    /// Reads a whole document.
    static func read(_ bytes: [UInt8]) throws(ConfigurationSyntaxError) -> ConfigurationValue {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let line = 1 + bytes.prefix(validPrefix(of: bytes)).count { $0 == UInt8(ascii: "\n") }
            throw ConfigurationSyntaxError(line: line, column: 1, message: "not valid UTF-8")
        }
        var reader = JSON5Reader(Array(text.unicodeScalars))
        try reader.skipSpace()
        let value = try reader.value()
        try reader.skipSpace()
        guard reader.index == reader.scalars.count else {
            throw reader.failure("nothing may follow the closing brace")
        }
        return value
    }

    private static func validPrefix(of bytes: [UInt8]) -> Int {
        var valid = 0
        var iterator = bytes.makeIterator()
        var decoder = UTF8()
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { valid += UTF8.width(scalar) }
        return valid
    }

    /// The scalar at the reading position.
    var current: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    /// An error at the reading position, or at `position`.
    func failure(_ message: String, at position: Int? = nil) -> ConfigurationSyntaxError {
        let (line, column) = place(of: position ?? index)
        return ConfigurationSyntaxError(line: line, column: column, message: message)
    }

    /// The line and column of a position, both counted from 1.
    func place(of position: Int) -> (line: Int, column: Int) {
        let before = scalars[..<min(position, scalars.count)]
        let line = 1 + before.count { $0 == "\n" }
        let lineStart = before.lastIndex { $0 == "\n" }.map { $0 + 1 } ?? 0
        return (line, before.count - lineStart + 1)
    }

    /// The line of a position behind the ones asked for before.
    private mutating func line(at position: Int) -> Int {
        counted.line += scalars[counted.position..<position].count { $0 == "\n" }
        counted.position = position
        return counted.line
    }

    mutating func value() throws(ConfigurationSyntaxError) -> ConfigurationValue {
        switch current {
        case "{": return .object(try nested { reader throws(ConfigurationSyntaxError) in try reader.members() })
        case "[": return .array(try nested { reader throws(ConfigurationSyntaxError) in try reader.elements() })
        case "\"", "'": return .string(try string())
        case .some(let scalar) where Self.startsNumber(scalar): return .number(try number())
        case .some(let scalar) where Self.startsIdentifier(scalar): return try word()
        case .some(let scalar): throw failure("expected a value, found \(Self.shown(scalar))")
        case nil: throw failure("expected a value, found the end of the file")
        }
    }

    private mutating func nested<Result>(
        _ body: (inout JSON5Reader) throws(ConfigurationSyntaxError) -> Result
    ) throws(ConfigurationSyntaxError) -> Result {
        guard depth < Self.maxDepth else { throw failure("nested deeper than \(Self.maxDepth) levels") }
        depth += 1
        index += 1
        let result = try body(&self)
        depth -= 1
        return result
    }

    private mutating func members() throws(ConfigurationSyntaxError) -> [ConfigurationMember] {
        var members: [ConfigurationMember] = []
        var lines: [String: Int] = [:]
        while true {
            try skipSpace()
            if take("}") { return members }
            let start = index
            let key = try self.key()
            let line = line(at: start)
            if let first = lines.updateValue(line, forKey: key) {
                throw failure("\"\(key)\" is given twice, first in line \(first)", at: start)
            }
            try skipSpace()
            guard take(":") else { throw failure("expected \":\" after \"\(key)\"") }
            try skipSpace()
            members.append(ConfigurationMember(key: key, line: line, value: try value()))
            try skipSpace()
            guard take(",") || current == "}" else { throw failure("expected \",\" or \"}\"") }
        }
    }

    private mutating func elements() throws(ConfigurationSyntaxError) -> [ConfigurationValue] {
        var elements: [ConfigurationValue] = []
        while true {
            try skipSpace()
            if take("]") { return elements }
            elements.append(try value())
            try skipSpace()
            guard take(",") || current == "]" else { throw failure("expected \",\" or \"]\"") }
        }
    }

    /// Steps over `scalar` when it is next.
    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        index += 1
        return true
    }

    /// Steps over white space and comments.
    private mutating func skipSpace() throws(ConfigurationSyntaxError) {
        while let scalar = current {
            if scalar.properties.isWhitespace || scalar == "\u{FEFF}" {
                index += 1
            } else if scalar == "/" {
                try skipComment()
            } else {
                return
            }
        }
    }

    private mutating func skipComment() throws(ConfigurationSyntaxError) {
        let start = index
        index += 1
        if take("/") {
            while let scalar = current, !Self.endsLine(scalar) { index += 1 }
        } else if take("*") {
            while !(current == "*" && index + 1 < scalars.count && scalars[index + 1] == "/") {
                guard current != nil else { throw failure("this comment has no end", at: start) }
                index += 1
            }
            index += 2
        } else {
            throw failure("expected a comment after \"/\"", at: start)
        }
    }
}
