// SPDX-License-Identifier: Apache-2.0
// Service groups that really run, on a reactor.

import Logging
import ServiceLifecycle
import Synchronization
import SystemKit
import TestSupport
import Testing

@Suite("Service groups")
struct ServiceGroupTests {
    /// What happened, in order, with a way to wait for it.
    final class Diary: Sendable {
        let log = RecordingLog()

        var entries: [String] { log.messages }

        func note(_ text: String) { log.logger().info("\(text)") }

        func wait(for text: String) async { _ = await log.first(text) }
    }

    /// Runs until it is asked to shut down, or cancelled.
    struct Patient: Service {
        let name: String
        let diary: Diary

        func run() async throws {
            diary.note("\(name) runs")
            do { try await gracefulShutdown() } catch { diary.note("\(name) cancelled") }
            diary.note("\(name) ends")
        }
    }

    /// Runs a closure.
    struct Body: Service {
        let body: @Sendable () async throws -> Void

        init(_ body: @escaping @Sendable () async throws -> Void) {
            self.body = body
        }

        func run() async throws { try await body() }
    }

    struct Failure: Error {}

    static func group(
        _ services: [any Service],
        _ reactor: Reactor,
        limit: Duration? = nil,
        signals: [UnixSignal] = [],
        cancelling: [UnixSignal] = [],
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) -> ServiceGroup {
        var configuration = ServiceGroupConfiguration(
            services: services,
            gracefulShutdownSignals: signals,
            cancellationSignals: cancelling,
            logger: logger
        )
        configuration.maximumGracefulShutdownDuration = limit
        return ServiceGroup(configuration: configuration, reactor: reactor)
    }

    @Test func servicesStartInOrderAndEndInReverse() async throws {
        let diary = Diary()
        try await onReactor { reactor in
            let group = Self.group(["a", "b", "c"].map { Patient(name: $0, diary: diary) }, reactor)
            async let run: Void = group.run()
            await diary.wait(for: "c runs")
            await group.triggerGracefulShutdown()
            try await run
        }
        #expect(diary.entries == ["a runs", "b runs", "c runs", "c ends", "b ends", "a ends"])
    }

