// SPDX-License-Identifier: Apache-2.0
// Waiting for descriptors on the loop.

import Glibc
import Synchronization
import SystemKit
import TestSupport
import Testing

@Suite("Watching descriptors")
struct ReactorWatchTests {
    @Test func readinessIsToldAsLongAsItLasts() async throws {
        try await onReactor { reactor in
            let pair = try SocketPair.make()
            let number = pair.second.rawValue
            let (heard, hear) = AsyncStream.makeStream(of: Readiness.self)
            try reactor.watch(number, for: .read) { hear.yield($0) }
            try sendPacket(pair.first.rawValue, [1])
            var iterator = heard.makeAsyncIterator()
            // Nobody reads the packet: the descriptor stays ready.
            #expect(await iterator.next() == .read)
            #expect(await iterator.next() == .read)
            #expect(try receivePacket(number, limit: 9) == [1])
            reactor.unwatch(number)
        }
    }

    @Test func aClosedPeerIsAHangUpAndTheEnd() async throws {
        try await onReactor { reactor in
            let pair = try SocketPair.make()
            let first = pair.first.release()
            let second = pair.second
            let number = second.rawValue
            let readiness = await withCheckedContinuation { continuation in
                do {
                    try reactor.watch(number, for: .read) {
                        reactor.unwatch(number)
                        continuation.resume(returning: $0)
                    }
                    close(first)
                } catch {
                    Issue.record(error)
                }
            }
            #expect(readiness.isSuperset(of: [.read, .hangUp]))
            #expect(try receivePacket(number, limit: 9) == nil)
        }
    }

    @Test func theInterestCanBeChanged() async throws {
        try await onReactor { reactor in
            let pair = try SocketPair.make()
            let number = pair.first.rawValue
            let (heard, hear) = AsyncStream.makeStream(of: Readiness.self)
            try reactor.watch(number, for: .read) { hear.yield($0) }
            try reactor.change(number, to: [.read, .write])
            var iterator = heard.makeAsyncIterator()
            #expect(await iterator.next() == .write)
            reactor.unwatch(number)
            let error = #expect(throws: SystemCallError.self) { try reactor.change(number, to: .read) }
            #expect(error?.errno == .noEntry)
        }
    }

    @Test func whatCannotBeWatchedIsRefused() async throws {
        try await withTemporaryDirectory { scratch in
            try await onReactor { reactor in
                let file = try scratch.directory.createFile("a")
                func expectRefusal(_ number: Int32, _ errno: Errno) {
                    let error = #expect(throws: SystemCallError.self) {
                        try reactor.watch(number, for: .read) { _ in }
                    }
                    #expect(error?.errno == errno)
                }
                expectRefusal(file.rawValue, .notPermitted)
                expectRefusal(-1, .badDescriptor)
                let pair = try SocketPair.make()
                try reactor.watch(pair.first.rawValue, for: .read) { _ in }
                expectRefusal(pair.first.rawValue, .exists)
                reactor.unwatch(pair.first.rawValue)
                reactor.unwatch(pair.first.rawValue)
            }
        }
    }

    @Test func eventsOfOneBatchAreNotDeliveredToEndedWatches() async throws {
        try await onReactor { reactor in
            // All are ready in one batch; the first handler that runs ends all watches.
            let pairs = try (0..<8).map { _ in
                let pair = try SocketPair.make()
                return (pair.first.release(), pair.second.release())
            }
            let calls = Mutex(0)
            for (_, number) in pairs {
                try reactor.watch(number, for: .read) { _ in
                    calls.withLock { $0 += 1 }
                    for (_, other) in pairs { reactor.unwatch(other) }
                }
            }
            for (number, _) in pairs { try sendPacket(number, [1]) }
            await reactor.turn()
            #expect(calls.withLock { $0 } == 1)
            for (first, second) in pairs { for number in [first, second] { close(number) } }
        }
    }

    @Test func anEventForAnOldFileIsNotDeliveredToANewOneOfItsNumber() async throws {
        try await onReactor { reactor in
            let ready = try (0..<2).map { _ in
                let pair = try SocketPair.make()
                return (pair.first.release(), pair.second.release())
            }
            let quiet = try SocketPair.make()
            let calls = Mutex<[String]>([])
            // Whichever handler runs first puts a quiet socket in place of the other's, and watches it.
            for index in 0..<2 {
                let (mine, other) = (ready[index].1, ready[1 - index].1)
                let source = quiet.second.rawValue
                try reactor.watch(mine, for: .read) { _ in
                    calls.withLock { $0.append("old") }
                    reactor.unwatch(mine)
                    reactor.unwatch(other)
                    dup2(source, other)
                    do {
                        try reactor.watch(other, for: .read) { _ in calls.withLock { $0.append("new") } }
                    } catch {
                        Issue.record(error)
                    }
                }
            }
            for (number, _) in ready { try sendPacket(number, [1]) }
            await reactor.turn()
            #expect(calls.withLock { $0 } == ["old"])
            for (first, second) in ready {
                reactor.unwatch(second)
                for number in [first, second] { close(number) }
            }
        }
    }
}

extension Reactor {
    /// Returns after the loop has taken all events that were there at the call.
    func turn() async {
        for _ in 0..<3 {
            await withCheckedContinuation { continuation in
                _ = schedule(at: .now) { continuation.resume() }
            }
        }
    }
}
