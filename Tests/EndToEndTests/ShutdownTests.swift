// SPDX-License-Identifier: Apache-2.0
// Signals to the daemon: finish, hand over, stop now, read the settings again.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns) struct ShutdownTests {
    @Test func stopWaitsForTheRunningTaskAndStartsNoOther() async throws {
        try await DaemonFixture.idle(["MAX_CONCURRENT_TASKS": "1"]) { daemon in
            try await daemon.start()
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say begins; pass gate; say ends")
            try await daemon.witness(1)
            try daemon.submit("t2", "say ran")
            _ = try await daemon.heartbeat { $0.queueSize == 1 }
            try daemon.daemon.send(SIGTERM)
            let draining = try await daemon.heartbeat { $0.status == .draining }
            #expect(draining.activeTasks == 1)
            try daemon.submit("t3", "say ran")
            try gate.pass()
            #expect(try await daemon.daemon.waitForExit() == .exited(0))
            try await daemon.processes.waitForNone()
            #expect(try await daemon.result(of: "t1").status == .completed)
            #expect(try daemon.witness() == ["t1 1 begins", "t1 1 ends"])
            #expect(try daemon.names(in: "tasks/marie") == ["t2.json", "t3.json"])
            #expect(try await daemon.heartbeat().status == .stopped)
        }
    }

    @Test(arguments: ["0", "1"]) func drainThatTakesTooLongLeavesTheAgentToItsSupervisor(limit: String) async throws {
        try await DaemonFixture.idle(["DRAIN_TIMEOUT": limit]) { daemon in
            try await daemon.start()
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say begins; pass gate; say ends; echo answer")
            try await daemon.witness(1)
            #expect(try await daemon.stop() == .exited(0))
            let supervisors = try daemon.busySupervisors()
            #expect(supervisors.count == 1)
            try gate.pass()
            for pid in supervisors { try await waitForEnd(of: pid) }
            try await daemon.processes.waitForNone()
            #expect(try daemon.names(in: "results/marie") == ["t1"])
            try await daemon.start()
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.stdout == "answer\n")
            #expect(result.retryCount == 0)
            #expect(try daemon.witness() == ["t1 1 begins", "t1 1 ends"])
            try await daemon.expectCleanEnd()
        }
    }

    @Test(arguments: [SIGTERM, SIGINT]) func secondSignalStopsAtOnceAndCostsNoAttempt(signal: Int32) async throws {
        try await DaemonFixture.idle(["MAX_RETRIES": "0"]) { daemon in
            try await daemon.start()
            let script = """
                [ -e again ] && { say again; exit 0; }
                touch again
                trap 'say warned' TERM
                (setsid sh -c "trap : TERM; while :; do sleep 1000; done" &)
                say begins
                while :; do sleep 1000; done
                """
            try daemon.submit("t1", script)
            try await daemon.witness(1)
            try daemon.daemon.send(signal)
            _ = try await daemon.heartbeat { $0.status == .draining }
            try daemon.daemon.send(signal)
            #expect(try await daemon.daemon.waitForExit() == .exited(0))
            // The tree is gone already, also what ignored the warning.
            try await daemon.processes.waitForNone()
            #expect(try daemon.names(in: "results/marie") == ["t1"])
            try await daemon.start()
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.retryCount == 0)
            #expect(result.attempts.map(\.number) == [1])
            #expect(try daemon.witness() == ["t1 1 begins", "t1 1 warned", "t1 1 again"])
            try await daemon.expectCleanEnd()
        }
    }

    @Test func interruptOfTheWholeGroupIsNoInterruptOfTheAgent() async throws {
        try await withTemporaryDirectory { outer in
            let program = try await outer.writeScript("exec setsid \(BuiltProgram.vigil) \"$@\"", as: "vigil")
            try await DaemonFixture.idle {
                $0.program = program
            } _: { daemon in
                try await daemon.start()
                let gate = try daemon.makeGate()
                try daemon.submit("t1", "say begins; pass gate; say ends")
                try await daemon.witness(1)
                // As a terminal does it for Ctrl-C.
                let group = try -daemon.daemon.pid
                #expect(kill(group, SIGINT) == 0)
                _ = try await daemon.heartbeat { $0.status == .draining }
                try gate.pass()
                #expect(try await daemon.daemon.waitForExit() == .exited(0))
                #expect(try await daemon.result(of: "t1").attempts.map(\.reason) == [nil])
            }
        }
    }

    @Test func signalsThatMeanNothingAreIgnored() async throws {
        try await DaemonFixture.working { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say begins; pass gate; say ends")
            try await daemon.witness(1)
            for signal in [SIGPIPE, SIGCHLD, SIGWINCH, SIGURG, SIGCONT] { try daemon.daemon.send(signal) }
            try gate.pass()
            #expect(try await daemon.result(of: "t1").status == .completed)
        }
    }

    @Test func nextDaemonMayStartWhileTheOldOneDrains() async throws {
        try await DaemonFixture.idle { daemon in
            let old = try await daemon.start()
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say begins; pass gate; say ends")
            try await daemon.witness(1)
            old.send(SIGTERM)
            _ = try await daemon.heartbeat { $0.status == .draining }
            try await daemon.start()
            try daemon.submit("t2", "say ran")
            _ = try await daemon.result(of: "t2")
            try gate.pass()
            #expect(try await old.waitForExit() == .exited(0))
            #expect(try await daemon.result(of: "t1").retryCount == 0)
            #expect(try daemon.witness() == ["t1 1 begins", "t2 1 ran", "t1 1 ends"])
            try await daemon.expectCleanEnd()
        }
    }

    @Test func stopDoesNotWaitForAttemptsOfAnEarlierDaemon() async throws {
        try await DaemonFixture.idle { daemon in
            try await daemon.start()
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say begins; pass gate; say ends")
            try daemon.submit("t2", "say begins; pass gate; say ends")
            try await daemon.witness(2)
            try await daemon.crash()
            try await daemon.start()
            _ = try await daemon.heartbeat { $0.activeTasks == 2 }
            #expect(try await daemon.stop() == .exited(0))
            #expect(try daemon.names(in: "results/marie").contains { $0.hasSuffix(".json") } == false)
            try gate.pass(2)
            try await daemon.processes.waitForNone()
            try await daemon.start()
            for id in ["t1", "t2"] { #expect(try await daemon.result(of: id).attempts.map(\.reason) == [nil]) }
            #expect(try daemon.witness().count == 4)
            try await daemon.expectCleanEnd()
        }
    }

    @Test func stopWhileOutcomesOfAnEarlierDaemonAreTakenUpEnds() async throws {
        try await DaemonFixture.idle { daemon in
            try await daemon.start()
            let gate = try daemon.makeGate()
            let ids = (1...4).map { "t\($0)" }
            for id in ids { try daemon.submit(id, "say begins; pass gate") }
            try await daemon.witness(3)
            try await daemon.crash()
            try gate.pass(4)
            try await daemon.processes.waitForNone()
            // The stop comes as early as it can: while the claims are gone through, or just after.
            for _ in 0..<5 {
                let next = try daemon.launch()
                _ = try await daemon.logEntry("starting") { $0["pid"]?.stringValue == "\(next.pid)" }
                next.send(SIGTERM)
                #expect(try await next.waitForExit() == .exited(0))
            }
            try await daemon.start()
            for id in ids { #expect(try await daemon.result(of: id).attempts.map(\.reason) == [nil]) }
            try await daemon.expectCleanEnd()
        }
    }

    @Test func stopDuringABackoffLeavesTheTaskToTheNextStart() async throws {
        try await DaemonFixture.idle(["INITIAL_RETRY_DELAY": "60", "MAX_RETRY_DELAY": "60"]) { daemon in
            try await daemon.start()
            try daemon.submit("t1", "say ran; [ -e good ]")
            _ = try await daemon.heartbeat { $0.waiting[.retry] == 1 }
            try await daemon.expectCleanEnd()
            try SlowWriter(daemon.scratch.path(of: "good")).write("")
            // A delay from a file is never longer than the longest that the settings allow.
            try await daemon.start(with: ["INITIAL_RETRY_DELAY": "1", "MAX_RETRY_DELAY": "1"])
            let result = try await daemon.result(of: "t1")
            #expect(result.attempts.map(\.exitCode) == [1, 0])
            try await daemon.expectCleanEnd()
        }
    }
}

// MARK: - Settings

extension ShutdownTests {
    private func write(_ settings: String, in daemon: borrowing DaemonFixture) throws {
        try AtomicFile.write(
            Array(settings.utf8),
            as: "vigil.json5",
            in: Directory.open(daemon.root),
            replacing: true,
            durability: .relaxed
        )
    }

    @Test func reloadTakesUpTheNewSettingsAndKeepsTheOldOnesWhenTheNewAreWrong() async throws {
        try await DaemonFixture.idle { daemon in
            try write("{ max_concurrent_tasks: 1 }", in: daemon)
            try await daemon.start()
            let gate = try daemon.makeGate()
            for id in ["t1", "t2", "t3"] { try daemon.submit(id, "say begins; pass gate") }
            _ = try await daemon.heartbeat { $0.queueSize == 2 && $0.activeTasks == 1 && $0.maxConcurrent == 1 }
            try write("{ max_concurrent_tasks: 2 }", in: daemon)
            try daemon.daemon.send(SIGHUP)
            try await daemon.witness(2)
            _ = try await daemon.heartbeat { $0.maxConcurrent == 2 && $0.activeTasks == 2 && $0.queueSize == 1 }
            try write("{ max_concurrent_tasks: 9999 }", in: daemon)
            try daemon.daemon.send(SIGHUP)
            let refused = try await daemon.logEntry("settings not reloaded, the old ones stay")
            #expect(refused["error"]?.stringValue?.contains("MAX_CONCURRENT_TASKS=9999") == true)
            let heartbeat = try await daemon.heartbeat { $0.stats.tasksProcessed == 0 }
            #expect(heartbeat.maxConcurrent == 2)
            #expect(heartbeat.status == .healthy)
            try gate.pass(3)
            for id in ["t1", "t2", "t3"] { _ = try await daemon.result(of: id) }
            try await daemon.expectCleanEnd()
        }
    }

    @Test func wrongSettingsAreAllNamedAndNothingStarts() async throws {
        let wrong = [
            "MAX_CONCURRENT_TASKS": "9999", "TASK_TIMEOUT": "-5", "LOG_LEVEL": "loud", "RETRY_BACKOFF": "nan",
            "HEARTBEAT_INTERVAL": "0",
        ]
        try await DaemonFixture.idle(wrong) { daemon in
            try daemon.submit("t1", "say ran")
            #expect(try await daemon.launch().waitForExit() == .exited(78))
            for (name, value) in wrong { #expect(daemon.logText.contains("\(name)=\(value)")) }
            #expect(try daemon.names(in: "tasks/marie") == ["t1.json"])
            #expect(try daemon.names(in: "results") == [])
        }
    }

    @Test func levelIsReadInEitherCase() async throws {
        try await DaemonFixture.working(["LOG_LEVEL": "debug"]) { daemon in
            _ = try await daemon.logEntry("supervisor started")
        }
    }

    @Test func flagsComeBeforeTheEnvironment() async throws {
        try await DaemonFixture.working(["MAX_CONCURRENT_TASKS": "1"]) {
            $0.arguments = ["worker", "marie", "--max-concurrent", "5", "--log-level", "DEBUG"]
        } _: { daemon in
            let heartbeat = try await daemon.heartbeat()
            #expect(heartbeat.maxConcurrent == 5)
            #expect(daemon.logEntries().contains { $0["level"]?.stringValue == "DEBUG" })
        }
    }

    @Test(.enabled(if: otherFileSystem != nil, "needs a second file system"))
    func deadLettersOnAnotherFileSystemAreRefusedAtTheStart() async throws {
        let other = try #require(otherFileSystem)
        let elsewhere = try TemporaryDirectory(for: "elsewhere", in: other)
        try await DaemonFixture.idle(["DLQ_DIR": elsewhere.path]) { daemon in
            try daemon.submit("t1", "say ran")
            let status = try await daemon.launch().waitForExit()
            #expect(status != .exited(0))
            #expect(daemon.logText.contains("Invalid cross-device link"))
            #expect(try daemon.names(in: "tasks/marie") == ["t1.json"])
        }
    }

    @Test(.enabled(if: otherFileSystem != nil, "needs a second file system"))
    func resultsMayLieOnAnotherFileSystem() async throws {
        let other = try #require(otherFileSystem)
        let elsewhere = try TemporaryDirectory(for: "elsewhere", in: other)
        try await DaemonFixture.working(["RESULT_DIR": elsewhere.path]) { daemon in
            try daemon.submit("t1", "echo answer")
            _ = try await daemon.heartbeat { $0.stats.tasksProcessed == 1 }
            let bytes = try Directory.open("\(elsewhere.path)/marie").read("t1.json", limit: 1 << 20)
            #expect(try ResultRecord.decode(bytes ?? []).stdout == "answer\n")
        }
    }
}

/// A directory on another file system than the one of the tests.
private let otherFileSystem: String? = {
    // What cannot be looked at cannot be used.
    let device = { (path: String) in try? Directory.open(path).identity.device }
    guard let here = device(SystemInfo.environment["TMPDIR"] ?? "/tmp") else { return nil }
    return ["/dev/shm", "/tmp", "/var/tmp"].first { path in
        access(path, W_OK) == 0 && device(path).map { $0 != here } == true
    }
}()
