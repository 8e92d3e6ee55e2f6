// SPDX-License-Identifier: Apache-2.0
// The whole table of the circuit breaker's states and events, and what it promises over time.

import Resilience
import Testing

private let start = ContinuousClock.now
private let timeout = Duration.seconds(60)

/// A point in time, in seconds from the start of a test.
private func at(_ seconds: Int) -> ContinuousClock.Instant {
    start.advanced(by: .seconds(seconds))
}

/// A breaker brought into one of its states, with a permit of the present generation and one of an earlier.
private struct Situation: Sendable {
    var breaker = CircuitBreaker(threshold: 3, timeout: timeout)
    var current: CircuitBreaker.Permit
    var stale: CircuitBreaker.Permit

    enum Name: String, CaseIterable {
        case closed, closedAfterOneFailure, closedBeforeThreshold, open, due, halfOpen, probing
    }

    init(_ name: Name) throws {
        stale = breaker.permitForRunningWork()
        _ = breaker.trip(until: at(1), now: at(0))
        let probe = try breaker.permit(now: at(1))
        _ = breaker.succeeded(probe, now: at(1))
        current = try breaker.permit(now: at(1))
        switch name {
        case .closed: break
        case .closedAfterOneFailure: fail(times: 1)
        case .closedBeforeThreshold: fail(times: 2)
        case .open: fail(times: 3)
        case .due: open(until: 100)
        case .halfOpen:
            open(until: 100)
            _ = breaker.advance(to: at(100))
        case .probing:
            open(until: 100)
            current = try breaker.permit(now: at(100))
        }
        if name == .open || name == .due || name == .halfOpen { current = breaker.permitForRunningWork() }
    }

    private mutating func fail(times: Int) {
        for _ in 0..<times { _ = breaker.failed(current, now: at(40)) }
    }

    private mutating func open(until seconds: Int) {
        _ = breaker.trip(until: at(seconds), now: at(2))
    }
}

extension CircuitBreaker {
    /// A permit that must be given.
    fileprivate mutating func permit(now: ContinuousClock.Instant) throws -> Permit {
        let decision = request(now: now)
        guard case .allowed(let permit) = decision else {
            throw NotAllowed(decision: decision)
        }
        return permit
    }
}

private struct NotAllowed: Error {
    let decision: CircuitBreaker.Decision
}

private enum Event: String, CaseIterable {
    case success, failure, abandonment, staleSuccess, staleFailure, staleAbandonment, advance, trip, request
}

@Suite struct CircuitBreakerTableTests {
    /// Every state and event, at second 100: the state after it, and what was answered.
    private static let table: [Situation.Name: [Event: String]] = [
        .closed: [
            .success: "closed(0)", .failure: "closed(1)", .abandonment: "closed(0)", .staleSuccess: "closed(0)",
            .staleFailure: "closed(0)", .staleAbandonment: "closed(0)", .advance: "closed(0)",
            .trip: "open(500) opened(500)", .request: "closed(0) allowed",
        ],
        .closedAfterOneFailure: [
            .success: "closed(0)", .failure: "closed(2)", .abandonment: "closed(1)", .staleSuccess: "closed(1)",
            .staleFailure: "closed(1)", .staleAbandonment: "closed(1)", .advance: "closed(1)",
            .trip: "open(500) opened(500)", .request: "closed(1) allowed",
        ],
        .closedBeforeThreshold: [
            .success: "closed(0)", .failure: "open(160) opened(160)", .abandonment: "closed(2)",
            .staleSuccess: "closed(2)", .staleFailure: "closed(2)", .staleAbandonment: "closed(2)",
            .advance: "closed(2)", .trip: "open(500) opened(500)", .request: "closed(2) allowed",
        ],
        // Opened at second 40: at 99 it still holds, which the test asks for by going back one second.
        .open: [
            .success: "open(100)", .failure: "open(100)", .abandonment: "open(100)", .staleSuccess: "open(100)",
            .staleFailure: "open(100)", .staleAbandonment: "open(100)", .advance: "open(100)",
            .trip: "open(500) opened(500)", .request: "open(100) blocked(100)",
        ],
        .due: [
            .success: "open(100)", .failure: "open(100)", .abandonment: "open(100)", .staleSuccess: "open(100)",
            .staleFailure: "open(100)", .staleAbandonment: "open(100)", .advance: "half-open half-opened",
            .trip: "open(500) opened(500)", .request: "half-open allowed as probe",
        ],
        .halfOpen: [
            .success: "half-open", .failure: "half-open", .abandonment: "half-open", .staleSuccess: "half-open",
            .staleFailure: "half-open", .staleAbandonment: "half-open", .advance: "half-open",
            .trip: "open(500) opened(500)", .request: "half-open allowed as probe",
        ],
        .probing: [
            .success: "closed(0) closed", .failure: "open(160) opened(160)", .abandonment: "half-open",
            .staleSuccess: "half-open", .staleFailure: "half-open", .staleAbandonment: "half-open",
            .advance: "half-open", .trip: "open(500) opened(500)", .request: "half-open blocked",
        ],
    ]

