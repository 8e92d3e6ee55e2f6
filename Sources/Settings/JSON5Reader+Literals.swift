// SPDX-License-Identifier: Apache-2.0
// The words, numbers and strings of JSON5.

extension JSON5Reader {
    static func startsNumber(_ scalar: Unicode.Scalar) -> Bool {
        "0"..."9" ~= scalar || scalar == "." || scalar == "+" || scalar == "-"
    }

    static func startsIdentifier(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "$" || scalar == "_" || scalar.properties.isAlphabetic
    }

    private static func continuesIdentifier(_ scalar: Unicode.Scalar) -> Bool {
        startsIdentifier(scalar) || "0"..."9" ~= scalar
    }

    static func endsLine(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\n" || scalar == "\r" || scalar == "\u{2028}" || scalar == "\u{2029}"
    }

    /// A scalar for a message: itself in quotes, or its code when it would not show.
    static func shown(_ scalar: Unicode.Scalar) -> String {
        scalar.value > 0x20 && scalar.value != 0x7F
            ? "\"\(scalar)\"" : "U+\(String(scalar.value, radix: 16, uppercase: true))"
    }

    /// The name of a member: a string, or a bare word.
    mutating func key() throws(ConfigurationSyntaxError) -> String {
        switch current {
        case "\"", "'": return try string()
        case .some(let scalar) where Self.startsIdentifier(scalar): return identifier()
        case .some(let scalar): throw failure("expected a name, found \(Self.shown(scalar))")
        case nil: throw failure("expected a name or \"}\", found the end of the file")
        }
    }

    private mutating func identifier() -> String {
        var text = String.UnicodeScalarView()
        while let scalar = current, Self.continuesIdentifier(scalar) {
            text.append(scalar)
            index += 1
        }
        return String(text)
    }

    /// One of the words that are values.
    mutating func word() throws(ConfigurationSyntaxError) -> ConfigurationValue {
        let start = index
        let text = identifier()
        switch text {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "null": return .null
        case "Infinity", "NaN": return .number(text)
        default: throw failure("\"\(text)\" is not a value; text stands in quotes", at: start)
        }
    }

    /// A number, as text: its size is judged by whoever knows what it is for.
    mutating func number() throws(ConfigurationSyntaxError) -> String {
        let start = index
        var text = ""
        if take("-") { text = "-" } else { _ = take("+") }
        if let scalar = current, Self.startsIdentifier(scalar) {
            let word = identifier()
            guard word == "Infinity" || word == "NaN" else { throw failure("expected a number", at: start) }
            return text + word
        }
        if current == "0", index + 1 < scalars.count, scalars[index + 1] == "x" || scalars[index + 1] == "X" {
            index += 2
            text += try hexadecimal(from: start)
        } else {
            text += try decimal(from: start)
        }
        if let scalar = current, Self.continuesIdentifier(scalar) || scalar == "." {
            throw failure("expected a number", at: start)
        }
        return text
    }

    private mutating func hexadecimal(from start: Int) throws(ConfigurationSyntaxError) -> String {
        let digits = self.digits { $0.properties.isASCIIHexDigit }
        guard !digits.isEmpty else { throw failure("expected a number", at: start) }
        guard let value = UInt64(digits, radix: 16) else { throw failure("this number is too large", at: start) }
        return String(value)
    }

    private mutating func decimal(from start: Int) throws(ConfigurationSyntaxError) -> String {
        var text = digits { "0"..."9" ~= $0 }
        var hasDigits = !text.isEmpty
        if take(".") {
            let fraction = digits { "0"..."9" ~= $0 }
            hasDigits = hasDigits || !fraction.isEmpty
            text = (text.isEmpty ? "0" : text) + "." + (fraction.isEmpty ? "0" : fraction)
        }
        guard hasDigits else { throw failure("expected a number", at: start) }
        guard current == "e" || current == "E" else { return text }
        index += 1
        text += "e"
        if take("-") { text += "-" } else { _ = take("+") }
        let exponent = digits { "0"..."9" ~= $0 }
        guard !exponent.isEmpty else { throw failure("expected a number", at: start) }
        return text + exponent
    }

    private mutating func digits(_ belongs: (Unicode.Scalar) -> Bool) -> String {
        var text = ""
        while let scalar = current, belongs(scalar) {
            text.unicodeScalars.append(scalar)
            index += 1
        }
        return text
    }

    /// A string in single or double quotes.
    mutating func string() throws(ConfigurationSyntaxError) -> String {
        let start = index
        guard let quote = current else { throw failure("expected a string") }
        index += 1
        var text = String.UnicodeScalarView()
        while let scalar = current {
            if take(quote) { return String(text) }
            if scalar == "\n" || scalar == "\r" { break }
            index += 1
            if scalar == "\\" {
                if let escaped = try escape() { text.append(escaped) }
            } else {
                text.append(scalar)
            }
        }
        throw failure("this string has no end", at: start)
    }

    /// What stands after a backslash; nil for a line end that the backslash hides.
    private mutating func escape() throws(ConfigurationSyntaxError) -> Unicode.Scalar? {
        let start = index - 1
        guard let scalar = current else { throw failure("this string has no end", at: start) }
        index += 1
        switch scalar {
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{B}"
        case "0": return "\0"
        case "x": return Unicode.Scalar(UInt8(try hexadecimalDigits(2, from: start)))
        case "u": return try unicodeEscape(from: start)
        case "\r":
            _ = take("\n")
            return nil
        case "\n", "\u{2028}", "\u{2029}": return nil
        case "1"..."9": throw failure("unknown escape", at: start)
        default: return scalar
        }
    }

    /// The scalar of `\uXXXX`, or of two such escapes that make up one scalar.
    private mutating func unicodeEscape(from start: Int) throws(ConfigurationSyntaxError) -> Unicode.Scalar {
        let first = UInt16(try hexadecimalDigits(4, from: start))
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard UTF16.isLeadSurrogate(first), take("\\"), take("u") else {
            throw failure("half of a surrogate pair", at: start)
        }
        let second = UInt16(try hexadecimalDigits(4, from: start))
        guard UTF16.isTrailSurrogate(second) else { throw failure("half of a surrogate pair", at: start) }
        return UTF16.decode(UTF16.EncodedScalar([first, second]))
    }

    private mutating func hexadecimalDigits(_ count: Int, from start: Int) throws(ConfigurationSyntaxError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let scalar = current, scalar.properties.isASCIIHexDigit,
                let digit = UInt32(String(scalar), radix: 16)
            else { throw failure("expected \(count) hexadecimal digits", at: start) }
            value = value << 4 | digit
            index += 1
        }
        return value
    }
}
