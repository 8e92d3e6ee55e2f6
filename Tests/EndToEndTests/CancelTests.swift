// SPDX-License-Identifier: Apache-2.0
// Cancelling: of whatever state, with or without a daemon, and what is left then.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns, .guardedAgainstHangs) struct CancelTests {
    @Test func cancelOfARunningTaskEndsItsWholeTree() async throws {
        try await DaemonFixture.working(["KILL_GRACE_SECONDS": "60"]) { daemon in
            try daemon.submit("t1", "sleep 1001 & setsid sleep 1002 & say begins; sleep 1003")
            try await daemon.witness(1)
            let began = ContinuousClock.now
            let cancel = try await daemon.run("cancel", "t1")
            #expect(cancel.status == .exited(0))
            #expect(cancel.output == "t1 cancelled\n")
            // The signal comes at once; of the grace nothing is used up. The limit is for machines that are busy.
            #expect(ContinuousClock.now - began < .seconds(20))
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .cancelled)
            #expect(result.failure?.reason == .cancelled)
            #expect(result.attempts.map(\.reason) == [.cancelled])
            #expect(try daemon.names(in: "dlq/marie").isEmpty)
            #expect(try daemon.busySupervisors().isEmpty)
            #expect(try daemon.names(in: "tasks/.control").isEmpty)
            #expect(try daemon.contents(of: "results/marie/t1/task.json")?.contains("sleep 1003") == true)
            let again = try await daemon.run("cancel", "t1")
            #expect(again.status == .exited(0))
        }
    }

    @Test func agentThatIgnoresTheSignalIsKilledAfterTheGrace() async throws {
        try await DaemonFixture.working { daemon in
            try daemon.submit("t1", "trap '' TERM; say begins; while :; do sleep 1; done")
            try await daemon.witness(1)
            #expect(try await daemon.run("cancel", "t1").status == .exited(0))
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .cancelled)
            #expect(result.exitCode == 137)
        }
    }

    @Test func queuedAndDelayedTasksAreCancelledWithoutAStart() async throws {
        try await DaemonFixture.working(["MAX_CONCURRENT_TASKS": "1", "INITIAL_RETRY_DELAY": "60"]) { daemon in
            try daemon.submit("later", "say never", ["not_before": "2099-01-01T00:00:00Z"])
            try daemon.submit("again", "say tried; exit 3", ["max_retries": 5])
            try await daemon.witness(1)
            _ = try await daemon.heartbeat { $0.waiting[.retry] == 1 }
            let gate = try daemon.makeGate()
            try daemon.submit("busy", "say holds; pass gate")
            try await daemon.witness(2)
            try daemon.submit("queued", "say never")
            try daemon.submit("after", "say never", ["dependencies": ["queued"]])
            let cancel = try await daemon.run("cancel", "later", "again", "queued", "--json")
            #expect(cancel.status == .exited(0))
            let document = try JSONParser.parse(Array(cancel.output.utf8), limits: .task)
            let outcomes = document.objectValue?["tasks"]?.arrayValue?.map { $0.objectValue?["outcome"] }
            #expect(outcomes == ["cancelled", "cancelled", "cancelled"])
            for id in ["later", "queued"] {
                let result = try await daemon.result(of: id)
                #expect(result.status == .cancelled)
                #expect(result.attempts.isEmpty)
                #expect(result.retryCount == 0)
            }
            let again = try await daemon.result(of: "again")
            #expect(again.status == .cancelled)
            #expect(again.attempts.map(\.reason) == [.exitCode])
            // Who needs a cancelled task is given up.
            let letter = try await daemon.deadLetter(of: "after")
            #expect(letter.reason == .dependencyFailed)
            try gate.pass()
            _ = try await daemon.result(of: "busy")
            #expect(try daemon.witness() == ["again 1 tried", "busy 1 holds"])
            #expect(try daemon.names(in: "tasks/.control").isEmpty)
        }
    }

    @Test func cancelWithNoDaemonIsCarriedOutAtTheNextStart() async throws {
        try await DaemonFixture.idle { daemon in
            try daemon.submit("t1", "say ran")
            try daemon.submit("t2", "say ran")
            let cancel = try await daemon.run("cancel", "t1")
            #expect(cancel.status == .exited(2))
            #expect(cancel.output.hasPrefix("t1 will be cancelled when its worker starts: no daemon serves marie yet"))
            try await daemon.start()
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .cancelled)
            _ = try await daemon.result(of: "t2")
            #expect(try daemon.witness() == ["t2 1 ran"])
            try await daemon.expectCleanEnd()
            #expect(try daemon.names(in: "tasks/.control").isEmpty)
        }
    }

    @Test func attemptOfAnEarlierDaemonIsCancelled() async throws {
        try await DaemonFixture.working { daemon in
            try daemon.submit("t1", "say begins; sleep 1000")
            try await daemon.witness(1)
            try await daemon.crash()
            let absent = try await daemon.run("cancel", "t1")
            #expect(absent.status == .exited(2))
            #expect(try daemon.busySupervisors().count == 1)
            try await daemon.start()
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .cancelled)
            #expect(result.attempts.map(\.reason) == [.cancelled])
            // And one that was adopted before the request came.
            try daemon.submit("t2", "say begins; sleep 1000")
            try await daemon.witness(2)
            try await daemon.crash()
            try await daemon.start()
            _ = try await daemon.heartbeat { $0.activeTasks == 1 }
            #expect(try await daemon.run("cancel", "t2").status == .exited(0))
            #expect(try await daemon.result(of: "t2").status == .cancelled)
        }
    }

    @Test func whatHasEndedStaysAsItEnded() async throws {
        try await DaemonFixture.working { daemon in
            try daemon.submit("t1", "echo done")
            _ = try await daemon.result(of: "t1")
            let cancel = try await daemon.run("cancel", "t1", "nobody")
            #expect(cancel.status == .exited(1))
            let lines = "t1 not cancelled: it has ended (completed)\nnobody not cancelled: there is no such task\n"
            #expect(cancel.output == lines)
            #expect(try daemon.names(in: "tasks/.control").isEmpty)
        }
    }

    /// A request that a kill left behind after the task had its result, and one for another task of the id.
    @Test func staleRequestsAreRemovedAndCancelNothing() async throws {
        try await DaemonFixture.idle { daemon in
            try await daemon.start()
            try daemon.submit("t1", "echo done")
            let digest = try await daemon.result(of: "t1").taskDigest
            try await daemon.stop()
            let control = try Directory.open("\(daemon.root)/tasks/.control")
            for (id, digest) in [("t1", digest), ("t2", "another"), ("t3", digest)] {
                let request: JSONObject = [
                    "version": 1, "task_id": .string(id), "worker": "marie", "digest": .string(digest),
                    "requested_at": "2026-01-01T00:00:00.000Z",
                ]
                let bytes = JSONWriter.bytes(.object(request))
                try AtomicFile.write(
                    bytes,
                    as: FileName("\(id)~cancel"),
                    in: control,
                    replacing: true,
                    durability: .relaxed
                )
            }
            try AtomicFile.write([1, 2], as: "t4~cancel", in: control, replacing: true, durability: .relaxed)
            try daemon.submit("t2", "say ran")
            try await daemon.start()
            let result = try await daemon.result(of: "t2")
            #expect(result.status == .completed)
            try await eventually("no requests", in: [control.path]) {
                try daemon.names(in: "tasks/.control").isEmpty ? true : nil
            }
            #expect(try await daemon.result(of: "t1").status == .completed)
            try await daemon.expectCleanEnd()
        }
    }
}
