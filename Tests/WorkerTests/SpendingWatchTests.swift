// SPDX-License-Identifier: Apache-2.0
// How far an attempt can go beyond its money.

import TestSupport
import Testing
import Worker

@Suite struct SpendingWatchTests {
    private let begin = ContinuousClock.now

    /// Runs an agent that costs `cost(seconds)` until it is ended; returns what it has cost then.
    private func spent(limit: (Duration) -> Double?, cost: (Double) -> Double?) -> (cost: Double, looks: Int)? {
        var watch = SpendingWatch(at: begin)
        var now = watch.firstLook
        for looks in 1...100_000 {
            let time = begin.duration(to: now)
            let dollars = cost(time / .seconds(1))
            switch watch.observe(cost: dollars, limit: limit(time), now: now) {
            case .end: return (dollars ?? 0, looks)
            case .look(nil): return nil
            case .look(let next?): now = next
            }
            if time > .seconds(3600) { return nil }
        }
        return nil
    }

    private struct Ended: Error {}

    @Test func aTenthOfADollarASecondStopsAtADollar() throws {
        let end = try #require(spent(limit: { _ in 1 }) { ($0.rounded(.down)) * 0.1 })
        #expect(end.cost <= 1.1)
        #expect(end.looks < 60)
    }

    @Test(arguments: [0.001, 0.02, 0.1, 0.5, 1])
    func whatStreamsBetweenTwoLooksIsTheMostTooMuch(rate: Double) throws {
        let end = try #require(spent(limit: { _ in 1 }) { $0 * rate })
        #expect(end.cost >= 1)
        #expect(end.cost <= 1 + rate * 2)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func burstsAreStoppedToo(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var steps: [Double] = [0]
        for _ in 0..<4000 { steps.append(steps[steps.count - 1] + (Bool.random(using: &generator) ? 0.05 : 0)) }
        let end = try #require(spent(limit: { _ in 5 }) { steps[min(Int($0), steps.count - 1)] })
        // At most what two seconds bring.
        #expect(end.cost <= 5 + 0.15 + 1e-9, "seed \(seed)")
    }

    @Test func whoSpendsFastFromTheStartIsLookedAtSoon() throws {
        var watch = SpendingWatch(at: begin)
        let first = watch.firstLook
        // Two fifths in the first second.
        guard case .look(let next?) = watch.observe(cost: 0.4, limit: 1, now: first) else { throw Ended() }
        #expect(abs(first.duration(to: next) / .seconds(1) - 0.75) < 1e-6)
    }

    @Test func whatOthersSpendIsGone() throws {
        // Another one spends twice as fast, from the same purse.
        let end = try #require(spent(limit: { 3 - 0.2 * ($0 / .seconds(1)) }) { $0 * 0.1 })
        #expect(end.cost * 3 <= 3 + 0.3 * 2)
    }

    @Test func whoTellsNothingIsNotHeldBack() {
        #expect(spent(limit: { _ in 1 }) { _ in nil } == nil)
        #expect(spent(limit: { _ in 0 }) { _ in 0 } == nil)
    }

    @Test func withoutALimitNobodyLooks() {
        var watch = SpendingWatch(at: begin)
        #expect(watch.observe(cost: 1000, limit: nil, now: begin) == .look(at: nil))
    }
}
