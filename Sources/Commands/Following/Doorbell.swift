// SPDX-License-Identifier: Apache-2.0
// Wakes one task when something may have changed.

import Synchronization

/// A bell that is heard also by who comes to the door later; the rings that nobody heard yet are one.
final class Doorbell: Sendable {
    /// Why it rang.
    struct Reasons: OptionSet, Sendable {
        let rawValue: UInt8
        /// A task may have moved in the queue.
        static let queue = Reasons(rawValue: 1)
        /// An attempt may have written output.
        static let output = Reasons(rawValue: 2)
    }

    private enum State {
        case quiet
        case rung(Reasons)
        case awaited(CheckedContinuation<Reasons, Never>)
    }

    private let state = Mutex(State.quiet)

    /// Wakes who waits, or else the next one to wait.
    func ring(_ reasons: Reasons) {
        let waiter = state.withLock { state -> CheckedContinuation<Reasons, Never>? in
            switch state {
            case .quiet: state = .rung(reasons)
            case .rung(let earlier): state = .rung(earlier.union(reasons))
            case .awaited(let waiter):
                state = .quiet
                return waiter
            }
            return nil
        }
        waiter?.resume(returning: reasons)
    }

    /// Waits for a ring since the last wait; only one task may wait.
    /// - Returns: All reasons since then.
    func wait() async -> Reasons {
        await withCheckedContinuation { continuation in
            let rung = state.withLock { state -> Reasons? in
                if case .rung(let reasons) = state {
                    state = .quiet
                    return reasons
                }
                state = .awaited(continuation)
                return nil
            }
            if let rung { continuation.resume(returning: rung) }
        }
    }
}
