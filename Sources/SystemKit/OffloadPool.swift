// SPDX-License-Identifier: Apache-2.0
// A few threads for system calls that block.

import CLinux
import Synchronization

/// Threads that are started when there is work for them and then wait in read(2), where they cost nothing.
final class OffloadPool: Sendable {
    /// What the threads hold on to; it outlives the pool until the last of them has ended.
    private final class Shared: Sendable {
        struct State {
            var queue: [@Sendable () -> Void] = []
            var head = 0
            var threads = 0
            var idle = 0
            var isClosed = false

            var waiting: Int { queue.count - head }

            mutating func next() -> (@Sendable () -> Void)? {
                guard waiting > 0 else { return nil }
                let work = queue[head]
                head += 1
                if head == queue.count {
                    queue.removeAll(keepingCapacity: true)
                    head = 0
                }
                return work
            }
        }

        let state = Mutex(State())
        let semaphore: OwnedDescriptor

        init() throws(SystemCallError) {
            semaphore = OwnedDescriptor(adopting: try check(cl_semaphore_create(), "eventfd"))
        }

        func serve() {
            while true {
                state.withLock { $0.idle += 1 }
                let taken = cl_counter_take(semaphore.rawValue)
                let (work, isClosed) = state.withLock { state in
                    state.idle -= 1
                    return (state.next(), state.isClosed)
                }
                HandOver.acquire(through: self)
                work?()
                if work == nil, isClosed || taken < 0 { return }
            }
        }
    }

    private let shared: Shared
    private let limit: Int

    init(threads limit: Int) throws(SystemCallError) {
        shared = try Shared()
        self.limit = limit
    }

    deinit {
        let threads = shared.state.withLock { state in
            state.isClosed = true
            return state.threads
        }
        if threads > 0 { _ = cl_counter_add(shared.semaphore.rawValue, UInt64(threads)) }
    }

    /// Runs work on one of the threads, in the order of submission; on the calling one if no thread can be started.
    func submit(_ work: @escaping @Sendable () -> Void) {
        HandOver.release(through: shared)
        let mustStart = shared.state.withLock { state in
            state.queue.append(work)
            guard state.idle < state.waiting, state.threads < limit else { return false }
            state.threads += 1
            return true
        }
        if mustStart, !startThread() { return }
        _ = cl_counter_add(shared.semaphore.rawValue, 1)
    }

    /// Returns false when the newest work was done here for lack of any thread.
    private func startThread() -> Bool {
        let shared = shared
        do {
            try SystemKit.startThread { shared.serve() }
            return true
        } catch {
            let stranded = shared.state.withLock { state in
                state.threads -= 1
                return state.threads == 0 ? state.next() : nil
            }
            stranded?()
            return stranded == nil
        }
    }
}
