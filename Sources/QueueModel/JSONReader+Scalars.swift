// SPDX-License-Identifier: Apache-2.0
// Strings and numbers of the JSON reader.

// MARK: - Strings

extension JSONReader {
    /// Reads the string whose opening quote is at the index.
    mutating func string() throws(JSONFault) -> String {
        let start = index + 1
        index = start
        try skipPlainText()
        if bytes[index] == UInt8(ascii: "\"") {
            defer { index += 1 }
            return text(from: start)
        }
        return try stringWithEscapes(from: start)
    }

    /// The bytes from a place to the index, which are UTF-8.
    private func text(from start: Int) -> String {
        bytes.withUnsafeBufferPointer { String(decoding: $0[start..<index], as: UTF8.self) }
    }

    /// Goes on from the first backslash; the text between escapes is copied in runs.
    private mutating func stringWithEscapes(from start: Int) throws(JSONFault) -> String {
        var text = Array(bytes[start..<index])
        while bytes[index] != UInt8(ascii: "\"") {
            try escape(into: &text)
            let run = index
            try skipPlainText()
            text.append(contentsOf: bytes[run..<index])
        }
        index += 1
        return String(decoding: text, as: UTF8.self)
    }

    /// Steps to the next quote or backslash over valid UTF-8 without control characters.
    private mutating func skipPlainText() throws(JSONFault) {
        while true {
            index = bytes.span.firstOfNoPlainText(from: index)
            switch try current() {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): return
            case 0..<0x20: throw JSONFault(code: .controlCharacter, offset: index)
            default:
                // Scripts beyond ASCII go on like this.
                repeat { try skipMultibyteScalar() } while try current() >= 0x80
            }
        }
    }

    /// Steps over one scalar of two to four bytes, as the Unicode Standard's table 3-7 defines them.
    private mutating func skipMultibyteScalar() throws(JSONFault) {
        let start = index
        let (count, second): (Int, ClosedRange<UInt8>)
        switch bytes[start] {
        case 0xC2...0xDF: (count, second) = (2, 0x80...0xBF)
        case 0xE0: (count, second) = (3, 0xA0...0xBF)
        case 0xED: (count, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (count, second) = (3, 0x80...0xBF)
        case 0xF0: (count, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (count, second) = (4, 0x80...0xBF)
        case 0xF4: (count, second) = (4, 0x80...0x8F)
        default: throw JSONFault(code: .invalidUTF8, offset: start)
        }
        index += 1
        for position in 1..<count {
            let allowed = position == 1 ? second : 0x80...0xBF
            guard allowed.contains(try current()) else { throw JSONFault(code: .invalidUTF8, offset: start) }
            index += 1
        }
    }

    /// Reads the escape at the index and appends what it stands for.
    private mutating func escape(into text: inout [UInt8]) throws(JSONFault) {
        let start = index
        index += 1
        let letter = try current()
        index += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            let scalar = try escapedScalar(from: start)
            text.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
        default: throw JSONFault(code: .invalidEscape, offset: start)
        }
    }

    /// Reads the digits after `\u`, and the second escape of a surrogate pair.
    private mutating func escapedScalar(from start: Int) throws(JSONFault) -> UnicodeScalar {
        let first = try hexDigits(from: start)
        if let scalar = UnicodeScalar(first) { return scalar }
        let lone = JSONFault(code: .loneSurrogate, offset: start)
        guard first < 0xDC00 else { throw lone }
        let secondStart = index
        for expected in "\\u".utf8 {
            guard try current() == expected else { throw lone }
            index += 1
        }
        let second = try hexDigits(from: secondStart)
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = UnicodeScalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw lone }
        return scalar
    }

    private mutating func hexDigits(from start: Int) throws(JSONFault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = try current()
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw JSONFault(code: .invalidEscape, offset: start)
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }
}

// MARK: - Numbers

extension JSONReader {
    /// Reads the number whose sign or first digit is at the index.
    mutating func number() throws(JSONFault) -> JSONNumber {
        let start = index
        var hasExponent = false
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        if try current() == UInt8(ascii: "0") { index += 1 } else { try digits() }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            try digits()
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            hasExponent = true
            index += 1
            let sign = try current()
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { index += 1 }
            try digits()
        }
        try checkNumberEnds()
        return try checkedNumber(from: start, hasExponent: hasExponent)
    }

    /// Steps over one digit or more.
    private mutating func digits() throws(JSONFault) {
        let start = index
        while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) { index += 1 }
        guard index == start else { return }
        _ = try current()
        throw JSONFault(code: .invalidNumber, offset: index)
    }

    /// Refuses what looks like more of the number: `01`, `0x10`, `1_000`, `1.2.3`.
    private func checkNumberEnds() throws(JSONFault) {
        if isInsideNumber(index) { throw JSONFault(code: .invalidNumber, offset: index) }
    }

    /// Whether the byte at an index looks as if it belonged to the number before it.
    func isInsideNumber(_ index: Int) -> Bool {
        guard index < bytes.count else { return false }
        switch bytes[index] {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            return true
        default: return false
        }
    }

    /// Refuses numbers beyond a double; below 300 characters only an exponent can make one.
    private func checkedNumber(from start: Int, hasExponent: Bool) throws(JSONFault) -> JSONNumber {
        let length = index - start
        let outOfRange = JSONFault(code: .numberOutOfRange, offset: start)
        guard length <= JSONLimits.maxNumberLength else { throw outOfRange }
        let number = JSONNumber(validText: text(from: start))
        if hasExponent || length > 300, number.double == nil { throw outOfRange }
        return number
    }
}
