// SPDX-License-Identifier: Apache-2.0
// Times as people type them, in zones that are made up.

import Commands
import QueueModel
import SystemKit
import Testing

@Suite("Typed times")
struct TimeReaderTests {
    private static let utc = LocalZone { _ in 0 }
    /// One hour ahead of UTC, two from 2026-03-29T01:00Z to 2026-10-25T01:00Z, as in Berlin.
    private static let berlin = LocalZone { seconds in
        (1_774_746_000..<1_792_890_000).contains(seconds) ? 7200 : 3600
    }

    private func read(_ text: String, now: String = "2026-01-02T15:04:05Z", in zone: LocalZone = utc) throws -> String {
        let now = try #require(Timestamp(iso8601: now))
        return try TimeReader(now: now, zone: zone).read(text).description
    }

    @Test(arguments: [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"), ("2026-01-02T03:04:05.25Z", "2026-01-02T03:04:05.250Z"),
        ("2026-01-02T03:04:05+01:00", "2026-01-02T02:04:05.000Z"), ("2026-01-02T03:04Z", "2026-01-02T03:04:00.000Z"),
        ("2026-01-02 03:04-05:30", "2026-01-02T08:34:00.000Z"),
    ])
    func aTimeWithItsZoneIsTheSameEverywhere(text: String, expected: String) throws {
        #expect(try read(text) == expected)
        #expect(try read(text, in: Self.berlin) == expected)
    }

    @Test(arguments: [
        ("2026-01-02T03:04", "2026-01-02T02:04:00.000Z"), ("2026-07-02 03:04:05", "2026-07-02T01:04:05.000Z"),
        // Half past two is left out on the one day, and comes twice on the other.
        ("2026-03-29T02:30", "2026-03-29T01:30:00.000Z"), ("2026-10-25T02:30", "2026-10-25T00:30:00.000Z"),
        ("2026-10-25T03:00", "2026-10-25T02:00:00.000Z"),
    ])
    func aTimeWithoutAZoneIsLocal(text: String, expected: String) throws {
        #expect(try read(text, in: Self.berlin) == expected)
    }

    @Test(arguments: [
        ("15:05", "2026-01-02T15:05:00.000Z"), ("15:04", "2026-01-03T15:04:00.000Z"),
        ("15:04:06", "2026-01-02T15:04:06.000Z"), ("15:04:05", "2026-01-03T15:04:05.000Z"),
        ("0:00", "2026-01-03T00:00:00.000Z"), ("9:30", "2026-01-03T09:30:00.000Z"),
    ])
    func aTimeOfDayIsTheNextSuch(text: String, expected: String) throws {
        #expect(try read(text) == expected)
    }

    @Test func aTimeOfDayIsLocal() throws {
        // It is half past midnight in Berlin already.
        let now = "2026-01-01T23:30:00Z"
        #expect(try read("00:45", now: now, in: Self.berlin) == "2026-01-01T23:45:00.000Z")
        #expect(try read("00:15", now: now, in: Self.berlin) == "2026-01-02T23:15:00.000Z")
        #expect(try read("12:00", now: "2026-03-28T22:00:00Z", in: Self.berlin) == "2026-03-29T10:00:00.000Z")
    }

    @Test(arguments: [
        "", "now", "25:00", "12:60", "12", "1200", "12:0", "-1:00", "2026-01-02", "2026-13-02T00:00",
        "2026-01-02T24:00",
        "2026-01-02T00:00X", "2026-01-02T00:00+1", "2026-01-02X00:00", "tomorrow 12:00", "12:00Z", "１2:00",
    ])
    func whatIsNoTimeIsRefusedWithAnExample(text: String) {
        let error = #expect(throws: (any Error).self) { try read(text) }
        #expect(error.map { "\($0)" }?.contains("18:30") == true)
    }
}
