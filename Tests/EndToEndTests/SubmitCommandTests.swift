// SPDX-License-Identifier: Apache-2.0
// `vigil submit`: putting tasks in, waiting for the verdict, seeing the output while it comes.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("vigil submit", .takesTurns, .guardedAgainstHangs)
struct SubmitCommandTests {
    private func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

    @Test("the id is printed, and the task is there before any daemon")
    func submitsWithoutADaemon() async throws {
        try await DaemonFixture.idle { daemon in
            let result = try await daemon.run("submit", "marie", "--priority", "high", "say", "hello")
            #expect(result.status == .exited(0))
            let id = result.output.dropLast()
            #expect(result.output.hasSuffix("\n") && TaskID(bytes: id.utf8) != nil)
            #expect(result.errors == "the task waits: no daemon serves marie yet; start one: vigil up\n")
            let task = try daemon.contents(of: "tasks/marie/\(id).json")
            #expect(task == #"{"task_id":"\#(id)","description":"say hello","priority":"high"}"#)
        }
    }

    @Test("waiting prints the agent's answer alone, and exits with 0")
    func waitingPrintsTheAnswer() async throws {
        try await DaemonFixture.working { daemon in
            let result = try await daemon.run(
                "submit",
                "marie",
                "--id",
                "t1",
                "--wait",
                "printf 'one\\ntwo'; echo no >&2"
            )
            #expect(result.status == .exited(0))
            #expect(result.output == "one\ntwo\n")
            #expect(result.errors == "t1\n")
        }
    }

    @Test("the exit code is the task's verdict, with the reason in one line")
    func exitCodeIsTheVerdict() async throws {
        try await DaemonFixture.working { daemon in
            let options = ["submit", "marie", "--wait", "--max-retries", "0"]
            let failed = try await daemon.run(options + ["--id", "f", "echo sorry; echo broken >&2; exit 3"])
            #expect(failed.status == .exited(1))
            #expect(failed.output == "sorry\n")
            #expect(failed.errors.hasPrefix("f\nError: task f failed: exit code 3"), "\(failed.errors)")
            #expect(failed.errors.hasSuffix(" (exit_code)\n"), "\(failed.errors)")
            let late = try await daemon.run(options + ["--id", "l", "--timeout", "200ms", "exec sleep 1000"])
            #expect(late.status == .exited(124))
            #expect(late.errors.hasSuffix(" (timeout)\n"), "\(late.errors)")
        }
    }

    @Test("following shows each line while the agent is still at work")
    func followingStreams() async throws {
        try await DaemonFixture.working { daemon in
            let gate = try daemon.makeGate()
            let script = "echo first; pass gate; echo aside >&2; pass gate; printf last"
            let command = try daemon.begin(["submit", "marie", "--id", "t1", "--follow", script])
            try await command.says("first\n")
            #expect(command.output == "first\n")
            try gate.pass()
            try await command.says("aside\n")
            #expect(command.output == "first\n")
            try gate.pass()
            let result = try await command.end()
            #expect(result.status == .exited(0))
            #expect(result.output == "first\nlast")
            #expect(result.errors == "t1\nattempt 1 of t1\naside\n")
        }
    }

    @Test("following goes on through retries, and says which attempt it is")
    func followingShowsEveryAttempt() async throws {
        try await DaemonFixture.working(["INITIAL_RETRY_DELAY": "0.1"]) { daemon in
            let script = "echo attempt $VIGIL_ATTEMPT; [ $VIGIL_ATTEMPT = 3 ]"
            let result = try await daemon.run("submit", "marie", "--id", "t1", "--follow", script)
            #expect(result.status == .exited(0))
            #expect(result.output == "attempt 1\nattempt 2\nattempt 3\n")
            let lines = result.errors.split(separator: "\n")
            #expect(lines.filter { $0.hasSuffix(" of t1") } == (1...3).map { "attempt \($0) of t1" })
            for number in 1...2 {
                #expect(lines.contains { $0.hasPrefix("attempt \(number) failed: exit code 1") }, "\(result.errors)")
            }
        }
    }

    @Test("an attempt that a stop took back is followed again from its beginning")
    func followingStartsAgainWithTheAttempt() async throws {
        try await DaemonFixture.idle { daemon in
            try await daemon.start()
            let gate = try daemon.makeGate()
            let script = "echo begun; say begun; pass gate; echo done"
            let command = try daemon.begin(["submit", "marie", "--id", "t1", "--follow", script])
            try await command.says("begun\n")
            // The second signal ends the drain: the task waits for the next start, and loses no attempt.
            try daemon.daemon.send(SIGTERM)
            _ = try await daemon.logEntry("draining")
            try daemon.daemon.send(SIGTERM)
            try await daemon.daemon.waitForExit()
            try await daemon.start()
            try await daemon.witness(2)
            try gate.pass()
            let result = try await command.end()
            #expect(result.status == .exited(0))
            #expect(result.output == "begun\nbegun\ndone\n")
            #expect(result.errors == "t1\nattempt 1 of t1\nattempt 1 of t1 again, from its beginning\n")
            try await daemon.expectCleanEnd()
        }
    }

