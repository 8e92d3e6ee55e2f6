// SPDX-License-Identifier: Apache-2.0
// Whether a running attempt may go on costing.

import Resilience

/// Watches the money of one attempt, as its agent tells while it runs what it has cost.
///
/// No clock and no I/O: the owner looks at the times that this names. The faster the money goes, the sooner the next look.
package struct SpendingWatch: Sendable {
    /// What to do after a look.
    package enum Decision: Sendable, Equatable {
        /// Look again; nil: there is no limit to watch.
        case look(at: ContinuousClock.Instant?)
        /// End the attempt.
        case end
    }

    private static let firstPause = Duration.seconds(1)
    private static let shortestPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(2)

    private let startedAt: ContinuousClock.Instant
    /// How much was left at the last look.
    private var last: (at: ContinuousClock.Instant, left: Double)?
    /// Dollars a second.
    private var rate = 0.0

    /// Nothing was spent yet.
    /// - Parameter now: The time of the start.
    package init(at now: ContinuousClock.Instant) { startedAt = now }

    /// When to look first.
    package var firstLook: ContinuousClock.Instant { startedAt + Self.firstPause }

    /// Takes in what is known of the cost.
    /// - Parameters:
    ///   - cost: What the attempt has cost; nil when its agent has told nothing.
    ///   - limit: What it may cost, after all that others have spent by now; nil: as much as it likes.
    ///   - now: The time.
    /// - Returns: What to do.
    package mutating func observe(cost: Double?, limit: Double?, now: ContinuousClock.Instant) -> Decision {
        guard let limit else { return .look(at: nil) }
        let cost = cost ?? 0
        let left = limit - cost
        // Who has cost nothing does not spend either.
        if left < DailyBudget.smallest, cost > 0 { return .end }
        let before = last ?? (startedAt, limit)
        last = (now, left)
        guard before.at < now else { return .look(at: now + Self.firstPause) }
        let seconds = before.at.duration(to: now) / .seconds(1)
        // A pause between two bursts is not the end of them.
        rate = max((before.left - left) / seconds, rate / 2)
        guard rate > 0 else { return .look(at: now + Self.longestPause) }
        let pause = Duration.seconds(min(max(left, 0) / rate / 2, 60))
        return .look(at: now + min(max(pause, Self.shortestPause), Self.longestPause))
    }
}
