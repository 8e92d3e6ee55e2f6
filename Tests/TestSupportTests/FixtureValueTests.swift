// SPDX-License-Identifier: Apache-2.0
// The small parts that other tests stand on.

import Logging
import SystemKit
import TestSupport
import Testing

@Suite("Temporary directories")
struct TemporaryDirectoryTests {
    @Test("two directories never share a path")
    func pathsAreUnique() throws {
        let first = try TemporaryDirectory()
        let second = try TemporaryDirectory()
        #expect(first.path != second.path)
    }

    @Test("a directory goes with all that is in it")
    func removedWithContents() throws {
        let path = try withTemporaryDirectory { scratch in
            let inner = try scratch.directory.subdirectory("inner", create: 0o700)
            try AtomicFile.write([1], as: "file", in: inner, replacing: false, durability: .relaxed)
            return scratch.path
        }
        let error = #expect(throws: SystemCallError.self) { try Directory.open(path) }
        #expect(error?.errno == .noEntry)
    }
}

@Suite("Recording log")
struct RecordingLogTests {
    @Test("entries keep order, level and merged metadata")
    func entriesAreKept() {
        let log = RecordingLog()
        var logger = log.logger(level: .info)
        logger[metadataKey: "worker"] = "marie"
        logger.debug("too fine")
        logger.info("first", metadata: ["task": "t1"])
        logger.error("second")
        #expect(log.messages == ["first", "second"])
        #expect(log.entries.first?.metadata == ["worker": "marie", "task": "t1"])
        #expect(log.entries.last?.level == .error)
    }

    @Test("a waiting test gets the entry, whether it comes before or after")
    func waitingTestIsResumed() async {
        let log = RecordingLog()
        let logger = log.logger()
        logger.info("early")
        #expect(await log.first("early").message == "early")
        async let waiting = log.first { $0.metadata["task"] == "t2" }
        logger.info("other", metadata: ["task": "t1"])
        logger.info("late", metadata: ["task": "t2"])
        let late = await waiting
        #expect(late.message == "late")
    }
}

@Suite("Manual wall clock and seeded numbers")
struct ClockAndGeneratorTests {
    @Test("the clock stands still until it is moved, backwards too")
    func clockMovesByHand() {
        let manual = ManualWallClock(milliseconds: 1000)
        let clock = manual.clock
        #expect(clock.nowMilliseconds == 1000)
        manual.advance(by: .milliseconds(1500))
        #expect(clock.nowMilliseconds == 2500)
        manual.advance(by: .seconds(-2))
        #expect(clock.nowMilliseconds == 500)
        manual.set(milliseconds: 7)
        #expect(clock.nowMilliseconds == 7)
    }

    @Test("the same seed gives the same numbers")
    func seedDecides() {
        var first = SeededGenerator(seed: 42)
        var second = SeededGenerator(seed: 42)
        var other = SeededGenerator(seed: 43)
        let numbers = (0..<4).map { _ in first.next() }
        let repeated = (0..<4).map { _ in second.next() }
        let different = (0..<4).map { _ in other.next() }
        #expect(numbers == repeated)
        #expect(numbers != different)
    }
}
