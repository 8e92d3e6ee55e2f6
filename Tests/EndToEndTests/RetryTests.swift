// SPDX-License-Identifier: Apache-2.0
// Attempts that fail: again, later, at most so often, and then a dead letter.

import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns) struct RetryTests {
    @Test func backoffHoldsNoSlotAndShowsNoResult() async throws {
        let settings = ["MAX_CONCURRENT_TASKS": "1", "INITIAL_RETRY_DELAY": "60", "MAX_RETRY_DELAY": "60"]
        try await DaemonFixture.working(settings) { daemon in
            try daemon.submit("t1", "say fails; exit 1", ["priority": "critical"])
            _ = try await daemon.heartbeat { $0.waiting[.retry] == 1 }
            try daemon.submit("t2", "say ran")
            #expect(try await daemon.result(of: "t2").status == .completed)
            #expect(try daemon.names(in: "results/marie").filter { $0.hasSuffix(".json") } == ["t2.json"])
            #expect(try daemon.names(in: "dlq/marie") == [])
            #expect(try daemon.witness() == ["t1 1 fails", "t2 1 ran"])
            #expect(try await daemon.heartbeat().activeTasks == 0)
        }
    }

    @Test func lastFailureLeavesOneResultAndOneDeadLetter() async throws {
        try await DaemonFixture.working(["MAX_RETRIES": "2", "INITIAL_RETRY_DELAY": "0.05"]) { daemon in
            let fields: JSONObject = ["metadata": ["ticket": 7], "color": "red"]
            try daemon.submit("t1", "say fails; echo out $VIGIL_ATTEMPT; echo err >&2; exit 4", fields)
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .failed)
            #expect(result.exitCode == 4)
            #expect(result.stdout == "out 3\n")
            #expect(result.stderr == "err\n")
            #expect(result.retryCount == 2)
            #expect(result.failure?.reason == .exitCode)
            #expect(result.metadata == ["ticket": 7])
            #expect(result.attempts.map(\.number) == [1, 2, 3])
            let letter = try await daemon.deadLetter(of: "t1")
            #expect(letter.reason == .maxRetriesExceeded)
            #expect(letter.retryCount == 2)
            #expect(letter.attempts == result.attempts)
            #expect(letter.task?["color"] == "red")
            #expect(letter.task?["metadata"] == ["ticket": 7])
            #expect(try daemon.names(in: "dlq/marie").count == 1)
            let heartbeat = try await daemon.heartbeat { $0.stats.tasksProcessed == 1 }
            #expect(heartbeat.stats.tasksFailed == 1)
            #expect(heartbeat.stats.tasksRetried == 2)
            #expect(heartbeat.stats.tasksDeadLettered == 1)
            // The output of every attempt is kept.
            let logs = try (1...3).map { number in
                try daemon.contents(of: "results/marie/t1/" + (number > 1 ? "attempt-\(number)/" : "") + "stdout.log")
            }
            #expect(logs == ["out 1\n", "out 2\n", "out 3\n"])
        }
    }

    @Test func delaysGrowByTheFactorUpToTheLongest() async throws {
        let settings = [
            "MAX_RETRIES": "4", "INITIAL_RETRY_DELAY": "0.2", "RETRY_BACKOFF": "3", "MAX_RETRY_DELAY": "1",
        ]
        try await DaemonFixture.working(settings) { daemon in
            try daemon.submit("t1", "exit 1")
            let attempts = try await daemon.result(of: "t1").attempts
            let pauses = zip(attempts, attempts.dropFirst()).map { before, after in
                (after.startedAt?.millisecondsSince1970 ?? 0) - (before.finishedAt?.millisecondsSince1970 ?? 0)
            }
            #expect(zip(pauses, [200, 600, 1000, 1000]).allSatisfy { $0 >= $1 - 5 })
            let said = daemon.logEntries().filter { $0["message"] == "attempt failed, will be repeated" }
            #expect(said.compactMap { Double($0["delay_seconds"]?.stringValue ?? "") } == [0.2, 0.6, 1, 1])
        }
    }

    @Test func taskChoosesItsOwnRetries() async throws {
        try await DaemonFixture.working(["MAX_RETRIES": "0", "INITIAL_RETRY_DELAY": "0.01"]) { daemon in
            try daemon.submit("none", "exit 1")
            try daemon.submit("one", "[ $VIGIL_ATTEMPT = 2 ]", ["max_retries": 1])
            #expect(try await daemon.result(of: "none").attempts.count == 1)
            let result = try await daemon.result(of: "one")
            #expect(result.status == .completed)
            #expect(result.attempts.map(\.exitCode) == [1, 0])
        }
    }

    @Test(arguments: [("exit 1", 1), ("exit 137", 137), ("exit 255", 255), ("kill -9 $$", 137), ("kill -11 $$", 139)])
    func exitCodesAndSignalsAreToldApart(script: String, code: Int) async throws {
        try await DaemonFixture.working(["MAX_RETRIES": "0"]) { daemon in
            try daemon.submit("t1", script)
            let result = try await daemon.result(of: "t1")
            #expect(result.exitCode == code)
            #expect(result.failure?.reason == (script.hasPrefix("exit") ? .exitCode : .signal))
        }
    }

    @Test func attemptsBelongToASubmission() async throws {
        try await DaemonFixture.working(["MAX_RETRIES": "1", "INITIAL_RETRY_DELAY": "0.01"]) { daemon in
            for round in 1...2 {
                try daemon.submit("t1", "say fails; exit 1")
                #expect(try await daemon.result(of: "t1").attempts.count == 2)
                _ = try await daemon.heartbeat { $0.stats.tasksDeadLettered == round && $0.activeTasks == 0 }
                // Without its result the id is free again.
                try Producer.remove("\(daemon.root)/results/marie/t1.json")
            }
            #expect(try daemon.names(in: "dlq/marie").count == 2)
            #expect(try daemon.witness() == ["t1 1 fails", "t1 2 fails", "t1 1 fails", "t1 2 fails"])
        }
    }
}