    @Test func everythingRunsOnTheReactor() async throws {
        let places = RecordingLog()
        try await onReactor { reactor in
            let service = Body {
                places.logger().info("\(reactor.isOnLoop)")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { places.logger().info("\(reactor.isOnLoop)") }
                    try await group.waitForAll()
                }
                _ = try await cancelWhenGracefulShutdown { places.logger().info("\(reactor.isOnLoop)") }
                try await gracefulShutdown()
                places.logger().info("\(reactor.isOnLoop)")
            }
            let group = Self.group([service], reactor)
            async let run: Void = group.run()
            _ = await places.first("true")
            await group.triggerGracefulShutdown()
            try await run
        }
        #expect(places.messages == ["true", "true", "true", "true"])
    }

    @Test func aFailingServiceCancelsTheOthersAndItsErrorIsThrown() async throws {
        let diary = Diary()
        try await onReactor { reactor in
            let group = Self.group([Patient(name: "a", diary: diary), Body { throw Failure() }], reactor)
            await #expect(throws: Failure.self) { try await group.run() }
        }
        #expect(diary.entries == ["a runs", "a cancelled", "a ends"])
    }

    @Test func aServiceThatReturnsEarlyIsAnError() async throws {
        try await onReactor { reactor in
            let group = Self.group([Body {}], reactor)
            let error = await #expect(throws: ServiceGroupError.self) { try await group.run() }
            #expect(error?.errorCode == .serviceFinishedUnexpectedly)
        }
    }

    @Test func aShutdownAskedForBeforeTheStartIsNotLost() async throws {
        let diary = Diary()
        try await onReactor { reactor in
            let group = Self.group([Patient(name: "a", diary: diary)], reactor)
            await group.triggerGracefulShutdown()
            try await group.run()
        }
        #expect(diary.entries == ["a runs", "a ends"])
    }

    @Test func aGroupRunsOnlyOnce() async throws {
        try await onReactor { reactor in
            let group = Self.group([], reactor)
            try await group.run()
            let error = await #expect(throws: ServiceGroupError.self) { try await group.run() }
            #expect(error?.errorCode == .alreadyFinished)
        }
    }

    @Test func cancellingTheTaskCancelsTheServices() async throws {
        let diary = Diary()
        try await onReactor { reactor in
            await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await Self.group([Patient(name: "a", diary: diary)], reactor).run() }
                await diary.wait(for: "a runs")
                tasks.cancelAll()
                await #expect(throws: CancellationError.self) { try await tasks.next() }
            }
        }
        #expect(diary.entries == ["a runs", "a cancelled", "a ends"])
    }

    @Test func aServiceThatIgnoresTheRequestIsCancelledAtTheLimit() async throws {
        let diary = Diary()
        try await onReactor { reactor in
            let stubborn = Body {
                diary.note("runs")
                // Waits for a cancellation only.
                _ = try? await reactor.sleep(until: reactor.clock.now + .seconds(3600))
                diary.note("ends")
            }
            let group = Self.group([stubborn], reactor, limit: .milliseconds(1), logger: diary.log.logger())
            async let run: Void = group.run()
            await diary.wait(for: "runs")
            await group.triggerGracefulShutdown()
            try await run
        }
        #expect(diary.entries.contains("graceful shutdown takes too long, services are cancelled"))
        #expect(diary.entries.contains("ends"))
    }

    @Test func anInnerGroupShutsDownWithTheOuterOne() async throws {
        let diary = Diary()
        try await onReactor { reactor in
            let inner = Self.group([Patient(name: "inner", diary: diary)], reactor)
            let outer = Self.group([Patient(name: "outer", diary: diary), inner], reactor)
            async let run: Void = outer.run()
            await diary.wait(for: "inner runs")
            await outer.triggerGracefulShutdown()
            try await run
        }
        #expect(diary.entries == ["outer runs", "inner runs", "inner ends", "outer ends"])
    }

    @Test func aSignalBeginsTheShutdownAndASecondOneCancels() async throws {
        let diary = Diary()
        try await onReactor { reactor in
            let stubborn = Body {
                diary.note("runs")
                await withGracefulShutdownHandler {
                    // However it ends, the service goes on.
                    _ = try? await reactor.sleep(until: reactor.clock.now + .seconds(3600))
                } onGracefulShutdown: {
                    diary.note("asked")
                }
                diary.note("ends")
            }
            let group = Self.group([stubborn], reactor, signals: [.sigusr1])
            async let run: Void = group.run()
            await diary.wait(for: "runs")
            raiseSignalInThread(UnixSignal.sigusr1.rawValue)
            await diary.wait(for: "asked")
            raiseSignalInThread(UnixSignal.sigusr1.rawValue)
            try await run
        }
        #expect(diary.entries == ["runs", "asked", "ends"])
    }

    @Test func aCancellationSignalCancelsAtOnce() async throws {
        let diary = Diary()
        try await onReactor { reactor in
            let group = Self.group([Patient(name: "a", diary: diary)], reactor, cancelling: [.sigusr2])
            async let run: Void = group.run()
            await diary.wait(for: "a runs")
            raiseSignalInThread(UnixSignal.sigusr2.rawValue)
            try await run
        }
        #expect(diary.entries == ["a runs", "a cancelled", "a ends"])
    }
}

@Suite("Graceful shutdown within a service")
struct GracefulShutdownTests {
    @Test func outsideOfAServiceNobodyShutsDown() async throws {
        #expect(!Task.isShuttingDownGracefully)
        let value = await withGracefulShutdownHandler {
            1
        } onGracefulShutdown: {
            Issue.record("asked")
        }
        #expect(value == 1)
        let waiting = Task { try await gracefulShutdown() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(try await cancelWhenGracefulShutdown { 2 } == 2)
    }

    @Test func theHandlerIsCalledOnceAndOnlyDuringTheOperation() async throws {
        let calls = Mutex<[String]>([])
        try await onReactor { reactor in
            let service = ServiceGroupTests.Body {
                await withGracefulShutdownHandler {
                } onGracefulShutdown: {
                    calls.withLock { $0.append("before") }
                }
                await withGracefulShutdownHandler {
                    // However it ends, the service goes on.
                    _ = try? await gracefulShutdown()
                } onGracefulShutdown: {
                    calls.withLock { $0.append("during") }
                }
                await withGracefulShutdownHandler {
                } onGracefulShutdown: {
                    calls.withLock { $0.append("after") }
                }
                #expect(Task.isShuttingDownGracefully)
            }
            let group = ServiceGroupTests.group([service], reactor)
            await group.triggerGracefulShutdown()
            try await group.run()
        }
        #expect(calls.withLock { $0 } == ["during", "after"])
    }

    @Test func anOperationIsCancelledAtTheRequestAndItsValueKept() async throws {
        let values = Mutex<[Int]>([])
        try await onReactor { reactor in
            let service = ServiceGroupTests.Body {
                let value = try await cancelWhenGracefulShutdown {
                    // However it ends, the service goes on.
                    _ = try? await reactor.sleep(until: reactor.clock.now + .seconds(3600))
                    return 7
                }
                values.withLock { $0.append(value) }
            }
            let group = ServiceGroupTests.group([service], reactor)
            await group.triggerGracefulShutdown()
            try await group.run()
        }
        #expect(values.withLock { $0 } == [7])
    }
}