    @Test(arguments: Situation.Name.allCases, Event.allCases)
    private func everyStateAndEventIsDecided(_ name: Situation.Name, _ event: Event) throws {
        var situation = try Situation(name)
        let now = name == .open ? at(99) : at(100)
        let answer = apply(event, to: &situation, now: now)
        let outcome = [text(situation.breaker.state), answer].compactMap(\.self).joined(separator: " ")
        #expect(outcome == Self.table[name]?[event])
    }

    private func apply(_ event: Event, to situation: inout Situation, now: ContinuousClock.Instant) -> String? {
        let (current, stale) = (situation.current, situation.stale)
        switch event {
        case .success: return situation.breaker.succeeded(current, now: now).map(text)
        case .failure: return situation.breaker.failed(current, now: now).map(text)
        case .abandonment: return situation.breaker.abandoned(current, now: now).map(text)
        case .staleSuccess: return situation.breaker.succeeded(stale, now: now).map(text)
        case .staleFailure: return situation.breaker.failed(stale, now: now).map(text)
        case .staleAbandonment: return situation.breaker.abandoned(stale, now: now).map(text)
        case .advance: return situation.breaker.advance(to: now).map(text)
        case .trip: return situation.breaker.trip(until: at(500), now: now).map(text)
        case .request:
            switch situation.breaker.request(now: now) {
            case .allowed(let permit): return permit.isProbe ? "allowed as probe" : "allowed"
            case .blocked(let until): return until.map { "blocked(\(seconds($0)))" } ?? "blocked"
            }
        }
    }

    private func text(_ state: CircuitBreaker.State) -> String {
        switch state {
        case .closed(let failures): "closed(\(failures))"
        case .open(let until): "open(\(seconds(until)))"
        case .halfOpen: "half-open"
        }
    }

    private func text(_ change: CircuitBreaker.Change) -> String {
        switch change {
        case .opened(let until): "opened(\(seconds(until)))"
        case .closed: "closed"
        case .halfOpened: "half-opened"
        }
    }

    private func seconds(_ instant: ContinuousClock.Instant) -> Int64 {
        start.duration(to: instant).components.seconds
    }
}

@Suite struct CircuitBreakerTests {
    @Test func opensAtTheThresholdInARow() throws {
        var breaker = CircuitBreaker(threshold: 3, timeout: timeout)
        for outcome in [false, false, true, false, false] {
            let permit = try breaker.permit(now: at(0))
            let change = outcome ? breaker.succeeded(permit, now: at(0)) : breaker.failed(permit, now: at(0))
            #expect(change == nil)
        }
        let last = try breaker.permit(now: at(0))
        let change = breaker.failed(last, now: at(5))
        #expect(change == .opened(until: at(65)))
    }

    @Test func thresholdOneOpensAtTheFirstFailure() throws {
        var breaker = CircuitBreaker(threshold: 1, timeout: timeout)
        let permit = try breaker.permit(now: at(0))
        let change = breaker.failed(permit, now: at(0))
        #expect(change == .opened(until: at(60)))
    }

    @Test func exactlyOneOfManyRequestsBecomesTheProbe() {
        var breaker = CircuitBreaker(threshold: 1, timeout: timeout)
        _ = breaker.trip(until: at(10), now: at(0))
        let early = (0..<10).map { _ in breaker.request(now: at(9)) }
        #expect(early.allSatisfy { $0 == .blocked(until: at(10)) })
        let decisions = (0..<10).map { _ in breaker.request(now: at(10)) }
        #expect(decisions.dropFirst().allSatisfy { $0 == .blocked(until: nil) })
        guard case .allowed(let permit)? = decisions.first else {
            Issue.record("the first request is blocked")
            return
        }
        #expect(permit.isProbe)
    }

