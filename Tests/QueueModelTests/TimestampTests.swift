// SPDX-License-Identifier: Apache-2.0
// What timestamps promise.

import QueueModel
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.001Z", 1),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2000-02-29T12:00:00Z", 951_825_600_000),
        ("2026-01-02T03:04:05.678Z", 1_767_323_045_678),
        ("2025-11-19T10:00:00Z", 1_763_546_400_000),
        ("2024-02-29T23:59:59Z", 1_709_251_199_000),
        ("2024-03-01T00:00:00Z", 1_709_251_200_000),
        ("1900-03-01T00:00:00Z", -2_203_891_200_000),
        ("2038-01-19T03:14:08Z", 2_147_483_648_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ])
    func readsAndWritesPointsInTime(_ text: String, _ milliseconds: Int64) throws {
        let timestamp = try #require(Timestamp(iso8601: text))
        #expect(timestamp.millisecondsSince1970 == milliseconds)
        #expect(Timestamp(iso8601: timestamp.description) == timestamp)
        #expect(timestamp.description.utf8.count == 24)
    }

    @Test(arguments: [
        ("2026-01-02T03:04:05+01:00", "2026-01-02T02:04:05.000Z"),
        ("2026-01-02T03:04:05-01:30", "2026-01-02T04:34:05.000Z"),
        ("2026-01-01T00:00:00+00:01", "2025-12-31T23:59:00.000Z"),
        ("2026-01-02T03:04:05-00:00", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02T03:04:05+23:59", "2026-01-01T03:05:05.000Z"),
        ("2026-01-02T03:04:05.6Z", "2026-01-02T03:04:05.600Z"),
        ("2026-01-02T03:04:05.67Z", "2026-01-02T03:04:05.670Z"),
        ("2026-01-02T03:04:05.678901Z", "2026-01-02T03:04:05.678Z"),
        ("2026-01-02T03:04:05.999999999Z", "2026-01-02T03:04:05.999Z"),
        ("2026-01-02T03:04:05.678901+02:00", "2026-01-02T01:04:05.678Z"),
    ])
    func zonesAndFractionsAreUnderstood(_ text: String, _ expected: String) {
        #expect(Timestamp(iso8601: text)?.description == expected)
    }

    @Test(arguments: [
        "", "2026", "2026-01-02", "2026-01-02T03:04Z", "2026-01-02T03:04:05", "2026-01-02 03:04:05Z",
        "2026-01-02t03:04:05Z", "2026-01-02T03:04:05z", " 2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z ",
        "2026-01-02T03:04:05Z\n", "2026-1-2T03:04:05Z", "20260102T030405Z", "2026-01-02T3:04:05Z",
        "2026-00-02T03:04:05Z", "2026-13-02T03:04:05Z", "2026-01-00T03:04:05Z", "2026-01-32T03:04:05Z",
        "2026-02-29T03:04:05Z", "1900-02-29T00:00:00Z", "2026-04-31T03:04:05Z", "2026-01-02T24:00:00Z",
        "2026-01-02T03:60:05Z", "2016-12-31T23:59:60Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05,5Z",
        "2026-01-02T03:04:05.1234567890Z", "2026-01-02T03:04:05+1:00", "2026-01-02T03:04:05+0100",
        "2026-01-02T03:04:05+01", "2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+01:60",
        "2026-01-02T03:04:05+00:00Z", "2026-01-02T03:04:05\u{2212}01:00", "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "+2026-01-02T03:04:05Z", "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01", "２０26-01-02T03:04:05Z", "2026-01-02T03:04:05Z\u{0}", "now", "0",
        "2026-W01-5T00:00:00Z", "2026-002T00:00:00Z",
    ])
    func everythingElseIsRefused(_ text: String) {
        #expect(Timestamp(iso8601: text) == nil)
    }

    @Test func everyDayOfFourHundredYearsReadsBack() {
        for day in stride(from: Int64(-25_567), to: 146_097, by: 1) {
            let timestamp = Timestamp(millisecondsSince1970: day * 86_400_000 + 43_200_000)
            guard Timestamp(iso8601: timestamp.description) != timestamp else { continue }
            Issue.record("day \(day) is written as \(timestamp)")
        }
    }

    @Test func valuesBeyondTheCalendarAreClamped() {
        #expect(Timestamp(millisecondsSince1970: .max).description == "9999-12-31T23:59:59.999Z")
        #expect(Timestamp(millisecondsSince1970: .min).description == "0001-01-01T00:00:00.000Z")
        #expect(Timestamp.latest.adding(.seconds(1)) == .latest)
        #expect(Timestamp.earliest.adding(.seconds(-1)) == .earliest)
        #expect(Timestamp.earliest.adding(.seconds(Int64.max)) == .latest)
        #expect(Timestamp.latest.adding(.seconds(Int64.min)) == .earliest)
    }

    @Test func addingAndSubtractingAgree() {
        let start = Timestamp(millisecondsSince1970: 1000)
        let later = start.adding(.milliseconds(1500))
        #expect(later.millisecondsSince1970 == 2500)
        #expect(later.since(start) == .milliseconds(1500))
        #expect(Timestamp.latest.since(.earliest) == .milliseconds(315_537_897_599_999))
    }

    @Test func timeSinceALaterPointIsZero() {
        let start = Timestamp(millisecondsSince1970: 1000)
        #expect(start.since(start.adding(.seconds(5))) == .zero)
    }

    @Test(arguments: [(0, 0), (999, 0), (1000, 1), (-1, -1), (-1000, -1), (-1001, -2)])
    func secondsAreRoundedDown(_ milliseconds: Int64, _ seconds: Int64) {
        #expect(Timestamp(millisecondsSince1970: milliseconds).unixSeconds == seconds)
    }

    @Test func pointsAreOrderedByTime() throws {
        let early = try #require(Timestamp(iso8601: "2026-01-02T03:04:05+02:00"))
        let late = try #require(Timestamp(iso8601: "2026-01-02T02:04:05Z"))
        #expect(early < late)
    }
}
