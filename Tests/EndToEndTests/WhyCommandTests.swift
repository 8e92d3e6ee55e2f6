// SPDX-License-Identifier: Apache-2.0
// `vigil why` of the built program; what it says of every cause is in CommandsTests.

import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("vigil why", .takesTurns, .guardedAgainstHangs)
struct WhyCommandTests {
    private func explain(_ id: String, _ daemon: DaemonFixture, exits code: Int32 = 0) async throws -> JSONObject {
        let result = try await daemon.run("why", id, "--json")
        #expect(result.status == .exited(code))
        let bytes = Array(result.output.utf8)
        return try #require(JSONParser.parse(bytes, limits: .file(bytes.count)).objectValue)
    }

    private func ids(_ value: JSONValue?, _ member: String? = nil) -> [String] {
        (value?.arrayValue ?? []).compactMap { element in
            guard let member else { return element.stringValue }
            return element.objectValue?[member]?.stringValue
        }
    }

    @Test("what a task waits for is followed through other workers, without a daemon")
    func followsTheChain() async throws {
        try await DaemonFixture.idle { daemon in
            _ = try await daemon.run("submit", "marie", "--id", "a", "--after", "b", "x")
            _ = try await daemon.run("submit", "anga", "--id", "b", "--after", "c", "x")
            let chain = try await explain("a", daemon)
            #expect(chain["cause"] == "dependency")
            #expect(ids(chain["chain"], "task_id") == ["b", "c"])
            #expect(chain["ring"] == [])
            try daemon.submit("c", "x", ["dependencies": ["a"]])
            let ring = try await explain("a", daemon)
            #expect(ring["cause"] == "dependency_cycle")
            #expect(ids(ring["ring"]) == ["a", "b", "c"])
            let unknown = try await explain("aa", daemon, exits: 1)
            #expect(unknown["cause"] == "unknown")
            #expect(ids(unknown["nearest"]).contains("a"))
            try daemon.drop("{", as: "half.json")
            #expect(try await explain("half", daemon, exits: 1)["cause"] == "settling")
        }
    }

    @Test("a task without a slot knows who goes first")
    func knowsItsPlace() async throws {
        let settings = ["MAX_CONCURRENT_TASKS": "1", "MAX_RETRIES": "0"]
        try await DaemonFixture.working(settings) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("runs", "say here; pass gate; exit 3")
            try await daemon.witness(1)
            try daemon.submit("low", "true", ["priority": "low"])
            try daemon.submit("mid", "true")
            try daemon.submit("high", "true", ["priority": "high"])
            _ = try await daemon.heartbeat { $0.activeTasks == 1 && $0.waiting[.slot] == 3 }
            #expect(try await explain("runs", daemon)["cause"] == "running")
            let low = try await explain("low", daemon)
            #expect(low["cause"] == "slot")
            #expect(low["ahead"] == 2)
            #expect(low["sentence"]?.stringValue?.contains("high, mid go first") == true)
            #expect(try await explain("high", daemon)["ahead"] == 0)
            try gate.pass()
            _ = try await daemon.result(of: "low")
            let failed = try await explain("runs", daemon)
            #expect(failed["cause"] == "exit_code")
            #expect(ids(failed["remedies"]).contains("run it again: vigil retry runs"))
            try daemon.submit("after", "true", ["dependencies": ["runs"]])
            _ = try await daemon.result(of: "after")
            let given = try await explain("after", daemon)
            #expect(given["cause"] == "dependency_failed")
            #expect(ids(given["chain"], "task_id") == ["runs"])
            #expect(ids(given["remedies"]).first == "mend first what it needs, see why: vigil why runs")
        }
    }

    @Test("what was asked while the worker is down is told")
    func knowsWhatWasAsked() async throws {
        try await DaemonFixture.idle { daemon in
            try daemon.submit("t1", "true")
            #expect(try await explain("t1", daemon)["cancel_requested_at"] == .null)
            _ = try await daemon.run("pause", "marie")
            _ = try await daemon.run("cancel", "t1")
            let asked = try await explain("t1", daemon)
            #expect(ids(asked["waiting_for"], "cause") == ["no_daemon", "paused"])
            #expect(asked["cancel_requested_at"]?.stringValue != nil)
            #expect(asked["sentence"]?.stringValue?.contains("its worker cancels it when it is started") == true)
            // A request means one task, and not the next one of its id.
            try daemon.submit("t1", "another")
            #expect(try await explain("t1", daemon)["cancel_requested_at"] == .null)
        }
    }

    @Test("an open circuit says until when")
    func knowsTheCircuitsEnd() async throws {
        let settings = ["CIRCUIT_BREAKER_THRESHOLD": "1", "CIRCUIT_BREAKER_TIMEOUT": "3600", "MAX_RETRIES": "0"]
        try await DaemonFixture.working(settings) { daemon in
            try daemon.submit("bad", "echo 'API Error: 500 overloaded' >&2; exit 1")
            _ = try await daemon.result(of: "bad")
            let heartbeat = try await daemon.heartbeat { $0.circuitBreakerState == .open }
            #expect(heartbeat.circuitOpenUntil != nil)
            try daemon.submit("later", "true")
            _ = try await daemon.heartbeat { $0.waiting[.circuitOpen] == 1 }
            let waiting = try await explain("later", daemon)
            #expect(waiting["cause"] == "circuit_open")
            #expect(waiting["waiting_for"]?.arrayValue?.first?.objectValue?["until"]?.stringValue != nil)
        }
    }
}
