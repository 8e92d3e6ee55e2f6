// SPDX-License-Identifier: Apache-2.0
// Plain threads, for what must not run on the reactor.

import CLinux

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

/// Starts a detached thread with all signals blocked: pthread_create(3).
/// - Parameter body: What it does; the thread ends when this returns.
/// - Throws: ``Errno/again`` when the limit of threads is reached.
package func startThread(_ body: @escaping @Sendable () -> Void) throws(SystemCallError) {
    let context = unsafe Unmanaged.passRetained(ThreadBody(body))
    let result = unsafe cl_thread_start(
        { unsafe Unmanaged<ThreadBody>.fromOpaque($0).takeRetainedValue().run() },
        context.toOpaque()
    )
    if result < 0 { unsafe context.release() }
    try check(result, "pthread_create")
}
