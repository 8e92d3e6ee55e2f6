// SPDX-License-Identifier: Apache-2.0
// Kinds of values that are counted or measured.

import QueueModel

extension ValueKind where Value == Int {
    /// A whole number in a range; `extra` is allowed besides.
    static func integer(_ range: ClosedRange<Int>, or extra: Int? = nil, meaning: String = "") -> ValueKind {
        let also = extra.map { "\($0)\(meaning.isEmpty ? "" : " (\(meaning))")" }
        return ValueKind(
            range: (also.map { "\($0), " } ?? "") + "\(range.lowerBound)…\(range.upperBound)",
            hint: "give a whole number from \(range.lowerBound) to \(range.upperBound)"
                + (also.map { ", or \($0)" } ?? ""),
            placeholder: "N",
            forms: [.number, .string],
            parse: { text in
                // Int() takes digits with a sign, and returns nil for what does not fit.
                guard let number = text.word.flatMap({ Int($0) }) else { return nil }
                return range.contains(number) || number == extra ? number : nil
            },
            render: { String($0) }
        )
    }

    /// A number of bytes in a range.
    static func size(_ range: ClosedRange<Int>) -> ValueKind {
        let (low, high) = (SizeText.format(range.lowerBound), SizeText.format(range.upperBound))
        return ValueKind(
            range: "\(low)…\(high)",
            hint: "give a size from \(low) to \(high), such as 512k or 10m",
            placeholder: "SIZE",
            unit: "bytes",
            forms: [.number, .string],
            parse: { text in
                guard let size = text.word.flatMap({ SizeText.parse($0) }) else { return nil }
                return range.contains(size) ? size : nil
            },
            render: { SizeText.format($0) }
        )
    }
}

extension ValueKind where Value == Double {
    /// A number in a range.
    static func decimal(_ range: ClosedRange<Double>, excludingLowest: Bool = false) -> ValueKind {
        let (low, high) = (DecimalText.format(range.lowerBound), DecimalText.format(range.upperBound))
        return ValueKind(
            range: excludingLowest ? "over \(low), up to \(high)" : "\(low)…\(high)",
            hint: excludingLowest
                ? "give a number over \(low) and up to \(high)" : "give a number from \(low) to \(high)",
            placeholder: "NUMBER",
            forms: [.number, .string],
            parse: { text in
                guard let number = text.word.flatMap({ DecimalText.parse($0) }) else { return nil }
                return range.contains(number) && !(excludingLowest && number == range.lowerBound) ? number : nil
            },
            render: { DecimalText.format($0) }
        )
    }
}

extension ValueKind where Value == Duration {
    /// A span of time in a range; plain numbers are seconds.
    static func duration(_ range: ClosedRange<Duration>) -> ValueKind {
        let (low, high) = (DurationText.format(range.lowerBound), DurationText.format(range.upperBound))
        return ValueKind(
            range: "\(low)…\(high)",
            hint: "give a duration from \(low) to \(high), such as 90s, 10m or a number of seconds",
            placeholder: "DURATION",
            unit: "s",
            forms: [.number, .string],
            parse: { text in
                guard let duration = text.word.flatMap({ DurationText.parse($0) }) else { return nil }
                return range.contains(duration) ? duration : nil
            },
            render: { DurationText.format($0) }
        )
    }
}

extension ValueKind where Value == Duration? {
    /// A span of time in a range, or 0 for none.
    static func durationOrOff(_ range: ClosedRange<Duration>) -> ValueKind {
        let duration = ValueKind<Duration>.duration(range)
        return ValueKind(
            range: "0 (off), \(duration.range)",
            hint: "\(duration.hint), or 0 to switch it off",
            placeholder: duration.placeholder,
            unit: duration.unit,
            forms: duration.forms,
            parse: { text in
                if text.word.flatMap({ DurationText.parse($0) }) == .zero { return .some(nil) }
                return duration.parse(text).map(Optional.some)
            },
            render: { value in value.map(duration.render) ?? "0" }
        )
    }
}

extension ValueKind where Value == RateLimit {
    /// A count per span of time.
    static var rateLimit: ValueKind {
        let (counts, intervals) = (1...1_000_000, Duration.seconds(1)...Duration.seconds(86_400))
        return ValueKind(
            range: "N/DURATION",
            hint: "give a count and a duration, such as 20/1m",
            placeholder: "N/DURATION",
            forms: [.string],
            parse: { text in
                guard let parts = text.word?.split(separator: "/", omittingEmptySubsequences: false), parts.count == 2,
                    let count = Int(parts[0]), counts.contains(count),
                    let interval = DurationText.parse(String(parts[1])), intervals.contains(interval)
                else { return nil }
                return RateLimit(count: count, interval: interval)
            },
            render: { "\($0.count)/\(DurationText.format($0.interval))" }
        )
    }
}

/// Plain decimal numbers as text.
enum DecimalText {
    /// Reads an optional sign, digits, a fraction and an exponent; nothing that is not finite.
    static func parse(_ text: String) -> Double? {
        // Double() also takes words such as "nan" and hexadecimal digits.
        guard text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }) else { return nil }
        guard let number = Double(text), number.isFinite else { return nil }
        return number
    }

    /// Writes a number, without a fraction when it has none.
    static func format(_ number: Double) -> String {
        let text = number.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
