// SPDX-License-Identifier: Apache-2.0
// Which task comes first, and which one waits for what.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns) struct OrderTests {
    @Test func higherPriorityRunsFirstThenTheOlderTask() async throws {
        try await DaemonFixture.idle(["MAX_CONCURRENT_TASKS": "1"]) { daemon in
            let order: [(String, JSONValue)] = [
                ("low", "low"), ("usual", "normal"), ("high", "high"), ("critical", "critical"), ("minus", -100),
                ("seven", 7),
            ]
            for (id, priority) in order {
                try daemon.submit(id, "say ran", ["priority": priority, "created_at": "2026-01-01T00:00:00Z"])
            }
            for number in [3, 1, 2] {
                try daemon.submit("old\(number)", "say ran", ["created_at": .string("2020-01-0\(number)T00:00:00Z")])
            }
            try await daemon.start()
            let lines = try await daemon.witness(9)
            #expect(
                lines.map { $0.prefix { $0 != " " } } == [
                    "old1", "old2", "old3", "critical", "high", "seven", "usual", "low", "minus",
                ]
            )
            try await daemon.expectCleanEnd()
        }
    }

    @Test(arguments: [("say ran", "task completed"), ("exit 1", "task failed")])
    func slotDoesNotWaitForTheResultOfTheTaskBefore(script: String, message: String) async throws {
        try await DaemonFixture.idle(["MAX_CONCURRENT_TASKS": "1", "MAX_RETRIES": "0"]) { daemon in
            try daemon.submit("first", script, ["created_at": "2026-01-01T00:00:00Z"])
            try daemon.submit("second", "say ran", ["created_at": "2026-01-02T00:00:00Z"])
            try await daemon.start()
            _ = try await daemon.logEntry(message) { $0["task_id"]?.stringValue == "first" }
            let lines = daemon.logEntries().map { entry in
                "\(entry["task_id"]?.stringValue ?? "") \(entry["message"]?.stringValue ?? "")"
            }
            let start = try #require(lines.firstIndex(of: "second attempt started"))
            #expect(start < (try #require(lines.firstIndex(of: "first \(message)"))))
            try await daemon.expectCleanEnd()
        }
    }

    @Test func taskThatComesNextIsReadWhileTheSlotIsTakenAndRunsAsItIsThen() async throws {
        try await DaemonFixture.working(["MAX_CONCURRENT_TASKS": "1", "SCAN_INTERVAL": "3600"]) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("first", "pass gate")
            _ = try await daemon.logEntry("attempt started")
            try daemon.submit("second", "say old")
            try daemon.submit("third", "say ran")
            // Without reading ahead, only the file that came last is still open.
            try await daemon.waitUntilOpen(["second.json", "third.json"])
            try Producer.remove(daemon.inbox("third.json"))
            try await daemon.waitUntilOpen(["second.json"])
            try daemon.submit("second", "say new")
            try gate.pass()
            #expect(try await daemon.witness(1) == ["second 1 new"])
            _ = try await daemon.result(of: "second")
            try await daemon.waitUntilOpen([])
        }
    }

    @Test func withoutAgeingOnlyThePriorityCounts() async throws {
        try await DaemonFixture.idle(["MAX_CONCURRENT_TASKS": "1", "PRIORITY_AGING_SECONDS": "0"]) { daemon in
            try daemon.submit("old", "say ran", ["created_at": "2020-01-01T00:00:00Z"])
            try daemon.submit("high", "say ran", ["priority": 1])
            try await daemon.start()
            #expect(try await daemon.witness(2) == ["high 1 ran", "old 1 ran"])
            try await daemon.expectCleanEnd()
        }
    }

    @Test func startTimeIsWaitedFor() async throws {
        try await DaemonFixture.working { daemon in
            let start = Timestamp(millisecondsSince1970: WallClock.system.nowMilliseconds + 1_500)
            try daemon.submit("later", "say ran", ["not_before": .string(start.description)])
            try daemon.submit("never", "say ran", ["not_before": "2999-01-01T00:00:00Z"])
            _ = try await daemon.heartbeat { $0.waiting[.notBefore] == 2 }
            try daemon.submit("now", "say ran")
            let result = try await daemon.result(of: "later")
            let started = try #require(result.startedAt)
            #expect(started >= start)
            #expect(try Set(daemon.witness()) == ["now 1 ran", "later 1 ran"])
            #expect(try daemon.names(in: "tasks/marie") == ["never.json"])
        }
    }

    @Test func taskWhoseTimeIsOverIsGivenUpUnstarted() async throws {
        try await DaemonFixture.working(["MAX_CONCURRENT_TASKS": "1"]) { daemon in
            try daemon.submit("past", "say ran", ["expires_at": "2020-01-01T00:00:00Z"])
            let past = try await daemon.result(of: "past")
            #expect(past.status == .failed)
            #expect(past.failure?.reason == .expired)
            #expect(past.attempts.isEmpty)
            #expect(try await daemon.deadLetter(of: "past").reason == .expired)
            // One that expires while it waits for a slot, of which none gets free before.
            let gate = try daemon.makeGate()
            try daemon.submit("busy", "say ran; pass gate")
            try await daemon.witness(1)
            let soon = Timestamp(millisecondsSince1970: WallClock.system.nowMilliseconds + 500)
            try daemon.submit("soon", "say ran", ["expires_at": .string(soon.description)])
            try daemon.submit("next", "say ran")
            #expect(try await daemon.deadLetter(of: "soon").reason == .expired)
            try gate.pass()
            _ = try await daemon.result(of: "next")
            #expect(try daemon.witness() == ["busy 1 ran", "next 1 ran"])
        }
    }

    @Test func neverMoreThanTheAllowedNumberRunAtOnce() async throws {
        try await DaemonFixture.working(["MAX_CONCURRENT_TASKS": "2"]) { daemon in
            let gate = try daemon.makeGate()
            for number in 1...6 { try daemon.submit("t\(number)", "say begins; pass gate; say ends") }
            for number in 1...6 {
                try await daemon.witness(min(6, number + 1)) { $0.hasSuffix("begins") }
                try gate.pass()
                try await daemon.witness(number) { $0.hasSuffix("ends") }
            }
            for number in 1...6 { _ = try await daemon.result(of: "t\(number)") }
            var running = 0
            for line in try daemon.witness() {
                running += line.hasSuffix("begins") ? 1 : -1
                #expect(running <= 2)
            }
        }
    }
}

