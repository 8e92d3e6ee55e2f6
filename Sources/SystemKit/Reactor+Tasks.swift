// SPDX-License-Identifier: Apache-2.0
// Blocking work beside the loop, and the bridge from a program's entry point.

import Synchronization

extension Reactor {
    /// Does work that may block on a thread of the pool, and goes on where the caller was.
    ///
    /// Work is begun in the order of the calls. It is not interrupted when the task is cancelled.
    package func offload<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            pool.submit { continuation.resume(returning: work()) }
        }
    }

    /// Runs the loop on the calling thread until an asynchronous function has returned.
    ///
    /// The bridge from `main`: the one task it starts prefers the loop, and so do all its children.
    /// - Parameter body: The program; its value is an exit status.
    /// - Returns: What `body` returned.
    package func runUntilComplete(_ body: @escaping @Sendable () async -> Int32) -> Int32 {
        let result = ExitCode()
        Task(executorPreference: self) {
            result.value.store(await body(), ordering: .relaxed)
            self.stop()
        }
        run()
        return result.value.load(ordering: .relaxed)
    }
}

private final class ExitCode: Sendable {
    let value = Atomic<Int32>(0)
}

extension Reactor {
    /// Does work that may block on a thread of the pool; nobody waits for it.
    /// - Parameter work: Begun in the order of the calls.
    package func runInBackground(_ work: @escaping @Sendable () -> Void) {
        pool.submit(work)
    }
}
