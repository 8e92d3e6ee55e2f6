// SPDX-License-Identifier: Apache-2.0
// The loop: jobs, descriptors, and threads.

import Glibc
import Synchronization
import SystemKit
import TestSupport
import Testing

@Suite("Reactor")
struct ReactorTests {
    /// An actor that lives on a reactor.
    actor Counter {
        nonisolated let reactor: Reactor
        private(set) var count = 0

        nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

        init(_ reactor: Reactor) {
            self.reactor = reactor
        }

        func increment() -> Bool {
            count += 1
            return reactor.isOnLoop
        }

        func incrementFromHandler() { count += 1 }
    }

    @Test func theValueOfTheProgramIsReturned() throws {
        let reactor = try Reactor()
        #expect(!reactor.isOnLoop)
        let status = reactor.runUntilComplete {
            await Task.yield()
            return reactor.isOnLoop ? 42 : 1
        }
        #expect(status == 42)
        #expect(!reactor.isOnLoop)
    }

    @Test func aStopBeforeTheStartIsNotLost() throws {
        let reactor = try Reactor()
        reactor.stop()
        reactor.run()
    }

    @Test func everythingStructuredStaysOnTheLoop() async throws {
        try await onReactor { reactor in
            #expect(reactor.isOnLoop)
            async let child = reactor.isOnLoop
            #expect(await child)
            let children = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        await Task.yield()
                        return reactor.isOnLoop
                    }
                }
                return await group.allSatisfy { $0 }
            }
            #expect(children)
            let counter = Counter(reactor)
            #expect(await counter.increment())
            #expect(reactor.isOnLoop)
            let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
            reactor.perform { continuation.yield(1) }
            var iterator = stream.makeAsyncIterator()
            #expect(await iterator.next() == 1)
            #expect(reactor.isOnLoop)
            #expect(await reactor.offload { reactor.isOnLoop } == false)
            #expect(reactor.isOnLoop)
            try await reactor.sleep(until: .now)
            #expect(reactor.isOnLoop)
            try await reactor.clock.sleep(until: .now, tolerance: nil)
            #expect(reactor.isOnLoop)
        }
    }

    @Test func aHandlerHasTheIsolationOfTheLoopsActors() async throws {
        try await onReactor { reactor in
            let counter = Counter(reactor)
            await withCheckedContinuation { done in
                reactor.perform {
                    counter.assumeIsolated { $0.incrementFromHandler() }
                    done.resume()
                }
            }
            #expect(await counter.count == 1)
        }
    }

    @Test func thousandsOfJobsFromOtherThreadsAllArrive() async throws {
        try await onReactor { reactor in
            let counter = Counter(reactor)
            let (threads, each) = (4, 2500)
            let (finished, finish) = AsyncStream.makeStream(of: Void.self)
            let left = LoopCount(threads * each)
            for _ in 0..<threads {
                try startThread {
                    for _ in 0..<each {
                        reactor.perform {
                            counter.assumeIsolated { $0.incrementFromHandler() }
                            if left.takeOne() { finish.finish() }
                        }
                    }
                }
            }
            for await _ in finished {}
            #expect(await counter.count == threads * each)
        }
    }

    @Test func tasksOfOtherExecutorsCanCallActorsOfTheLoop() async throws {
        let reactor = try Reactor()
        try startThread { reactor.run() }
        defer { reactor.stop() }
        let counter = Counter(reactor)
        let onLoop = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<1000 { group.addTask { await counter.increment() } }
            return await group.allSatisfy { $0 }
        }
        #expect(onLoop)
        #expect(await counter.count == 1000)
    }

    @Test func jobsThatMakeJobsDoNotKeepEventsWaiting() async throws {
        try await onReactor { reactor in
            let (read, write) = try pipeEnds()
            let (reader, writer) = (read, write)
            let isHeard = Atomic<Bool>(false)
            try reactor.watch(reader, for: .read) { _ in
                isHeard.store(true, ordering: .relaxed)
                reactor.unwatch(reader)
            }
            #expect(Glibc.write(writer, "x", 1) == 1)
            // Each yield queues a job before the loop can wait.
            while !isHeard.load(ordering: .relaxed) { await Task.yield() }
            for number in [reader, writer] { close(number) }
        }
    }

    @Test func anIdleReactorNeverWakesUp() async throws {
        try await onReactor { reactor in
            // Whatever was used before must leave nothing behind.
            let timer = reactor.schedule(at: .now + .milliseconds(100)) {}
            try await reactor.sleep(until: .now + .milliseconds(1))
            await reactor.offload {}
            reactor.cancel(timer)
            let threads = [SystemInfo.threadID, await reactor.offload { SystemInfo.threadID }]
            let switches = try await blocking {
                // The loop and the worker have yet to begin waiting.
                while try threads.contains(where: { try field("State", of: $0) != "S (sleeping)" }) { sched_yield() }
                let before = try threads.map(voluntarySwitches)
                // Time is what is measured here: nothing may happen while it passes.
                poll(nil, 0, 300)
                return try zip(threads, before).map { try voluntarySwitches($0) - $1 }
            }
            #expect(switches == [0, 0])
        }
    }

    @Test func onlyTheLoopsThreadMayTouchItsState() async {
        await #expect(processExitsWith: .failure) {
            let reactor = try Reactor()
            try startThread { reactor.run() }
            await withCheckedContinuation { running in reactor.perform { running.resume() } }
            _ = reactor.schedule(at: .now) {}
        }
    }
}

/// How often a thread gave up its processor to wait.
private func voluntarySwitches(_ thread: Int32) throws -> Int {
    try #require(Int(field("voluntary_ctxt_switches", of: thread)))
}

/// One line of proc_pid_status(5) for a thread of this process.
private func field(_ name: String, of thread: Int32) throws -> Substring {
    let status = try Directory.open("/proc/self/task/\(thread)").read("status", limit: 65536) ?? []
    let lines = String(decoding: status, as: UTF8.self).split(separator: "\n")
    return try #require(lines.first { $0.hasPrefix("\(name):") }).dropFirst(name.count + 2)
}

/// A number counted down by several threads.
private final class LoopCount: Sendable {
    private let count: Atomic<Int>

    init(_ count: Int) {
        self.count = Atomic(count)
    }

    /// Returns true for the last one.
    func takeOne() -> Bool { count.subtract(1, ordering: .relaxed).newValue == 0 }
}
