// SPDX-License-Identifier: Apache-2.0
// Which supervisor does what, and which is to be ended: decisions without effects.

/// The states of a pool's supervisors.
///
/// A supervisor is `idle`, `running` one attempt, or `leaving` (its socket is closed, its process not yet reaped).
package struct SupervisorRoster {
    /// Names a supervisor within its pool; never given twice.
    package typealias ID = Int

    /// What one supervisor is doing.
    package enum State: Equatable {
        /// It waits for an attempt, since then.
        case idle(since: ContinuousClock.Instant)
        /// It has an attempt.
        case running(runID: String)
        /// It gets no attempt any more; its process may still be there.
        case leaving

        fileprivate var isIdle: Bool {
            if case .idle = self { true } else { false }
        }
    }

    /// What becomes of a supervisor that has answered.
    package enum Retention: Equatable {
        /// Its socket stays open.
        case keep
        /// Its socket is to be closed, so that it ends.
        case close
    }

    private let warm: Int
    private let idleTimeout: Duration
    private var states: [ID: State] = [:]
    private var lastID: ID = 0
    private var isClosed = false

    /// A roster without supervisors.
    /// - Parameters:
    ///   - warm: How many idle supervisors are kept for good.
    ///   - idleTimeout: How long the others are kept idle.
    package init(warm: Int, idleTimeout: Duration) {
        self.warm = warm
        self.idleTimeout = idleTimeout
    }

    /// The states, by supervisor.
    package var current: [ID: State] { states }

    /// How many must be started so that as many are idle as are to be warm.
    package var missingWarm: Int {
        isClosed ? 0 : max(0, warm - idle.count)
    }

    /// When the next idle supervisor is due to end; nil when none is.
    package var nextExpiry: ContinuousClock.Instant? {
        // Asked for twice an attempt, when there mostly is none.
        guard states.values.count(where: \.isIdle) > warm else { return nil }
        return idle.dropFirst(warm).map { $0.since.advanced(by: idleTimeout) }.min()
    }

    /// The supervisor that runs an attempt.
    package func supervisor(running runID: String) -> ID? {
        states.first { $0.value == .running(runID: runID) }?.key
    }

    /// The idle supervisors, last used first: those behind the warm number are the ones that nobody needed.
    private var idle: [(id: ID, since: ContinuousClock.Instant)] {
        let idle = states.compactMap { id, state in
            if case .idle(let since) = state { (id: id, since: since) } else { nil }
        }
        return idle.sorted { ($0.since, $0.id) > ($1.since, $1.id) }
    }

    /// The idle supervisor that was used last, which gets the next attempt; nil when one must be started.
    package var next: ID? {
        var last: (since: ContinuousClock.Instant, id: ID)?
        for case (let id, .idle(let since)) in states where last.map({ (since, id) > $0 }) ?? true {
            last = (since, id)
        }
        return last?.id
    }

    // MARK: Events

    /// A supervisor was started and has nothing to do.
    package mutating func started(now: ContinuousClock.Instant) -> ID {
        lastID += 1
        states[lastID] = .idle(since: now)
        return lastID
    }

    /// Gives an attempt to the ``next`` supervisor; nil when one must be started.
    package mutating func assign(runID: String) -> ID? {
        guard let id = next else { return nil }
        states[id] = .running(runID: runID)
        return id
    }

    /// Gives an attempt to a supervisor that has just been started.
    package mutating func assign(runID: String, to id: ID) {
        states[id] = .running(runID: runID)
    }

    /// A supervisor has answered.
    package mutating func answered(_ id: ID, now: ContinuousClock.Instant) -> Retention {
        guard case .running = states[id] else { return states[id] == .leaving ? .close : .keep }
        states[id] = isClosed ? .leaving : .idle(since: now)
        return isClosed ? .close : .keep
    }

    /// Time has passed.
    /// - Returns: The supervisors to close.
    package mutating func expired(now: ContinuousClock.Instant) -> [ID] {
        let due = idle.dropFirst(warm).filter { $0.since.advanced(by: idleTimeout) <= now }.map(\.id)
        for id in due { states[id] = .leaving }
        return due
    }

    /// No supervisor is kept idle from here on.
    /// - Returns: The supervisors to close.
    package mutating func close() -> [ID] {
        isClosed = true
        let ids = idle.map(\.id)
        for id in ids { states[id] = .leaving }
        return ids
    }

    /// Every supervisor is let go of, also those that run something.
    /// - Returns: The supervisors whose sockets are to be closed.
    package mutating func abandon() -> [ID] {
        isClosed = true
        let ids = states.filter { $0.value != .leaving }.keys.sorted()
        for id in ids { states[id] = .leaving }
        return ids
    }

    /// Some attempts are let go of; the others go on.
    /// - Parameter runIDs: The attempts.
    /// - Returns: The supervisors whose sockets are to be closed.
    package mutating func abandon(_ runIDs: Set<String>) -> [ID] {
        let ids = states.filter { entry in
            if case .running(let runID) = entry.value { runIDs.contains(runID) } else { false }
        }.keys.sorted()
        for id in ids { states[id] = .leaving }
        return ids
    }

    /// A supervisor's socket has ended or is not to be used again.
    package mutating func disconnected(_ id: ID) {
        if states[id] != nil { states[id] = .leaving }
    }

    /// A supervisor's process is gone.
    package mutating func reaped(_ id: ID) {
        states[id] = nil
    }
}
