// SPDX-License-Identifier: Apache-2.0
// What an agent gets from the daemon, and what it cannot do to it.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns) struct AgentTests {
    @Test func agentGetsItsOwnEnvironmentAndNoMore() async throws {
        let secrets = ["MY_SECRET": "hidden", "LD_PRELOAD_X": "hidden", "METRICS_PORT": "0"]
        try await DaemonFixture.working(secrets) { daemon in
            try daemon.submit("t1", "env")
            let lines = try await daemon.result(of: "t1").stdout.split(separator: "\n").map(String.init)
            let names = Set(lines.map { String($0.prefix { $0 != "=" }) })
            // The last four are the shell's own.
            let allowed: Set = [
                "PATH", "HOME", "LANG", "TMPDIR", "CLAUDE_COMMAND", "VIGIL_TASK_ID", "VIGIL_WORKER", "VIGIL_ATTEMPT",
                "VIGIL_RUN_ID", "VIGIL_ROOT", "PWD", "OLDPWD", "SHLVL", "_",
            ]
            #expect(names.subtracting(allowed) == [])
            #expect(lines.contains("VIGIL_TASK_ID=t1"))
            #expect(lines.contains("VIGIL_WORKER=marie"))
            #expect(lines.contains("VIGIL_ATTEMPT=1"))
            #expect(lines.contains("VIGIL_ROOT=\(daemon.root)"))
            #expect(lines.contains { $0.hasPrefix("VIGIL_RUN_ID=") && $0.count > 20 })
        }
    }

    @Test func agentHasThreeDescriptorsDefaultSignalsAndItsOwnSession() async throws {
        try await DaemonFixture.working { daemon in
            let script = """
                sh -c 'ls -l /proc/$$/fd; :'
                while read -r line; do case "$line" in SigBlk*|SigIgn*) echo "$line";; esac; done < /proc/$$/status
                cut -d' ' -f6 /proc/$$/stat | grep -qx $$ && echo leader
                """
            try daemon.submit("t1", script)
            let lines = try await daemon.result(of: "t1").stdout.split(separator: "\n").map(String.init)
            let files = lines.filter { $0.contains(" -> ") }
            #expect(files.count == 3)
            #expect(files.first?.hasSuffix(" 0 -> /dev/null") == true)
            for (number, name) in [(1, "stdout"), (2, "stderr")] {
                #expect(files.contains { $0.hasSuffix(" \(number) -> \(daemon.root)/results/marie/t1/\(name).log") })
            }
            #expect(lines.contains("SigBlk:\t0000000000000000"))
            #expect(lines.contains("SigIgn:\t0000000000000000"))
            #expect(lines.last == "leader")
        }
    }

    @Test func promptThatLooksLikeAnOptionIsNoArgument() async throws {
        let agent = #"printf '%s\n' "$@"; echo "input: $(cat)""#
        try await DaemonFixture.working {
            $0.agent = agent
        } _: { daemon in
            try daemon.submit("t1", "--dangerous")
            #expect(try await daemon.result(of: "t1").stdout == "-p\ninput: --dangerous\n")
        }
    }

    @Test func promptTooLongForAnArgumentArrivesWhole() async throws {
        try await DaemonFixture.working {
            $0.agent = #"echo "$#"; wc -c | tr -d ' '"#
        } _: { daemon in
            try daemon.submit("t1", String(repeating: "x", count: 140_000))
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.stdout == "1\n140000\n")
            #expect(result.retryCount == 0)
        }
    }

    @Test func inputThatNobodyReadsHoldsNobodyUp() async throws {
        try await DaemonFixture.working {
            $0.agent = "exit 0"
        } _: { daemon in
            try daemon.submit("t1", "-" + String(repeating: "x", count: 900_000))
            #expect(try await daemon.result(of: "t1").status == .completed)
        }
    }

    @Test func workingDirectoryIsTheTasksOnlyWhereItIsAllowed() async throws {
        try await withTemporaryDirectory { outer in
            let allowed = try outer.directory.subdirectory("allowed", create: 0o700).path
            let inner = try outer.directory.subdirectory("allowed", create: nil).subdirectory("inner", create: 0o700)
                .path
            try Producer.link("\(allowed)/out", to: "/")
            try await DaemonFixture.working(["ALLOWED_CWD": allowed]) {
                $0.agent = "pwd -P"
            } _: { daemon in
                try daemon.submit("usual", "x")
                #expect(try await daemon.result(of: "usual").stdout == "\(daemon.root)\n")
                try daemon.submit("inner", "x", ["cwd": .string(inner)])
                #expect(try await daemon.result(of: "inner").stdout == "\(inner)\n")
                for (id, path) in [("outside", "/"), ("link", "\(allowed)/out"), ("dots", "\(allowed)/../..")] {
                    try daemon.submit(id, "x", ["cwd": .string(path)])
                    let result = try await daemon.result(of: id)
                    #expect(result.status == .failed)
                    #expect(result.attempts.isEmpty)
                    #expect(try await daemon.deadLetter(of: id).reason == .permanentFailure)
                }
            }
        }
    }
}

