// SPDX-License-Identifier: Apache-2.0
// What becomes of a dead letter's task when it is run again.

import FileQueue
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Dead letter box")
struct DeadLetterBoxTests {
    /// A task that has failed for good: a failed result and a dead letter.
    private func failedTask(_ id: String, in fixture: QueueFixture) async throws -> DeadLetter {
        let queue = try fixture.open()
        let claim = try fixture.claim(id, in: queue)
        _ = try await queue.finishDead(claim, reason: .maxRetriesExceeded, fixture.result(claim, .failed))
        let letters = try DeadLetterBox(locations: fixture.locations).list(worker: nil)
        return try #require(letters.last { $0.record.taskID?.string == id })
    }

    private func putResult(_ status: TaskStatus, _ id: String, digest: String, in fixture: QueueFixture) throws {
        var record = ResultRecord(
            taskID: try TaskID(id),
            worker: try WorkerID("marie"),
            status: status,
            timestamp: fixture.now
        )
        record.taskDigest = digest
        let results = try Directory.create(fixture.locations.results + "/marie")
        let name = FileName("\(id).json")
        try AtomicFile.write(record.encoded(), as: name, in: results, replacing: true, durability: .relaxed)
    }

    @Test func aFailedTaskComesBackAndItsResultAndDeadLetterGo() async throws {
        let fixture = try QueueFixture()
        let letter = try await failedTask("a", in: fixture)
        try DeadLetterBox(locations: fixture.locations).retry(letter)
        #expect(try fixture.names(in: "tasks/marie") == ["a.json"])
        #expect(try fixture.names(in: "results/marie").isEmpty)
        #expect(try fixture.names(in: "dlq/marie").isEmpty)
    }

    @Test func aTaskThatHasCompletedMeanwhileIsNotRunAgain() async throws {
        let fixture = try QueueFixture()
        let letter = try await failedTask("a", in: fixture)
        try putResult(.completed, "a", digest: "", in: fixture)
        let error = #expect(throws: SubmissionError.self) {
            try DeadLetterBox(locations: fixture.locations).retry(letter)
        }
        #expect(error?.code == .duplicateTaskID)
        #expect(try fixture.names(in: "results/marie") == ["a.json"])
        #expect(try fixture.names(in: "dlq/marie").count == 1)
        #expect(try fixture.names(in: "tasks/marie").isEmpty)
    }

    @Test func anotherTaskOfTheIdThatIsQueuedIsNotReplaced() async throws {
        let fixture = try QueueFixture()
        let letter = try await failedTask("a", in: fixture)
        try fixture.drop(fixture.task("a", "something else"), as: "a.json")
        let error = #expect(throws: SubmissionError.self) {
            try DeadLetterBox(locations: fixture.locations).retry(letter)
        }
        #expect(error?.code == .duplicateTaskID)
        #expect(try fixture.bytes("tasks/marie/a.json") == Array(fixture.task("a", "something else").utf8))
        #expect(try fixture.names(in: "results/marie") == ["a.json"])
        #expect(try fixture.names(in: "dlq/marie").count == 1)
    }

    @Test func callingItAgainAfterACrashFinishesIt() async throws {
        let fixture = try QueueFixture()
        let letter = try await failedTask("a", in: fixture)
        // The crash came after the task was queued and before the dead letter went.
        try fixture.drop(fixture.task("a"), as: "a.json")
        try DeadLetterBox(locations: fixture.locations).retry(letter)
        #expect(try fixture.names(in: "tasks/marie") == ["a.json"])
        #expect(try fixture.names(in: "dlq/marie").isEmpty)
    }

    @Test func aTaskThatIsJustBeingPutAwayKeepsItsDeadLetter() async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let claim = try fixture.claim("a", in: queue)
        let digest = claim.state.digest
        _ = try await queue.finishDead(claim, reason: .maxRetriesExceeded, fixture.result(claim, .failed))
        let box = DeadLetterBox(locations: fixture.locations)
        let letter = try #require(try box.list(worker: nil).first)
        // As it is between the dead letter and the removal of the claim.
        var state = ClaimState(
            taskID: try TaskID("a"),
            worker: try WorkerID("marie"),
            owner: "1-1",
            queuedAt: fixture.now,
            digest: digest
        )
        state.phase = .dead
        state.verdict = ClaimState.Verdict(
            reason: .maxRetriesExceeded,
            failure: fixture.failure,
            fileName: letter.file.description,
            timestamp: fixture.now
        )
        let claims = try Directory.open(fixture.locations.claims)
        try AtomicFile.write(state.encoded(), as: "a~state", in: claims, replacing: false, durability: .relaxed)
        let error = #expect(throws: SubmissionError.self) { try box.retry(letter) }
        #expect(error?.code == .busy)
        #expect(try fixture.names(in: "dlq/marie") == [letter.file.description])
        #expect(try fixture.names(in: "results/marie") == ["a.json"])
    }

    @Test func aFileThatNeverWasATaskNamesItsBytesAndStays() async throws {
        let fixture = try QueueFixture()
        try fixture.drop("{broken", as: "x.json")
        let rejection = TaskRejection(reason: .invalidJSON, message: "line 1")
        _ = try await fixture.open().reject("x.json", rejection, now: fixture.now)
        let box = DeadLetterBox(locations: fixture.locations)
        let letter = try #require(try box.list(worker: nil).first)
        let error = #expect(throws: SubmissionError.self) { try box.retry(letter) }
        #expect(error?.description.contains("never was a task (line 1)") == true)
        #expect(error?.description.contains("dlq/marie/x_1800000000.raw") == true)
        #expect(try fixture.names(in: "dlq/marie").count == 2)
        try box.remove(letter)
        #expect(try fixture.names(in: "dlq/marie").isEmpty)
    }

    @Test func theLatestAreReadAndAllAreCounted() async throws {
        let fixture = try QueueFixture()
        for id in ["a", "b", "c"] { _ = try await failedTask(id, in: fixture) }
        // Neither a directory nor a dead letter: no reason to see nothing.
        let root = try Directory.open(fixture.locations.deadLetters)
        try AtomicFile.write([], as: "README", in: root, replacing: false, durability: .relaxed)
        let recent = try DeadLetterBox(locations: fixture.locations).recent(2)
        #expect(recent.counts == [try WorkerID("marie"): 3])
        #expect(recent.letters.count == 2)
        #expect(try DeadLetterBox(locations: QueueLocations(root: "/nowhere")).recent(2).letters.isEmpty)
    }
}
