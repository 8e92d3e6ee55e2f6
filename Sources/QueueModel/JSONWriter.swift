// SPDX-License-Identifier: Apache-2.0
// Writes JSON.

/// Writes JSON values as UTF-8.
///
/// Control characters (U+0000 to U+001F, U+007F to U+009F) and the line separators U+2028 and U+2029 are escaped, so
/// that a line of output is one line everywhere and no terminal obeys what a task contains. Everything else is kept.
package enum JSONWriter {
    /// The bytes of a value.
    ///
    /// - Parameters:
    ///   - value: what to write.
    ///   - pretty: whether to put each member on its own line, indented by two spaces, with a line feed at the end.
    /// - Returns: the document in UTF-8.
    package static func bytes(_ value: JSONValue, pretty: Bool = false) -> [UInt8] {
        var output = JSONOutput(style: pretty ? .pretty : .compact)
        output.write(value, level: 0)
        if pretty { output.bytes.append(UInt8(ascii: "\n")) }
        return output.bytes
    }

    /// The bytes of a value with the members of every object sorted by the bytes of their keys, without any space.
    package static func canonicalBytes(_ value: JSONValue) -> [UInt8] {
        var output = JSONOutput(style: .canonical)
        output.write(value, level: 0)
        return output.bytes
    }

    /// The compact text of a value.
    package static func text(_ value: JSONValue) -> String {
        String(decoding: bytes(value), as: UTF8.self)
    }
}

/// The output while it grows.
struct JSONOutput {
    /// How members are set apart and ordered.
    enum Style { case compact, pretty, canonical }

    let style: Style
    var bytes: [UInt8]

    init(style: Style) {
        self.style = style
        bytes = []
        // Most records fit.
        bytes.reserveCapacity(1024)
    }

    mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .null: append("null")
        case .bool(let flag): append(flag ? "true" : "false")
        case .number(let number): append(number.text)
        case .string(let text): write(string: text)
        case .array(let elements): write(elements, level: level)
        case .object(let object): write(object, level: level)
        }
    }

    private mutating func write(_ elements: [JSONValue], level: Int) {
        guard !elements.isEmpty else { return append("[]") }
        append("[")
        for (position, element) in elements.enumerated() {
            separate(first: position == 0, level: level + 1)
            write(element, level: level + 1)
        }
        close("]", level: level)
    }

    private mutating func write(_ object: JSONObject, level: Int) {
        guard !object.isEmpty else { return append("{}") }
        append("{")
        let order = style == .canonical ? object.sortedIndices : nil
        for position in 0..<object.count {
            let index = order?[position] ?? position
            separate(first: position == 0, level: level + 1)
            write(string: object.members[index].key)
            bytes.append(UInt8(ascii: ":"))
            if style == .pretty { bytes.append(UInt8(ascii: " ")) }
            write(object.members[index].value, level: level + 1)
        }
        close("}", level: level)
    }

    private mutating func separate(first: Bool, level: Int) {
        if !first { bytes.append(UInt8(ascii: ",")) }
        newLine(level: level)
    }

    private mutating func close(_ bracket: String, level: Int) {
        newLine(level: level)
        append(bracket)
    }

    private mutating func newLine(level: Int) {
        guard style == .pretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * level))
    }

    /// Writes text that needs no escape.
    mutating func append(_ text: String) {
        // As one stretch of memory; only text that comes from Foundation is not stored as UTF-8.
        let isAppended: Void? = text.utf8.withContiguousStorageIfAvailable { bytes.append(contentsOf: $0) }
        if isAppended == nil { bytes.append(contentsOf: text.utf8) }
    }

    mutating func write(string: String) {
        bytes.append(UInt8(ascii: "\""))
        let text = string.utf8.span
        if text.firstThatMayNeedEscape(from: 0) == text.count { append(string) } else { writeEscaped(text) }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes text, copying the stretches that need no escape as a whole.
    private mutating func writeEscaped(_ text: borrowing Span<UInt8>) {
        var (run, index) = (0, text.firstThatMayNeedEscape(from: 0))
        while index < text.count {
            if let scalar = Self.scalarToEscape(in: text, at: index) {
                append(text.extracting(run..<index))
                escape(scalar)
                index += UTF8.width(scalar)
                run = index
            } else {
                index += 1
            }
            index = text.firstThatMayNeedEscape(from: index)
        }
        append(text.extracting(run..<index))
    }

    private mutating func append(_ text: borrowing Span<UInt8>) {
        text.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    private mutating func escape(_ scalar: UnicodeScalar) {
        switch scalar {
        case "\"": append("\\\"")
        case "\\": append("\\\\")
        case "\n": append("\\n")
        case "\r": append("\\r")
        case "\t": append("\\t")
        case "\u{08}": append("\\b")
        case "\u{0C}": append("\\f")
        default:
            let digits = String(scalar.value, radix: 16)
            append("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits)
        }
    }

    /// The scalar that begins here, when it is one that gets escaped; the text is valid UTF-8.
    private static func scalarToEscape(in text: borrowing Span<UInt8>, at index: Int) -> UnicodeScalar? {
        switch text[index] {
        case 0xC2:
            let second = text[index + 1]
            return second < 0xA0 ? UnicodeScalar(second) : nil
        case 0xE2:
            let isSeparator = text[index + 1] == 0x80 && (text[index + 2] == 0xA8 || text[index + 2] == 0xA9)
            return isSeparator ? UnicodeScalar(UInt16(0x2000) + UInt16(text[index + 2] - 0x80)) : nil
        case let byte: return UnicodeScalar(byte)
        }
    }
}

extension UTF8 {
    /// The number of bytes that a scalar of the basic plane takes.
    fileprivate static func width(_ scalar: UnicodeScalar) -> Int {
        scalar.value < 0x80 ? 1 : scalar.value < 0x800 ? 2 : 3
    }
}
