// SPDX-License-Identifier: Apache-2.0
// Timers, sleeping, and blocking work beside the loop.

import Glibc
import Synchronization
import SystemKit
import TestSupport
import Testing

@Suite("Timers and sleep")
struct ReactorTimeTests {
    @Test func timersFireInTheOrderOfTheirMoments() async throws {
        let order = Mutex<[Int]>([])
        let seeded = SeededGenerator.fromEnvironment()
        try await onReactor { reactor in
            let start = ContinuousClock.now
            var generator = seeded
            let delays = (0..<200).map { $0 % 100 }.shuffled(using: &generator)
            await withCheckedContinuation { done in
                for delay in delays {
                    _ = reactor.schedule(at: start + .microseconds(delay * 50)) {
                        #expect(ContinuousClock.now >= start + .microseconds(delay * 50))
                        let count = order.withLock { order in
                            order.append(delay)
                            return order.count
                        }
                        if count == 200 { done.resume() }
                    }
                }
            }
        }
        let fired = order.withLock { $0 }
        #expect(fired == fired.sorted(), "VIGIL_TEST_SEED=\(seeded.seed)")
        #expect(fired.count == 200)
    }

    @Test func timersOfOneMomentFireInTheOrderTheyWereMade() async throws {
        let order = Mutex<[Int]>([])
        try await onReactor { reactor in
            let moment = ContinuousClock.now + .milliseconds(1)
            for number in 0..<50 { _ = reactor.schedule(at: moment) { order.withLock { $0.append(number) } } }
            try await reactor.sleep(until: moment)
        }
        #expect(order.withLock { $0 } == Array(0..<50))
    }

    @Test func aCancelledTimerDoesNotFire() async throws {
        let fired = Mutex<[Int]>([])
        try await onReactor { reactor in
            let moment = ContinuousClock.now + .milliseconds(1)
            let timers = (0..<100).map { number in
                reactor.schedule(at: moment + .microseconds(number)) { fired.withLock { $0.append(number) } }
            }
            for (number, timer) in timers.enumerated() where number % 3 != 0 {
                reactor.cancel(timer)
                reactor.cancel(timer)
            }
            try await reactor.sleep(until: moment + .milliseconds(1))
            // A timer that has fired, or whose place is used again, is not touched.
            let last = reactor.schedule(at: moment + .milliseconds(2)) { fired.withLock { $0.append(-1) } }
            for timer in timers { reactor.cancel(timer) }
            try await reactor.sleep(until: moment + .milliseconds(2))
            reactor.cancel(last)
        }
        #expect(fired.withLock { $0 } == (0..<100).filter { $0 % 3 == 0 } + [-1])
    }

    @Test(arguments: 0..<10)
    func cancellingAnyTimersKeepsTheOrderOfTheOthers(_ round: UInt64) async throws {
        let order = Mutex<[Int]>([])
        let seed = SeededGenerator.fromEnvironment().seed
        let kept = try await onReactor { reactor in
            var generator = SeededGenerator(seed: seed &+ round)
            let moment = ContinuousClock.now + .milliseconds(5)
            let delays = (0..<200).shuffled(using: &generator)
            let timers = delays.map { delay in
                (delay, reactor.schedule(at: moment + .nanoseconds(delay)) { order.withLock { $0.append(delay) } })
            }
            let cancelled = Set(timers.shuffled(using: &generator).prefix(120).map(\.0))
            for (delay, timer) in timers where cancelled.contains(delay) { reactor.cancel(timer) }
            try await reactor.sleep(until: moment + .milliseconds(1))
            return delays.filter { !cancelled.contains($0) }.sorted()
        }
        #expect(order.withLock { $0 } == kept, "VIGIL_TEST_SEED=\(seed)")
    }

    @Test func aTimerCancelsAnotherOfTheSameMoment() async throws {
        let fired = Mutex(0)
        try await onReactor { reactor in
            let moment = ContinuousClock.now + .milliseconds(1)
            let second = Mutex<TimerID?>(nil)
            _ = reactor.schedule(at: moment) {
                fired.withLock { $0 += 1 }
                if let timer = second.withLock({ $0 }) { reactor.cancel(timer) }
            }
            let timer = reactor.schedule(at: moment) { fired.withLock { $0 += 10 } }
            second.withLock { $0 = timer }
            try await reactor.sleep(until: moment + .microseconds(1))
        }
        #expect(fired.withLock { $0 } == 1)
    }

