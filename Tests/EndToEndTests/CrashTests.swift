// SPDX-License-Identifier: Apache-2.0
// What is left of the work when processes are killed in the middle of it.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns) struct CrashTests {
    @Test func agentGoesOnWhenTheDaemonIsKilledAndRunsOnce() async throws {
        try await DaemonFixture.working { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say begins; pass gate; say ends; echo answer")
            try await daemon.witness(1)
            try await daemon.crash()
            // The outcome comes while nobody is there to take it.
            let supervisors = try daemon.busySupervisors()
            #expect(supervisors.count == 1)
            try gate.pass()
            for pid in supervisors { try await waitForEnd(of: pid) }
            #expect(try daemon.names(in: "results/marie") == ["t1"])
            try await daemon.start()
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.stdout == "answer\n")
            #expect(result.retryCount == 0)
            #expect(result.attempts.count == 1)
            #expect(try daemon.witness() == ["t1 1 begins", "t1 1 ends"])
        }
    }

    @Test func restartedDaemonWaitsForTheAgentThatStillRuns() async throws {
        try await DaemonFixture.working(["MAX_CONCURRENT_TASKS": "1"]) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say begins; pass gate; say ends; exit 0")
            try await daemon.witness(1)
            // Each start sees the same agent at work, and none starts another.
            for _ in 1...3 {
                try await daemon.crash()
                try await daemon.start()
                let heartbeat = try await daemon.heartbeat { $0.activeTasks == 1 }
                #expect(heartbeat.running == [try TaskID("t1")])
            }
            try daemon.submit("t2", "say ran")
            _ = try await daemon.heartbeat { $0.queueSize == 1 }
            #expect(try daemon.witness() == ["t1 1 begins"])
            try gate.pass()
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.retryCount == 0)
            _ = try await daemon.result(of: "t2")
            #expect(try daemon.witness() == ["t1 1 begins", "t1 1 ends", "t2 1 ran"])
        }
    }

    @Test func timeLimitHoldsWithoutTheDaemon() async throws {
        try await DaemonFixture.working(["KILL_GRACE_SECONDS": "0"]) { daemon in
            try daemon.submit("t1", "say begins; sleep 1000", ["timeout": 2, "max_retries": 0])
            try await daemon.witness(1)
            try await daemon.crash()
            for pid in try daemon.busySupervisors() { try await waitForEnd(of: pid) }
            try await daemon.start()
            let result = try await daemon.result(of: "t1")
            #expect(result.failure?.reason == .timeout)
            #expect(result.exitCode == 124)
        }
    }

    @Test func deathOfDaemonAndSupervisorTogetherCostsOneAttempt() async throws {
        try await DaemonFixture.working(["INITIAL_RETRY_DELAY": "0.01"]) { daemon in
            let script = """
                [ $VIGIL_ATTEMPT = 1 ] || { say ends; exit 0; }
                (setsid sh -c 'exec sleep 1000' &)
                say begins
                sleep 1000
                """
            try daemon.submit("t1", script)
            try await daemon.witness(1)
            let supervisors = try daemon.busySupervisors()
            #expect(supervisors.count == 1)
            try daemon.daemon.send(SIGKILL)
            for pid in supervisors { kill(pid, SIGKILL) }
            try await daemon.daemon.waitForExit()
            try await daemon.start()
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.retryCount == 1)
            #expect(result.attempts.map(\.reason) == [.interrupted, nil])
            #expect(result.attempts.map(\.number) == [1, 2])
            #expect(try daemon.witness() == ["t1 1 begins", "t1 2 ends"])
            // Nothing of the first attempt lives.
            let left = try daemon.processes.numbers().map(commandLine).filter { $0.contains("sleep") }
            #expect(left == [])
        }
    }

    @Test func deathOfTheSupervisorAloneCostsOneAttempt() async throws {
        try await DaemonFixture.working(["INITIAL_RETRY_DELAY": "0.01"]) { daemon in
            let script = """
                [ $VIGIL_ATTEMPT = 1 ] || exit 0
                (setsid sh -c 'exec sleep 1000' &)
                say begins
                sleep 1000
                """
            try daemon.submit("t1", script)
            try await daemon.witness(1)
            for pid in try daemon.busySupervisors() { kill(pid, SIGKILL) }
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.attempts.map(\.reason) == [.interrupted, nil])
            let left = try daemon.processes.numbers().map(commandLine).filter { $0.contains("sleep") }
            #expect(left == [])
        }
    }

    @Test func taskThatTakesEverythingDownEveryTimeIsGivenUp() async throws {
        try await DaemonFixture.working(["MAX_RETRIES": "1", "INITIAL_RETRY_DELAY": "0.01"]) { daemon in
            try daemon.submit("poison", "say begins; sleep 1000")
            for number in 1...2 {
                try await daemon.witness(number)
                let supervisors = try daemon.busySupervisors()
                try daemon.daemon.send(SIGKILL)
                for pid in supervisors { kill(pid, SIGKILL) }
                try await daemon.daemon.waitForExit()
                try await daemon.start()
            }
            let result = try await daemon.result(of: "poison")
            #expect(result.status == .failed)
            #expect(result.failure?.reason == .interrupted)
            #expect(result.attempts.map(\.reason) == [.interrupted, .interrupted])
            #expect(try await daemon.deadLetter(of: "poison").reason == .maxRetriesExceeded)
            try daemon.submit("t2", "say ran")
            _ = try await daemon.result(of: "t2")
            #expect(try daemon.witness() == ["poison 1 begins", "poison 2 begins", "t2 1 ran"])
        }
    }

    @Test func attemptsAndDelaySurviveACrash() async throws {
        let settings = ["MAX_RETRIES": "1", "INITIAL_RETRY_DELAY": "60", "MAX_RETRY_DELAY": "60"]
        try await DaemonFixture.working(settings) { daemon in
            try daemon.submit("t1", "say fails; exit 3")
            _ = try await daemon.heartbeat { $0.waiting[.retry] == 1 }
            try await daemon.crash()
            let second = try await daemon.start().pid
            _ = try await daemon.heartbeat { $0.pid == second && $0.waiting[.retry] == 1 }
            #expect(try daemon.names(in: "results/marie") == ["t1"])
            #expect(try daemon.witness() == ["t1 1 fails"])
            try await daemon.crash()
            // A delay from a file is never longer than the longest that the settings allow.
            try await daemon.start(with: ["INITIAL_RETRY_DELAY": "1", "MAX_RETRY_DELAY": "1"])
            let result = try await daemon.result(of: "t1")
            #expect(result.attempts.map(\.exitCode) == [3, 3])
            #expect(try await daemon.deadLetter(of: "t1").attempts.count == 2)
            #expect(try daemon.witness() == ["t1 1 fails", "t1 2 fails"])
        }
    }

    @Test func crashAfterTheResultOnlyLeavesTidyingUp() async throws {
        try await DaemonFixture.idle { daemon in
            try await daemon.start()
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say ran; pass gate")
            try await daemon.witness(1)
            let claims = try Directory.open("\(daemon.root)/tasks/.claims")
            let names: [FileName] = ["t1~state", "t1~task@marie"]
            let copies = try names.map { try claims.read($0, limit: 1 << 20) ?? [] }
            try gate.pass()
            let first = try await daemon.file("results/marie/t1.json")
            try await daemon.expectCleanEnd()
            // As if the crash had come between the result and the removal of the claim.
            for (name, bytes) in zip(names, copies) {
                try AtomicFile.write(bytes, as: name, in: claims, replacing: false, durability: .relaxed)
            }
            try await daemon.start()
            try daemon.submit("t2", "say ran")
            _ = try await daemon.result(of: "t2")
            #expect(try daemon.names(in: "tasks/.claims").filter { $0.hasPrefix("t1") } == [])
            #expect(try await daemon.file("results/marie/t1.json") == first)
            #expect(try daemon.witness() == ["t1 1 ran", "t2 1 ran"])
            try await daemon.expectCleanEnd()
        }
    }

    @Test func taskUnderBothNamesAfterAPowerCutRunsOnce() async throws {
        try await DaemonFixture.working(["INITIAL_RETRY_DELAY": "0.01", "SCAN_INTERVAL": "1"]) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say begins; pass gate")
            try await daemon.witness(1)
            let supervisors = try daemon.busySupervisors()
            try daemon.daemon.send(SIGKILL)
            for pid in supervisors { kill(pid, SIGKILL) }
            try await daemon.daemon.waitForExit()
            try Producer.hardLink(daemon.inbox("t1.json"), to: "\(daemon.root)/tasks/.claims/t1~task@marie")
            try await daemon.start()
            try await daemon.witness(2)
            // Judged by the time that a file of no use has been: the task's was not.
            try daemon.drop("{nope", as: "later.json")
            _ = try await daemon.deadLetter(of: "later")
            #expect(try daemon.names(in: "tasks/marie") == [])
            #expect(try daemon.names(in: "dlq/marie").count == 2)
            try gate.pass()
            #expect(try await daemon.result(of: "t1").attempts.count == 2)
            #expect(try daemon.witness() == ["t1 1 begins", "t1 2 begins"])
        }
    }

    @Test func daemonThatWasStoppedForAWhileTakesUpWhatHappened() async throws {
        try await DaemonFixture.working { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say begins; pass gate")
            try await daemon.witness(1)
            try daemon.daemon.send(SIGSTOP)
            try daemon.submit("t2", "say ran")
            try gate.pass()
            let claims = "\(daemon.root)/tasks/.claims"
            try await eventually("exit record", in: [claims]) {
                let state = try Directory.open(claims).read("t1~state", limit: 1 << 16) ?? []
                return String(decoding: state, as: UTF8.self).contains(#""ending":"exited""#) ? true : nil
            }
            try daemon.daemon.send(SIGCONT)
            #expect(try await daemon.result(of: "t1").retryCount == 0)
            #expect(try await daemon.result(of: "t2").status == .completed)
            #expect(try daemon.witness() == ["t1 1 begins", "t2 1 ran"])
        }
    }
}
