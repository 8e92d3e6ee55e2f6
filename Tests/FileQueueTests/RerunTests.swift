// SPDX-License-Identifier: Apache-2.0
// A task that is over runs again from its kept file, wherever the command dies.

import FileQueue
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Running an ended task again")
struct RerunTests {
    /// A task with a result, output and a kept file.
    private func ended(_ fixture: QueueFixture, _ status: TaskStatus = .completed) async throws -> ResultRecord {
        let queue = try fixture.open()
        let claim = try fixture.claim("a", in: queue)
        let (output, _) = try queue.openLogs(of: claim)
        try output.createFile("stdout.log").close()
        _ = try output.subdirectory("attempt-2", create: 0o750)
        let result = fixture.result(claim, status)
        #expect(try await queue.finish(claim, result) == nil)
        return result
    }

    @Test(arguments: [TaskStatus.completed, .cancelled])
    func taskComesBackAsItCame(status: TaskStatus) async throws {
        let fixture = try QueueFixture()
        let result = try await ended(fixture, status)
        try TaskRerun(locations: fixture.locations).run(result)
        #expect(try fixture.names(in: "tasks/marie") == ["a.json"])
        #expect(try fixture.names(in: "results/marie") == ["a"])
        // The file stays until the next end, in case the command dies before the task is in the inbox.
        #expect(try fixture.names(in: "results/marie/a") == ["task.json"])
        let queue = try fixture.open()
        guard case .claimed(let claim) = try fixture.claimOutcome(of: "a.json", in: queue) else {
            throw FixtureError("not claimed")
        }
        #expect(claim.state.digest == result.taskDigest)
        #expect(claim.state.attempt == 1)
        #expect(try await queue.finish(claim, fixture.result(claim)) == nil)
        #expect(try fixture.names(in: "tasks/.claims").isEmpty)
        #expect(try QueueView(locations: fixture.locations).keptTask(of: result) == claim.task)
    }

    @Test(arguments: ["after the result is gone", "while the output goes", "after it is in the inbox"])
    func commandThatDiedIsCalledAgain(moment: String) async throws {
        let fixture = try QueueFixture()
        let result = try await ended(fixture)
        let results = try Directory.open(fixture.scratch.path(of: "results/marie"))
        try results.remove("a.json")
        if moment != "after the result is gone" { try results.subdirectory("a").removeTree("attempt-2") }
        let rerun = TaskRerun(locations: fixture.locations)
        let found = try #require(try rerun.orphan(result.taskID))
        #expect(found.worker == result.worker)
        #expect(found.task.contentDigest == result.taskDigest)
        if moment == "after it is in the inbox" { try rerun.run(found.task, of: found.worker) }
        try rerun.run(found.task, of: found.worker)
        #expect(try fixture.names(in: "tasks/marie") == ["a.json"])
        #expect(try fixture.names(in: "results/marie/a") == ["task.json"])
    }

    @Test func taskWhoseFileWasNotKeptKeepsItsResult() async throws {
        let fixture = try QueueFixture()
        let result = try await ended(fixture)
        try Directory.open(fixture.scratch.path(of: "results/marie/a")).remove("task.json")
        let error = #expect(throws: SubmissionError.self) { try TaskRerun(locations: fixture.locations).run(result) }
        #expect(error?.description.contains("was not kept") == true)
        #expect(try fixture.names(in: "results/marie") == ["a", "a.json"])
        #expect(try fixture.names(in: "tasks/marie").isEmpty)
    }

    /// A submission would be taken for a repeat of what is just being put away.
    @Test func taskWhoseClaimIsStillThereIsLeftAlone() async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let claim = try fixture.claim("a", in: queue)
        let result = fixture.result(claim)
        try AtomicFile.write(
            result.encoded(),
            as: "a.json",
            in: queue.results,
            replacing: false,
            durability: .relaxed
        )
        let error = #expect(throws: SubmissionError.self) { try TaskRerun(locations: fixture.locations).run(result) }
        #expect(error?.code == .busy)
        #expect(try fixture.names(in: "results/marie") == ["a.json"])
    }

    @Test func requestToCancelDoesNotMeetTheNextRun() async throws {
        let fixture = try QueueFixture()
        let result = try await ended(fixture, .cancelled)
        try ControlRequests(locations: fixture.locations)
            .ask(
                CancelRequest(
                    taskID: result.taskID,
                    worker: result.worker,
                    digest: result.taskDigest,
                    requestedAt: fixture.now
                )
            )
        try TaskRerun(locations: fixture.locations).run(result)
        #expect(try fixture.names(in: "tasks/.control").isEmpty)
    }
}
