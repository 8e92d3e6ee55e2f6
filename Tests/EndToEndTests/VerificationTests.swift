// SPDX-License-Identifier: Apache-2.0
// The work of an agent is done when the checks say so, whatever dies meanwhile.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns) struct VerificationTests {
    /// The agent works in the root, beside which the check's script lies.
    private static let configuration = #"""
        {
            agents: { cc: { kind: "claude", verify: "tests" } },
            verify: {
                tests: { command: ["sh", "../check.sh"], timeout: 60 },
                lint: { command: ["sh", "-c", "echo lint >>../witness"] },
                slow: { command: ["sh", "-c", "(setsid tail -f /dev/null &); exec tail -f /dev/null"], timeout: 1 },
                missing: { command: ["./no-such-program"] },
            },
        }
        """#

    /// Runs a test with a daemon whose agent's work is checked by a script; each run of it is a line of the witness.
    private func checking(
        _ script: String,
        _ settings: [String: String] = [:],
        _ body: (DaemonFixture) async throws -> Void
    ) async throws {
        try await DaemonFixture.remembering(settings, configuration: Self.configuration) { daemon in
            let start = #"echo "$VIGIL_TASK_ID $VIGIL_ATTEMPT checks" >>../witness"#
            try await daemon.scratch.writeScript("\(start)\n\(script)", as: "check.sh")
            try await body(daemon)
        }
    }

    private static let wantsMending = "[ -e ../mended ] || { echo '3 tests failed'; echo 'see them' >&2; exit 2; }"

    @Test func workThatPassesIsDoneAndTheResultSaysWhatWasChecked() async throws {
        try await checking("echo fine") { daemon in
            try daemon.submit("t1", "do it", ["verify": ["tests", "lint"]])
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.attempts.count == 1)
            let verification = try #require(result.verification)
            #expect(verification.hasPassed && verification.rounds == 0)
            #expect(verification.checks.map(\.name.string) == ["tests", "lint"])
            #expect(verification.checks.map(\.exitCode) == [0, 0])
            #expect(verification.checks.allSatisfy { $0.duration > .zero })
            #expect(try daemon.witness() == ["t1 1 new session-t1-0 do", "t1 1 checks", "lint"])
            #expect(try daemon.contents(of: "results/marie/t1/verify-tests/stdout.log") == "fine\n")
            let page = try await daemon.page("/metrics").body
            #expect(page.contains(#"watcher_checks_total{outcome="passed",worker="marie"} 2"#), "\(page)")
            #expect(try await daemon.run("show", "t1").output.contains("tests passed after"))
        }
    }

    @Test func whatACheckFindsGoesBackToTheSameSession() async throws {
        try await checking(Self.wantsMending) { daemon in
            try daemon.submit("t1", "mend it")
            let result = try await daemon.result(of: "t1")
            #expect(result.output == "mended")
            #expect(result.attempts.map(\.reason) == [.verificationFailed, nil])
            #expect(result.attempts.map(\.resumedSession) == [nil, "session-t1-0"])
            #expect(result.verification?.rounds == 1)
            #expect(result.verification?.hasPassed == true)
            let told = try #require(try daemon.told("session-t1-0").last)
            let expected = """
                The work is not done yet. The check "tests" has failed: exit code 2. It wrote at its end:||3 tests failed|\
                see them||Mend the work, not the check, and then answer as the task asks. The check is run again after that.
                """
            #expect(told == expected)
            #expect(
                try daemon.contents(of: "results/marie/t1/verify-tests/stderr.log") == "see them\n"
            )
            #expect(try daemon.contents(of: "results/marie/t1/attempt-2/verify-tests/stdout.log")?.isEmpty == true)
        }
    }

    @Test func roundsAreLimitedAndTheFailureSaysWhatWasFound() async throws {
        try await checking(Self.wantsMending, ["MAX_RETRIES": "5", "VERIFY_ROUNDS": "1"]) { daemon in
            try daemon.submit("t1", "do it")
            let result = try await daemon.result(of: "t1")
            #expect(result.failure?.reason == .verificationFailed)
            #expect(result.failure?.message == "the check tests failed: exit code 2: see them")
            #expect(result.failure?.failureClass == .permanent)
            #expect(result.attempts.map(\.reason) == [.verificationFailed, .verificationFailed])
            #expect(result.verification?.rounds == 1)
            #expect(result.verification?.checks.map(\.output) == ["3 tests failed\nsee them"])
            #expect(try await daemon.deadLetter(of: "t1").reason == .permanentFailure)
            #expect(try await daemon.run("show", "t1").output.contains("3 tests failed"))
            // The task may ask for none.
            try daemon.submit("t2", "do it", ["verify_rounds": 0])
            #expect(try await daemon.result(of: "t2").attempts.count == 1)
        }
    }

    @Test func aRoundIsAnAttemptSoThatRetriesLimitItToo() async throws {
        try await checking(Self.wantsMending, ["MAX_RETRIES": "0"]) { daemon in
            try daemon.submit("t1", "mend it")
            let result = try await daemon.result(of: "t1")
            #expect(result.failure?.reason == .verificationFailed)
            #expect(result.failure?.failureClass == .unknown)
            #expect(result.attempts.count == 1)
            #expect(try await daemon.deadLetter(of: "t1").reason == .maxRetriesExceeded)
        }
    }

    @Test func checkThatCannotBeRunFailsTheTaskAtOnce() async throws {
        try await checking("exit 0", ["MAX_RETRIES": "5"]) { daemon in
            try daemon.submit("t1", "do it", ["verify": "missing"])
            let result = try await daemon.result(of: "t1")
            #expect(result.failure?.reason == .verificationFailed)
            #expect(result.failure?.isPermanent == true)
            #expect(result.attempts.count == 1)
            #expect(result.verification?.checks.map(\.exitCode) == [0, nil])
            try daemon.submit("t2", "do it", ["verify": "nobody-knows-it"])
            let refused = try await daemon.result(of: "t2")
            #expect(refused.failure?.message.contains("verify: no check named nobody-knows-it") == true)
            #expect(refused.attempts.isEmpty)
            #expect(try daemon.witness().filter { $0.hasPrefix("t2") }.isEmpty)
        }
    }

    @Test func checkIsEndedAtItsTimeLimitWithAllThatItHasStarted() async throws {
        try await checking("exit 0", ["MAX_RETRIES": "0", "KILL_GRACE_SECONDS": "0"]) { daemon in
            try daemon.submit("t1", "do it", ["verify": "slow"])
            let result = try await daemon.result(of: "t1")
            #expect(result.verification?.checks.last?.exitCode == 124)
            #expect(result.failure?.message.hasPrefix("the check slow failed: took too long") == true)
            let left = try daemon.processes.numbers().map(commandLine).filter { $0.contains("tail") }
            #expect(left == [])
        }
    }

    @Test func agentWithoutSessionsIsToldTheTaskAndWhatWasFound() async throws {
        let configuration = #"""
            {
                agents: { cc: { command: ["sh", "-c", "printf '%s' \"$1\" | tr '\\n' '|' >>../told; echo >>../told", "sh",
                    "{description}"], verify: "tests" } },
                verify: { tests: { command: "sh -c '[ $VIGIL_ATTEMPT = 2 ] || exit 3'" } },
            }
            """#
        try await DaemonFixture.remembering(configuration: configuration) { daemon in
            try daemon.submit("t1", "do it")
            #expect(try await daemon.result(of: "t1").attempts.map(\.reason) == [.verificationFailed, nil])
            let bytes = try #require(try daemon.scratch.directory.read("told", limit: 1 << 16))
            let told = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
            #expect(told.first == "do it")
            let words =
                "do it||An earlier run has worked on this, in the same place. The work is not done yet. The check"
            #expect(told.last?.hasPrefix(words) == true, "\(told)")
        }
    }

    @Test func cancelEndsTheCheckAndTheTask() async throws {
        try await checking("pass() { read -r _ <../gate; }; pass") { daemon in
            _ = try daemon.makeGate()
            try daemon.submit("t1", "do it")
            try await daemon.witness(2)
            #expect(try await daemon.run("why", "t1").output.contains("its agent is done, and the check tests runs"))
            #expect(try await daemon.run("cancel", "t1").status == .exited(0))
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .cancelled)
            #expect(result.failure?.message == "cancelled while its work was checked")
            #expect(result.attempts.map(\.reason) == [.cancelled])
            #expect(try daemon.names(in: "dlq/marie") == [])
        }
    }
}

// MARK: - Crashes

extension VerificationTests {
    @Test func checkThatOutlivesItsDaemonIsTakenUp() async throws {
        try await checking("read -r _ <../gate") { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "do it")
            try await daemon.witness(2)
            try await daemon.crash()
            let supervisors = try daemon.busySupervisors()
            try gate.pass()
            for pid in supervisors { try await waitForEnd(of: pid) }
            try await daemon.start()
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.output == "run 1")
            #expect(result.attempts.map(\.number) == [1])
            #expect(result.verification?.checks.map(\.exitCode) == [0])
            #expect(try daemon.witness() == ["t1 1 new session-t1-0 do", "t1 1 checks"])
            // The claim goes behind the result.
            _ = try await daemon.logEntry("task completed")
            #expect(try daemon.claimNames().isEmpty)
        }
    }

    @Test func newDaemonWaitsForACheckThatStillRuns() async throws {
        try await checking("read -r _ <../gate; exit 2", ["MAX_RETRIES": "0"]) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "do it")
            try await daemon.witness(2)
            try await daemon.crash()
            try await daemon.start()
            _ = try await daemon.heartbeat { $0.activeTasks == 1 }
            try gate.pass()
            #expect(try await daemon.result(of: "t1").verification?.checks.map(\.exitCode) == [2])
            #expect(try daemon.witness() == ["t1 1 new session-t1-0 do", "t1 1 checks"])
        }
    }

    @Test func checkOfAnEarlierDaemonIsNotTakenForItsAgent() async throws {
        let settings = ["MAX_RETRIES": "0", "AGENT_SILENCE_TIMEOUT": "1", "AGENT_RESULT_GRACE": "1"]
        try await checking("read -r _ <../gate; exit 2", settings) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "do it", ["verify_rounds": 0])
            try await daemon.witness(2)
            try await daemon.crash()
            try await daemon.start()
            _ = try await daemon.heartbeat { $0.activeTasks == 1 }
            // An agent that begins later is ended for its silence; the check of one that has ended is not.
            try daemon.submit("t2", "hold it")
            #expect(try await daemon.result(of: "t2").failure?.reason == .timeout)
            try gate.pass()
            #expect(try await daemon.result(of: "t1").verification?.checks.map(\.exitCode) == [2])
            #expect(try daemon.witness().count { $0.hasSuffix("checks") } == 1)
        }
    }

    @Test func agentThatEndsWithoutADaemonIsCheckedByTheNext() async throws {
        try await checking("exit 0") { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "gate it")
            try await daemon.witness(2)
            try await daemon.crash()
            let supervisors = try daemon.busySupervisors()
            try gate.pass()
            for pid in supervisors { try await waitForEnd(of: pid) }
            try await daemon.start()
            #expect(try await daemon.result(of: "t1").verification?.hasPassed == true)
            #expect(try daemon.witness() == ["t1 1 new session-t1-0 gate", "t1 stays", "t1 1 checks"])
        }
    }

    @Test func checkThatACrashCutsOffIsRunAgainAndTheAgentIsNot() async throws {
        let script = "mkdir ../once 2>/dev/null || exit 0; (setsid tail -f /dev/null &); exec tail -f /dev/null"
        try await checking(script, ["MAX_RETRIES": "0"]) { daemon in
            try daemon.submit("t1", "do it")
            try await daemon.witness(2)
            try await daemon.crashWithSupervisors()
            try await daemon.start()
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.attempts.map(\.number) == [1])
            #expect(try daemon.witness() == ["t1 1 new session-t1-0 do", "t1 1 checks", "t1 1 checks"])
            let left = try daemon.processes.numbers().map(commandLine).filter { $0.contains("tail") }
            #expect(left == [])
        }
    }

    @Test func checkThatTakesEverythingDownEveryTimeIsGivenUp() async throws {
        try await checking("exec tail -f /dev/null", ["MAX_RETRIES": "5"]) { daemon in
            try daemon.submit("t1", "do it")
            for number in 1...3 {
                try await daemon.witness(number) { $0.hasSuffix("checks") }
                try await daemon.crashWithSupervisors()
                try await daemon.start()
            }
            let result = try await daemon.result(of: "t1")
            #expect(result.failure?.message == "the check tests failed: was cut off 3 times")
            #expect(result.failure?.isPermanent == true)
            #expect(result.attempts.count == 1)
        }
    }

    @Test func stopAtOnceLeavesTheCheckToTheNextDaemonUncounted() async throws {
        try await checking("mkdir ../once 2>/dev/null || exit 0; exec tail -f /dev/null", ["MAX_RETRIES": "0"]) {
            daemon in
            try daemon.submit("t1", "do it")
            try await daemon.witness(2)
            try daemon.daemon.send(SIGTERM)
            _ = try await daemon.heartbeat { $0.status == .draining }
            try daemon.daemon.send(SIGTERM)
            #expect(try await daemon.daemon.waitForExit() == .exited(0))
            try await daemon.processes.waitForNone()
            #expect(try daemon.names(in: "results/marie") == ["t1"])
            try await daemon.start()
            #expect(try await daemon.result(of: "t1").status == .completed)
            #expect(try daemon.witness().count == 3)
        }
    }

    @Test func whatWasFoundSurvivesACrashBetweenTwoRounds() async throws {
        try await checking("read -r _ <../gate\n" + Self.wantsMending) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "mend it")
            try await daemon.witness(2)
            #expect(try await daemon.run("pause", "marie").status == .exited(0))
            _ = try await daemon.heartbeat { $0.status == .paused }
            try gate.pass()
            _ = try await daemon.logEntry("attempt failed, will be repeated")
            try await daemon.crash()
            try await daemon.start()
            #expect(try await daemon.run("resume", "marie").status == .exited(0))
            try await daemon.witness(4)
            try gate.pass()
            let result = try await daemon.result(of: "t1")
            #expect(result.output == "mended")
            #expect(result.attempts.map(\.number) == [1, 2])
            #expect(result.verification?.rounds == 1)
            #expect(try daemon.told("session-t1-0").last?.contains("3 tests failed") == true)
        }
    }
}

extension DaemonFixture {
    /// The files of claims, without the daemons' own.
    fileprivate func claimNames() throws -> [String] {
        try names(in: "tasks/.claims").filter { !$0.hasPrefix("~") && !$0.hasPrefix(".spare-") }
    }
}
