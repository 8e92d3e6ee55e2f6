// SPDX-License-Identifier: Apache-2.0
// Keeps an account still while its usage limit is reached, then tries one task, then more.

/// What starts of one account may do around a usage limit.
///
/// A limit parks the account until it ends. Then one task is tried; when that one meets no limit, two may run, then
/// four, until nothing is held back. Without a known end the account is parked for 5, 10, 20, 40, 60 minutes. No clock
/// and no I/O: the owner passes the time in. Permits carry a generation as those of ``CircuitBreaker`` do.
package struct LimitGate: Sendable {
    /// The leave to start one attempt; its end is reported with it once.
    package struct Permit: Sendable, Hashable {
        fileprivate let generation: UInt64
    }

    /// The answer to a request.
    package enum Decision: Sendable, Hashable {
        /// The attempt may start.
        case allowed(Permit)
        /// It must wait until this time, or, when nil, for the end of another attempt.
        case blocked(until: ContinuousClock.Instant?)
    }

    private enum Phase: Sendable {
        case open
        case parked(until: ContinuousClock.Instant, length: Duration)
        case probing(isOut: Bool)
        case ramping(allowed: Int, running: Int)
    }

    /// What of a parked account survives a restart.
    package struct Snapshot: Sendable, Hashable {
        /// When the account is tried again, in milliseconds since 1970.
        package var untilMilliseconds: Int64
        /// How long it was to be parked, in milliseconds: a clock that was set cannot hold it for longer.
        package var lengthMilliseconds: Int64
        /// How often in a row it was parked without a known end.
        package var tries: Int

        /// A snapshot.
        ///
        /// - Parameters:
        ///   - untilMilliseconds: when the account is tried again.
        ///   - lengthMilliseconds: how long it was to be parked.
        ///   - tries: how often in a row it was parked without a known end.
        package init(untilMilliseconds: Int64, lengthMilliseconds: Int64, tries: Int) {
            self.untilMilliseconds = untilMilliseconds
            self.lengthMilliseconds = lengthMilliseconds
            self.tries = tries
        }
    }

    /// The longest time to park, whatever the agent says.
    static let longest = Duration.seconds(31 * 86_400)
    private static let allowedAtMost = 64

    private var phase = Phase.open
    private var generation: UInt64 = 0
    private var tries = 0

    /// An account without a limit.
    package init() {}

    /// Whether nothing is held back, so that the account need not be remembered.
    package var isOpen: Bool {
        if case .open = phase { true } else { false }
    }

    /// Until when the account is parked; nil when it is not.
    package var parkedUntil: ContinuousClock.Instant? {
        if case .parked(let until, _) = phase { until } else { nil }
    }

    /// Asks to start one attempt.
    ///
    /// - Parameter now: the time.
    /// - Returns: a permit, or how long to wait.
    package mutating func request(now: ContinuousClock.Instant) -> Decision {
        switch phase {
        case .open: break
        case .parked(let until, _) where now < until: return .blocked(until: until)
        case .parked, .probing(isOut: false): enter(.probing(isOut: true))
        case .probing(isOut: true): return .blocked(until: nil)
        case .ramping(let allowed, let running):
            guard running < allowed else { return .blocked(until: nil) }
            phase = .ramping(allowed: allowed, running: running + 1)
        }
        return .allowed(Permit(generation: generation))
    }

    /// Reports that an attempt met the limit.
    ///
    /// - Parameters:
    ///   - permit: what it was started with; nil for an attempt of an earlier process.
    ///   - end: when the limit ends, if that is known.
    ///   - jitter: added to the end, so that not all workers of the account start at once.
    ///   - now: the time.
    /// - Returns: until when the account is parked now; nil when that has not changed.
    package mutating func limited(
        _ permit: Permit?,
        until end: ContinuousClock.Instant?,
        jitter: Duration,
        now: ContinuousClock.Instant
    ) -> ContinuousClock.Instant? {
        let isStale = permit.map { $0.generation != generation } ?? false
        if case .parked(let until, _) = phase, until > now {
            // Others that were on their way; only a later end is news.
            guard let end, end.advanced(by: jitter) > until, now.duration(to: end) <= Self.longest, isStale == false
            else { return nil }
            return park(until: end.advanced(by: jitter), now)
        }
        if isStale { return nil }
        if let end, end > now {
            tries = 0
            return park(until: min(end, now.advanced(by: Self.longest)).advanced(by: jitter), now)
        }
        let minutes = min(60, 5 << min(tries, 4))
        tries += 1
        return park(until: now.advanced(by: .seconds(minutes * 60)).advanced(by: jitter), now)
    }

    /// Reports the end of an attempt that met no limit.
    ///
    /// - Parameters:
    ///   - permit: what it was started with.
    ///   - saysNothing: whether it ended so that nothing is known about the limit, as when it was cancelled.
    /// - Returns: whether more may start now than before.
    package mutating func ended(_ permit: Permit, saysNothing: Bool) -> Bool {
        guard permit.generation == generation else { return false }
        switch phase {
        case .open, .parked: return false
        case .probing:
            if saysNothing {
                phase = .probing(isOut: false)
            } else {
                tries = 0
                enter(.ramping(allowed: 2, running: 0))
            }
        case .ramping(let allowed, let running):
            let next = saysNothing ? allowed : allowed * 2
            if next > Self.allowedAtMost {
                enter(.open)
            } else {
                phase = .ramping(allowed: next, running: max(0, running - 1))
            }
        }
        return true
    }

    private mutating func park(
        until: ContinuousClock.Instant,
        _ now: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        enter(.parked(until: until, length: now.duration(to: until)))
        return until
    }

    /// The end of what was started before no longer counts.
    private mutating func enter(_ next: Phase) {
        phase = next
        generation &+= 1
    }
}

// MARK: - Surviving a restart

extension LimitGate {
    /// What survives a restart; nil when nothing has to.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - wallMilliseconds: the same time by the wall clock, in milliseconds since 1970.
    /// - Returns: the snapshot; of an account that is being tried again, one that is due.
    package func snapshot(now: ContinuousClock.Instant, wallMilliseconds: Int64) -> Snapshot? {
        switch phase {
        case .open, .ramping: return nil
        case .probing: return Snapshot(untilMilliseconds: wallMilliseconds, lengthMilliseconds: 0, tries: tries)
        case .parked(let until, let length):
            return Snapshot(
                untilMilliseconds: wallMilliseconds &+ now.duration(to: until).inMilliseconds,
                lengthMilliseconds: length.inMilliseconds,
                tries: tries
            )
        }
    }

    /// An account as it was before a restart.
    ///
    /// - Parameters:
    ///   - snapshot: what was kept.
    ///   - now: the time.
    ///   - wallMilliseconds: the same time by the wall clock.
    package init(restoring snapshot: Snapshot, now: ContinuousClock.Instant, wallMilliseconds: Int64) {
        tries = max(0, snapshot.tries)
        let (left, overflow) = snapshot.untilMilliseconds.subtractingReportingOverflow(wallMilliseconds)
        let planned = min(max(0, snapshot.lengthMilliseconds), Self.longest.inMilliseconds * 2)
        let length = Duration.milliseconds(overflow ? planned : min(max(0, left), planned))
        phase = .parked(until: now.advanced(by: length), length: length)
    }
}
