// SPDX-License-Identifier: Apache-2.0
// A point in time, in UTC and whole milliseconds.

/// A point in time between the years 0001 and 9999, in UTC with milliseconds.
package struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
    package let millisecondsSince1970: Int64

    /// The first representable point, 0001-01-01T00:00:00.000Z.
    package static let earliest = Timestamp(millisecondsSince1970: .min)
    /// The last representable point, 9999-12-31T23:59:59.999Z.
    package static let latest = Timestamp(millisecondsSince1970: .max)

    private static let range: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999

    /// A point in time from milliseconds since 1970; outside the years 0001 to 9999 the nearer end is taken.
    package init(millisecondsSince1970: Int64) {
        self.millisecondsSince1970 = min(max(millisecondsSince1970, Self.range.lowerBound), Self.range.upperBound)
    }

    /// Reads `YYYY-MM-DDThh:mm:ss`, an optional fraction of 1 to 9 digits, and `Z` or `±hh:mm`; nil for all else.
    ///
    /// Capital letters and the zone are required. Digits beyond milliseconds are cut off. A 60th second is refused:
    /// time since 1970 has no place for it. A point that the zone moves outside the years 0001 to 9999 is refused.
    package init?(iso8601 text: String) {
        guard let milliseconds = TimestampReader.read(text.utf8.span), Self.range.contains(milliseconds) else {
            return nil
        }
        millisecondsSince1970 = milliseconds
    }

    /// Seconds since 1970, rounded down.
    package var unixSeconds: Int64 {
        millisecondsSince1970.flooringQuotient(1000)
    }

    /// This point moved by a duration, no further than the first or last representable one.
    package func adding(_ duration: Duration) -> Timestamp {
        let (sum, overflow) = millisecondsSince1970.addingReportingOverflow(duration.wholeMilliseconds)
        return Timestamp(millisecondsSince1970: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    /// The time since an earlier point; zero when that point is later, as after the clock was set back.
    package func since(_ earlier: Timestamp) -> Duration {
        .milliseconds(max(0, millisecondsSince1970 - earlier.millisecondsSince1970))
    }

    /// The point as `2026-01-02T03:04:05.678Z`.
    package var description: String {
        TimestampText(self).string
    }

    /// Whether the first point is earlier.
    package static func < (lhs: Timestamp, rhs: Timestamp) -> Bool {
        lhs.millisecondsSince1970 < rhs.millisecondsSince1970
    }
}

extension Int64 {
    /// The quotient rounded down, also for negative numbers; the divisor must be positive.
    fileprivate func flooringQuotient(_ divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

/// A point in time as it is written.
struct TimestampText {
    private static let count = 24
    private var bytes = InlineArray<24, UInt8>(repeating: UInt8(ascii: "0"))

    init(_ timestamp: Timestamp) {
        let day = timestamp.millisecondsSince1970.flooringQuotient(86_400_000)
        let time = timestamp.millisecondsSince1970 - day * 86_400_000
        let date = CivilDate(daysSince1970: day)
        // Several of these are written for every task, so their digits are put in place one by one.
        put(date.year, 3, "-")
        put(date.month, 6, "-")
        put(date.day, 9, "T")
        put(time / 3_600_000, 12, ":")
        put(time / 60_000 % 60, 15, ":")
        put(time / 1000 % 60, 18, ".")
        put(time % 1000, 22, "Z")
    }

    /// Puts a number before a separator.
    private mutating func put(_ value: Int64, _ end: Int, _ separator: UnicodeScalar) {
        var (rest, index) = (UInt32(truncatingIfNeeded: value), end)
        while rest > 0 {
            bytes[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
            index -= 1
        }
        bytes[end + 1] = UInt8(ascii: separator)
    }

    /// The text.
    var string: String {
        String(unsafeUninitializedCapacity: Self.count) { buffer in
            for index in bytes.indices { buffer[index] = bytes[index] }
            return Self.count
        }
    }

    /// Appends the text to bytes.
    func append(to output: inout [UInt8]) {
        bytes.span.withUnsafeBufferPointer { output.append(contentsOf: $0) }
    }
}

/// A day of the proleptic Gregorian calendar.
///
/// The arithmetic counts years from March, so that the leap day is the last one, in eras of 400 years (146,097 days).
private struct CivilDate {
    let year: Int64
    let month: Int64
    let day: Int64

    init(daysSince1970: Int64) {
        let shifted = daysSince1970 + 719_468
        let era = shifted.flooringQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// A date of the calendar, or nil when there is none such in the years 1 to 9999.
    init?(year: Int64, month: Int64, day: Int64) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
        let isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let length: Int64 =
            switch month {
            case 2: isLeapYear ? 29 : 28
            case 4, 6, 9, 11: 30
            default: 31
            }
        guard day <= length else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    var daysSince1970: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.flooringQuotient(400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

/// Walks over the bytes of a timestamp.
private struct TimestampReader {
    /// No timestamp is longer: nine digits of a fraction, and an offset.
    private static let mostBytes = 35
    private var bytes = InlineArray<35, UInt8>(repeating: 0)
    private let count: Int
    private var index = 0

    /// Milliseconds since 1970, or nil when the text is not a timestamp.
    static func read(_ text: borrowing Span<UInt8>) -> Int64? {
        guard text.count <= mostBytes else { return nil }
        var reader = TimestampReader(text)
        return reader.read()
    }

    private init(_ text: borrowing Span<UInt8>) {
        count = text.count
        for index in 0..<count { bytes[index] = text[index] }
    }

    /// Milliseconds since 1970, or nil when the text is not a timestamp.
    private mutating func read() -> Int64? {
        guard let year = digits(4), skip("-"), let month = digits(2), skip("-"), let day = digits(2), skip("T"),
            let hour = digits(2), skip(":"), let minute = digits(2), skip(":"), let second = digits(2),
            let date = CivilDate(year: year, month: month, day: day), hour < 24, minute < 60, second < 60,
            let milliseconds = fraction(), let offset = zoneMinutes(), index == count
        else { return nil }
        let minutes = (date.daysSince1970 * 24 + hour) * 60 + minute - offset
        return (minutes * 60 + second) * 1000 + milliseconds
    }

    private mutating func digits(_ count: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<count {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    private mutating func digit() -> Int64? {
        guard index < count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) else { return nil }
        defer { index += 1 }
        return Int64(bytes[index] - UInt8(ascii: "0"))
    }

    private mutating func skip(_ character: UnicodeScalar) -> Bool {
        guard index < count, UInt32(bytes[index]) == character.value else { return false }
        index += 1
        return true
    }

    /// The milliseconds of an optional fraction; zero when there is none.
    private mutating func fraction() -> Int64? {
        guard skip(".") else { return 0 }
        var (value, count): (Int64, Int) = (0, 0)
        while let digit = digit() {
            count += 1
            if count <= 3 { value = value * 10 + digit }
        }
        guard (1...9).contains(count) else { return nil }
        return count == 1 ? value * 100 : count == 2 ? value * 10 : value
    }

    private mutating func zoneMinutes() -> Int64? {
        if skip("Z") { return 0 }
        let isPositive = skip("+")
        guard isPositive || skip("-") else { return nil }
        guard let hours = digits(2), skip(":"), let minutes = digits(2), hours < 24, minutes < 60 else { return nil }
        return (isPositive ? 1 : -1) * (hours * 60 + minutes)
    }
}
