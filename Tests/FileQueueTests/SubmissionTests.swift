// SPDX-License-Identifier: Apache-2.0
// What a producer is told, and where a task is found afterwards.

import FileQueue
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Submission")
struct SubmissionTests {
    private static let marie = WorkerID(bytes: "marie".utf8)
    private static let anga = WorkerID(bytes: "anga".utf8)

    private func task(_ json: String) throws -> TaskRecord {
        try TaskRecord.decode(Array(json.utf8), for: #require(Self.marie))
    }

    @Test("the same task again is a repeat, whether it is queued, taken or over")
    func sameTaskAgainIsARepeat() async throws {
        let fixture = try QueueFixture()
        let marie = try #require(Self.marie)
        let submission = TaskSubmission(locations: fixture.locations, durability: .relaxed)
        let task = try task(fixture.task("t1"))
        #expect(try submission.submit(task, to: marie) == .accepted)
        #expect(try submission.submit(task, to: marie) == .repeated)
        let queue = try fixture.open()
        guard case .claimed(let claim) = try fixture.claimOutcome(of: "t1.json", in: queue) else {
            Issue.record("not claimed")
            return
        }
        #expect(try submission.submit(task, to: marie) == .repeated)
        _ = try await queue.finish(claim, fixture.result(claim))
        #expect(try submission.submit(task, to: marie) == .repeated)
        #expect(try submission.submit(task, to: marie, replacing: true) == .accepted)
    }

    @Test("another task of an id that is taken is refused, on every worker")
    func anotherTaskOfTheIDIsRefused() throws {
        let fixture = try QueueFixture()
        let (marie, anga) = (try #require(Self.marie), try #require(Self.anga))
        let submission = TaskSubmission(locations: fixture.locations, durability: .relaxed)
        _ = try submission.submit(task(fixture.task("t1")), to: marie)
        let other = try task(fixture.task("t1", "something else"))
        for worker in [marie, anga] {
            let error = #expect(throws: SubmissionError.self) { try submission.submit(other, to: worker) }
            #expect(error?.code == .duplicateTaskID)
        }
        let hindrances = try submission.hindrances(to: [task(fixture.task("t2")), other], of: marie)
        #expect(hindrances.mapValues(\.code) == [1: .duplicateTaskID])
        #expect(try submission.submit(other, to: marie, replacing: true) == .accepted)
        #expect(try fixture.names(in: "tasks/marie") == ["t1.json"])
    }

    @Test("what stands before the task that cannot be submitted is told")
    func countsWhatWasSubmitted() throws {
        let fixture = try QueueFixture()
        let marie = try #require(Self.marie)
        let submission = TaskSubmission(locations: fixture.locations, durability: .relaxed)
        _ = try submission.submit(task(fixture.task("t3")), to: marie)
        let tasks = try ["t1", "t2"].map { try task(fixture.task($0)) } + [task(fixture.task("t3", "else"))]
        let error = #expect(throws: SubmissionError.self) { try submission.submit(tasks, to: marie) }
        #expect(error?.submittedCount == 2)
        #expect(try fixture.names(in: "tasks/marie") == ["t1.json", "t2.json", "t3.json"])
    }

    @Test("many tasks at once are all there, and one that comes twice is a repeat")
    func manyAtOnce() throws {
        let fixture = try QueueFixture()
        let marie = try #require(Self.marie)
        let submission = TaskSubmission(locations: fixture.locations, durability: .full)
        let ids = (0..<150).map { "t\(1_000 + $0)" }
        let tasks = try (ids + [ids[149], ids[0]]).map { try task(fixture.task($0)) }
        let outcomes = try submission.submit(tasks, to: marie)
        #expect(outcomes == ids.map { _ in .accepted } + [.repeated, .repeated])
        #expect(try fixture.names(in: "tasks/marie") == ids.map { $0 + ".json" })
    }

    @Test("a name in the inbox that is taken by no task is not written over")
    func foreignFileIsKept() throws {
        let fixture = try QueueFixture()
        try fixture.drop("not a task", as: "t1.json")
        let submission = TaskSubmission(locations: fixture.locations, durability: .relaxed)
        let error = #expect(throws: SubmissionError.self) {
            try submission.submit(task(fixture.task("t1")), to: #require(Self.marie))
        }
        #expect(error?.code == .io)
        #expect(try fixture.names(in: "tasks/marie") == ["t1.json"])
    }
}

@Suite("Where a task is")
struct WhereaboutsTests {
    @Test("a task is found at every station of its life")
    func findsATaskEverywhere() async throws {
        let fixture = try QueueFixture()
        let view = try QueueView(locations: fixture.locations)
        let (t1, t2) = (try TaskID("t1"), try TaskID("t2"))
        #expect(try view.find(t1) == nil)
        try fixture.drop(fixture.task("t1"), as: "odd-name.json")
        guard case .queued(_, _, "odd-name.json")? = try view.find(t1) else {
            Issue.record("not found in the inbox")
            return
        }
        let queue = try fixture.open()
        guard case .claimed(let claim) = try fixture.claimOutcome(of: "odd-name.json", in: queue) else {
            Issue.record("not claimed")
            return
        }
        guard case .claimed(let task?, let state)? = try view.find(t1) else {
            Issue.record("not found among the claims")
            return
        }
        #expect(task.id == t1 && state.attempt == 1)
        _ = try await queue.finish(claim, fixture.result(claim))
        guard case .ended(let result)? = try view.find(t1) else {
            Issue.record("not found among the results")
            return
        }
        #expect(result.status == .completed)
        try fixture.drop(#"{"task_id":"t2"}"#, as: "t2.json")
        _ = try await queue.reject("t2.json", TaskRejection(reason: .invalidTask, message: "no"), now: fixture.now)
        guard case .deadLettered(let letter, _, _)? = try view.find(t2) else {
            Issue.record("not found among the dead letters")
            return
        }
        #expect(letter.reason == .invalidTask)
        let letters = try DeadLetterBox(locations: fixture.locations).letters(of: t2)
        #expect(letters.count == 1)
    }

    @Test("an attempt has ended with the exit record of its own run, and not with another's")
    func exitRecordEndsItsOwnRunOnly() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let claim = try fixture.claim("t1", in: queue)
        let view = try QueueView(locations: fixture.locations)
        #expect(try !view.hasEnded(claim.state))
        for (run, isOver) in [("run-0", false), ("run-1", true)] {
            let bytes = Array(#"{"run_id":"\#(run)"}"#.utf8)
            try AtomicFile.write(bytes, as: claim.exitName, in: queue.claims, replacing: true, durability: .relaxed)
            #expect(try view.hasEnded(claim.state) == isOver)
        }
    }

    @Test("a daemon lives as long as it holds its lock, whatever its worker is called")
    func daemonLivesWithItsLock() throws {
        let fixture = try QueueFixture()
        let view = try QueueView(locations: fixture.locations)
        let (plain, dashed) = (try WorkerID("marie"), try WorkerID("marie-1-2-3"))
        #expect(try !view.servedWorkers().contains(dashed))
        var queue: WorkerQueue? = try fixture.open("marie-1-2-3")
        #expect(try view.servedWorkers().contains(dashed))
        #expect(try !view.servedWorkers().contains(plain))
        _ = queue?.worker
        queue = nil
        #expect(try !view.servedWorkers().contains(dashed))
    }

    @Test("the output of each attempt has its place")
    func findsOutputOfAttempts() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let claim = try fixture.claim("t1", in: queue)
        let view = try QueueView(locations: fixture.locations)
        #expect(try view.attemptsWithOutput(of: claim.id, worker: queue.worker) == [])
        #expect(try view.workerWithOutput(of: claim.id) == nil)
        _ = try queue.openLogs(of: claim).directory.createFile("stdout.log")
        try queue.beginAttempt(claim, runID: "run-2", now: fixture.now)
        _ = try queue.openLogs(of: claim).directory.createFile("stdout.log")
        #expect(try view.attemptsWithOutput(of: claim.id, worker: queue.worker) == [1, 2])
        #expect(try view.workerWithOutput(of: claim.id) == queue.worker)
        let path = view.outputPath(.standardOutput, of: claim.id, worker: queue.worker, attempt: 2)
        #expect(try HostPath.status(of: path)?.kind == .regular)
        #expect(try view.outputDirectory(of: claim.id, worker: queue.worker, attempt: 3) == nil)
    }
}
