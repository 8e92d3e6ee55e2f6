// SPDX-License-Identifier: Apache-2.0
// What checks find, and what agents are told of it.

import Agents
import QueueModel
import Supervision
import SystemKit
import TestSupport
import Testing

@Suite struct CheckTests {
    private func found(_ ending: String, cutOff: String = "null", _ output: String = "") throws -> CheckRecord {
        CheckRecord.finding(try CheckName("tests"), try makeRecord(ending, cutOff: cutOff), CheckOutput(output))
    }

    @Test func onlyAnEndOfItsOwnWithExitCodeZeroPasses() throws {
        let passed = try found(exited(0), "all is well")
        #expect(passed.hasPassed && passed.exitCode == 0 && passed.output == nil)
        #expect(passed.duration == .seconds(10))
        let cases: [(String, String, Int?, String)] = [
            (exited(2), "null", 2, "exit code 2"), (signalled(11), "null", 139, "signal 11"),
            (signalled(15), "\"timeout\"", 124, "took too long: stopped after 10s"),
            // What it said before it was ended is not its own end.
            (exited(0), "\"timeout\"", 124, "took too long: stopped after 10s"),
            (signalled(9), "\"output_limit\"", 137, "wrote too much: stopped after 11 bytes"),
        ]
        for (ending, cutOff, code, problem) in cases {
            let failed = try found(ending, cutOff: cutOff, "1 failed")
            #expect(failed.exitCode == code)
            #expect(failed.problem == problem)
            #expect(failed.output == "1 failed")
            #expect(!failed.hasPassed && !failed.isBroken)
        }
        let broken = try found(spawnFailed("search", 2))
        #expect(broken.isBroken)
        #expect(broken.problem?.hasPrefix("cannot be started: search: ") == true)
    }

    @Test func failureEndsWithTheLastLine() throws {
        let failure = try found(exited(1), "running\n\u{1B}[31m1 of 30 failed\u{1B}[0m\n").failure(isPermanent: true)
        #expect(failure.message == "the check tests failed: exit code 1: 1 of 30 failed")
        #expect(failure.failureClass == .permanent)
        #expect(try found(exited(1)).failure(isPermanent: false).failureClass == .unknown)
    }

    @Test func endOfBothLogsIsReadAndIsWholeText() throws {
        try withTemporaryDirectory { scratch in
            func write(_ text: String, as name: FileName) throws {
                let bytes = Array(text.utf8)
                try AtomicFile.write(bytes, as: name, in: scratch.directory, replacing: true, durability: .relaxed)
            }
            try write("\nfirst\0line\n\n", as: "stdout.log")
            try write("", as: "stderr.log")
            #expect(try CheckOutput(in: scratch.directory).text == "first line")
            try write(String(repeating: "é123456789\n", count: 5_000) + "the end", as: "stdout.log")
            try write("trouble\n", as: "stderr.log")
            let text = try CheckOutput(in: scratch.directory).text
            #expect(text.hasPrefix("é123456789\n"))
            #expect(text.hasSuffix("the end\ntrouble"))
            #expect(text.utf8.count <= 12_100)
            try write(String(repeating: "é", count: 20_000), as: "stdout.log")
            #expect(try !CheckOutput(in: scratch.directory).text.contains("\u{FFFD}"))
        }
    }

    @Test func agentIsToldWhatToMend() throws {
        let failed = try found(exited(2), "3 tests failed")
        let told = """
            The work is not done yet. The check "tests" has failed: exit code 2. It wrote at its end:

            3 tests failed

            Mend the work, not the check, and then answer as the task asks. The check is run again after that.
            """
        #expect(SessionPrompt.mend(failed) == told)
        let silent = """
            The work is not done yet. The check "tests" has failed: exit code 2. Mend the work, not the check, and then \
            answer as the task asks. The check is run again after that.
            """
        #expect(SessionPrompt.mend(try found(exited(2))) == silent)
        #expect(
            SessionPrompt.description("do it", with: told)
                == "do it\n\nAn earlier run has worked on this, in the same place. " + told
        )
    }

    @Test func checkGetsTheEnvironmentOfAnAgentAndNoInput() throws {
        let check = Check(name: try CheckName("tests"), arguments: ["make", "test"], environment: ["MY_*"])
        let context = try makeContext(environment: ["PATH": "/bin", "MY_KEY": "1", "ANTHROPIC_API_KEY": "secret"])
        let invocation = check.invocation(in: context)
        #expect(invocation.arguments == ["make", "test"])
        #expect(invocation.input == nil)
        #expect(
            invocation.environment == [
                "MY_KEY=1", "PATH=/bin", "VIGIL_ATTEMPT=2", "VIGIL_ROOT=/q", "VIGIL_RUN_ID=run-9", "VIGIL_TASK_ID=t-1",
                "VIGIL_WORKER=marie",
            ]
        )
    }

    @Test func promptThatIsTooLongForAnArgumentIsNotTaken() throws {
        let long = String(repeating: "x", count: AgentProfile.longestArgument + 1)
        #expect(!(try makeCommand(["tool", "{description}"]).takes(long)))
        #expect(try makeCommand(["tool", "{description}"]).takes("short"))
        #expect(try makeCommand(["tool"], .standardInput).takes(long))
        #expect(AgentProfile.claude().takes(long))
    }
}