// MARK: - Dependencies

@Suite(.takesTurns) struct DependencyTests {
    private func submit(
        _ id: String,
        _ description: String,
        after dependencies: [String],
        to worker: String = "marie",
        in daemon: borrowing DaemonFixture
    ) throws {
        let task: JSONObject = [
            "task_id": .string(id), "description": .string(description),
            "dependencies": .array(dependencies.map { .string($0) }),
        ]
        try AtomicFile.write(
            JSONWriter.bytes(.object(task)),
            as: FileName("\(id).json"),
            in: Directory.create("\(daemon.root)/tasks/\(worker)"),
            replacing: true,
            durability: .relaxed
        )
    }

    @Test func dependentWaitsForAllItsDependencies() async throws {
        try await DaemonFixture.working { daemon in
            let gates = (try daemon.makeGate("gate-a"), try daemon.makeGate("gate-b"))
            // In the wrong order: what is not known yet is waited for.
            try submit("c", "say ran", after: ["a", "b"], in: daemon)
            _ = try await daemon.heartbeat { $0.waiting[.dependency] == 1 }
            try submit("a", "pass gate-a; say ran", after: [], in: daemon)
            try submit("b", "pass gate-b; say ran", after: [], in: daemon)
            try gates.0.pass()
            _ = try await daemon.result(of: "a")
            let heartbeat = try await daemon.heartbeat { $0.stats.tasksProcessed == 1 }
            #expect(heartbeat.waiting[.dependency] == 1)
            try gates.1.pass()
            #expect(try await daemon.result(of: "c").status == .completed)
            #expect(try daemon.witness() == ["a 1 ran", "b 1 ran", "c 1 ran"])
            // Those that have completed before are no hindrance.
            try submit("d", "say ran", after: ["a", "b", "c"], in: daemon)
            #expect(try await daemon.result(of: "d").status == .completed)
        }
    }

    @Test func dependencyOnAnotherWorkersTaskIsNoticedByEvents() async throws {
        try await DaemonFixture.working(["SCAN_INTERVAL": "3600"]) {
            $0.arguments = ["up", "--workers", "marie,anga"]
        } _: { daemon in
            try submit("second", "say ran", after: ["first"], in: daemon)
            _ = try await daemon.heartbeat { $0.waiting[.dependency] == 1 }
            try submit("first", "say ran", after: [], to: "anga", in: daemon)
            #expect(try await daemon.result(of: "second").status == .completed)
            #expect(try daemon.witness() == ["first 1 ran", "second 1 ran"])
            #expect(try daemon.names(in: "results/anga").contains("first.json"))
        }
    }

