// SPDX-License-Identifier: Apache-2.0
// The agent's session goes on where an attempt was cut off, and nobody shares it.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns) struct ResumeTests {
    private static func isCutOff(_ line: String, by cause: String) -> Bool {
        line.hasPrefix("Your session was cut off before the work was done: \(cause).")
    }

    @Test func sessionGoesOnAfterTheEndOfDaemonAndSupervisor() async throws {
        try await DaemonFixture.remembering { daemon in
            try daemon.submit("t1", "hold it")
            try await daemon.witness(2)
            try await daemon.crashWithSupervisors()
            try await daemon.start()
            let result = try await daemon.result(of: "t1")
            #expect(result.output == "run 2")
            #expect(result.attempts.map(\.reason) == [.interrupted, nil])
            #expect(result.attempts.map(\.resumedSession) == [nil, "session-t1-0"])
            #expect(
                try daemon.witness() == [
                    "t1 1 new session-t1-0 hold", "t1 stays", "t1 2 resumed session-t1-0 Your",
                ]
            )
            let told = try daemon.told("session-t1-0")
            #expect(told.first == "hold it")
            #expect(Self.isCutOff(try #require(told.last), by: "the program was stopped from outside"))
        }
    }

    @Test func sessionThatHasNotWorkedIsToldItsTaskAgain() async throws {
        try await DaemonFixture.remembering { daemon in
            try daemon.submit("t1", "mute it")
            try await daemon.witness(2)
            // The daemon goes on, and hears of it at once.
            for pid in try daemon.busySupervisors() { kill(pid, SIGKILL) }
            #expect(try await daemon.result(of: "t1").attempts.map(\.reason) == [.interrupted, nil])
            #expect(try daemon.told("session-t1-0") == ["mute it", "mute it"])
        }
    }

    @Test func stopAtOnceHandsTheSessionOnWithoutCountingAnAttempt() async throws {
        try await DaemonFixture.remembering(["MAX_RETRIES": "0"]) { daemon in
            try daemon.submit("t1", "hold it")
            try await daemon.witness(2)
            try daemon.daemon.send(SIGTERM)
            _ = try await daemon.heartbeat { $0.status == .draining }
            try daemon.daemon.send(SIGTERM)
            #expect(try await daemon.daemon.waitForExit() == .exited(0))
            try await daemon.start()
            let result = try await daemon.result(of: "t1")
            #expect(result.attempts.map(\.resumedSession) == ["session-t1-0"])
            #expect(result.attempts.map(\.number) == [1])
            #expect(try daemon.witness().last == "t1 1 resumed session-t1-0 Your")
        }
    }

    @Test func sessionGoesOnAfterAUsageLimitAndItsCostIsRemembered() async throws {
        try await DaemonFixture.remembering(["MAX_RETRIES": "0"]) { daemon in
            try daemon.submit("t1", "limit it", ["max_cost_usd": 0.01])
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.attempts.map(\.resumedSession) == ["session-t1-0"])
            // The cost is that of the run, not of the session.
            #expect(result.attempts.map(\.costUSD) == [0.004])
            let told = try #require(try daemon.told("session-t1-0").last)
            #expect(Self.isCutOff(told, by: "the usage limit was reached, and there is room again"))
            let bytes = try #require(try daemon.scratch.directory.read("arguments", limit: 1 << 16))
            let arguments = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            #expect(arguments.first?.hasSuffix("--max-budget-usd 0.01") == true)
            #expect(arguments.last?.hasSuffix("--resume session-t1-0 --max-budget-usd 0.006") == true)
        }
    }

    @Test func whatAgentsTookIsCountedOnceForEachRun() async throws {
        try await DaemonFixture.remembering { daemon in
            // Two runs in one session, whose agent tells the cost of the whole session as well.
            try daemon.submit("t1", "overload it")
            #expect(try await daemon.result(of: "t1").attempts.map(\.costUSD) == [0.004, 0.004])
            let page = try await daemon.page("/metrics").body
            #expect(page.contains(#"watcher_agent_cost_usd_total{worker="marie"} 0.008"#), "\(page)")
            for (kind, count) in [("input", 200), ("output", 40), ("cache_write", 0), ("cache_read", 14)] {
                let line = #"watcher_agent_tokens_total{kind="\#(kind)",worker="marie"} \#(count)"#
                #expect(page.contains(line), "\(page)")
            }
        }
    }

    @Test func sessionGoesOnAfterTroubleOfTheServiceAndACrashIsResumedOnce() async throws {
        try await DaemonFixture.remembering(["MAX_RETRIES": "2"]) { daemon in
            try daemon.submit("t1", "overload it")
            #expect(try await daemon.result(of: "t1").attempts.map(\.resumedSession) == [nil, "session-t1-0"])
            try daemon.submit("t2", "crash it")
            let crashed = try await daemon.result(of: "t2")
            #expect(crashed.attempts.map(\.resumedSession) == [nil, "session-t2-0", nil])
            #expect(crashed.attempts.map(\.reason) == [.signal, .signal, .signal])
        }
    }

    @Test func sessionThatIsNotKnownAnyMoreIsGivenUpWithoutCountingAnAttempt() async throws {
        try await DaemonFixture.remembering { daemon in
            try daemon.submit("t1", "forget it")
            let result = try await daemon.result(of: "t1")
            #expect(result.output == "anew")
            #expect(result.attempts.map(\.number) == [1, 2])
            #expect(result.attempts.map(\.resumedSession) == [nil, nil])
            #expect(
                try daemon.witness() == [
                    "t1 1 new session-t1-0 forget", "t1 2 resumed session-t1-0 Your", "t1 2 new session-t1-2 forget",
                ]
            )
            let entry = try await daemon.logEntry("session cannot be gone on with, the task begins anew")
            #expect(entry["error"]?.stringValue == "No conversation found with session ID: session-t1-0")
        }
    }

    @Test func sessionOfTheTaskItselfIsResumedAndNeverReplaced() async throws {
        try await DaemonFixture.remembering { daemon in
            try daemon.submit("t1", "begin it")
            let session = try #require(try await daemon.result(of: "t1").agent?.sessionID)
            try daemon.submit("t2", "and more", ["session_id": .string(session)])
            #expect(try await daemon.result(of: "t2").output == "run 2")
            #expect(try daemon.told(session) == ["begin it", "and more"])
            try daemon.submit("t3", "and more", ["session_id": "nobody-knows-it"])
            let failed = try await daemon.result(of: "t3")
            #expect(failed.failure?.reason == .agentError)
            #expect(failed.failure?.isPermanent == true)
            #expect(failed.attempts.count == 1)
        }
    }
}

