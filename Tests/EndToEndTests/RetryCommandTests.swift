// SPDX-License-Identifier: Apache-2.0
// `vigil retry` by the built program, for every way a task can have ended.

import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns, .guardedAgainstHangs) struct RetryCommandTests {
    @Test func tasksThatEndedInAnyWayRunAgain() async throws {
        try await DaemonFixture.working(["MAX_RETRIES": "0"]) { daemon in
            try daemon.submit("done", "say ran; echo done")
            try daemon.submit("dead", "say ran; [ -e mended ] || exit 3")
            try daemon.submit("stopped", "say ran; [ -e mended ] || sleep 1000")
            try await daemon.witness(3)
            for id in ["done", "dead"] { _ = try await daemon.result(of: id) }
            #expect(try await daemon.run("cancel", "stopped").status == .exited(0))
            _ = try await daemon.file("results/marie/done/task.json")
            try daemon.scratch.directory.createFile("mended").close()
            let retry = try await daemon.run("retry", "done", "dead", "stopped", "nobody")
            #expect(retry.status == .exited(1))
            #expect(
                retry.output == "done queued again (marie)\ndead queued again (marie)\nstopped queued again (marie)\n"
            )
            #expect(retry.errors == "Error: there is no task nobody; look at the id, or give another --root\n")
            try await daemon.witness(6)
            for id in ["done", "dead", "stopped"] {
                let result = try await daemon.result(of: id)
                #expect(result.status == .completed)
                #expect(result.attempts.count == 1)
                // The new run's file takes the place of the first one's.
                _ = try await daemon.file("results/marie/\(id)/task.json")
            }
            #expect(try daemon.names(in: "dlq/marie").isEmpty)
            let json = try await daemon.run("retry", "done", "--json")
            let expected = #"{"schema_version":1,"done":[{"task_id":"done","worker":"marie"}],"failed":[]}"# + "\n"
            #expect(json.output == expected)
            try await daemon.witness(7)
        }
    }

    @Test func whatHasNotEndedIsLeftAlone() async throws {
        try await DaemonFixture.working(["MAX_CONCURRENT_TASKS": "1"]) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say begins; pass gate")
            try await daemon.witness(1)
            try daemon.submit("t2", "say ran")
            let retry = try await daemon.run("retry", "t1", "t2")
            #expect(retry.status == .exited(1))
            #expect(
                retry.errors == """
                    Error: task t1 runs (marie); cancel it first, or wait for its end
                    Error: task t2 is queued (marie); there is nothing to retry

                    """
            )
            try gate.pass()
            for id in ["t1", "t2"] { #expect(try await daemon.result(of: id).status == .completed) }
            #expect(try daemon.witness() == ["t1 1 begins", "t2 1 ran"])
        }
    }

    /// What a kill of the command leaves: the result is gone, the task is not in the inbox.
    @Test func taskSurvivesTheDeathOfTheCommand() async throws {
        try await DaemonFixture.working { daemon in
            try daemon.submit("t1", "say ran")
            _ = try await daemon.file("results/marie/t1/task.json")
            let results = try Directory.open("\(daemon.root)/results/marie")
            try results.remove("t1.json")
            let retry = try await daemon.run("retry", "t1")
            #expect(retry.output == "t1 queued again (marie)\n")
            try await daemon.witness(2)
            #expect(try await daemon.result(of: "t1").status == .completed)
        }
    }
}
