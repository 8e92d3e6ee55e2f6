// SPDX-License-Identifier: Apache-2.0
// Which supervisor is used, kept and ended.

import Supervision
import Testing

@Suite struct SupervisorRosterTests {
    private let start = ContinuousClock.now
    private func at(_ seconds: Int) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    @Test func anIdleSupervisorIsUsedBeforeAnotherIsStarted() {
        var roster = SupervisorRoster(warm: 1, idleTimeout: .seconds(10))
        let nobody = roster.assign(runID: "a")
        #expect(nobody == nil)
        #expect(roster.next == nil)
        let first = roster.started(now: at(0))
        #expect(roster.next == first)
        let used = roster.assign(runID: "a")
        #expect(used == first)
        #expect(roster.supervisor(running: "a") == first)
        let again = roster.assign(runID: "b")
        #expect(again == nil)
    }

    @Test func theLastUsedIsUsedAgain() {
        var roster = SupervisorRoster(warm: 1, idleTimeout: .seconds(10))
        let first = roster.started(now: at(0))
        let second = roster.started(now: at(0))
        roster.assign(runID: "a", to: first)
        #expect(roster.answered(first, now: at(5)) == .keep)
        let used = roster.assign(runID: "b")
        #expect(used == first)
        let other = roster.assign(runID: "c")
        #expect(other == second)
    }

    @Test func onlyTheOnesBeyondTheWarmAreEndedAndOnlyWhenDue() {
        var roster = SupervisorRoster(warm: 1, idleTimeout: .seconds(10))
        let first = roster.started(now: at(0))
        #expect(roster.nextExpiry == nil)
        let second = roster.started(now: at(3))
        #expect(roster.nextExpiry == at(10))
        #expect(roster.expired(now: at(9)) == [])
        #expect(roster.expired(now: at(10)) == [first])
        #expect(roster.nextExpiry == nil)
        #expect(roster.expired(now: at(1000)) == [])
        #expect(roster.current == [first: .leaving, second: .idle(since: at(3))])
        let used = roster.assign(runID: "a")
        #expect(used == second)
    }

    @Test func withoutWarmOnesEveryIdleOneEnds() {
        var roster = SupervisorRoster(warm: 0, idleTimeout: .seconds(1))
        let only = roster.started(now: at(0))
        #expect(roster.missingWarm == 0)
        #expect(roster.expired(now: at(1)) == [only])
    }

    @Test func warmOnesAreCountedWithoutTheBusy() {
        var roster = SupervisorRoster(warm: 2, idleTimeout: .seconds(1))
        #expect(roster.missingWarm == 2)
        let id = roster.started(now: at(0))
        #expect(roster.missingWarm == 1)
        roster.assign(runID: "a", to: id)
        #expect(roster.missingWarm == 2)
    }

    @Test func closingEndsIdleOnesNowAndBusyOnesWhenTheyAnswer() {
        var roster = SupervisorRoster(warm: 2, idleTimeout: .seconds(10))
        let busy = roster.started(now: at(0))
        roster.assign(runID: "a", to: busy)
        let idle = roster.started(now: at(0))
        #expect(roster.close() == [idle])
        #expect(roster.missingWarm == 0)
        #expect(roster.answered(busy, now: at(1)) == .close)
        roster.reaped(busy)
        roster.reaped(idle)
        #expect(roster.current.isEmpty)
    }

    @Test func abandoningLetsGoOfAllOnce() {
        var roster = SupervisorRoster(warm: 1, idleTimeout: .seconds(10))
        let busy = roster.started(now: at(0))
        roster.assign(runID: "a", to: busy)
        let idle = roster.started(now: at(0))
        #expect(roster.abandon() == [busy, idle])
        #expect(roster.abandon() == [])
    }

    @Test
    func someAttemptsAreLetGoOfAndTheOthersGoOn() {
        var roster = SupervisorRoster(warm: 1, idleTimeout: .seconds(60))
        let now = ContinuousClock.now
        let (first, second, idle) = (roster.started(now: now), roster.started(now: now), roster.started(now: now))
        roster.assign(runID: "r1", to: first)
        roster.assign(runID: "r2", to: second)
        #expect(roster.abandon(["r1", "r9"]) == [first])
        #expect(roster.current == [first: .leaving, second: .running(runID: "r2"), idle: .idle(since: now)])
        // Its late answer changes nothing, and the pool still takes attempts.
        #expect(roster.answered(first, now: now) == .close)
        #expect(roster.answered(second, now: now) == .keep)
        #expect(roster.assign(runID: "r3") != nil)
        #expect(roster.supervisor(running: "a") == nil)
    }

    @Test func whoseSocketEndedGetsNothingAgain() {
        var roster = SupervisorRoster(warm: 1, idleTimeout: .seconds(10))
        let id = roster.started(now: at(0))
        roster.disconnected(id)
        let used = roster.assign(runID: "a")
        #expect(used == nil)
        #expect(roster.answered(id, now: at(0)) == .close)
        roster.reaped(id)
        roster.disconnected(id)
        #expect(roster.current.isEmpty)
    }
}
