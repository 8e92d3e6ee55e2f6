// SPDX-License-Identifier: Apache-2.0
// `vigil show` and `vigil logs`, wherever the task is.

import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("vigil show", .takesTurns, .guardedAgainstHangs)
struct ShowCommandTests {
    private func document(_ id: String, _ daemon: DaemonFixture) async throws -> JSONObject {
        let result = try await daemon.run("show", id, "--json")
        #expect(result.status == .exited(0) && result.errors.isEmpty)
        let bytes = Array(result.output.utf8)
        return try #require(JSONParser.parse(bytes, limits: .file(bytes.count)).objectValue)
    }

    private func causes(_ document: JSONObject) -> [String] {
        (document["waiting_for"]?.arrayValue ?? []).compactMap { $0.objectValue?["cause"]?.stringValue }
    }

    @Test("a queued task says what it waits for, also that there is no daemon")
    func showsAQueuedTask() async throws {
        try await DaemonFixture.idle { daemon in
            _ = try await daemon.run(
                "submit",
                "marie",
                "--id",
                "t1",
                "--after",
                "a",
                "--in",
                "1h",
                "--metadata",
                "k=v",
                "do",
                "it"
            )
            let shown = try await document("t1", daemon)
            #expect(shown["schema_version"] == 1)
            #expect(shown["state"] == "waiting")
            #expect(causes(shown) == ["dependency", "not_before", "no_daemon"])
            #expect(shown["task"]?.objectValue?["metadata"] == ["k": "v"])
            #expect(shown["task_file"] == .string("\(daemon.root)/tasks/marie/t1.json"))
            let page = try await daemon.run("show", "t1").output
            for text in ["t1  waiting\n", "a (not known yet)", "for its time: ", "vigil up", "k=v", "do it"] {
                #expect(page.contains(text), "\(page)")
            }
        }
    }

    @Test("a running task shows its attempts and where their logs are")
    func showsARunningTask() async throws {
        try await DaemonFixture.working(["INITIAL_RETRY_DELAY": "0.1", "MAX_CONCURRENT_TASKS": "1"]) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "echo out; say here; [ $VIGIL_ATTEMPT = 2 ] || exit 3; pass gate")
            try await daemon.witness(2)
            try daemon.submit("t2", "true", ["dependencies": ["t1"]])
            let shown = try await document("t1", daemon)
            #expect(shown["state"] == "running")
            let attempts = (shown["attempts"]?.arrayValue ?? []).compactMap(\.objectValue)
            #expect(attempts.map { $0["running"] } == [false, true])
            #expect(attempts.map { $0["exit_code"] } == [3, .null])
            #expect(attempts.last?["stdout_log"] == .string("\(daemon.root)/results/marie/t1/attempt-2/stdout.log"))
            #expect(attempts.last?["stdout_bytes"] == 4)
            let waiting = try await document("t2", daemon)
            #expect(waiting["state"] == "waiting")
            let tasks = waiting["waiting_for"]?.arrayValue?.first?.objectValue?["tasks"]
            #expect(tasks == [["task_id": "t1", "state": "running"]])
            try gate.pass()
            _ = try await daemon.result(of: "t2")
        }
    }

    @Test("a task without a slot says who has them")
    func showsATaskWithoutASlot() async throws {
        try await DaemonFixture.working(["MAX_CONCURRENT_TASKS": "1"]) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "pass gate")
            try daemon.submit("t2", "true")
            _ = try await daemon.heartbeat { $0.running.map(\.string) == ["t1"] }
            let shown = try await document("t2", daemon)
            #expect(shown["waiting_for"] == [["cause": "slot", "running": ["t1"]]])
            try gate.pass()
            _ = try await daemon.result(of: "t2")
        }
    }

    @Test("a task that ended shows its result, its failure and its dead letter")
    func showsAnEndedTask() async throws {
        try await DaemonFixture.working { daemon in
            try daemon.submit("good", "echo fine")
            try daemon.submit("bad", "echo no >&2; exit 3", ["max_retries": 0])
            _ = try await daemon.result(of: "good")
            _ = try await daemon.result(of: "bad")
            let good = try await document("good", daemon)
            #expect(good["state"] == "completed")
            #expect(good["result"]?.objectValue?["output"] == "fine")
            #expect(good["result_file"] == .string("\(daemon.root)/results/marie/good.json"))
            let bad = try await document("bad", daemon)
            #expect(bad["state"] == "failed")
            #expect(bad["failure"]?.objectValue?["reason"] == "exit_code")
            let letters = bad["dead_letters"]?.arrayValue ?? []
            #expect(letters.map { $0.objectValue?["reason"] } == ["max_retries_exceeded"])
            #expect(bad["task"]?.objectValue?["description"] == "echo no >&2; exit 3")
            let page = try await daemon.run("show", "bad").output
            for text in ["bad  failed\n", "exit code 3", "(exit_code)", "max_retries_exceeded", "stderr.log (3 bytes)"]
            {
                #expect(page.contains(text), "\(page)")
            }
        }
    }

    @Test("a file that never was a task is shown as refused, and an unknown id is an error")
    func showsWhatNeverRan() async throws {
        try await DaemonFixture.working { daemon in
            try daemon.submit("t1", "x", ["timeout": -1])
            _ = try await daemon.deadLetter(of: "t1")
            let shown = try await document("t1", daemon)
            #expect(shown["state"] == "refused")
            let unknown = try await daemon.run("show", "t2")
            #expect(unknown.status == .exited(1) && unknown.output.isEmpty)
            #expect(unknown.errors.hasPrefix("Error: no task t2 in \(daemon.root)"), "\(unknown.errors)")
            #expect(unknown.errors.count { $0 == "\n" } == 1)
        }
    }

    @Test("an attempt whose daemon has died is shown with what that means")
    func showsAnAttemptWithoutItsDaemon() async throws {
        try await DaemonFixture.idle { daemon in
            try await daemon.start()
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say here; pass gate")
            try await daemon.witness(1)
            try await daemon.crash()
            let shown = try await document("t1", daemon)
            #expect(shown["state"] == "running")
            #expect(causes(shown) == ["no_daemon"])
            try gate.pass()
            let logs = try await daemon.run("logs", "t1", "--follow")
            #expect(logs.status == .exited(0))
            let page = try await daemon.run("show", "t1").output
            #expect(page.contains("1  ended, its outcome is not taken up yet"), "\(page)")
            try await daemon.start()
            _ = try await daemon.result(of: "t1")
            try await daemon.expectCleanEnd()
        }
    }
}