    @Test func outcomesFromBeforeAnOpeningAreIgnored() throws {
        var breaker = CircuitBreaker(threshold: 2, timeout: timeout)
        let permits = try (0..<6).map { _ in try breaker.permit(now: at(0)) }
        _ = breaker.failed(permits[0], now: at(1))
        let opening = breaker.failed(permits[1], now: at(1))
        #expect(opening == .opened(until: at(61)))
        let whileOpen = [breaker.succeeded(permits[2], now: at(2)), breaker.failed(permits[3], now: at(3))]
        #expect(whileOpen == [nil, nil])
        #expect(breaker.state == .open(until: at(61)))
        let probe = try breaker.permit(now: at(61))
        let whileProbing = [breaker.succeeded(permits[4], now: at(62)), breaker.failed(permits[5], now: at(62))]
        #expect(whileProbing == [nil, nil])
        let closing = breaker.succeeded(probe, now: at(63))
        #expect(closing == .closed)
        let afterwards = breaker.failed(permits[2], now: at(64))
        #expect(afterwards == nil)
        #expect(breaker.state == .closed(failures: 0))
    }

    @Test func theOutcomeOfAnEarlierProbeIsIgnored() throws {
        var breaker = CircuitBreaker(threshold: 1, timeout: timeout)
        _ = breaker.trip(until: at(10), now: at(0))
        let first = try breaker.permit(now: at(10))
        _ = breaker.failed(first, now: at(11))
        let second = try breaker.permit(now: at(71))
        let late = [breaker.succeeded(first, now: at(72)), breaker.failed(first, now: at(72))]
        #expect(late == [nil, nil])
        #expect(breaker.state == .halfOpen)
        let closing = breaker.succeeded(second, now: at(73))
        #expect(closing == .closed)
    }

    @Test func anAbandonedProbeMakesRoomForTheNext() throws {
        var breaker = CircuitBreaker(threshold: 1, timeout: timeout)
        _ = breaker.trip(until: at(10), now: at(0))
        let first = try breaker.permit(now: at(10))
        _ = breaker.abandoned(first, now: at(11))
        let twice = [breaker.abandoned(first, now: at(11)), breaker.succeeded(first, now: at(11))]
        #expect(twice == [nil, nil])
        let second = try breaker.permit(now: at(12))
        #expect(second.isProbe)
        let late = [breaker.abandoned(first, now: at(13)), breaker.succeeded(first, now: at(13))]
        #expect(late == [nil, nil])
        let blocked = breaker.request(now: at(13))
        #expect(blocked == .blocked(until: nil))
    }

    @Test func workThatWasAlreadyRunningCountsOnlyWhileClosed() throws {
        var breaker = CircuitBreaker(threshold: 1, timeout: timeout)
        let adopted = breaker.permitForRunningWork()
        #expect(!adopted.isProbe)
        let opening = breaker.failed(adopted, now: at(0))
        #expect(opening == .opened(until: at(60)))
        let adoptedWhileOpen = breaker.permitForRunningWork()
        _ = try breaker.permit(now: at(60))
        let ignored = [
            breaker.succeeded(adoptedWhileOpen, now: at(61)),
            breaker.failed(breaker.permitForRunningWork(), now: at(61)),
        ]
        #expect(ignored == [nil, nil])
        #expect(breaker.state == .halfOpen)
    }

    @Test func tripsOnlyExtendAnOpening() {
        var breaker = CircuitBreaker(threshold: 1, timeout: timeout)
        let past = breaker.trip(until: at(0), now: at(0))
        #expect(past == nil)
        #expect(breaker.state == .closed(failures: 0))
        let changes = [100, 50, 100, 200].map { breaker.trip(until: at($0), now: at(1)) }
        #expect(changes == [.opened(until: at(100)), nil, nil, .opened(until: at(200))])
    }

    @Test func tripsLastAtMostThirtyDays() {
        var breaker = CircuitBreaker(threshold: 1, timeout: timeout)
        let change = breaker.trip(until: at(1_000_000_000), now: at(0))
        #expect(change == .opened(until: at(30 * 86_400)))
    }

    @Test func settingsOutOfRangeMoveToTheBound() throws {
        let low = CircuitBreaker(threshold: -5, timeout: .seconds(-5))
        #expect(low.threshold == 1)
        #expect(low.timeout == .zero)
        var high = CircuitBreaker(threshold: .max, timeout: .seconds(Int64.max))
        #expect(high.timeout == .seconds(30 * 86_400))
        let permit = try high.permit(now: at(0))
        let change = high.failed(permit, now: at(0))
        #expect(change == nil)
    }
}
