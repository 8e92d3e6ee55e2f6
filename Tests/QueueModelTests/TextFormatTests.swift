// SPDX-License-Identifier: Apache-2.0
// What texts for durations and sizes promise.

import QueueModel
import TestSupport
import Testing

@Suite struct DurationTextTests {
    @Test(arguments: [
        ("90s", Duration.seconds(90)), ("10m", .seconds(600)), ("2h", .seconds(7200)), ("1d", .seconds(86_400)),
        ("1h30m", .seconds(5400)), ("250ms", .milliseconds(250)), ("1d2h3m4s5ms", .milliseconds(93_784_005)),
        ("0", .zero), ("0s", .zero), ("45", .seconds(45)), ("0.5", .milliseconds(500)), ("1.5h", .seconds(5400)),
        ("1m3.25s", .milliseconds(63_250)), ("0.000000001", .nanoseconds(1)), ("007s", .seconds(7)),
        ("7d", .seconds(604_800)), ("3650000d", .seconds(315_360_000_000)), ("0.1ms", .microseconds(100)),
    ])
    func readsDurations(_ text: String, _ duration: Duration) {
        #expect(DurationText.parse(text) == duration)
    }

    @Test(arguments: [
        "", " ", "s", "ms", "-1s", "+1s", "1 s", " 1s", "1s ", "1S", "1H", "1w", "1y", "1us", "1e3", "1e3s", "0x10",
        ".5s", "1.s", "1.", ".", "1.5h30m", "30m1h", "1h1h", "5s1ms1s", "1h30", "30 m", "1,5h", "nan", "inf", "1٠s",
        "1.0000000001s", "3650001d", "999999999999d", "99999999999999999999s", "999999999999", "1sm", "1mss",
    ])
    func refusesEverythingElse(_ text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test(arguments: [
        (Duration.zero, "0s"), (.milliseconds(250), "250ms"), (.seconds(1), "1s"), (.milliseconds(3250), "3.25s"),
        (.seconds(90), "1m30s"), (.seconds(3600), "1h"), (.seconds(5400), "1h30m"), (.seconds(86_400), "1d"),
        (.seconds(86_401), "1d1s"), (.microseconds(499), "0s"), (.milliseconds(93_784_005), "1d2h3m4.005s"),
        (.seconds(-90), "-1m30s"),
    ])
    func writesDurations(_ duration: Duration, _ text: String) {
        #expect(DurationText.format(duration) == text)
    }

    @Test(arguments: SeededGenerator.seeds)
    func whatIsWrittenReadsBack(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<1000 {
            let limit = [1000, 100_000, 10_000_000_000].randomElement(using: &generator) ?? 1
            let duration = Duration.milliseconds(Int.random(in: 0...limit, using: &generator))
            #expect(DurationText.parse(DurationText.format(duration)) == duration, "seed \(seed)")
        }
    }

    @Test func extremeDurationsAreWrittenWithoutTrapping() {
        #expect(DurationText.format(.seconds(Int64.max)).hasPrefix("106751991167d"))
        #expect(DurationText.format(.seconds(Int64.min)).hasPrefix("-106751991167d"))
    }
}

@Suite struct SizeTextTests {
    @Test(arguments: [
        ("0", 0), ("1", 1), ("1024", 1024), ("512k", 524_288), ("512K", 524_288), ("10m", 10_485_760),
        ("1MiB", 1_048_576),
        ("1mib", 1_048_576), ("1MB", 1_048_576), ("2g", 2_147_483_648), ("1t", 1_099_511_627_776), ("7b", 7),
        ("64KiB", 65_536), ("8388607t", 9_223_370_937_343_148_032),
    ])
    func readsSizes(_ text: String, _ size: Int) {
        #expect(SizeText.parse(text) == size)
    }

    @Test(arguments: [
        "", "k", "-1", "+1", "1 k", " 1", "1 ", "1.5m", "1e3", "1i", "1ki", "1kk", "1p", "1bib", "8388608t",
        "99999999999999999999", "0x10", "1\u{0}", "１k",
    ])
    func refusesEverythingElse(_ text: String) {
        #expect(SizeText.parse(text) == nil)
    }

    @Test(arguments: [(0, "0"), (1000, "1000"), (1024, "1KiB"), (1_048_576, "1MiB"), (1_572_864, "1536KiB")])
    func writesSizesExactly(_ size: Int, _ text: String) {
        #expect(SizeText.format(size) == text)
        #expect(SizeText.parse(text) == size)
    }
}
