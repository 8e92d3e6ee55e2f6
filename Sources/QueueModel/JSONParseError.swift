// SPDX-License-Identifier: Apache-2.0
// What a JSON document may not exceed, and why one was refused.

/// The bounds within which a JSON document is read.
package struct JSONLimits: Sendable, Equatable {
    /// The deepest nesting of arrays and objects.
    package let maxDepth: Int
    /// The most bytes of the whole document.
    package let maxBytes: Int
    /// The most object members and array elements, counted over the whole document.
    package let maxMembers: Int

    /// The most characters of one number.
    static let maxNumberLength = 1000

    /// Bounds of a document.
    ///
    /// - Parameters:
    ///   - maxDepth: the deepest nesting; outside 1 to 512 the nearer bound is taken, as reading nests calls.
    ///   - maxBytes: the most bytes.
    ///   - maxMembers: the most object members and array elements in total.
    package init(maxDepth: Int = 64, maxBytes: Int = 1 << 20, maxMembers: Int = 100_000) {
        self.maxDepth = min(max(maxDepth, 1), 512)
        self.maxBytes = maxBytes
        self.maxMembers = maxMembers
    }

    /// The bounds of a task file: 64 levels, 1 MiB, 100,000 members.
    package static let task = JSONLimits()

    /// The bounds of a file of a given largest size.
    package static func file(_ maxBytes: Int) -> JSONLimits {
        JSONLimits(maxBytes: maxBytes)
    }
}

/// Why a JSON document was refused, and where.
package struct JSONParseError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The rule that was broken; the texts are stable.
    package enum Code: String, Sendable, CaseIterable {
        /// There is nothing, or only white space.
        case empty
        /// The document ends within a value.
        case unexpectedEnd = "unexpected_end"
        /// A character stands where another is needed.
        case unexpectedCharacter = "unexpected_character"
        /// Something follows the document's one value.
        case trailingData = "trailing_data"
        /// A comma stands before a closing bracket.
        case trailingComma = "trailing_comma"
        /// There is a comment, which JSON does not have.
        case comment
        /// A key occurs twice in one object.
        case duplicateKey = "duplicate_key"
        /// The bytes of a string are not UTF-8.
        case invalidUTF8 = "invalid_utf8"
        /// The document is in UTF-16 or UTF-32.
        case unsupportedEncoding = "unsupported_encoding"
        /// A `\u` escape is half of a surrogate pair.
        case loneSurrogate = "lone_surrogate"
        /// A backslash is followed by something that JSON does not define.
        case invalidEscape = "invalid_escape"
        /// A string has a bare control character.
        case controlCharacter = "control_character"
        /// A number does not follow the grammar.
        case invalidNumber = "invalid_number"
        /// A number is beyond the range of a double, or longer than 1000 characters.
        case numberOutOfRange = "number_out_of_range"
        /// Arrays and objects nest deeper than allowed.
        case tooDeep = "too_deep"
        /// There are more members and elements than allowed.
        case tooManyMembers = "too_many_members"
        /// There are more bytes than allowed.
        case tooLarge = "too_large"
    }

    /// The rule that was broken.
    package let code: Code
    /// Where, in bytes from the start of the input, a byte-order mark included.
    package let offset: Int
    /// The line, from 1; lines end with a line feed.
    package let line: Int
    /// The column, from 1, in Unicode scalars; a byte-order mark is not counted.
    package let column: Int
    /// What was wrong, without the place.
    package let message: String

    /// The place and what was wrong, in one line.
    package var description: String {
        "line \(line), column \(column): \(message)"
    }

    /// Whether a document that is still being written could look like this.
    package var looksUnfinished: Bool {
        code == .unexpectedEnd || code == .empty
    }
}

/// A broken rule and its byte offset, as the reader meets it.
struct JSONFault: Error {
    let code: JSONParseError.Code
    let offset: Int
    var detail = ""

    /// A key that occurs twice in one object.
    static func duplicate(_ key: String, at offset: Int) -> JSONFault {
        JSONFault(code: .duplicateKey, offset: offset, detail: key.quotedForMessage)
    }

    /// The error for a person: line and column are counted only now, when they are needed.
    func located(in bytes: [UInt8]) -> JSONParseError {
        let start = bytes.starts(with: JSONParser.byteOrderMark) ? JSONParser.byteOrderMark.count : 0
        var (line, column) = (1, 1)
        for byte in bytes[min(start, offset)..<min(offset, bytes.count)] {
            if byte == UInt8(ascii: "\n") {
                (line, column) = (line + 1, 1)
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        let message = detail.isEmpty ? sentence : "\(sentence)\(detail)"
        return JSONParseError(code: code, offset: offset, line: line, column: column, message: message)
    }

    private var sentence: String {
        switch code {
        case .empty: "the document is empty"
        case .unexpectedEnd: "the document ends too early"
        case .unexpectedCharacter: "unexpected "
        case .trailingData: "more data after the end of the document"
        case .trailingComma: "comma before a closing bracket"
        case .comment: "comments are not allowed"
        case .duplicateKey: "duplicate key "
        case .invalidUTF8: "a string is not valid UTF-8"
        case .unsupportedEncoding: "the document is in UTF-16 or UTF-32; write it in UTF-8"
        case .loneSurrogate: "a \\u escape is half of a surrogate pair"
        case .invalidEscape: "invalid escape in a string"
        case .controlCharacter: "control character in a string; write it as an escape"
        case .invalidNumber: "malformed number"
        case .numberOutOfRange: "a number is too large or too long"
        case .tooDeep: "arrays and objects nest deeper than "
        case .tooManyMembers: "more members and elements than "
        case .tooLarge: "the document is larger than "
        }
    }
}