// MARK: - The circuit

@Suite(.takesTurns) struct CircuitTests {
    /// Fails until the file `good` is there.
    private static let needsGood = "say ran; [ -e good ]"

    private func makeGood(_ daemon: borrowing DaemonFixture) throws {
        try SlowWriter(daemon.scratch.path(of: "good")).write("")
    }

    @Test func openCircuitStartsNothingAndThenLetsExactlyOneProbe() async throws {
        let settings = [
            "CIRCUIT_BREAKER_THRESHOLD": "2", "CIRCUIT_BREAKER_TIMEOUT": "15", "MAX_RETRIES": "0",
            "MAX_CONCURRENT_TASKS": "3",
        ]
        try await DaemonFixture.working(settings) { daemon in
            let gate = try daemon.makeGate()
            for id in ["bad1", "bad2"] {
                try daemon.submit(id, Self.needsGood)
                _ = try await daemon.result(of: id)
            }
            _ = try await daemon.heartbeat { $0.circuitBreakerState == .open }
            for number in 1...5 { try daemon.submit("t\(number)", Self.needsGood + " && pass gate") }
            let waiting = try await daemon.heartbeat { $0.waiting[.circuitOpen] == 5 }
            #expect(waiting.circuitBreakerState == .open)
            #expect(waiting.activeTasks == 0)
            #expect(try daemon.names(in: "tasks/marie").count == 5)
            try makeGood(daemon)
            try await daemon.witness(3)
            let probing = try await daemon.heartbeat { $0.circuitBreakerState == .halfOpen && $0.activeTasks == 1 }
            // A later heartbeat still shows one: two slots are free, and nobody else was let in.
            let later = try await daemon.heartbeat { $0.timestamp > probing.timestamp }
            #expect(later.activeTasks == 1)
            #expect(later.queueSize == 4)
            #expect(try daemon.witness().last == "t1 1 ran")
            try gate.pass(5)
            for number in 1...5 {
                let result = try await daemon.result(of: "t\(number)")
                #expect(result.status == .completed)
                #expect(result.attempts.count == 1)
            }
            _ = try await daemon.heartbeat { $0.circuitBreakerState == .closed && $0.stats.tasksProcessed == 7 }
        }
    }

    @Test func failedProbeOpensAgainAndTheStateSurvivesARestart() async throws {
        let settings = [
            "CIRCUIT_BREAKER_THRESHOLD": "1", "CIRCUIT_BREAKER_TIMEOUT": "1", "MAX_RETRIES": "0",
        ]
        try await DaemonFixture.working(settings) { daemon in
            try daemon.submit("bad", Self.needsGood)
            _ = try await daemon.result(of: "bad")
            try daemon.submit("probe", Self.needsGood)
            _ = try await daemon.result(of: "probe")
            _ = try await daemon.heartbeat { $0.circuitBreakerState != .closed && $0.stats.tasksFailed == 2 }
            try await daemon.crash()
            try daemon.submit("t1", Self.needsGood)
            try makeGood(daemon)
            try await daemon.start()
            #expect(try await daemon.result(of: "t1").status == .completed)
            _ = try await daemon.heartbeat { $0.circuitBreakerState == .closed }
            let told = daemon.logEntries().compactMap { $0["message"]?.stringValue }.filter { $0.hasPrefix("circuit") }
            // A slow machine may see it half-open before the crash, and then again after it.
            let states = told.map { $0.split(separator: " ")[1] }
            let changes = states.enumerated().filter { $0.offset == 0 || states[$0.offset - 1] != $0.element }
            #expect(changes.map(\.element) == ["opened,", "half-open,", "opened,", "half-open,", "closed"])
        }
    }

