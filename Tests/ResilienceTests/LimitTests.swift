// SPDX-License-Identifier: Apache-2.0
// Usage limits, the rate of starts and the day's money, as values.

import Resilience
import TestSupport
import Testing

private let start = ContinuousClock.now

private func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

/// A gate that an expectation can change.
private final class Gate {
    var value: LimitGate

    init(_ value: LimitGate = LimitGate()) { self.value = value }

    func request(_ now: Double) -> LimitGate.Decision { value.request(now: at(now)) }

    func permit(_ now: Double) throws -> LimitGate.Permit {
        let decision = request(now)
        guard case .allowed(let permit) = decision else {
            Issue.record("\(decision)")
            throw CancellationError()
        }
        return permit
    }

    func limited(
        _ permit: LimitGate.Permit?,
        until end: Double?,
        jitter: Double = 0,
        now: Double
    ) -> ContinuousClock.Instant? {
        value.limited(permit, until: end.map(at), jitter: .seconds(jitter), now: at(now))
    }

    func ended(_ permit: LimitGate.Permit, saysNothing: Bool) -> Bool {
        value.ended(permit, saysNothing: saysNothing)
    }
}

/// A budget that an expectation can change.
private final class Purse {
    var value: DailyBudget

    init(_ limit: Double?) { value = DailyBudget(limit: limit) }

    func spend(_ amount: Double, at now: Int64) -> DailyBudget.Change? { value.spend(amount, at: now) }
}

@Suite struct LimitGateTests {
    @Test func nothingStartsBeforeTheEndThenOneThenMore() throws {
        let gate = Gate()
        let first = try gate.permit(0)
        #expect(gate.limited(first, until: 100, jitter: 2, now: 1) == at(102))
        #expect(gate.value.parkedUntil == at(102))
        for time in [1.0, 50, 101.9] { #expect(gate.request(time) == .blocked(until: at(102))) }
        let probe = try gate.permit(102)
        #expect(gate.request(103) == .blocked(until: nil))
        #expect(gate.ended(probe, saysNothing: false))
        let two = [try gate.permit(104), try gate.permit(104)]
        #expect(gate.request(104) == .blocked(until: nil))
        #expect(gate.ended(two[0], saysNothing: false))
        for _ in 0..<3 { _ = try gate.permit(105) }
        #expect(gate.request(105) == .blocked(until: nil))
        #expect(!gate.value.isOpen)
    }

    @Test func theRampEndsAfterEnoughSuccesses() throws {
        let gate = Gate()
        _ = gate.limited(nil, until: 10, jitter: 0, now: 0)
        for step in 0..<7 {
            let permit = try gate.permit(11 + Double(step))
            #expect(gate.ended(permit, saysNothing: false))
        }
        #expect(gate.value.isOpen)
        for _ in 0..<100 { _ = try gate.permit(30) }
    }

    @Test func aProbeThatSaysNothingIsRepeatedAndOneThatMeetsTheLimitParksAgain() throws {
        let gate = Gate()
        _ = gate.limited(nil, until: 10, jitter: 0, now: 0)
        let first = try gate.permit(10)
        #expect(gate.ended(first, saysNothing: true))
        let second = try gate.permit(11)
        #expect(gate.limited(second, until: 60, jitter: 0, now: 12) == at(60))
        #expect(gate.request(59) == .blocked(until: at(60)))
    }

    @Test func withoutAKnownEndTheWaitGrowsToAnHour() throws {
        let gate = Gate()
        var now = 0.0
        for minutes in [5, 10, 20, 40, 60, 60] {
            let permit = try gate.permit(now)
            let until = gate.limited(permit, until: nil, now: now)
            #expect(until == at(now + Double(minutes * 60)))
            now += Double(minutes * 60)
        }
        let probe = try gate.permit(now)
        _ = gate.ended(probe, saysNothing: false)
        let next = try gate.permit(now)
        #expect(gate.limited(next, until: nil, now: now) == at(now + 300))
    }

    @Test func thoseThatWereOnTheirWayChangeNothing() throws {
        let gate = Gate()
        let permits = [try gate.permit(0), try gate.permit(0), try gate.permit(0)]
        #expect(gate.limited(permits[0], until: 100, jitter: 0, now: 1) == at(100))
        #expect(gate.limited(permits[1], until: 100, jitter: 9, now: 2) == nil)
        #expect(!gate.ended(permits[2], saysNothing: false))
        #expect(gate.value.parkedUntil == at(100))
        _ = try gate.permit(100)
        #expect(gate.limited(permits[1], until: nil, now: 101) == nil)
    }

    @Test func aRestartGoesOnWaitingButNoLongerThanPlanned() throws {
        let gate = Gate()
        _ = gate.limited(nil, until: 100, jitter: 0, now: 0)
        let snapshot = try #require(gate.value.snapshot(now: at(40), wallMilliseconds: 1_000_000))
        #expect(snapshot.untilMilliseconds == 1_060_000)
        #expect(LimitGate(restoring: snapshot, now: at(0), wallMilliseconds: 1_010_000).parkedUntil == at(50))
        #expect(LimitGate(restoring: snapshot, now: at(0), wallMilliseconds: 0).parkedUntil == at(100))
        let due = Gate(LimitGate(restoring: snapshot, now: at(0), wallMilliseconds: 9_000_000))
        _ = try due.permit(0)
        #expect(due.request(0) == .blocked(until: nil))
        #expect(LimitGate().snapshot(now: at(0), wallMilliseconds: 0) == nil)
    }

    @Test(arguments: [(-5.0, 5.0), (1e8, 31 * 1440.0)])
    func anEndThatCannotBeIsNotBelieved(_ end: Double, _ minutes: Double) {
        let gate = Gate()
        #expect(gate.limited(nil, until: end, jitter: 0, now: 0) == at(minutes * 60))
    }
}

@Suite struct RateLimiterTests {
    @Test(arguments: 0..<20)
    func noSpanEverHoldsMore(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let (count, interval) = (Int.random(in: 1...9, using: &random), Double.random(in: 0.5...20, using: &random))
        var limiter = RateLimiter(count: count, interval: .seconds(interval))
        var starts: [ContinuousClock.Instant] = []
        var now = at(0)
        for _ in 0..<400 {
            if let until = limiter.blockedUntil(now: now) {
                #expect(until > now)
                if Bool.random(using: &random) { now = until }
            } else {
                limiter.started(now: now)
                starts.append(now)
            }
            now = now.advanced(by: .seconds(Double.random(in: 0...0.5, using: &random)))
        }
        for (first, last) in zip(starts, starts.dropFirst(count)) {
            #expect(first.duration(to: last) >= .seconds(interval), "\(count) in \(interval) s")
        }
        #expect(starts.count > count)
    }

