// SPDX-License-Identifier: Apache-2.0
// Stops starting work while it keeps failing, then tries with one probe.

/// A circuit breaker: after some failures in a row nothing starts for a while, then one probe decides.
///
/// A decision structure without clock or I/O: the owner passes the time in and does what the answers say. Whoever
/// is allowed gets a permit and reports the outcome with it. Permits carry a generation that every opening, probe and
/// closing ends, so the outcome of something that was started before is ignored.
package struct CircuitBreaker: Sendable {
    /// What the breaker lets through.
    package enum State: Sendable, Hashable {
        /// Everything; so many failures in a row were seen.
        case closed(failures: Int)
        /// Nothing before this time; after it, the first request becomes the probe.
        case open(until: ContinuousClock.Instant)
        /// One probe, which may be out already.
        case halfOpen
    }

    /// The leave to start one piece of work; its outcome is reported with it once.
    package struct Permit: Sendable, Hashable {
        /// The stretch of the breaker's life in which the permit counts.
        package let generation: UInt64
        /// Whether the work decides about closing.
        package let isProbe: Bool
    }

    /// The answer to a request.
    package enum Decision: Sendable, Hashable {
        /// The work may start.
        case allowed(Permit)
        /// The work must wait until this time, or, when nil, for the outcome of the probe that is out.
        case blocked(until: ContinuousClock.Instant?)
    }

    /// A change of state that others want to hear of.
    package enum Change: Sendable, Hashable {
        /// Nothing starts before this time.
        case opened(until: ContinuousClock.Instant)
        /// Everything may start again.
        case closed
        /// The time is over; one probe may start.
        case halfOpened
    }

    private enum Phase: Sendable {
        case closed(failures: Int)
        case open(until: ContinuousClock.Instant, length: Duration)
        case halfOpen(isProbeOut: Bool)
    }

    /// The number of failures in a row that opens the breaker, at least 1.
    package let threshold: Int
    /// How long it stays open after failures, at most 30 days.
    package let timeout: Duration

    private var phase = Phase.closed(failures: 0)
    private var generation: UInt64 = 0

    /// The longest time to stay open, whatever the reason: a wrong date must not stop a worker for good.
    static let longestOpening = Duration.seconds(30 * 86_400)

    /// A closed breaker; values out of range are moved to the nearer bound.
    ///
    /// - Parameters:
    ///   - threshold: the number of failures in a row that opens the breaker.
    ///   - timeout: how long it stays open after failures.
    package init(threshold: Int, timeout: Duration) {
        self.threshold = max(1, threshold)
        self.timeout = min(max(timeout, .zero), Self.longestOpening)
    }

    /// What the breaker lets through; a time that is over changes it only at the next request or ``advance(to:)``.
    package var state: State {
        switch phase {
        case .closed(let failures): .closed(failures: failures)
        case .open(let until, _): .open(until: until)
        case .halfOpen: .halfOpen
        }
    }

    // MARK: Asking

    /// Asks to start one piece of work; the first request after the time open is over becomes the probe.
    ///
    /// - Parameter now: the time.
    /// - Returns: a permit, or how long to wait.
    package mutating func request(now: ContinuousClock.Instant) -> Decision {
        switch phase {
        case .closed: return .allowed(Permit(generation: generation, isProbe: false))
        case .open(let until, _) where now < until: return .blocked(until: until)
        case .halfOpen(isProbeOut: true): return .blocked(until: nil)
        case .open, .halfOpen(isProbeOut: false):
            enter(.halfOpen(isProbeOut: true))
            return .allowed(Permit(generation: generation, isProbe: true))
        }
    }

    /// A permit for work that was already running when this breaker was made, as after a restart.
    ///
    /// Its outcome counts only while the breaker stays closed; it never is a probe.
    package func permitForRunningWork() -> Permit {
        Permit(generation: generation, isProbe: false)
    }

    /// Lets the time take effect, so that half-open is seen before the next request.
    ///
    /// - Parameter now: the time.
    /// - Returns: `halfOpened` when the time open is over.
    package mutating func advance(to now: ContinuousClock.Instant) -> Change? {
        guard case .open(let until, _) = phase, until <= now else { return nil }
        enter(.halfOpen(isProbeOut: false))
        return .halfOpened
    }

    // MARK: Reporting

    /// Reports a success: it ends a row of failures, and closes the breaker when it is the probe's.
    ///
    /// - Parameters:
    ///   - permit: what the work was started with.
    ///   - now: the time.
    /// - Returns: `closed`, or nil when nothing changed for others.
    package mutating func succeeded(_ permit: Permit, now: ContinuousClock.Instant) -> Change? {
        guard permit.generation == generation else { return nil }
        switch phase {
        case .closed:
            phase = .closed(failures: 0)
            return nil
        case .halfOpen(isProbeOut: true) where permit.isProbe:
            enter(.closed(failures: 0))
            return .closed
        case .open, .halfOpen: return nil
        }
    }

    /// Reports a failure: the last of a row, or the probe's, opens the breaker.
    ///
    /// - Parameters:
    ///   - permit: what the work was started with.
    ///   - now: the time.
    /// - Returns: `opened`, or nil when nothing changed for others.
    package mutating func failed(_ permit: Permit, now: ContinuousClock.Instant) -> Change? {
        guard permit.generation == generation else { return nil }
        switch phase {
        case .closed(let failures) where failures + 1 < threshold:
            phase = .closed(failures: failures + 1)
            return nil
        case .closed: return open(for: timeout, now: now)
        case .halfOpen(isProbeOut: true) where permit.isProbe: return open(for: timeout, now: now)
        case .open, .halfOpen: return nil
        }
    }

    /// Reports that the work ended without saying anything about success, as when it was cancelled.
    ///
    /// - Parameters:
    ///   - permit: what the work was started with.
    ///   - now: the time.
    /// - Returns: nil; after an abandoned probe the next request becomes the probe.
    package mutating func abandoned(_ permit: Permit, now: ContinuousClock.Instant) -> Change? {
        guard permit.generation == generation, permit.isProbe, case .halfOpen(isProbeOut: true) = phase else {
            return nil
        }
        phase = .halfOpen(isProbeOut: false)
        return nil
    }

    /// Opens the breaker until a known time, as when an agent says when its usage limit ends.
    ///
    /// - Parameters:
    ///   - until: the time, at most 30 days ahead; one that is over, or within the present opening, changes nothing.
    ///   - now: the time now.
    /// - Returns: `opened`, or nil when nothing changed.
    package mutating func trip(until: ContinuousClock.Instant, now: ContinuousClock.Instant) -> Change? {
        guard until > now else { return nil }
        if case .open(let present, _) = phase, until <= present { return nil }
        return open(for: min(now.duration(to: until), Self.longestOpening), now: now)
    }

    // MARK: Moving

    private mutating func open(for length: Duration, now: ContinuousClock.Instant) -> Change {
        let until = now.advanced(by: length)
        enter(.open(until: until, length: length))
        return .opened(until: until)
    }

    /// Moves to a phase; the outcome of what was started before no longer counts.
    private mutating func enter(_ next: Phase) {
        phase = next
        generation &+= 1
    }
}

