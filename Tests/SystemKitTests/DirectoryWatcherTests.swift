// SPDX-License-Identifier: Apache-2.0
// What inotify tells about changes in directories.

import Glibc
import Synchronization
import SystemKit
import TestSupport
import Testing

@Suite("Watching directories")
struct DirectoryWatcherTests {
    /// Watches one directory and keeps what is told about it.
    final class Diary: Sendable {
        private let events: AsyncStream<DirectoryEvent>
        private let note: AsyncStream<DirectoryEvent>.Continuation
        let id: WatchID

        init(_ watcher: DirectoryWatcher, _ directory: Directory) throws {
            let (events, note) = AsyncStream.makeStream(of: DirectoryEvent.self)
            id = try watcher.add(directory) { note.yield($0) }
            (self.events, self.note) = (events, note)
        }

        /// Waits for events, and returns all up to one.
        func events(through last: DirectoryEvent) async -> [DirectoryEvent] {
            var seen: [DirectoryEvent] = []
            for await event in events {
                seen.append(event)
                if event == last { break }
            }
            return seen
        }
    }

    static func withWatcher(
        _ body: @concurrent @Sendable (TemporaryDirectory, Reactor, DirectoryWatcher) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { scratch in
            try await onReactor { reactor in
                let watcher = try DirectoryWatcher(reactor: reactor)
                defer { watcher.stop() }
                try await body(scratch, reactor, watcher)
            }
        }
    }

    @Test func aWrittenFileAppearsAndThenSettles() async throws {
        try await Self.withWatcher { scratch, _, watcher in
            let diary = try Diary(watcher, scratch.directory)
            try scratch.directory.createFile("a").write(all: [1])
            #expect(await diary.events(through: .settled("a")) == [.appeared("a"), .settled("a")])
        }
    }

    @Test func renamesAreSettledAtTheirTargetAndVanishFromTheirSource() async throws {
        try await Self.withWatcher { scratch, _, watcher in
            let inbox = try scratch.directory.subdirectory("inbox", create: 0o700)
            let outbox = try scratch.directory.subdirectory("outbox", create: 0o700)
            _ = try inbox.createFile("a")
            let (source, target) = (try Diary(watcher, inbox), try Diary(watcher, outbox))
            try inbox.rename("a", to: outbox, as: "b")
            #expect(await source.events(through: .vanished("a")) == [.vanished("a")])
            #expect(await target.events(through: .settled("b")) == [.settled("b")])
            try outbox.remove("b")
            #expect(await target.events(through: .vanished("b")) == [.vanished("b")])
        }
    }

    @Test func aLinkedFileOnlyAppears() async throws {
        try await Self.withWatcher { scratch, _, watcher in
            _ = try scratch.directory.createFile("a")
            let diary = try Diary(watcher, scratch.directory)
            try scratch.directory.link("a", to: scratch.directory, as: "b")
            _ = try scratch.directory.remove("a")
            #expect(await diary.events(through: .vanished("a")) == [.appeared("b"), .vanished("a")])
        }
    }

    @Test func namesThatAreNotTextArrive() async throws {
        try await Self.withWatcher { scratch, _, watcher in
            let diary = try Diary(watcher, scratch.directory)
            let name = FileName(bytes: [0xff, 0x0a, 0x80])
            _ = try scratch.directory.createFile(name)
            #expect(await diary.events(through: .settled(name)) == [.appeared(name), .settled(name)])
        }
    }

    @Test func twoWatchesOfOneDirectoryBothHearEverything() async throws {
        try await Self.withWatcher { scratch, _, watcher in
            let again = try Directory.open(scratch.path)
            let (first, second) = (try Diary(watcher, scratch.directory), try Diary(watcher, again))
            _ = try scratch.directory.createFile("a")
            #expect(await first.events(through: .settled("a")) == [.appeared("a"), .settled("a")])
            #expect(await second.events(through: .settled("a")) == [.appeared("a"), .settled("a")])
            watcher.remove(first.id)
            watcher.remove(first.id)
            _ = try scratch.directory.createFile("b")
            #expect(await second.events(through: .settled("b")) == [.appeared("b"), .settled("b")])
        }
    }