@Suite("vigil logs", .takesTurns, .guardedAgainstHangs)
struct LogsCommandTests {
    @Test("each attempt's output is printed as it is, the latest by default")
    func printsEveryAttempt() async throws {
        try await DaemonFixture.working(["INITIAL_RETRY_DELAY": "0.1"]) { daemon in
            let script = #"printf "$VIGIL_ATTEMPT\377"; echo "aside $VIGIL_ATTEMPT" >&2; [ $VIGIL_ATTEMPT = 2 ]"#
            try daemon.submit("t1", script)
            _ = try await daemon.result(of: "t1")
            let marks = [UInt8]("2".utf8) + [0xFF]
            _ = try await daemon.run("logs", "t1")
            let output = try daemon.scratch.directory.read("command-1.out", limit: 100)
            #expect(output == marks)
            let first = try await daemon.run("logs", "t1", "--attempt", "1", "--stderr")
            #expect(first.output == "aside 1\n" && first.status == .exited(0))
            let third = try await daemon.run("logs", "t1", "--attempt", "3")
            #expect(third.status == .exited(1))
            #expect(third.errors == "Error: task t1 has no output of attempt 3; there are attempts 1 to 2\n")
            let followed = try await daemon.run("logs", "t1", "--follow", "--attempt", "1", "--stderr")
            #expect(followed.output == "aside 1\n" && followed.status == .exited(0))
        }
    }

    @Test("following waits for the start, and ends with the attempt")
    func followsFromBeforeTheStart() async throws {
        try await DaemonFixture.idle { daemon in
            try daemon.submit("t1", "echo one; pass gate; echo two")
            let none = try await daemon.run("logs", "t1")
            #expect(none.status == .exited(1))
            #expect(none.errors.hasPrefix("Error: task t1 has not started yet"), "\(none.errors)")
            let gate = try daemon.makeGate()
            let command = try daemon.begin(["logs", "t1", "--follow"])
            try await daemon.start()
            try await command.says("one\n")
            try gate.pass()
            let result = try await command.end()
            #expect(result.status == .exited(0) && result.output == "one\ntwo\n" && result.errors.isEmpty)
            try await daemon.expectCleanEnd()
        }
    }

    @Test("a reader that has seen enough ends the command")
    func endsWithItsReader() async throws {
        try await DaemonFixture.working { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "echo one; say here; pass gate")
            try await daemon.witness(1)
            let pipeline = try ChildProcess(
                ["/bin/sh", "-c", #""$1" logs t1 --follow | head -n 1"#, "sh", BuiltProgram.vigil],
                environment: daemon.environment,
                output: daemon.scratch.path(of: "pipeline")
            )
            try await pipeline.waitForExit()
            try gate.pass()
            _ = try await daemon.result(of: "t1")
        }
    }

    @Test("without any output there is a reason")
    func saysWhyThereIsNone() async throws {
        try await DaemonFixture.idle { daemon in
            let unknown = try await daemon.run("logs", "t1")
            #expect(unknown.status == .exited(69))
            try daemon.submit("t1", "x")
            let other = try await daemon.run("logs", "t2", "--follow")
            #expect(other.status == .exited(1))
            #expect(other.errors.hasPrefix("Error: no task t2 in "), "\(other.errors)")
        }
    }
}
