// SPDX-License-Identifier: Apache-2.0
// Results and dead letters: whole, once, and nothing overwritten.

import FileQueue
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Results and dead letters")
struct FinishTests {
    @Test func finishedTaskLeavesOnlyItsResult() async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let claim = try fixture.claim("a", in: queue)
        #expect(try await queue.finish(claim, fixture.result(claim)) == nil)
        #expect(try fixture.names(in: "tasks/.claims").isEmpty)
        #expect(try fixture.names(in: "results/marie") == ["a.json"])
        #expect(try queue.shelf.result(of: claim.id)?.status == .completed)
    }

    @Test(arguments: [
        (TaskStatus.completed, true, true), (.completed, false, false), (.cancelled, false, true),
        (.cancelled, true, true),
    ])
    func taskFileGoesToTheOutput(status: TaskStatus, hasOutput: Bool, isKept: Bool) async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let claim = try fixture.claim("a", in: queue)
        if hasOutput { _ = try queue.openLogs(of: claim) }
        #expect(try await queue.finish(claim, fixture.result(claim, status)) == nil)
        #expect(try fixture.names(in: "tasks/.claims").isEmpty)
        #expect(try fixture.names(in: "results/marie") == (isKept ? ["a", "a.json"] : ["a.json"]))
        let view = try QueueView(locations: fixture.locations)
        let result = try #require(try view.shelf.result(of: claim.id))
        #expect(try view.keptTask(of: result) == (isKept ? claim.task : nil))
        if isKept { #expect(try fixture.bytes("results/marie/a/task.json") == Array(fixture.task("a").utf8)) }
    }

    @Test func taskFileOfAnotherTaskIsNotTheResults() async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let claim = try fixture.claim("a", in: queue)
        let (output, _) = try queue.openLogs(of: claim)
        let old = Array(fixture.task("a", "an earlier one").utf8)
        try AtomicFile.write(old, as: "task.json", in: output, replacing: false, durability: .relaxed)
        let view = try QueueView(locations: fixture.locations)
        #expect(try view.keptTask(of: fixture.result(claim)) == nil)
        #expect(try view.keptTask(claim.id, of: queue.worker)?.description == "an earlier one")
        // The next end takes its place.
        #expect(try await queue.finish(claim, fixture.result(claim)) == nil)
        #expect(try view.keptTask(of: fixture.result(claim)) == claim.task)
        #expect(try fixture.names(in: "tasks/.claims").isEmpty)
    }

    @Test(arguments: ["directory", "file"])
    func whatIsInTheWayOfTheTaskFileKeepsNoClaim(obstacle: String) async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let claim = try fixture.claim("a", in: queue)
        if obstacle == "file" {
            try queue.results.createFile("a").close()
        } else {
            _ = try queue.openLogs(of: claim).directory.subdirectory("task.json", create: 0o750)
        }
        #expect(try await queue.finish(claim, fixture.result(claim)) == nil)
        #expect(try fixture.names(in: "tasks/.claims").isEmpty)
        #expect(try QueueView(locations: fixture.locations).keptTask(of: fixture.result(claim)) == nil)
    }

    @Test func directoryInTheResultsPlaceKeepsTheTask() async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let claim = try fixture.claim("a", in: queue)
        _ = try queue.results.subdirectory("a.json", create: 0o750)
        let error = await #expect(throws: SystemCallError.self) {
            _ = try await queue.finish(claim, fixture.result(claim))
        }
        #expect(error?.errno == .exists)
        #expect(try fixture.names(in: "tasks/.claims") == ["a~state", "a~task@marie"])
        #expect(try fixture.names(in: "results/marie") == ["a.json"])
    }

    @Test func resultOfAnotherTaskIsNotOverwritten() async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let claim = try fixture.claim("a", in: queue)
        var foreign = fixture.result(claim)
        foreign.taskDigest = "another"
        let bytes = foreign.encoded()
        try AtomicFile.write(bytes, as: "a.json", in: queue.results, replacing: false, durability: .relaxed)
        await #expect(throws: SystemCallError.self) { _ = try await queue.finish(claim, fixture.result(claim)) }
        #expect(try fixture.bytes("results/marie/a.json") == bytes)
    }

    @Test func deadLettersOfOneSecondDoNotOverwriteEachOther() async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        for text in ["{one", "{two", "{three"] {
            try fixture.drop(text, as: "a.json")
            let rejection = TaskRejection(reason: .invalidJSON, message: text)
            #expect(try await queue.reject("a.json", rejection, now: fixture.now) != nil)
        }
        #expect(try fixture.names(in: "dlq/marie").count == 6)
        #expect(try fixture.bytes("dlq/marie/a_1800000000.raw") == Array("{one".utf8))
        #expect(try fixture.bytes("dlq/marie/a_1800000000-3.raw") == Array("{three".utf8))
    }

    @Test func deadLetterMakesWayForAnUnrelatedFileOfItsName() async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        try AtomicFile.write(
            [1, 2, 3],
            as: "a_1800000000.json",
            in: queue.deadLetters,
            replacing: false,
            durability: .relaxed
        )
        let claim = try fixture.claim("a", in: queue)
        _ = try await queue.finishDead(claim, reason: .maxRetriesExceeded, fixture.result(claim, .failed))
        #expect(try fixture.names(in: "dlq/marie") == ["a_1800000000-2.json", "a_1800000000.json"])
        #expect(try fixture.bytes("dlq/marie/a_1800000000.json") == [1, 2, 3])
    }

    @Test func bytesWithoutAReasonGetItAtTheNextStart() async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let text = Array("{torn".utf8)
        try AtomicFile.write(text, as: "a_17.raw", in: queue.deadLetters, replacing: false, durability: .relaxed)
        let valid = Array(fixture.task("b").utf8)
        try AtomicFile.write(valid, as: "b_17.raw", in: queue.deadLetters, replacing: false, durability: .relaxed)
        #expect(try await queue.repairDeadLetters(now: fixture.now).written.count == 2)
        let letters = try DeadLetterBox(locations: fixture.locations).list(worker: nil)
        #expect(letters.map(\.record.reason) == [.invalidJSON, .duplicateTaskID])
        #expect(try await queue.repairDeadLetters(now: fixture.now).written.isEmpty)
    }

    @Test func retriedDeadLetterIsQueuedAsItCame() async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let json = #"{"task_id":"a","description":"d","extra":[1,2.50],"max_retries":0}"#
        try fixture.drop(json, as: "a.json")
        guard case .claimed(let claim) = try fixture.claimOutcome(of: "a.json", in: queue) else {
            throw FixtureError("not claimed")
        }
        _ = try await queue.finishDead(claim, reason: .maxRetriesExceeded, fixture.result(claim, .failed))
        let box = DeadLetterBox(locations: fixture.locations)
        let letter = try #require(try box.list(worker: nil).first)
        try box.retry(letter)
        #expect(try fixture.names(in: "dlq/marie").isEmpty)
        #expect(try fixture.names(in: "results/marie").isEmpty)
        let bytes = try #require(try fixture.bytes("tasks/marie/a.json"))
        #expect(try JSONParser.parse(bytes, limits: .task) == JSONParser.parse(Array(json.utf8), limits: .task))
        guard case .claimed(let again) = try fixture.claimOutcome(of: "a.json", in: queue) else {
            throw FixtureError("not claimed")
        }
        #expect(again.state.attempt == 1)
    }

    @Test func reasonThatCouldNotBeWrittenIsWrittenByTheNextTry() async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        try fixture.drop("{", as: "a.json")
        let rejection = TaskRejection(reason: .invalidJSON, message: "ends too early")
        let file = try #require(try queue.setAside("a.json", now: fixture.now))
        // What is in the way makes the first try fail after the file was moved.
        _ = try queue.deadLetters.subdirectory(file.letter, create: 0o700)
        await #expect(throws: SystemCallError.self) { try await queue.explain(file, rejection, now: fixture.now) }
        try queue.deadLetters.removeDirectory(file.letter)
        try await queue.explain(file, rejection, now: fixture.now)
        let path = "dlq/marie/\(file.letter)"
        let written = try #require(try fixture.bytes(path))
        #expect(try DeadLetterRecord.decode(written, for: queue.worker).reason == .invalidJSON)
        // A try that failed only at the sync of the directory finds its own reason.
        try await queue.explain(file, rejection, now: fixture.now)
        #expect(try fixture.bytes(path) == written)
    }
}
