// SPDX-License-Identifier: Apache-2.0
// Base64, in both of its alphabets (RFC 4648).

/// Writes and reads Base64.
package enum Base64 {
    /// The 62nd and 63rd digit.
    package enum Alphabet: Sendable {
        /// `+` and `/`, filled up with `=`.
        case standard
        /// `-` and `_`, not filled up.
        case url
    }

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Writes bytes in the standard alphabet.
    /// - Parameter bytes: The bytes.
    /// - Returns: The text, filled up to a multiple of four.
    package static func encoded(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            let word = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
            for place in 0...3 {
                text.append(place <= part.count ? digits[word >> (18 - 6 * place) & 63] : ASCII.equals)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads a text that is written in the one way that there is for its bytes.
    /// - Parameters:
    ///   - text: The text.
    ///   - alphabet: Its alphabet.
    /// - Returns: The bytes; nil for anything else.
    package static func decoded(_ text: some Collection<UInt8>, _ alphabet: Alphabet) -> [UInt8]? {
        var digits = Array(text)
        if alphabet == .standard {
            guard digits.count % 4 == 0 else { return nil }
            for _ in 0..<2 where digits.last == ASCII.equals { digits.removeLast() }
        }
        var bytes: [UInt8] = []
        var (word, bits) = (0, 0)
        for digit in digits {
            guard let value = value(of: digit, alphabet) else { return nil }
            (word, bits) = (word << 6 | value, bits + 6)
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: word >> bits))
            word &= (1 << bits) - 1
        }
        return bits < 6 && word == 0 ? bytes : nil
    }

    private static func value(of digit: UInt8, _ alphabet: Alphabet) -> Int? {
        switch (digit, alphabet) {
        case (0x41...0x5A, _): Int(digit) - 0x41
        case (0x61...0x7A, _): Int(digit) - 0x61 + 26
        case (0x30...0x39, _): Int(digit) - 0x30 + 52
        case (0x2B, .standard), (0x2D, .url): 62
        case (0x2F, .standard), (0x5F, .url): 63
        default: nil
        }
    }
}
