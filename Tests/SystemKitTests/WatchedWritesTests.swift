// SPDX-License-Identifier: Apache-2.0
// Writes to files of a watched directory, while they go on.

import Synchronization
import SystemKit
import TestSupport
import Testing

/// Notes what a watcher tells, and wakes who waits for it.
private final class Notes: Sendable {
    private let state = Mutex<(lines: [String], waiter: CheckedContinuation<Void, Never>?)>(([], nil))

    var lines: [String] { state.withLock { $0.lines } }

    func add(_ line: String) {
        state.withLock { state in
            state.lines.append(line)
            defer { state.waiter = nil }
            return state.waiter
        }?.resume()
    }

    func wait(for line: String) async {
        while !lines.contains(line) {
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    if state.lines.contains(line) { return true }
                    state.waiter = continuation
                    return false
                }
                if isThere { continuation.resume() }
            }
        }
    }
}

@Suite("Watched writes", .timeLimit(.minutes(1)))
struct WatchedWritesTests {
    private static func withWatcher(
        _ body: @escaping @concurrent @Sendable (Directory, DirectoryWatcher) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { scratch in
            let directory = scratch.directory
            try await onReactor { reactor in
                let watcher = try DirectoryWatcher(reactor: reactor)
                defer { watcher.stop() }
                try await body(directory, watcher)
            }
        }
    }

    @Test("a write is told before the file is closed, and only to who asked for writes")
    func tellsWritesWhileTheyGoOn() async throws {
        try await Self.withWatcher { directory, watcher in
            let notes = Notes()
            _ = try watcher.add(directory) { notes.add("change \($0)") }
            _ = try watcher.watchWrites(in: directory) { notes.add("write \($0)") }
            let file = try directory.createFile("log")
            try file.write(all: [1, 2, 3])
            await notes.wait(for: "write log")
            #expect(notes.lines == ["change appeared(log)", "write log"])
            try file.close()
            await notes.wait(for: "change settled(log)")
        }
    }

    @Test("whichever watch comes first, the other loses nothing")
    func keepsWhatAnotherWatchAskedFor() async throws {
        try await Self.withWatcher { directory, watcher in
            let notes = Notes()
            let writes = try watcher.watchWrites(in: directory) { notes.add("write \($0)") }
            _ = try watcher.add(directory) { notes.add("change \($0)") }
            let file = try directory.createFile("log")
            try file.write(all: [1])
            await notes.wait(for: "write log")
            watcher.remove(writes)
            try file.write(all: [2])
            try file.close()
            await notes.wait(for: "change settled(log)")
            #expect(notes.lines.count { $0 == "write log" } == 1)
        }
    }
}