    @Test("Ctrl-C ends the waiting, and not the task")
    func interruptLeavesTheTask() async throws {
        try await DaemonFixture.working { daemon in
            let gate = try daemon.makeGate()
            let command = try daemon.begin(["submit", "marie", "--id", "t1", "--wait", "say here; pass gate"])
            try await daemon.witness(1)
            command.process.send(SIGINT)
            let result = try await command.end()
            #expect(result.status == .exited(130))
            #expect(result.errors == "t1\ntask t1 goes on; see it with: vigil show t1\n")
            try gate.pass()
            let task = try await daemon.result(of: "t1")
            #expect(task.status == .completed)
        }
    }

    @Test("waiting survives the daemon's death, and takes up the outcome from the next one")
    func waitingOutlivesTheDaemon() async throws {
        try await DaemonFixture.idle { daemon in
            try await daemon.start()
            let gate = try daemon.makeGate()
            let command = try daemon.begin(["submit", "marie", "--wait", "say here; pass gate; echo done"])
            try await daemon.witness(1)
            try await daemon.crash()
            try gate.pass()
            try await daemon.start()
            let result = try await command.end()
            #expect(result.status == .exited(0) && result.output == "done\n")
            try await daemon.expectCleanEnd()
        }
    }

    @Test("a task that the worker refuses ends the waiting with the reason")
    func refusalEndsTheWaiting() async throws {
        try await DaemonFixture.working(["MAX_TASK_TIMEOUT": "5", "TASK_TIMEOUT": "5"]) { daemon in
            let arguments = ["submit", "marie", "--id", "t1", "--timeout", "10s", "--wait", "true"]
            let result = try await daemon.begin(arguments, ["MAX_TASK_TIMEOUT": "20"]).end()
            #expect(result.status == .exited(65))
            #expect(
                result.errors.contains("Error: task t1 was refused: timeout: 10 is not allowed"),
                "\(result.errors)"
            )
        }
    }

    @Test("the same task again is told apart from another one of its id")
    func repeatsAreKnown() async throws {
        try await DaemonFixture.working { daemon in
            let first = try await daemon.run("submit", "marie", "--id", "t1", "--wait", "say one; echo one")
            let again = try await daemon.run("submit", "marie", "--id", "t1", "--wait", "say one; echo one")
            #expect(first.output == "one\n" && again.output == "one\n")
            #expect(again.status == .exited(0))
            #expect(again.errors == "t1\ntask t1 was there already; nothing was added\n")
            let other = try await daemon.run("submit", "marie", "--id", "t1", "echo two")
            #expect(other.status == .exited(65) && other.output.isEmpty)
            #expect(other.errors == "Error: task t1 has a result of marie; use --replace, or choose another id\n")
            let replaced = try await daemon.run("submit", "marie", "--id", "t1", "--replace", "--wait", "echo two")
            #expect(replaced.output == "two\n")
            #expect(try daemon.witness() == ["t1 1 one"])
        }
    }

    @Test("a description may come from a file or from standard input")
    func readsTheDescription() async throws {
        try await DaemonFixture.working { daemon in
            let arguments = ["submit", "marie", "--file", "-", "--wait"]
            let piped = try await daemon.begin(arguments, input: "echo 'from afar'\n").end()
            #expect(piped.output == "from afar\n")
            let path = daemon.scratch.path(of: "prompt")
            try daemon.scratch.directory.createFile("prompt").write(all: Array("\u{FEFF}echo filed".utf8))
            let filed = try await daemon.run("submit", "marie", "--file", path, "--wait")
            #expect(filed.output == "filed\n")
            let missing = try await daemon.run("submit", "marie", "--file", path + "x")
            #expect(missing.status == .exited(65))
            #expect(missing.errors == "Error: \(path)x cannot be read: No such file or directory\n")
        }
    }

    @Test("a local time starts a task then, and a time of another zone too")
    func timesFollowTheZone() async throws {
        try await DaemonFixture.idle { daemon in
            let options = ["submit", "marie", "--id", "t1", "--at", "2099-07-01 12:00", "x"]
            let result = try await daemon.begin(options, ["TZ": "XYZ-3"]).end()
            #expect(result.status == .exited(0))
            let task = try daemon.contents(of: "tasks/marie/t1.json")
            #expect(task?.contains(#""not_before":"2099-07-01T09:00:00.000Z""#) == true)
        }
    }
}

