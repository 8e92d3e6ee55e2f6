// SPDX-License-Identifier: Apache-2.0
// What of a circuit breaker survives a restart, whatever the wall clock did meanwhile.

import Resilience
import Testing

@Suite struct CircuitBreakerRestoreTests {
    /// The clocks before the restart; afterwards the monotonic clock starts anew.
    private let before = ContinuousClock.now
    private let after = ContinuousClock.now.advanced(by: .seconds(-1_000_000))
    private let wall: Int64 = 1_767_323_045_678

    private func restored(
        _ snapshot: CircuitBreaker.Snapshot,
        threshold: Int = 3,
        timeout: Duration = .seconds(60),
        wallOffset: Int64 = 0
    ) -> CircuitBreaker {
        CircuitBreaker(
            restoring: snapshot,
            threshold: threshold,
            timeout: timeout,
            now: after,
            wallMilliseconds: wall + wallOffset
        )
    }

    private func opened(for seconds: Int) -> CircuitBreaker.Snapshot {
        var breaker = CircuitBreaker(threshold: 3, timeout: .seconds(60))
        _ = breaker.trip(until: before.advanced(by: .seconds(seconds)), now: before)
        return breaker.snapshot(now: before, wallMilliseconds: wall)
    }

    /// Seconds that a restored breaker stays open, or nil when it is not open.
    private func secondsOpen(_ breaker: CircuitBreaker) -> Double? {
        guard case .open(let until) = breaker.state else { return nil }
        let (seconds, attoseconds) = after.duration(to: until).components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    @Test func failuresInARowSurvive() {
        var breaker = CircuitBreaker(threshold: 3, timeout: .seconds(60))
        for _ in 0..<2 { _ = breaker.failed(breaker.permitForRunningWork(), now: before) }
        let snapshot = breaker.snapshot(now: before, wallMilliseconds: wall)
        #expect(snapshot == .init(state: .closed, failures: 2))
        #expect(restored(snapshot).state == .closed(failures: 2))
    }

    @Test(arguments: [(-1, 0), (0, 0), (2, 2), (3, 2), (1_000_000, 2)])
    func failuresStayBelowTheThreshold(_ kept: Int, _ failures: Int) {
        #expect(restored(.init(state: .closed, failures: kept)).state == .closed(failures: failures))
    }

    @Test func whatIsLeftOfAnOpeningSurvives() {
        #expect(opened(for: 60).openUntilMilliseconds == wall + 60_000)
        #expect(secondsOpen(restored(opened(for: 60), wallOffset: 20_000)) == 40)
    }

    @Test func anOpeningThatIsOverIsDueAtOnce() {
        var breaker = restored(opened(for: 60), wallOffset: 61_000)
        #expect(secondsOpen(breaker) == 0)
        let decision = breaker.request(now: after)
        guard case .allowed(let permit) = decision else {
            Issue.record("the probe is \(decision)")
            return
        }
        #expect(permit.isProbe)
    }

    @Test(arguments: [-1000, -3_600_000, -315_360_000_000, Int64.min / 2])
    func clockSetBackDoesNotLengthenAnOpening(_ offset: Int64) {
        #expect(secondsOpen(restored(opened(for: 60), wallOffset: offset)) == 60)
    }

    @Test func clockSetForwardMakesItDue() {
        #expect(secondsOpen(restored(opened(for: 60), wallOffset: 315_360_000_000)) == 0)
        #expect(secondsOpen(restored(opened(for: 60), wallOffset: Int64.max / 2)) == 0)
    }

    @Test func shorterTimeoutDoesNotCutAKnownEnd() {
        #expect(secondsOpen(restored(opened(for: 18_000), timeout: .seconds(10), wallOffset: 8_000_000)) == 10_000)
        #expect(secondsOpen(restored(opened(for: 18_000), timeout: .seconds(10), wallOffset: -1000)) == 18_000)
    }

    @Test func openingWithoutALengthIsClampedToTheTimeout() {
        let snapshot = CircuitBreaker.Snapshot(state: .open, openUntilMilliseconds: wall + 3_600_000)
        #expect(secondsOpen(restored(snapshot)) == 60)
    }

    @Test(arguments: [
        (Int64.max, Int64.max, 30.0 * 86_400), (.min, .max, 0), (.max, .min, 60), (.min, .min, 0), (.max, -1, 60),
    ])
    func damagedSnapshotsNeverTrap(_ until: Int64, _ length: Int64, _ seconds: Double) {
        let snapshot = CircuitBreaker.Snapshot(
            state: .open,
            openUntilMilliseconds: until,
            openLengthMilliseconds: length
        )
        for offset in [0, -2 * wall] { #expect(secondsOpen(restored(snapshot, wallOffset: offset)) == seconds) }
    }

    @Test func openingWithoutAnEndIsDueAtOnce() {
        #expect(secondsOpen(restored(.init(state: .open))) == 0)
    }

    @Test func aProbeThatIsLostDoesNotWedgeTheBreaker() {
        var breaker = CircuitBreaker(threshold: 1, timeout: .seconds(60))
        _ = breaker.trip(until: before.advanced(by: .seconds(1)), now: before)
        _ = breaker.request(now: before.advanced(by: .seconds(1)))
        let snapshot = breaker.snapshot(now: before.advanced(by: .seconds(2)), wallMilliseconds: wall)
        #expect(snapshot == .init(state: .halfOpen))
        var again = restored(snapshot)
        #expect(secondsOpen(again) == 0)
        let decisions = [again.request(now: after), again.request(now: after)]
        #expect(decisions.last == .blocked(until: nil))
        guard case .allowed(let permit)? = decisions.first else {
            Issue.record("no probe is allowed")
            return
        }
        let change = again.succeeded(permit, now: after)
        #expect(change == .closed)
    }

    @Test func snapshotOfARestoredBreakerIsTheSame() {
        let first = opened(for: 18_000)
        let second = restored(first).snapshot(now: after, wallMilliseconds: wall)
        #expect(second == first)
        let later = restored(first, wallOffset: 5000).snapshot(now: after, wallMilliseconds: wall + 5000)
        #expect(later == first)
    }

    @Test func partsOfAMillisecondAreRoundedUp() {
        var breaker = CircuitBreaker(threshold: 1, timeout: .microseconds(1500))
        _ = breaker.failed(breaker.permitForRunningWork(), now: before)
        let snapshot = breaker.snapshot(now: before, wallMilliseconds: wall)
        #expect(snapshot.openUntilMilliseconds == wall + 2)
        #expect(snapshot.openLengthMilliseconds == 2)
    }

    @Test func stateNamesAreStable() {
        #expect(CircuitBreaker.Snapshot.StateName.allCases.map(\.rawValue) == ["closed", "open", "half_open"])
    }
}
