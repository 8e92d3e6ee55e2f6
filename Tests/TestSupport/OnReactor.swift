// SPDX-License-Identifier: Apache-2.0
// A reactor for one test.

package import SystemKit

/// Runs a test on a reactor of its own, whose loop has a thread of its own.
///
/// - Parameter body: The test. It and its child tasks run on the loop, unless they go to another executor by themselves.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws, and `SystemCallError` when there is no descriptor or thread to be had.
package func onReactor<T>(_ body: (Reactor) async throws -> T) async throws -> T {
    let reactor = try Reactor()
    try startThread { reactor.run() }
    return try await withTaskExecutorPreference(reactor) {
        defer { reactor.stop() }
        return try await body(reactor)
    }
}