    @Test func dependencyOnAWorkerThatComesLaterIsNoticed() async throws {
        try await DaemonFixture.working(["SCAN_INTERVAL": "1"]) { daemon in
            try submit("second", "say ran", after: ["first"], in: daemon)
            _ = try await daemon.heartbeat { $0.waiting[.dependency] == 1 }
            try submit("first", "say ran", after: [], to: "anga", in: daemon)
            let other = try ChildProcess(
                [BuiltProgram.vigil, "worker", "anga"],
                environment: daemon.environment,
                output: daemon.scratch.path(of: "anga.log")
            )
            #expect(try await daemon.result(of: "second").status == .completed)
            other.send(SIGTERM)
            #expect(try await other.waitForExit() == .exited(0))
        }
    }

    @Test func failureGoesDownTheWholeChain() async throws {
        try await DaemonFixture.working(["MAX_RETRIES": "0"]) { daemon in
            try submit("c", "say ran", after: ["b"], in: daemon)
            try submit("b", "say ran", after: ["a"], in: daemon)
            _ = try await daemon.heartbeat { $0.waiting[.dependency] == 2 }
            try submit("a", "say fails; exit 1", after: [], in: daemon)
            for id in ["b", "c"] {
                let result = try await daemon.result(of: id)
                #expect(result.status == .failed)
                #expect(result.failure?.reason == .dependencyFailed)
                #expect(result.failure?.message.isEmpty == false)
                #expect(try await daemon.deadLetter(of: id).reason == .dependencyFailed)
            }
            // Also of what is submitted afterwards.
            try submit("d", "say ran", after: ["c"], in: daemon)
            #expect(try await daemon.result(of: "d").failure?.reason == .dependencyFailed)
            #expect(try daemon.witness() == ["a 1 fails"])
        }
    }

    @Test func ringIsGivenUpMemberByMember() async throws {
        try await DaemonFixture.working { daemon in
            try submit("self", "say ran", after: ["self"], in: daemon)
            try submit("a", "say ran", after: ["c"], in: daemon)
            try submit("b", "say ran", after: ["a"], in: daemon)
            try submit("c", "say ran", after: ["b"], in: daemon)
            for id in ["self", "a", "b", "c"] {
                #expect(try await daemon.deadLetter(of: id).reason == .dependencyCycle)
                #expect(try await daemon.result(of: id).status == .failed)
            }
            #expect(try daemon.witness() == [])
            #expect(try daemon.names(in: "tasks/marie") == [])
        }
    }

    @Test func ringAcrossWorkersIsGivenUpToo() async throws {
        try await DaemonFixture.working {
            $0.arguments = ["up", "--workers", "marie,anga"]
        } _: { daemon in
            try submit("a", "say ran", after: ["b"], in: daemon)
            _ = try await daemon.heartbeat { $0.waiting[.dependency] == 1 }
            try submit("b", "say ran", after: ["c"], to: "anga", in: daemon)
            try submit("c", "say ran", after: ["a"], in: daemon)
            // Whoever sees that the ring is closed gives up its members; what waited for them follows.
            let reasons = try await eventually(
                "dead letters",
                in: ["\(daemon.root)/dlq/marie", "\(daemon.root)/dlq/anga"]
            ) {
                var found: [String] = []
                for worker in ["marie", "anga"] {
                    for name in try daemon.names(in: "dlq/\(worker)") where name.hasSuffix(".json") {
                        let text = try daemon.contents(of: "dlq/\(worker)/\(name)") ?? ""
                        let letter = try DeadLetterRecord.decode(Array(text.utf8), for: WorkerID(worker))
                        found.append(letter.reason.rawValue)
                    }
                }
                return found.count == 3 ? found : nil
            }
            #expect(reasons.contains("dependency_cycle"))
            #expect(Set(reasons).isSubset(of: ["dependency_cycle", "dependency_failed"]))
            for id in ["a", "c"] { #expect(try await daemon.result(of: id).status == .failed) }
            #expect(try daemon.witness() == [])
        }
    }

    @Test func waitingForADependencySurvivesARestart() async throws {
        try await DaemonFixture.working { daemon in
            try submit("b", "say ran", after: ["a"], in: daemon)
            _ = try await daemon.heartbeat { $0.waiting[.dependency] == 1 }
            try await daemon.crash()
            try await daemon.start()
            _ = try await daemon.heartbeat { $0.waiting[.dependency] == 1 }
            try submit("a", "say ran", after: [], in: daemon)
            #expect(try await daemon.result(of: "b").status == .completed)
            #expect(try daemon.witness() == ["a 1 ran", "b 1 ran"])
        }
    }
}