    @Test func aTimerThatAlwaysSetsAnotherDoesNotStopTheLoop() async throws {
        try await onReactor { reactor in
            let chain = TimerChain(reactor)
            chain.start()
            let pair = try SocketPair.make()
            let number = pair.second.rawValue
            try sendPacket(pair.first.rawValue, [1])
            await withCheckedContinuation { continuation in
                do {
                    try reactor.watch(number, for: .read) { _ in
                        reactor.unwatch(number)
                        continuation.resume()
                    }
                } catch {
                    Issue.record(error)
                }
            }
            chain.stop()
        }
    }

    @Test(arguments: [
        ContinuousClock.now - .seconds(1_000_000_000), ContinuousClock().systemEpoch - .seconds(5), .now,
    ])
    func aPastMomentEndsASleepAtOnce(_ moment: ContinuousClock.Instant) async throws {
        try await onReactor { try await $0.sleep(until: moment) }
    }

    @Test func aMomentBeyondAllClocksIsNoTrap() async throws {
        try await onReactor { reactor in
            let timer = reactor.schedule(at: .now + .seconds(Int64.max)) { Issue.record("fired") }
            try await reactor.sleep(until: .now + .milliseconds(1))
            reactor.cancel(timer)
        }
    }

    @Test func aCancelledSleepEndsAtOnceWithAnError() async throws {
        try await onReactor { reactor in
            await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await reactor.sleep(until: .now + .seconds(3600)) }
                }
                // The first 10 are asleep by then, or not yet begun: both must end.
                await Task.yield()
                group.cancelAll()
                while let result = await group.nextResult() {
                    #expect(throws: CancellationError.self) { try result.get() }
                }
            }
        }
    }

    @Test func aSleepIsCancelledFromAnyThread() async throws {
        try await onReactor { reactor in
            let task = Task(executorPreference: reactor) { try await reactor.sleep(until: .now + .seconds(3600)) }
            await reactor.turn()
            try startThread { task.cancel() }
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test func sleepingWorksFromOtherExecutors() async throws {
        let reactor = try Reactor()
        try startThread { reactor.run() }
        defer { reactor.stop() }
        let start = ContinuousClock.now
        try await reactor.sleep(until: start + .milliseconds(2))
        #expect(ContinuousClock.now >= start + .milliseconds(2))
    }
}

/// A timer that sets the next one for a past moment, again and again.
private final class TimerChain: Sendable {
    private let reactor: Reactor
    private let isStopped = Atomic<Bool>(false)

    init(_ reactor: Reactor) {
        self.reactor = reactor
    }

    func start() {
        guard !isStopped.load(ordering: .relaxed) else { return }
        _ = reactor.schedule(at: .now - .seconds(3600)) { self.start() }
    }

    func stop() { isStopped.store(true, ordering: .relaxed) }
}

@Suite("Blocking work beside the loop")
struct OffloadTests {
    @Test func workBlocksWithoutStoppingTheLoop() async throws {
        try await onReactor { reactor in
            let (read, write) = try pipeEnds()
            async let byte = reactor.offload {
                var byte: UInt8 = 0
                _ = Glibc.read(read, &byte, 1)
                return byte
            }
            // The loop goes on while the work waits for what the loop is going to write.
            try await reactor.sleep(until: .now + .milliseconds(1))
            #expect(Glibc.write(write, [UInt8(7)], 1) == 1)
            #expect(await byte == 7)
            for number in [read, write] { close(number) }
        }
    }

    @Test func allWorkIsDoneByAFewThreads() async throws {
        try await onReactor { reactor in
            let threads = await withTaskGroup(of: Int32.self) { group in
                for _ in 0..<500 { group.addTask { await reactor.offload { SystemInfo.threadID } } }
                return await group.reduce(into: [Int32: Int]()) { $0[$1, default: 0] += 1 }
            }
            #expect(threads.values.reduce(0, +) == 500)
            #expect(threads.count <= 2)
            #expect(threads[SystemInfo.threadID] == nil)
        }
    }

    @Test func threadsEndWithTheirReactor() async throws {
        let thread: Int32
        do {
            let reactor = try Reactor()
            let number = Mutex<Int32>(0)
            _ = reactor.runUntilComplete {
                let worker = await reactor.offload { SystemInfo.threadID }
                number.withLock { $0 = worker }
                return 0
            }
            thread = number.withLock { $0 }
        }
        // Gone soon: its directory in /proc cannot be opened any more.
        try await blocking {
            while true {
                do { _ = try Directory.open("/proc/self/task/\(thread)") } catch { return }
                sched_yield()
            }
        }
    }
}