// MARK: - Surviving a restart

extension CircuitBreaker {
    /// What of a breaker survives a restart.
    package struct Snapshot: Sendable, Hashable {
        /// The names of the states; the texts are stable.
        package enum StateName: String, Sendable, Hashable, CaseIterable {
            /// Everything may start.
            case closed
            /// Nothing may start.
            case open
            /// One probe may start, or is out.
            case halfOpen = "half_open"
        }

        /// The state.
        package var state: StateName
        /// The failures in a row while closed, else 0.
        package var failures: Int
        /// When the time open ends, in milliseconds since 1970; nil when not open.
        package var openUntilMilliseconds: Int64?
        /// How long the present opening was to last, in milliseconds; nil when not open.
        package var openLengthMilliseconds: Int64?

        /// A snapshot.
        ///
        /// - Parameters:
        ///   - state: the state.
        ///   - failures: the failures in a row while closed.
        ///   - openUntilMilliseconds: when the time open ends, in milliseconds since 1970.
        ///   - openLengthMilliseconds: how long the present opening was to last.
        package init(
            state: StateName,
            failures: Int = 0,
            openUntilMilliseconds: Int64? = nil,
            openLengthMilliseconds: Int64? = nil
        ) {
            self.state = state
            self.failures = failures
            self.openUntilMilliseconds = openUntilMilliseconds
            self.openLengthMilliseconds = openLengthMilliseconds
        }
    }

    /// What of this breaker survives a restart.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - wallMilliseconds: the same time by the wall clock, in milliseconds since 1970.
    /// - Returns: the snapshot.
    package func snapshot(now: ContinuousClock.Instant, wallMilliseconds: Int64) -> Snapshot {
        switch phase {
        case .closed(let failures): return Snapshot(state: .closed, failures: failures)
        case .halfOpen: return Snapshot(state: .halfOpen)
        case .open(let until, let length):
            let (end, overflow) = wallMilliseconds.addingReportingOverflow(now.duration(to: until).inMilliseconds)
            return Snapshot(
                state: .open,
                openUntilMilliseconds: overflow ? .max : end,
                openLengthMilliseconds: length.inMilliseconds
            )
        }
    }

    /// A breaker as it was before a restart.
    ///
    /// A probe that was out is lost: the breaker is open and due, so that the next request becomes the probe. What is
    /// left of the time open is at most the timeout, or the planned length of an opening that had a known end: a wall
    /// clock that jumped cannot hold it open for longer. With failures at or over the threshold, one more opens it.
    ///
    /// - Parameters:
    ///   - snapshot: what was kept.
    ///   - threshold: the number of failures in a row that opens the breaker.
    ///   - timeout: how long it stays open after failures.
    ///   - now: the time.
    ///   - wallMilliseconds: the same time by the wall clock, in milliseconds since 1970.
    package init(
        restoring snapshot: Snapshot,
        threshold: Int,
        timeout: Duration,
        now: ContinuousClock.Instant,
        wallMilliseconds: Int64
    ) {
        self.init(threshold: threshold, timeout: timeout)
        switch snapshot.state {
        case .closed: phase = .closed(failures: min(max(snapshot.failures, 0), self.threshold - 1))
        case .halfOpen: phase = .open(until: now, length: .zero)
        case .open:
            let planned = Duration.milliseconds(max(0, snapshot.openLengthMilliseconds ?? 0))
            let longest = min(max(self.timeout, planned), Self.longestOpening)
            let end = snapshot.openUntilMilliseconds ?? wallMilliseconds
            let (left, overflow) = end.subtractingReportingOverflow(wallMilliseconds)
            let rest = overflow ? (end < 0 ? .zero : longest) : Duration.milliseconds(left)
            let length = min(max(rest, .zero), longest)
            phase = .open(until: now.advanced(by: length), length: max(length, min(planned, longest)))
        }
    }
}