    @Test func halfOpenIsToldAlsoWhenNoTaskWaits() async throws {
        let settings = [
            "CIRCUIT_BREAKER_THRESHOLD": "1", "CIRCUIT_BREAKER_TIMEOUT": "1", "MAX_RETRIES": "0",
            "HEARTBEAT_INTERVAL": "60",
        ]
        try await DaemonFixture.working(settings) { daemon in
            try daemon.submit("bad", "exit 1")
            _ = try await daemon.heartbeat { $0.circuitBreakerState == .open }
            _ = try await daemon.heartbeat { $0.circuitBreakerState == .halfOpen }
            try daemon.submit("t1", "say ran")
            _ = try await daemon.heartbeat { $0.circuitBreakerState == .closed }
        }
    }

    @Test func openCircuitIsStillOpenAfterARestart() async throws {
        let settings = [
            "CIRCUIT_BREAKER_THRESHOLD": "1", "CIRCUIT_BREAKER_TIMEOUT": "600", "MAX_RETRIES": "0",
        ]
        try await DaemonFixture.working(settings) { daemon in
            try daemon.submit("bad", "exit 1")
            _ = try await daemon.heartbeat { $0.circuitBreakerState == .open }
            try await daemon.expectCleanEnd()
            try daemon.submit("t1", "say ran")
            try await daemon.start()
            let heartbeat = try await daemon.heartbeat { $0.status != .stopped && $0.waiting[.circuitOpen] == 1 }
            #expect(heartbeat.circuitBreakerState == .open)
            #expect(try daemon.witness() == [])
        }
    }

    @Test func lateSuccessOfAnOldAttemptDoesNotCloseTheCircuit() async throws {
        let settings = [
            "CIRCUIT_BREAKER_THRESHOLD": "1", "CIRCUIT_BREAKER_TIMEOUT": "600", "MAX_RETRIES": "0",
        ]
        try await DaemonFixture.working(settings) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("old", "say ran; pass gate")
            try await daemon.witness(1)
            try daemon.submit("bad", "exit 1")
            _ = try await daemon.heartbeat { $0.circuitBreakerState == .open }
            try gate.pass()
            #expect(try await daemon.result(of: "old").status == .completed)
            #expect(try await daemon.heartbeat { $0.stats.tasksProcessed == 2 }.circuitBreakerState == .open)
        }
    }

    @Test func taskThatCannotBeRunAsItIsDoesNotOpenTheCircuit() async throws {
        let settings = ["CIRCUIT_BREAKER_THRESHOLD": "1", "MAX_RETRIES": "3"]
        try await DaemonFixture.working(settings) { daemon in
            try daemon.submit("zero", "say ran \u{0}")
            let result = try await daemon.result(of: "zero")
            #expect(result.status == .failed)
            #expect(result.failure?.isPermanent == true)
            #expect(result.attempts.isEmpty)
            #expect(try await daemon.deadLetter(of: "zero").reason == .permanentFailure)
            try daemon.submit("unknown", "say ran", ["agent": "nobody"])
            #expect(try await daemon.deadLetter(of: "unknown").reason == .permanentFailure)
            let heartbeat = try await daemon.heartbeat { $0.stats.tasksDeadLettered == 2 }
            #expect(heartbeat.circuitBreakerState == .closed)
            try daemon.submit("t1", "say ran")
            #expect(try await daemon.result(of: "t1").status == .completed)
            #expect(try daemon.witness() == ["t1 1 ran"])
        }
    }

    @Test func deathOfTheDaemonDuringAProbeDoesNotLeaveTheCircuitHalfOpen() async throws {
        let settings = [
            "CIRCUIT_BREAKER_THRESHOLD": "1", "CIRCUIT_BREAKER_TIMEOUT": "1", "MAX_RETRIES": "0",
        ]
        try await DaemonFixture.working(settings) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("bad", "exit 1")
            _ = try await daemon.result(of: "bad")
            try daemon.submit("probe", "say ran; pass gate")
            try await daemon.witness(1)
            try await daemon.crash()
            try gate.pass(1)
            try await daemon.start()
            _ = try await daemon.result(of: "probe")
            try daemon.submit("t1", "say ran")
            #expect(try await daemon.result(of: "t1").status == .completed)
            _ = try await daemon.heartbeat { $0.circuitBreakerState == .closed }
        }
    }
}
