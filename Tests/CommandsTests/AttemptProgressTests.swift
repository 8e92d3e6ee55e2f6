// SPDX-License-Identifier: Apache-2.0
// Which output is read when, as a table of what is seen.

import Commands
import SystemKit
import TestSupport
import Testing

@Suite("Following attempts")
struct AttemptProgressTests {
    private typealias Sighting = AttemptProgress.Sighting
    private typealias Step = AttemptProgress.Step

    private func steps(_ sightings: [Sighting], from start: AttemptProgress.Start = .attempt(1)) -> [[Step]] {
        var progress = AttemptProgress(start: start)
        return sightings.map { progress.advance(to: $0) }
    }

    private let none = Sighting(number: 0, isLive: false)

    private func live(_ number: Int, _ run: String) -> Sighting {
        Sighting(number: number, runID: run, isLive: true)
    }

    private func over(_ number: Int, _ run: String? = nil) -> Sighting {
        Sighting(number: number, runID: run, isLive: false)
    }

    @Test func anAttemptIsReadWhileItRunsAndToItsEnd() {
        let steps = steps([none, live(1, "a"), live(1, "a"), over(1, "a"), over(1, "a")])
        #expect(steps == [[], [.begin(1), .read(1)], [.read(1)], [.finish(1)], []])
    }

    @Test func attemptsThatNobodySawAreReadInOrder() {
        #expect(steps([over(3)]) == [[.begin(1), .finish(1), .begin(2), .finish(2), .begin(3), .finish(3)]])
        let steps = steps([live(1, "a"), live(3, "c"), over(3)])
        #expect(
            steps == [
                [.begin(1), .read(1)], [.finish(1), .begin(2), .finish(2), .begin(3), .read(3)], [.finish(3)],
            ]
        )
    }

    @Test func anAttemptThatWasTakenBackIsReadAgainWhenItRunsAgain() {
        let steps = steps([live(1, "a"), none, live(1, "b"), over(1, "b")])
        #expect(steps == [[.begin(1), .read(1)], [.read(1)], [.restart(1), .read(1)], [.finish(1)]])
        // Also when its end had been seen.
        let later = self.steps([live(2, "a"), over(2, "a"), over(1), live(2, "b")], from: .attempt(2))
        #expect(later == [[.begin(2), .read(2)], [.finish(2)], [], [.restart(2), .read(2)]])
    }

    @Test func theEndOfTheTaskReadsWhatWasWrittenSince() {
        #expect(steps([live(1, "a"), over(1, "a"), over(1)]) == [[.begin(1), .read(1)], [.finish(1)], [.finish(1)]])
    }

    @Test func theLatestIsWhatTheFirstLookFinds() {
        #expect(steps([none, live(1, "a")], from: .latest) == [[], [.begin(1), .read(1)]])
        #expect(steps([over(3)], from: .latest) == [[.begin(3), .finish(3)]])
    }

    @Test func aChosenAttemptIsWaitedFor() {
        let steps = steps([over(1), live(2, "b"), live(3, "c")], from: .attempt(3))
        #expect(steps == [[], [], [.begin(3), .read(3)]])
    }
}

@Suite("Tail of a log")
struct LogTailTests {
    private func read(_ tail: inout LogTail, _ scratch: TemporaryDirectory) throws -> String {
        String(decoding: try tail.next(from: scratch.directory.openFile("log"), count: 4), as: UTF8.self)
    }

    @Test func whatIsAddedIsReadOnceInChunks() throws {
        let scratch = try TemporaryDirectory()
        let log = try scratch.directory.createFile("log", append: true)
        var tail = LogTail()
        #expect(try read(&tail, scratch) == "")
        try log.write(all: Array("abcdef".utf8))
        #expect(try read(&tail, scratch) == "abcd")
        #expect(try read(&tail, scratch) == "ef")
        #expect(try read(&tail, scratch) == "")
        try log.write(all: Array("g".utf8))
        #expect(try read(&tail, scratch) == "g")
    }

    @Test func aLogThatWasEmptiedIsReadFromItsBeginning() throws {
        let scratch = try TemporaryDirectory()
        try scratch.directory.createFile("log").write(all: Array("abcd".utf8))
        var tail = LogTail()
        #expect(try read(&tail, scratch) == "abcd")
        try AtomicFile.write(Array("xy".utf8), as: "log", in: scratch.directory, replacing: true, durability: .relaxed)
        #expect(try read(&tail, scratch) == "xy")
    }

    @Test func theOldLogIsNotReadAgainBeforeTheNewRunBegins() throws {
        let scratch = try TemporaryDirectory()
        try scratch.directory.createFile("log").write(all: Array("abcd".utf8))
        var tail = LogTail()
        #expect(try read(&tail, scratch) == "abcd")
        tail.restart(unless: try scratch.directory.status(of: "log"))
        #expect(try read(&tail, scratch) == "")
        // As long as the old one, so that its size tells nothing.
        try AtomicFile.write(
            Array("wxyz".utf8),
            as: "log",
            in: scratch.directory,
            replacing: true,
            durability: .relaxed
        )
        #expect(try read(&tail, scratch) == "wxyz")
    }
}
