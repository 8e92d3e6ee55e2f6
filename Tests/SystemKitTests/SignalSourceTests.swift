// SPDX-License-Identifier: Apache-2.0
// Signals that arrive as events.

import Glibc
import Synchronization
import SystemKit
import TestSupport
import Testing

@Suite("Signals")
struct SignalSourceTests {
    @Test func blockedSignalsArriveOnTheLoop() async throws {
        try await onReactor { reactor in
            // Sent to the loop's thread alone: other tests run in this process.
            let signals = [SIGUSR1, SIGHUP]
            SignalSource.block(signals)
            let (heard, hear) = AsyncStream.makeStream(of: Int32.self)
            let source = try SignalSource(signals: signals, reactor: reactor) { hear.yield(reactor.isOnLoop ? $0 : -1) }
            var iterator = heard.makeAsyncIterator()
            for signal in [SIGUSR1, SIGHUP, SIGUSR1] {
                raiseSignalInThread(signal)
                #expect(await iterator.next() == signal)
            }
            source.stop()
        }
    }

    @Test func aStoppedSourceIsSilent() async throws {
        try await onReactor { reactor in
            SignalSource.block([SIGUSR2])
            let calls = Mutex(0)
            let source = try SignalSource(signals: [SIGUSR2], reactor: reactor) { _ in calls.withLock { $0 += 1 } }
            raiseSignalInThread(SIGUSR2)
            source.stop()
            await reactor.turn()
            #expect(calls.withLock { $0 } == 0)
        }
    }

    @Test func aFileThatMayNotGrowIsAnErrorOnceTheSignalIsIgnored() async {
        await #expect(processExitsWith: .exitCode(0)) {
            SignalSource.ignoreFileSizeLimit()
            var path = Array("/tmp/vigil-limit-XXXXXX".utf8CString)
            let file = OwnedDescriptor(adopting: mkstemp(&path))
            unlink(path)
            var limit = rlimit(rlim_cur: 0, rlim_max: 0)
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let error = #expect(throws: SystemCallError.self) { try file.write(all: [1]) }
            try #require(error?.errno == .fileTooLarge)
            exit(0)
        }
    }

    @Test func aMissingReaderIsAnErrorOnceTheSignalIsIgnored() async {
        await #expect(processExitsWith: .exitCode(0)) {
            SignalSource.ignorePipe()
            var ends: [Int32] = [-1, -1]
            try #require(pipe(&ends) == 0)
            close(ends[0])
            let writer = OwnedDescriptor(adopting: ends[1])
            let error = #expect(throws: SystemCallError.self) { try writer.write(all: [1]) }
            try #require(error?.errno == .brokenPipe)
            dup2(writer.rawValue, 1)
            try writeStandardOutput([1, 2, 3])
            exit(0)
        }
    }
}
