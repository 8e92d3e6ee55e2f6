// SPDX-License-Identifier: Apache-2.0
// One thread that waits for events and runs the jobs of tasks and actors.

import CLinux
import Synchronization

/// One epoll loop that is also an executor: events, timers, and Swift tasks all run on the thread that called ``run()``.
///
/// Actors whose `unownedExecutor` is the reactor, and tasks started with `Task(executorPreference:)`, never need another
/// thread, so a daemon built on it is idle when nothing happens. Nothing on the loop may block: hand that to
/// ``offload(_:)``.
///
/// Members marked "loop thread only" may also be called before ``run()``, by the one thread that sets things up. A reactor
/// must outlive the tasks and actors that use it, and can be run once.
package final class Reactor: SerialExecutor, TaskExecutor, Sendable {
    /// What the loop runs besides handlers: a job of Swift's runtime, or a closure.
    enum Work {
        case job(UnownedJob)
        case body(@Sendable () -> Void)
    }

    private struct Inbox {
        var work: [Work] = []
        var isSleeping = false
        var isStopped = false
    }

    let epoll: OwnedDescriptor
    let loop = LoopState()
    let pool: OffloadPool
    private let wake: OwnedDescriptor
    let timer: OwnedDescriptor
    private let inbox = Mutex(Inbox())
    /// The token of the thread in ``run()``, or 0.
    private let owner = Atomic<UInt>(0)

    static let wakeToken = UInt64.max
    static let timerToken = UInt64.max - 1

    /// Makes a reactor that nobody runs yet: epoll_create1(2), eventfd(2), timerfd_create(2).
    /// - Parameter blockingThreads: The most threads that ``offload(_:)`` uses; they are started when needed.
    /// - Throws: ``Errno/tooManyOpenFiles`` and the like.
    package init(blockingThreads: Int = 2) throws(SystemCallError) {
        let epoll = OwnedDescriptor(adopting: try check(cl_epoll_create(), "epoll_create1"))
        let wake = OwnedDescriptor(adopting: try check(cl_counter_create(), "eventfd"))
        let timer = OwnedDescriptor(adopting: try check(cl_timer_create(), "timerfd_create"))
        try check(cl_epoll_add(epoll.rawValue, wake.rawValue, Interest.read.rawValue, Self.wakeToken), "epoll_ctl")
        try check(cl_epoll_add(epoll.rawValue, timer.rawValue, Interest.read.rawValue, Self.timerToken), "epoll_ctl")
        pool = try OffloadPool(threads: max(1, blockingThreads))
        self.epoll = epoll
        self.wake = wake
        self.timer = timer
    }

    /// Whether the caller is on the thread that runs the loop.
    package var isOnLoop: Bool { owner.load(ordering: .relaxed) == cl_thread_token() }

    /// Stops our own mistakes: state of the loop may be touched by its thread, or before there is one.
    func preconditionOnLoop() {
        let owner = owner.load(ordering: .relaxed)
        precondition(owner == 0 || owner == cl_thread_token(), "only the reactor's own thread may do this")
    }
}

// MARK: - Executor

extension Reactor {
    /// Takes a job of a task or actor; from the loop without a lock, from elsewhere through the inbox.
    package func enqueue(_ job: consuming ExecutorJob) {
        submit(.job(UnownedJob(job)))
    }

    /// Runs a closure on the loop, soon; callable from any thread.
    package func perform(_ body: @escaping @Sendable () -> Void) {
        submit(.body(body))
    }

    private func submit(_ work: Work) {
        if isOnLoop { return loop.queue.append(work) }
        // The loop is woken only when it may be waiting: a busy one looks here anyway before it waits.
        HandOver.release(through: loop)
        let mustWake = inbox.withLock { inbox in
            inbox.work.append(work)
            defer { inbox.isSleeping = false }
            return inbox.isSleeping
        }
        if mustWake { _ = cl_counter_add(wake.rawValue, 1) }
    }

    /// Fails when the caller is not on the loop.
    package func checkIsolated() {
        precondition(isOnLoop, "not on the reactor's thread")
    }

    /// Whether the caller has the isolation of the actors that run here; makes `assumeIsolated` work in handlers.
    package func isIsolatingCurrentContext() -> Bool? { isOnLoop }
}

// MARK: - Loop

extension Reactor {
    /// Runs the loop on the calling thread until ``stop()``.
    package func run() {
        let (isFree, _) = owner.compareExchange(expected: 0, desired: cl_thread_token(), ordering: .relaxed)
        precondition(isFree, "the reactor is running already")
        defer { owner.store(0, ordering: .relaxed) }
        while runJobs() {
            armTimer()
            waitForEvents()
        }
    }

    /// Ends ``run()`` soon, also one that has not begun; callable from any thread.
    ///
    /// Work that is queued by then may not be run any more.
    package func stop() {
        inbox.withLock { $0.isStopped = true }
        _ = cl_counter_add(wake.rawValue, 1)
    }

    /// Runs what is queued, within a limit so that jobs which make each other cannot keep events waiting.
    /// - Returns: False when the loop is to end.
    private func runJobs() -> Bool {
        let executor = unsafe asUnownedSerialExecutor()
        let preference = unsafe asUnownedTaskExecutor()
        for _ in 0..<32 {
            guard drainInbox() else { return false }
            if loop.queue.isEmpty { return true }
            // Jobs may queue others while they run: those go to the other array.
            swap(&loop.queue, &loop.batch)
            for work in loop.batch {
                switch work {
                case .job(let job): unsafe job.runSynchronously(isolatedTo: executor, taskExecutor: preference)
                case .body(let body): body()
                }
            }
            loop.batch.removeAll(keepingCapacity: true)
        }
        return drainInbox()
    }

    private func drainInbox() -> Bool {
        let goesOn = inbox.withLock { inbox in
            inbox.isSleeping = false
            loop.queue.append(contentsOf: inbox.work)
            inbox.work.removeAll(keepingCapacity: true)
            return !inbox.isStopped
        }
        HandOver.acquire(through: loop)
        return goesOn
    }

    private func waitForEvents() {
        let mayWait =
            loop.queue.isEmpty
            && inbox.withLock { inbox in
                inbox.isSleeping = inbox.work.isEmpty && !inbox.isStopped
                return inbox.isSleeping
            }
        let count = unsafe loop.events.withUnsafeMutableBufferPointer { buffer in
            guard let address = buffer.baseAddress else { return Int32(0) }
            return unsafe cl_epoll_wait(epoll.rawValue, address, Int32(buffer.count), mayWait ? -1 : 0)
        }
        precondition(count >= 0, "epoll_wait: \(Errno(rawValue: -count))")
        for index in 0..<Int(count) {
            let event = loop.events[index]
            switch event.token {
            case Self.wakeToken: _ = cl_counter_take(wake.rawValue)
            case Self.timerToken: fireTimers()
            default: deliver(event)
            }
        }
    }
}

/// What belongs to the loop's thread.
///
/// Unchecked because the invariant is a rule of threads, which the compiler cannot see: only the thread that runs the
/// loop touches this, or, before there is one, the thread that sets the reactor up.
final class LoopState: @unchecked Sendable {
    var queue: [Reactor.Work] = []
    var batch: [Reactor.Work] = []
    var events = [cl_event](repeating: cl_event(), count: 64)
    /// Indexed by descriptor number.
    var watches: [Reactor.Watch] = []
    var timers = TimerHeap()
    /// What the timerfd is set to, nil when it is off.
    var armed: Int64?
}
