// SPDX-License-Identifier: Apache-2.0
// Wakes streams when there may be something new.

import Synchronization
package import SystemKit

/// A bell that any number of streams listen to; one that looks first and waits then misses no ring.
package final class ChangeBell: Sendable {
    private struct State {
        var rings: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Bool, Never>] = [:]
        /// Waits that were given up before they began.
        var abandoned: Set<UInt64> = []
        var count: UInt64 = 0
    }

    /// Keeps the time of waits.
    package let reactor: Reactor
    private let state = Mutex(State())

    /// A bell that has not rung.
    /// - Parameter reactor: Keeps the time of waits.
    package init(reactor: Reactor) { self.reactor = reactor }

    /// How often it has rung.
    package var rings: UInt64 { state.withLock { $0.rings } }

    /// Wakes everyone who waits.
    package func ring() {
        let waiters = state.withLock { state in
            state.rings += 1
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        for waiter in waiters { waiter.resume(returning: true) }
    }

    /// Waits for a ring, on the reactor.
    /// - Parameters:
    ///   - rings: How often it had rung when the caller began to look.
    ///   - limit: The longest wait.
    /// - Returns: Whether it has rung since; false when the time is over or the task was cancelled.
    package func wait(since rings: UInt64, for limit: Duration) async -> Bool {
        let number = state.withLock { state in
            state.count += 1
            return state.count
        }
        let timer = reactor.schedule(at: ContinuousClock.now + limit) { self.end(number) }
        let hasRung = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    if state.abandoned.remove(number) != nil { return false }
                    if state.rings != rings { return true }
                    state.waiters[number] = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            end(number)
        }
        reactor.cancel(timer)
        _ = state.withLock { $0.abandoned.remove(number) }
        return hasRung
    }

    private func end(_ number: UInt64) {
        let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if let waiter = state.waiters.removeValue(forKey: number) { return waiter }
            state.abandoned.insert(number)
            return nil
        }
        waiter?.resume(returning: false)
    }
}