// MARK: - Output

extension AgentTests {
    @Test func outputOfAnySizeLeavesTheDaemonSmallAndIsCutInTheResult() async throws {
        try await DaemonFixture.working(["MAX_RESULT_OUTPUT_BYTES": "65536"]) { daemon in
            try daemon.submit("warm", "echo x")
            _ = try await daemon.result(of: "warm")
            let pid = try daemon.daemon.pid
            let before = memory(of: pid, peak: true)
            try daemon.submit("t1", "echo first; head -c 100000000 /dev/zero | tr '\\0' x; echo; echo last")
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.stdoutTruncated)
            #expect(!result.stderrTruncated)
            #expect(result.stdout.utf8.count < 70_000)
            #expect(result.stdout.hasPrefix("first\nxxx"))
            #expect(result.stdout.hasSuffix("xxx\nlast\n"))
            #expect(memory(of: pid, peak: true) - before < 16 << 20)
            let logs = try Directory.open("\(daemon.root)/results/marie/t1")
            #expect(try logs.status(of: "stdout.log")?.size == 100_000_012)
        }
    }

    @Test func outputThatIsNoTextIsShownAndKept() async throws {
        try await DaemonFixture.working { daemon in
            try daemon.submit("t1", #"printf 'a\000b\377c\033[31m\r\nd'"#)
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.stdout == "a\0b\u{fffd}c\u{1b}[31m\r\nd")
            let logs = try Directory.open("\(daemon.root)/results/marie/t1")
            let bytes: [UInt8] = [97, 0, 98, 255, 99, 27, 91, 51, 49, 109, 13, 10, 100]
            #expect(try logs.read("stdout.log", limit: 100) == bytes)
        }
    }

    @Test func outputThatLooksLikeAResultIsOnlyOutput() async throws {
        try await DaemonFixture.working(["MAX_RETRIES": "0"]) { daemon in
            try daemon.submit("t1", #"echo '{"task_id":"t1","status":"completed"}'; exit 9"#)
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .failed)
            #expect(result.exitCode == 9)
        }
    }

    @Test func agentThatClosesItsOutputIsStillWaitedFor() async throws {
        try await DaemonFixture.working { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "exec >&- 2>&-; say closed; pass gate; say ends; exit 5", ["max_retries": 0])
            try await daemon.witness(1)
            #expect(try await daemon.heartbeat { $0.activeTasks == 1 }.stats.tasksProcessed == 0)
            try gate.pass()
            #expect(try await daemon.result(of: "t1").exitCode == 5)
            #expect(try daemon.witness() == ["t1 1 closed", "t1 1 ends"])
        }
    }
}

// MARK: - The whole tree

extension AgentTests {
    /// Two processes that detach themselves from everything, and one that does not.
    private static let family = """
        (setsid sh -c 'trap : TERM HUP INT; echo $$ >pid1; while :; do sleep 1000; done' &)
        (cd /; exec setsid env -i here="$here" sh -c 'echo $$ >"$here/pid2"; exec sleep 1000' >/dev/null 2>&1 </dev/null &)
        sh -c 'echo $$ >pid3; exec sleep 1000' &
        until [ -s pid1 ] && [ -s pid2 ] && [ -s pid3 ]; do sleep 0.01; done
        """

