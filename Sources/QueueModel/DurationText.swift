// SPDX-License-Identifier: Apache-2.0
// Durations as people write them: 90s, 10m, 1h30m.

/// Reads and writes durations like `250ms`, `90s`, `10m`, `2h`, `1d`, `1h30m`.
package enum DurationText {
    private struct Unit {
        let suffix: String
        let milliseconds: Int64
    }

    /// The units, longest first, which is also the order they must be written in.
    private static let units = [
        Unit(suffix: "d", milliseconds: 86_400_000), Unit(suffix: "h", milliseconds: 3_600_000),
        Unit(suffix: "m", milliseconds: 60_000), Unit(suffix: "s", milliseconds: 1000),
        Unit(suffix: "ms", milliseconds: 1),
    ]

    /// The longest duration that is accepted: ten thousand years of 365 days.
    package static let longest = Duration.seconds(315_360_000_000)

    /// Reads a duration.
    ///
    /// - Parameter text: numbers with the units `d`, `h`, `m`, `s`, `ms`, each at most once and longest first; the last
    ///   number may have decimals. A number alone is in seconds.
    /// - Returns: the duration in whole nanoseconds, or nil for anything else, signs, exponents and spaces included.
    package static func parse(_ text: String) -> Duration? {
        var rest = Array(text.utf8)[...]
        if let seconds = number(from: &rest), rest.isEmpty { return duration(seconds, of: 1000) }
        rest = Array(text.utf8)[...]
        var total = Duration.zero
        var isLast = false
        var position = 0
        while !rest.isEmpty {
            guard !isLast, let number = number(from: &rest), let unit = unit(from: &rest, startingAt: position),
                let part = duration(number, of: units[unit].milliseconds)
            else { return nil }
            total += part
            isLast = number.hasPoint
            position = unit + 1
        }
        guard position > 0, total <= longest else { return nil }
        return total
    }

    /// Writes a duration in whole milliseconds so that ``parse(_:)`` reads it back.
    ///
    /// - Parameter duration: a duration; a negative one gets a leading minus sign, which `parse` refuses.
    /// - Returns: for example `1d2h`, `1m30s`, `3.25s`, `250ms` or `0s`.
    package static func format(_ duration: Duration) -> String {
        let milliseconds = duration.wholeMilliseconds
        let sign = milliseconds < 0 ? "-" : ""
        var rest = milliseconds.magnitude
        guard rest > 0 else { return "0s" }
        guard rest >= 1000 else { return "\(sign)\(rest)ms" }
        var text = sign
        for unit in units.prefix(3) where rest >= unit.milliseconds.magnitude {
            text += "\(rest / unit.milliseconds.magnitude)\(unit.suffix)"
            rest %= unit.milliseconds.magnitude
        }
        return rest == 0 ? text : text + JSONNumber(milliseconds: Int64(rest)).text + "s"
    }

    // MARK: Pieces

    private struct Decimal {
        var whole: Int64
        var nanos: Int64
        var hasPoint: Bool
    }

    /// Takes digits, and a point with 1 to 9 digits, off the front.
    private static func number(from rest: inout ArraySlice<UInt8>) -> Decimal? {
        guard let whole = digits(from: &rest), whole.count <= 12 else { return nil }
        guard rest.first == UInt8(ascii: ".") else { return Decimal(whole: whole.value, nanos: 0, hasPoint: false) }
        rest.removeFirst()
        guard let fraction = digits(from: &rest), fraction.count <= 9 else { return nil }
        let nanos = (fraction.count..<9).reduce(fraction.value) { value, _ in value * 10 }
        return Decimal(whole: whole.value, nanos: nanos, hasPoint: true)
    }

    private static func digits(from rest: inout ArraySlice<UInt8>) -> (value: Int64, count: Int)? {
        let run = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard !run.isEmpty, run.count <= 12 else { return nil }
        rest = rest.dropFirst(run.count)
        return (run.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }, run.count)
    }

    /// Takes the letters off the front; nil when they are no unit from `position` on.
    private static func unit(from rest: inout ArraySlice<UInt8>, startingAt position: Int) -> Int? {
        let letters = rest.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        rest = rest.dropFirst(letters.count)
        return units.indices.dropFirst(position).first { letters.elementsEqual(units[$0].suffix.utf8) }
    }

    /// The number of units as a duration, or nil when it is too long.
    private static func duration(_ number: Decimal, of milliseconds: Int64) -> Duration? {
        // At most 12 digits times 86,400,000 milliseconds: within 128 bits by far.
        let nanoseconds = (Int128(number.whole) * 1_000_000_000 + Int128(number.nanos)) * Int128(milliseconds) / 1000
        let seconds = nanoseconds / 1_000_000_000
        guard let whole = Int64(exactly: seconds), let rest = Int64(exactly: nanoseconds % 1_000_000_000),
            whole <= longest.components.seconds
        else { return nil }
        return .seconds(whole) + .nanoseconds(rest)
    }
}