    @Test func aRemovedWatchHearsNothingMore() async throws {
        try await Self.withWatcher { scratch, reactor, watcher in
            let inner = try scratch.directory.subdirectory("inner", create: 0o700)
            let calls = Mutex(0)
            let id = try watcher.add(inner) { _ in calls.withLock { $0 += 1 } }
            // Waiting to be read when the watch is removed.
            _ = try inner.createFile("a")
            watcher.remove(id)
            let witness = try Diary(watcher, scratch.directory)
            _ = try scratch.directory.createFile("b")
            _ = await witness.events(through: .settled("b"))
            #expect(calls.withLock { $0 } == 0)
        }
    }

    @Test func aHandlerMayEndWatches() async throws {
        try await Self.withWatcher { scratch, _, watcher in
            let ids = Mutex<[WatchID]>([])
            let calls = Mutex(0)
            for _ in 0..<3 {
                let id = try watcher.add(scratch.directory) { _ in
                    calls.withLock { $0 += 1 }
                    for id in ids.withLock({ $0 }) { watcher.remove(id) }
                }
                ids.withLock { $0.append(id) }
            }
            let witness = try Diary(watcher, scratch.directory)
            _ = try scratch.directory.createFile("a")
            _ = await witness.events(through: .settled("a"))
            #expect(calls.withLock { $0 } == 1)
        }
    }

    @Test func lostEventsAreToldToEveryWatch() async throws {
        try await Self.withWatcher { scratch, _, watcher in
            let limit = try Directory.open("/proc/sys/fs/inotify").read("max_queued_events", limit: 99) ?? []
            let count = try #require(Int(String(decoding: limit, as: UTF8.self).prefix { $0 != "\n" }))
            let busy = try scratch.directory.subdirectory("busy", create: 0o700)
            _ = try busy.createFile("a")
            let (loud, quiet) = (try Diary(watcher, busy), try Diary(watcher, scratch.directory))
            // On the loop, so that nobody reads meanwhile. Two different events in turn, because equal ones are merged.
            for _ in 0...(count / 2) {
                try busy.link("a", to: busy, as: "b")
                try busy.remove("b")
            }
            #expect(await loud.events(through: .overflow).count > count / 2)
            #expect(await quiet.events(through: .overflow) == [.overflow])
            // Both go on to work.
            _ = try busy.createFile("c")
            #expect(await loud.events(through: .settled("c")) == [.appeared("c"), .settled("c")])
        }
    }

    @Test func aDirectoryThatIsRenamedIsGoneAndSoIsOneThatIsReplaced() async throws {
        try await Self.withWatcher { scratch, _, watcher in
            let queue = try scratch.directory.subdirectory("queue", create: 0o700)
            let diary = try Diary(watcher, queue)
            try scratch.directory.rename("queue", to: scratch.directory, as: "old")
            #expect(await diary.events(through: .gone) == [.gone])
            #expect(!queue.isOnPath())
        }
    }

    @Test func aDeletedDirectoryIsGoneOnceNobodyHasItOpen() async throws {
        try await Self.withWatcher { scratch, _, watcher in
            var queue: Directory? = try scratch.directory.subdirectory("queue", create: 0o700)
            let diary = try Diary(watcher, #require(queue))
            try scratch.directory.removeDirectory("queue")
            #expect(queue?.isOnPath() == false)
            queue = nil
            #expect(await diary.events(through: .gone) == [.gone])
        }
    }

    @Test func theDirectoryAndNotItsPathIsWatched() async throws {
        try await Self.withWatcher { scratch, _, watcher in
            let queue = try scratch.directory.subdirectory("queue", create: 0o700)
            try scratch.directory.rename("queue", to: scratch.directory, as: "old")
            _ = try scratch.directory.subdirectory("queue", create: 0o700)
            let diary = try Diary(watcher, queue)
            _ = try queue.createFile("a")
            #expect(await diary.events(through: .settled("a")) == [.appeared("a"), .settled("a")])
        }
    }
}