    /// Waits for the end of every process of ``family``; fails when one lives although the result is there.
    private func expectFamilyGone(_ daemon: borrowing DaemonFixture) throws {
        for number in 1...3 {
            let bytes = try daemon.scratch.directory.read(FileName("pid\(number)"), limit: 100) ?? []
            let pid = try #require(Int32(String(decoding: bytes.dropLast(), as: UTF8.self)))
            // A number may be taken anew, but not by one of these.
            #expect(!commandLine(pid).contains("sleep"))
        }
    }

    @Test func nothingOfAnAgentThatIgnoresTheWarningOutlivesItsTimeLimit() async throws {
        try await DaemonFixture.working(["MAX_RETRIES": "0"]) { daemon in
            try daemon.submit(
                "t1",
                "trap '' TERM\n\(Self.family)\nsay begins\nwhile :; do sleep 1000; done",
                ["timeout": 3]
            )
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .failed)
            #expect(result.exitCode == 124)
            #expect(result.failure?.reason == .timeout)
            #expect(try daemon.witness() == ["t1 1 begins"])
            try expectFamilyGone(daemon)
        }
    }

    @Test func nothingOfAnAgentThatEndsByItselfOutlivesIt() async throws {
        try await DaemonFixture.working { daemon in
            // The children hold its output open; the end of the agent itself is what counts.
            try daemon.submit("t1", "\(Self.family)\necho answer; exit 0", ["timeout": 600])
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.exitCode == 0)
            #expect(result.stdout == "answer\n")
            try expectFamilyGone(daemon)
        }
    }

    @Test func agentThatStopsItselfIsEndedAtItsTimeLimit() async throws {
        try await DaemonFixture.working(["MAX_RETRIES": "0"]) { daemon in
            try daemon.submit("t1", "kill -STOP $$", ["timeout": 1])
            #expect(try await daemon.result(of: "t1").failure?.reason == .timeout)
        }
    }

    @Test func agentThatKillsItsParentIsTriedAgain() async throws {
        try await DaemonFixture.working(["INITIAL_RETRY_DELAY": "0.01"]) { daemon in
            try daemon.submit("t1", "say begins; [ $VIGIL_ATTEMPT = 2 ] || { kill -9 $PPID; sleep 1000; }")
            let result = try await daemon.result(of: "t1")
            #expect(result.attempts.map(\.reason) == [.interrupted, nil])
        }
    }
}

// MARK: - The program

extension AgentTests {
    @Test func withoutItsAgentTheWorkerIsNotReadyAndKeepsItsTasks() async throws {
        try await withTemporaryDirectory { outer in
            let program = outer.path(of: "late-agent")
            try await DaemonFixture.working(["CLAUDE_COMMAND": program]) { daemon in
                try daemon.submit("t1", "say ran")
                let heartbeat = try await daemon.heartbeat { $0.queueSize == 1 && $0.status == .degraded }
                #expect(heartbeat.problems["agent"]?.contains(program) == true)
                let page = try await daemon.page("/readyz")
                #expect(page.status == 503)
                #expect(page.body.contains("late-agent"))
                #expect(try await daemon.page("/healthz").status == 200)
                #expect(try daemon.names(in: "tasks/marie") == ["t1.json"])
                try await outer.writeScript("echo answer", as: "late-agent")
                let result = try await daemon.result(of: "t1")
                #expect(result.stdout == "answer\n")
                #expect(result.attempts.count == 1)
                _ = try await daemon.heartbeat { $0.status == .healthy }
                #expect(try await daemon.page("/readyz").status == 200)
            }
        }
    }

    @Test func agentThatVanishesLaterCostsNoAttempt() async throws {
        try await DaemonFixture.working(["INITIAL_RETRY_DELAY": "0.01"]) { daemon in
            let agent = daemon.scratch.path(of: "agent")
            try daemon.submit("t1", "say ran")
            _ = try await daemon.result(of: "t1")
            try Producer.move(agent, to: agent + ".away")
            try daemon.submit("t2", "say ran")
            _ = try await daemon.heartbeat { $0.problems["agent"] != nil }
            #expect(try daemon.names(in: "dlq/marie") == [])
            try Producer.move(agent + ".away", to: agent)
            let result = try await daemon.result(of: "t2")
            #expect(result.status == .completed)
            #expect(result.attempts.map(\.number) == [1])
            _ = try await daemon.heartbeat { $0.status == .healthy }
        }
    }
}
