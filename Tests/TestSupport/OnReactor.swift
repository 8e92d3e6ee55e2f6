// SPDX-License-Identifier: Apache-2.0
// A reactor for one test.

package import SystemKit

/// Runs a test on a reactor of its own, whose loop has a thread of its own.
///
/// - Parameter body: The test. It and its child tasks run on the loop, unless they go to another executor by themselves.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws, and `SystemCallError` when there is no descriptor or thread to be had.
package func onReactor<T: Sendable>(_ body: @concurrent @Sendable (Reactor) async throws -> T) async throws -> T {
    let reactor = try Reactor()
    try startThread { reactor.run() }
    // `@concurrent` is what brings the body to the preferred executor; without it, it would stay on the caller's.
    // Not within the closure below: the task leaves the loop by one more job on it.
    defer { reactor.stop() }
    return try await withTaskExecutorPreference(reactor) { try await body(reactor) }
}
