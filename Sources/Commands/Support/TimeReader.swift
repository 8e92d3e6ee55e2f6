// SPDX-License-Identifier: Apache-2.0
// Times and durations as people type them.

import ArgumentParser
package import QueueModel
package import SystemKit

/// Reads the times of a command line: ISO 8601, or a time of day for the next such time.
///
/// What names no zone is local time. Where clocks are set forward, a time that is left out means the moment after the
/// gap; where they are set back, a time that comes twice means the first.
package struct TimeReader: Sendable {
    private let now: Timestamp
    private let zone: LocalZone

    /// A reader for one moment and place.
    /// - Parameters:
    ///   - now: The present time.
    ///   - zone: Where on earth.
    package init(now: Timestamp, zone: LocalZone) {
        self.now = now
        self.zone = zone
    }

    /// The reader of this process.
    static var system: TimeReader {
        TimeReader(now: .present(), zone: .system)
    }

    /// Reads a time.
    /// - Parameter text: `2026-01-02T03:04:05Z`, `2026-01-02T03:04+01:00`, `2026-01-02 03:04`, or `3:04`.
    /// - Returns: The time; for a time of day always one after now.
    /// - Throws: `ValidationError` for anything else.
    package func read(_ text: String) throws -> Timestamp {
        guard let time = date(text) ?? timeOfDay(text) else {
            throw ValidationError(
                "give a time like 2026-01-02T03:04:05Z or 2026-01-02T03:04, or 18:30 for the next such"
            )
        }
        return time
    }

    private func date(_ text: String) -> Timestamp? {
        let bytes = Array(text.utf8)
        guard bytes.count > 10, bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: " ") else { return nil }
        let date = String(decoding: bytes[..<10], as: UTF8.self)
        let rest = bytes[11...]
        let zoneStart = rest.firstIndex { [UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "-")].contains($0) }
        let time = withSeconds(String(decoding: rest[..<(zoneStart ?? rest.endIndex)], as: UTF8.self))
        let zone = String(decoding: rest[(zoneStart ?? rest.endIndex)...], as: UTF8.self)
        guard zone.isEmpty else { return Timestamp(iso8601: "\(date)T\(time)\(zone)") }
        return Timestamp(iso8601: "\(date)T\(time)Z").map { utc(fromLocal: $0.millisecondsSince1970) }
    }

    private func timeOfDay(_ text: String) -> Timestamp? {
        let padded = text.utf8.prefix(2).contains(UInt8(ascii: ":")) ? "0" + text : text
        guard let time = Timestamp(iso8601: "1970-01-01T\(withSeconds(padded))Z")?.millisecondsSince1970 else {
            return nil
        }
        let local = now.millisecondsSince1970 + Int64(zone.secondsAhead(at: now.unixSeconds)) * 1000
        let midnight = local - local.millisecondsSinceMidnight
        let today = utc(fromLocal: midnight + time)
        return today > now ? today : utc(fromLocal: midnight + .millisecondsOfDay + time)
    }

    private func withSeconds(_ time: String) -> String { time.utf8.count == 5 ? time + ":00" : time }

    private func utc(fromLocal milliseconds: Int64) -> Timestamp {
        let seconds = Timestamp(millisecondsSince1970: milliseconds).unixSeconds
        // A zone changes its distance from UTC less than once in two days.
        let before = Int64(zone.secondsAhead(at: seconds - 86_400))
        let after = Int64(zone.secondsAhead(at: seconds + 86_400))
        let fitting = [before, after].filter { Int64(zone.secondsAhead(at: seconds - $0)) == $0 }
        let distance = fitting.max() ?? before
        return Timestamp(millisecondsSince1970: milliseconds - distance * 1000)
    }
}

extension Int64 {
    fileprivate static let millisecondsOfDay: Int64 = 86_400_000

    /// Also right for days before 1970.
    fileprivate var millisecondsSinceMidnight: Int64 {
        let rest = self % Int64.millisecondsOfDay
        return rest < 0 ? rest + Int64.millisecondsOfDay : rest
    }
}

extension Duration {
    /// Reads a duration that was typed.
    /// - Parameter text: For example `90s` or `1h30m`.
    /// - Throws: `ValidationError` for anything else, zero included.
    init(typed text: String) throws {
        guard let duration = DurationText.parse(text), duration > .zero else {
            throw ValidationError("give a duration like 90s, 10m, 2h or 1d")
        }
        self = duration
    }
}

extension Timestamp {
    /// The time for people, with its distance from another: `2026-01-02T03:04:05Z, 3m12s ago`.
    func described(at now: Timestamp) -> String {
        self > now ? "\(second), in \(since(now).rounded)" : "\(second), \(now.since(self).rounded) ago"
    }
}

extension Duration {
    /// The duration for people: the longer, the coarser.
    var rounded: String {
        let step: Duration =
            self < .seconds(1) ? .milliseconds(1) : self < .seconds(10) ? .milliseconds(100) : .seconds(1)
        return DurationText.format(step * Int(min((self / step).rounded(), 1e12)))
    }
}
