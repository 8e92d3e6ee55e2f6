// SPDX-License-Identifier: Apache-2.0
// Waiting for files and processes by events of the kernel, on threads of their own.

import Glibc
import SystemKit

/// What was waited for did not come.
package struct WaitFailure: Error, CustomStringConvertible {
    /// What was waited for, and what came instead.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// How long tests wait for what must come.
package enum Patience {
    /// The limit of a wait that no test is meant to reach: `VIGIL_TEST_PATIENCE_SECONDS`, by default 60 s.
    package static let limit = Duration.seconds(
        SystemInfo.environment["VIGIL_TEST_PATIENCE_SECONDS"].flatMap { Int($0) } ?? 60
    )
}

/// Runs something that blocks on a thread of its own, so that it holds up no other test.
///
/// - Parameter body: What to run.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws, and `SystemCallError` when there is no thread to be had.
package func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        do {
            try startThread { continuation.resume(with: Result { try body() }) }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}

/// Waits for something that shows in files, by looking again after each change below some directories.
///
/// - Parameters:
///   - wanted: What is waited for, as the message of a failure says it.
///   - directories: Where a change may bring it; a directory that is missing is watched for from its parent.
///   - process: A process whose end ends the wait as well.
///   - limit: The longest wait.
///   - look: Returns what was waited for, or nil when it is not there yet.
/// - Returns: The first thing that `look` finds.
/// - Throws: ``WaitFailure`` when the limit passes or the process ends first, and what `look` throws.
@discardableResult
package func eventually<T: Sendable>(
    _ wanted: String,
    in directories: [String],
    unlessEnds process: ChildProcess? = nil,
    within limit: Duration = Patience.limit,
    look: @escaping @Sendable () throws -> T?
) async throws -> T {
    try await blocking {
        let deadline = ContinuousClock.now + limit
        let changes = try FileChanges()
        while true {
            // The order matters: a change after the look is an event, one before it is seen.
            for directory in directories { changes.watch(directory) }
            let hasEnded = process?.hasEnded ?? false
            if let found = try look() { return found }
            if hasEnded { throw WaitFailure("the process ended, and there was no \(wanted)") }
            let descriptors = [changes.descriptor] + (process.map { [$0.descriptor] } ?? [])
            guard try waitForInput(on: descriptors, until: deadline) else {
                throw WaitFailure("no \(wanted) within \(limit)")
            }
            changes.drain()
        }
    }
}

/// Blocks until one of the descriptors has something to read: poll(2).
///
/// - Parameters:
///   - descriptors: What to wait for.
///   - deadline: When to give up.
/// - Returns: False when the deadline has passed.
/// - Throws: `SystemCallError` when poll(2) fails.
package func waitForInput(on descriptors: [Int32], until deadline: ContinuousClock.Instant) throws -> Bool {
    var requests = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    while true {
        let remaining = max(.zero, deadline - .now)
        let milliseconds =
            remaining.components.seconds * 1000 + remaining.components.attoseconds / 1_000_000_000_000_000
        let ready = poll(&requests, nfds_t(requests.count), Int32(clamping: milliseconds + 1))
        if ready > 0 { return true }
        if ready == 0 && deadline <= .now { return false }
        guard ready == 0 || errno == EINTR else {
            throw SystemCallError(call: "poll", errno: Errno(rawValue: errno), path: nil)
        }
    }
}

/// An inotify(7) instance that says that something changed, and not what.
package struct FileChanges: ~Copyable {
    private let instance: OwnedDescriptor

    /// Watches nothing yet: inotify_init1(2).
    ///
    /// - Throws: `SystemCallError` when there is no instance to be had.
    package init() throws {
        let opened = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard opened >= 0 else {
            throw SystemCallError(call: "inotify_init1", errno: Errno(rawValue: errno), path: nil)
        }
        instance = OwnedDescriptor(adopting: opened)
    }

    /// Readable once something has changed.
    package var descriptor: Int32 { instance.rawValue }

    /// Watches a directory, or the closest directory above it that is there; repeating it does no harm.
    package func watch(_ path: String) {
        let mask = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_MODIFY | IN_DELETE | IN_DELETE_SELF
        var path = path[...]
        while inotify_add_watch(descriptor, String(path), UInt32(mask)) < 0, let slash = path.lastIndex(of: "/") {
            path = path[..<slash]
        }
    }

    /// Forgets the changes so far.
    package func drain() {
        var events = [UInt8](repeating: 0, count: 4096)
        while read(descriptor, &events, events.count) > 0 {}
    }
}
