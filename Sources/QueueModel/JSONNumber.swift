// SPDX-License-Identifier: Apache-2.0
// A JSON number as text, with conversions that never trap.

/// A JSON number, kept as the text it came in; two are equal when their texts are.
package struct JSONNumber: Hashable, Sendable {
    /// The number as RFC 8259 writes it.
    package let text: String

    /// A number from text that is known to follow the grammar.
    init(validText text: String) {
        self.text = text
    }

    /// A whole number.
    package init(_ value: Int64) {
        text = DecimalText(value, fractionDigits: 0).string
    }

    /// The shortest text that reads back as this double, or nil when it is not finite.
    package init?(_ value: Double) {
        guard value.isFinite else { return nil }
        let shortest = value.description
        text = shortest.hasSuffix(".0") ? String(shortest.dropLast(2)) : shortest
    }

    /// A number rounded to some decimals without an exponent, or nil when it is not finite.
    ///
    /// - Parameters:
    ///   - value: the number.
    ///   - fractionDigits: the most decimals to keep; outside 0 to 9 the nearer bound is taken.
    package init?(rounding value: Double, fractionDigits: Int) {
        guard value.isFinite else { return nil }
        let digits = min(max(fractionDigits, 0), 9)
        let scale = (0..<digits).reduce(Int64(1)) { product, _ in product * 10 }
        if let scaled = Int64(exactly: (value * Double(scale)).rounded()) {
            self.init(unscaled: scaled, digits: digits)
        } else if let whole = Int64(exactly: value.rounded()) {
            self.init(whole)
        } else {
            self.init(validText: DecimalParts(value.rounded().description).plainWholeText)
        }
    }

    /// A number of seconds from milliseconds, with at most three decimals.
    init(milliseconds: Int64) {
        self.init(unscaled: milliseconds, digits: 3)
    }

    /// The number `unscaled` divided by ten to the power of `digits`, without trailing zeros.
    private init(unscaled: Int64, digits: Int) {
        text = DecimalText(unscaled, fractionDigits: digits).string
    }

    /// The nearest double, or nil when it would not be finite.
    package var double: Double? {
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// The exact value when it is a whole number that fits, else nil; `5.0` and `5e0` are whole.
    package var exactInt: Int64? {
        if let value = Int64(text) { return value }
        return DecimalParts(text).wholeValue
    }
}

/// A decimal number as it is written: without an exponent, and without zeros at the end of its fraction.
struct DecimalText {
    /// A sign, twenty digits, a point and a zero before it.
    private static let mostBytes = 24
    private var bytes = InlineArray<24, UInt8>(repeating: 0)
    private var start = mostBytes

    /// The number `unscaled` divided by ten to the power of `fractionDigits`, at most 9.
    init(_ unscaled: Int64, fractionDigits: Int) {
        var rest = unscaled.magnitude
        var digitsLeft = fractionDigits
        while digitsLeft > 0, rest % 10 == 0 {
            rest /= 10
            digitsLeft -= 1
        }
        if digitsLeft > 0 {
            for _ in 0..<digitsLeft { putDigit(&rest) }
            put(UInt8(ascii: "."))
        }
        repeat { putDigit(&rest) } while rest > 0
        if unscaled < 0 { put(UInt8(ascii: "-")) }
    }

    private mutating func putDigit(_ rest: inout UInt64) {
        put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
        rest /= 10
    }

    private mutating func put(_ byte: UInt8) {
        start -= 1
        bytes[start] = byte
    }

    /// Appends the text to bytes.
    func append(to output: inout [UInt8]) {
        for index in start..<Self.mostBytes { output.append(bytes[index]) }
    }

    /// The text.
    var string: String {
        String(unsafeUninitializedCapacity: Self.mostBytes - start) { buffer in
            for index in start..<Self.mostBytes { buffer[index - start] = bytes[index] }
            return Self.mostBytes - start
        }
    }
}

/// A decimal number taken apart: its value is `digits` with the point after `pointPosition` of them.
private struct DecimalParts {
    private var isNegative = false
    private var digits: [UInt8] = []
    private var pointPosition = 0

    /// Takes apart text that follows the JSON grammar of a number.
    init(_ text: String) {
        var exponent = 0
        var isExponentNegative = false
        var (isPastPoint, isPastE) = (false, false)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "-") where isPastE: isExponentNegative = true
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): isPastPoint = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"): isPastE = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let digit = byte - UInt8(ascii: "0")
                if isPastE {
                    // Larger exponents say nothing more: no accepted number has that many digits.
                    exponent = min(exponent * 10 + Int(digit), 1_000_000)
                } else {
                    digits.append(digit)
                    if !isPastPoint { pointPosition += 1 }
                }
            default: break
            }
        }
        pointPosition += isExponentNegative ? -exponent : exponent
    }

    /// The value when it is whole and fits into 64 bits.
    var wholeValue: Int64? {
        guard let last = digits.lastIndex(where: { $0 != 0 }) else { return 0 }
        let leadingZeros = digits.prefix { $0 == 0 }.count
        guard last < pointPosition, pointPosition - leadingZeros <= 19 else { return nil }
        var value: Int64 = 0
        for position in leadingZeros..<pointPosition {
            let digit = Int64(position < digits.count ? digits[position] : 0)
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tenfold.addingReportingOverflow(isNegative ? -digit : digit)
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    /// The digits before the point, padded with zeros; for numbers that are whole anyway.
    var plainWholeText: String {
        let padding = max(0, pointPosition - digits.count)
        let whole = digits.prefix(max(0, pointPosition)) + [UInt8](repeating: 0, count: padding)
        return (isNegative ? "-" : "") + whole.map { String($0) }.joined()
    }
}