    @Test func whatWasStartedCountsUnderANewLimitToo() {
        var limiter = RateLimiter(count: 3, interval: .seconds(10))
        for time in [0.0, 1, 2] { limiter.started(now: at(time)) }
        #expect(limiter.blockedUntil(now: at(3)) == at(10))
        #expect(limiter.used(now: at(3)) == 3)
        let smaller = limiter.changed(count: 2, interval: .seconds(20))
        #expect(smaller.blockedUntil(now: at(3)) == at(21))
        let larger = limiter.changed(count: 5, interval: .seconds(20))
        #expect(larger.blockedUntil(now: at(3)) == nil)
        #expect(larger.used(now: at(11)) == 3)
    }
}

@Suite struct DailyBudgetTests {
    private let day: Int64 = 86_400_000

    @Test func itWarnsAtFourFifthsAndStopsAtTheWhole() {
        let budget = Purse(10)
        #expect(budget.spend(7.9, at: 5) == nil)
        #expect(budget.spend(0.1, at: 6) == .nearlySpent)
        #expect(budget.spend(0.5, at: 7) == nil)
        #expect(budget.value.spentUntil(at: 7) == nil)
        #expect(budget.value.left(at: 7).map { abs($0 - 1.5) < 1e-9 } == true)
        #expect(budget.spend(2, at: 8) == .spent)
        #expect(budget.spend(2, at: 9) == nil)
        #expect(budget.value.left(at: 9) == 0)
        #expect(budget.value.spentUntil(at: 9) == day)
    }

    @Test func whatRunsIsSpentAndEachMarkIsToldOnce() {
        var budget = DailyBudget(limit: 10)
        budget.running = 7
        #expect(budget.checked(at: 5) == nil)
        #expect(budget.left(at: 5) == 3)
        budget.running = 8
        #expect(budget.checked(at: 6) == .nearlySpent)
        // One ends, and has cost less than was thought.
        budget.running = 4
        #expect(budget.spend(3, at: 7) == nil)
        budget.running = 5
        #expect(budget.checked(at: 8) == nil)
        budget.running = 7
        #expect(budget.checked(at: 9) == .spent)
        #expect(budget.spentUntil(at: 9) == day)
        #expect(budget.checked(at: 10) == nil)
        budget.running = 0
        #expect(budget.spentUntil(at: 10) == nil)
        #expect(budget.spend(8, at: 11) == nil)
        budget.limit = 20
        #expect(budget.spend(5.5, at: 12) == .nearlySpent)
    }

    @Test func whatWasToldBeforeARestartIsNotToldAgain() {
        var budget = DailyBudget(limit: 10, dayNumber: 0, sum: 9)
        #expect(budget.spend(0.5, at: 5) == nil)
        #expect(budget.spend(1, at: 6) == .spent)
    }

    @Test func midnightBringsNewMoney() {
        let budget = Purse(1)
        _ = budget.spend(3, at: day - 1)
        #expect(budget.value.spentUntil(at: day - 1) == day)
        #expect(budget.value.spentUntil(at: day) == nil)
        #expect(budget.value.spent(at: day) == 0)
        #expect(budget.spend(1, at: 2 * day + 5) == .spent)
        #expect(budget.value.spentUntil(at: 2 * day + 6) == 3 * day)
    }

    @Test func withoutALimitItOnlyAddsUp() {
        let budget = Purse(nil)
        for amount in [1, 2.5, -3, .nan, .infinity, 0] { #expect(budget.spend(amount, at: 7) == nil) }
        #expect(budget.value.spent(at: 7) == 3.5)
        #expect(budget.value.left(at: 7) == nil)
        #expect(budget.value.spentUntil(at: 7) == nil)
    }
}
