// SPDX-License-Identifier: Apache-2.0
// Timers and sleeping on the loop, all with one timerfd.

import CLinux
import Synchronization

extension Reactor {
    /// Calls a closure on the loop at a moment, or as soon as possible if that is past.
    ///
    /// Loop thread only. Timers fire in the order of their moments, those of one moment in the order of these calls. The clock goes on
    /// while the machine is suspended.
    package func schedule(at deadline: ContinuousClock.Instant, _ body: @escaping @Sendable () -> Void) -> TimerID {
        preconditionOnLoop()
        return loop.timers.insert(bootNanoseconds(deadline), body)
    }

    /// Takes a timer back; without effect when it has fired or was cancelled.
    ///
    /// Loop thread only.
    package func cancel(_ id: TimerID) {
        preconditionOnLoop()
        loop.timers.remove(id)
    }

    /// Sets the timerfd to the earliest deadline, only if that has changed.
    func armTimer() {
        let earliest = loop.timers.earliest
        guard earliest != loop.armed else { return }
        let result = cl_timer_set(timer.rawValue, earliest ?? 0)
        precondition(result == 0, "timerfd_settime: \(Errno(rawValue: -result))")
        loop.armed = earliest
    }

    func fireTimers() {
        _ = cl_counter_take(timer.rawValue)
        loop.armed = nil
        let now = cl_clock_boot_nanoseconds()
        let generation = loop.timers.generation
        while let body = loop.timers.popDue(now, before: generation) { body() }
    }

    /// The continuous clock is CLOCK_BOOTTIME.
    ///
    /// The kernel reads 0 as "off", and takes no more than 2^63 nanoseconds.
    private func bootNanoseconds(_ deadline: ContinuousClock.Instant) -> Int64 {
        let sinceBoot = ContinuousClock().systemEpoch.duration(to: deadline)
        // Compared as durations first: taking a very long one apart traps.
        if sinceBoot <= .nanoseconds(1) { return 1 }
        let (seconds, attoseconds) = min(sinceBoot, .seconds(4_000_000_000)).components
        // Rounded up, so that a timer never fires before its moment.
        return seconds * 1_000_000_000 + (attoseconds + 999_999_999) / 1_000_000_000
    }
}

// MARK: - Sleeping

extension Reactor {
    /// Suspends the task until a moment.
    ///
    /// A task that runs on the loop goes on there. Callable from any thread.
    /// - Throws: `CancellationError` at once when the task is cancelled, also if it was before.
    package func sleep(until deadline: ContinuousClock.Instant) async throws(CancellationError) {
        let sleeper = Sleeper(self)
        let isComplete = await withTaskCancellationHandler {
            await withCheckedContinuation { sleeper.begin(until: deadline, $0) }
        } onCancel: {
            sleeper.cancel()
        }
        guard isComplete else { throw CancellationError() }
    }

    /// A clock for code that takes one, whose sleep is ``sleep(until:)``.
    package var clock: ReactorClock { ReactorClock(reactor: self) }
}

/// The continuous clock, with sleep on a reactor.
package struct ReactorClock: Clock {
    private let reactor: Reactor

    init(reactor: Reactor) {
        self.reactor = reactor
    }

    /// The present moment.
    package var now: ContinuousClock.Instant { ContinuousClock.now }

    /// The smallest step of the clock.
    package var minimumResolution: Duration { ContinuousClock().minimumResolution }

    /// Suspends the task until a moment.
    /// - Parameters:
    ///   - deadline: When to go on.
    ///   - tolerance: Not used: the kernel's timers are exact.
    /// - Throws: `CancellationError`.
    package func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration? = nil) async throws {
        try await reactor.sleep(until: deadline)
    }
}

/// One sleep; whoever takes the continuation out of the state resumes it.
private final class Sleeper: Sendable {
    private enum State {
        case created
        case sleeping(CheckedContinuation<Bool, Never>, TimerID?)
        case finished
    }

    private let reactor: Reactor
    private let state = Mutex(State.created)

    init(_ reactor: Reactor) {
        self.reactor = reactor
    }

    func begin(until deadline: ContinuousClock.Instant, _ continuation: CheckedContinuation<Bool, Never>) {
        let isCancelled = state.withLock { state in
            if case .finished = state { return true }
            state = .sleeping(continuation, nil)
            return false
        }
        if isCancelled { return continuation.resume(returning: false) }
        if reactor.isOnLoop { arm(deadline) } else { reactor.perform { self.arm(deadline) } }
    }

    private func arm(_ deadline: ContinuousClock.Instant) {
        // On the loop's thread, so the timer cannot fire before its name is noted.
        state.withLock { state in
            guard case .sleeping(let continuation, _) = state else { return }
            state = .sleeping(continuation, reactor.schedule(at: deadline) { self.finish(isComplete: true) })
        }
    }

    func cancel() {
        guard let timer = finish(isComplete: false) else { return }
        let reactor = reactor
        if reactor.isOnLoop { reactor.cancel(timer) } else { reactor.perform { reactor.cancel(timer) } }
    }

    @discardableResult
    private func finish(isComplete: Bool) -> TimerID? {
        let before = state.withLock { state in
            defer { state = .finished }
            return state
        }
        guard case .sleeping(let continuation, let timer) = before else { return nil }
        continuation.resume(returning: isComplete)
        return timer
    }
}