// MARK: - One at a time

extension ResumeTests {
    @Test(arguments: ["marie", "anga"])
    func sessionIsOnlyInOneAttemptAtATime(_ second: String) async throws {
        try await DaemonFixture.remembering(arguments: ["up", "--workers", "marie,anga"]) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "gate it")
            try await daemon.witness(2)
            // The session that another attempt has begun just now.
            let task: JSONObject = [
                "task_id": "t2", "description": "more", "session_id": "session-t1-0",
            ]
            let inbox = try Directory.create("\(daemon.root)/tasks/\(second)")
            let bytes = JSONWriter.bytes(.object(task))
            try AtomicFile.write(bytes, as: "t2.json", in: inbox, replacing: true, durability: .relaxed)
            try await eventually("heartbeat that a task waits for a session", in: ["\(daemon.root)/heartbeats"]) {
                let bytes = try Directory.open("\(daemon.root)/heartbeats").read(
                    FileName("\(second).json"),
                    limit: 1 << 20
                )
                return try bytes.map { try HeartbeatRecord.decode($0) }?.waiting[.session] == 1 ? true : nil
            }
            let why = try await daemon.run("why", "t2")
            #expect(why.output.contains("t2 waits for the session session-t1-0, which t1 is in"), "\(why.output)")
            try gate.pass()
            #expect(try await daemon.result(of: "t1").output == "done")
            // It has heard of the end, and goes on in the same session.
            try await daemon.witness(4)
            try gate.pass()
            let result = try await ResultRecord.decode(daemon.file("results/\(second)/t2.json"))
            #expect(result.output == "done")
            #expect(
                try daemon.witness() == [
                    "t1 1 new session-t1-0 gate", "t1 stays", "t2 1 resumed session-t1-0 more", "t2 stays",
                ]
            )
        }
    }

    @Test func sessionOfAnAttemptThatOutlivesItsDaemonIsNotShared() async throws {
        try await DaemonFixture.remembering { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "gate it")
            try await daemon.witness(2)
            try await daemon.crash()
            try daemon.submit("t2", "more", ["session_id": "session-t1-0"])
            try await daemon.start()
            _ = try await daemon.heartbeat { $0.waiting[.session] == 1 && $0.activeTasks == 1 }
            try gate.pass()
            #expect(try await daemon.result(of: "t1").output == "done")
            try await daemon.witness(4)
            try gate.pass()
            #expect(try await daemon.result(of: "t2").output == "done")
        }
    }
}
