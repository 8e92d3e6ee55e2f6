// SPDX-License-Identifier: Apache-2.0
// Requests to workers: they hold until they are carried out, and mean one task only.

import FileQueue
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Requests to workers")
struct ControlTests {
    private func request(_ id: String, digest: String = "d1", worker: String = "marie") throws -> CancelRequest {
        CancelRequest(
            taskID: try TaskID(id),
            worker: try WorkerID(worker),
            digest: digest,
            requestedAt: Timestamp(millisecondsSince1970: 1_800_000_000_123)
        )
    }

    @Test func requestIsReadAsItWasMade() throws {
        let fixture = try QueueFixture()
        let control = try ControlRequests(locations: fixture.locations)
        let request = try request("a")
        try control.ask(request)
        #expect(try fixture.names(in: "tasks/.control") == ["a~cancel"])
        #expect(
            try ControlRequests(locations: fixture.locations).cancelRequest(for: request.taskID) == .request(request)
        )
        let line = """
            {"version":1,"task_id":"a","worker":"marie","digest":"d1","requested_at":"2027-01-15T08:00:00.123Z"}

            """
        #expect(try fixture.bytes("tasks/.control/a~cancel").map { String(decoding: $0, as: UTF8.self) } == line)
        #expect(try Directory.open(fixture.scratch.path(of: "tasks/.control")).status().permissions == 0o700)
        let other = try self.request("a", digest: "d2")
        try control.ask(other)
        #expect(try control.cancelRequest(for: request.taskID) == .request(other))
        try control.clear(request.taskID)
        try control.clear(request.taskID)
        #expect(try control.tasksToCancel().isEmpty)
        #expect(try control.cancelRequest(for: request.taskID) == .absent)
    }

    @Test(arguments: [
        "", "{", "[]", "{}",
        #"{"version":2,"task_id":"a","worker":"marie","digest":"d","requested_at":"2026-01-01T00:00:00Z"}"#,
        #"{"version":1,"task_id":"b","worker":"marie","digest":"d","requested_at":"2026-01-01T00:00:00Z"}"#,
        #"{"version":1,"task_id":"a","worker":"../x","digest":"d","requested_at":"2026-01-01T00:00:00Z"}"#,
        #"{"version":1,"task_id":"a","worker":"marie","digest":1,"requested_at":"2026-01-01T00:00:00Z"}"#,
        #"{"version":1,"task_id":"a","worker":"marie","digest":"d","requested_at":"soon"}"#,
    ])
    func whatIsNoRequestAsksForNothing(text: String) throws {
        let fixture = try QueueFixture()
        let control = try ControlRequests(locations: fixture.locations)
        let bytes = Array(text.utf8)
        try AtomicFile.write(bytes, as: "a~cancel", in: control.directory, replacing: true, durability: .relaxed)
        #expect(try control.cancelRequest(for: TaskID("a")) == .junk)
        // It is seen all the same, so that a worker can remove it.
        #expect(try control.tasksToCancel() == [TaskID("a")])
        try control.clear(TaskID("a"))
        #expect(try control.tasksToCancel().isEmpty)
    }

    @Test func directoryInTheRequestsPlaceAsksForNothingAndCanBeRemoved() throws {
        let fixture = try QueueFixture()
        let control = try ControlRequests(locations: fixture.locations)
        _ = try control.directory.subdirectory("a~cancel", create: 0o700).subdirectory("b", create: 0o700)
        #expect(try control.cancelRequest(for: TaskID("a")) == .junk)
        try control.clear(TaskID("a"))
        #expect(try fixture.names(in: "tasks/.control").isEmpty)
    }

    @Test func pauseHoldsUntilItIsTakenBack() throws {
        let fixture = try QueueFixture()
        let marie = try WorkerID("marie")
        let control = try ControlRequests(locations: fixture.locations)
        #expect(try !control.isPaused(marie))
        try control.pause(marie, now: fixture.now)
        try control.pause(marie, now: fixture.now)
        let later = try ControlRequests(locations: fixture.locations)
        #expect(try later.isPaused(marie))
        #expect(try !later.isPaused(WorkerID("anga")))
        #expect(try fixture.names(in: "tasks/.control") == ["~pause-marie"])
        #expect(try later.resume(marie))
        #expect(try !later.resume(marie))
        #expect(try !control.isPaused(marie))
    }

    @Test func namesAreReadExactly() throws {
        let known: [(FileName, ControlName)] = [
            ("a~cancel", .cancel(try TaskID("a"))), ("a.b_c-d~cancel", .cancel(try TaskID("a.b_c-d"))),
            ("~pause-marie", .pause(try WorkerID("marie"))),
        ]
        for (name, meaning) in known {
            #expect(ControlName(name) == meaning)
            #expect(meaning.fileName == name)
        }
        for name in ["~cancel", "~pause-", "~pause-a b", ".tmp-1-2", "a~state", "..~cancel", "a"] as [FileName] {
            #expect(ControlName(name) == nil)
        }
    }

    /// A crash between the end of a task and the end of its request; the id is then given to the same task again.
    @Test func idThatBecomesFreeTakesItsRequestAlong() async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let claim = try fixture.claim("a", in: queue)
        let request = try request("a", digest: claim.state.digest)
        try await queue.ask(request)
        #expect(try queue.control.cancelRequest(for: claim.id) == .request(request))
        #expect(try await queue.finish(claim, fixture.result(claim, .cancelled)) == nil)
        #expect(try fixture.names(in: "tasks/.control") == ["a~cancel"])
        let submission = TaskSubmission(locations: fixture.locations, durability: .relaxed)
        #expect(try submission.submit(claim.task, to: queue.worker, replacing: true) == .accepted)
        #expect(try fixture.names(in: "tasks/.control").isEmpty)
    }

    @Test func directoryThatWasRemovedIsMadeAnew() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        #expect(try !queue.reopenControl())
        try Directory.open(fixture.locations.tasks).removeTree(".control")
        #expect(try queue.reopenControl())
        try ControlRequests(locations: fixture.locations).pause(queue.worker, now: fixture.now)
        #expect(try queue.control.isPaused(queue.worker))
    }
}