@Suite("vigil submit --batch", .takesTurns, .guardedAgainstHangs)
struct SubmitBatchTests {
    @Test("one bad line keeps every task of a batch out, and every bad line is told")
    func allOrNothing() async throws {
        try await DaemonFixture.idle { daemon in
            let lines = #"{"description":"fine"}"# + "\n" + #"{"description":7}"# + "\n\nnonsense\n"
            let result = try await daemon.begin(["submit", "marie", "--batch", "-"], input: lines).end()
            #expect(result.status == .exited(65))
            #expect(result.output.isEmpty)
            let errors = result.errors.split(separator: "\n")
            #expect(errors.first == "Error: 2 lines are wrong in standard input, nothing was submitted")
            #expect(errors.dropFirst().map { $0.prefix(9) } == ["  line 2:", "  line 4:"])
            #expect(try daemon.names(in: "tasks/marie") == [])
        }
    }

    @Test("a batch of good lines is submitted in order, once")
    func submitsInOrder() async throws {
        try await DaemonFixture.working { daemon in
            let path = daemon.scratch.path(of: "batch")
            let lines = (1...20).map { #"{"task_id":"t\#($0)","description":"say \#($0)"}"# }.joined(separator: "\n")
            try daemon.scratch.directory.createFile("batch").write(all: Array(lines.utf8))
            let result = try await daemon.run("submit", "marie", "--batch", path)
            #expect(result.status == .exited(0))
            #expect(result.output == (1...20).map { "t\($0)\n" }.joined())
            for number in 1...20 { _ = try await daemon.result(of: "t\(number)") }
            let again = try await daemon.run("submit", "marie", "--batch", path)
            #expect(again.output == result.output)
            #expect(again.errors == "20 of 20 tasks were there already\n")
            #expect(try daemon.witness().count == 20)
        }
    }

    @Test("a line whose id another task has is as bad as any other")
    func takenIDIsABadLine() async throws {
        try await DaemonFixture.idle { daemon in
            try daemon.submit("taken", "something")
            let lines = #"{"task_id":"free","description":"x"}"# + "\n" + #"{"task_id":"taken","description":"x"}"#
            let result = try await daemon.begin(["submit", "marie", "--batch", "-"], input: lines).end()
            #expect(result.status == .exited(65))
            #expect(result.errors.contains("line 2: task taken is queued already"), "\(result.errors)")
            #expect(try daemon.names(in: "tasks/marie") == ["taken.json"])
        }
    }

    @Test("a ring of dependencies is refused before anything is put in")
    func refusesRings() async throws {
        try await DaemonFixture.idle { daemon in
            let batch = """
                {"task_id": "a", "description": "x", "dependencies": ["b"]}
                {"task_id": "c", "description": "x"}
                {"task_id": "b", "description": "x", "dependencies": ["a"]}
                """
            let many = try await daemon.begin(["submit", "marie", "--batch", "-"], input: batch).end()
            #expect(many.status == .exited(65))
            #expect(many.output.isEmpty && many.errors.contains("a (line 1) → b (line 3) → a (line 1)"))
            #expect(try daemon.names(in: "tasks/marie").isEmpty)
            #expect(try await daemon.run("submit", "anga", "--id", "a", "--after", "b", "x").status == .exited(0))
            let one = try await daemon.run("submit", "marie", "--id", "b", "--after", "a", "x")
            #expect(one.status == .exited(65) && one.errors.contains("b → a → b"))
        }
    }

    @Test("with --json each task has a document, and so has its result")
    func printsDocuments() async throws {
        try await DaemonFixture.working(["MAX_RETRIES": "0"]) { daemon in
            let first = try await daemon.run("submit", "marie", "--id", "a", "--json", "true")
            #expect(
                first.output == #"{"schema_version":1,"task_id":"a","worker":"marie","outcome":"accepted"}"# + "\n"
            )
            let batch = #"{"task_id":"a","description":"true"}"# + "\n" + #"{"task_id":"b","description":"true"}"#
            let both = try await daemon.begin(["submit", "marie", "--json", "--batch", "-"], input: batch).end()
            #expect(
                both.output.split(separator: "\n").map { $0.hasSuffix(#""outcome":"repeated"}"#) } == [true, false]
            )
            let failed = try await daemon.run("submit", "marie", "--id", "c", "--json", "--wait", "exit 3")
            #expect(failed.status == .exited(1))
            #expect(failed.output.hasPrefix(#"{"schema_version":1,"task_id":"c","worker":"marie","status":"failed","#))
        }
    }
}
