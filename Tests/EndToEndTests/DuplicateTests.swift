// SPDX-License-Identifier: Apache-2.0
// The same id twice: a repeat is ignored, another task is refused, and nothing runs a second time.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

/// Where the first task of an id is when the second one comes.
private enum Stage: CaseIterable, Sendable {
    case queued, running, waiting, finished
}

@Suite(.takesTurns) struct DuplicateTests {
    /// Brings a task to a stage, then submits the id again under another file name.
    private func resubmit(
        at stage: Stage,
        _ again: (DaemonFixture) throws -> Void,
        then check: (DaemonFixture) async throws -> Void
    ) async throws {
        let settings = ["MAX_CONCURRENT_TASKS": "1", "INITIAL_RETRY_DELAY": "60", "MAX_RETRY_DELAY": "60"]
        try await DaemonFixture.working(settings) { daemon in
            let gate = try daemon.makeGate()
            if stage == .queued {
                try daemon.submit("busy", "pass gate")
                _ = try await daemon.heartbeat { $0.activeTasks == 1 }
            }
            let script =
                stage == .running ? "say ran; pass gate" : "say ran; [ $VIGIL_ATTEMPT = \(Self.lastAttempt(stage)) ]"
            try daemon.submit("t1", script)
            switch stage {
            case .queued: _ = try await daemon.heartbeat { $0.queueSize == 1 }
            case .running: try await daemon.witness(1)
            case .waiting: _ = try await daemon.heartbeat { $0.waiting[.retry] == 1 }
            case .finished:
                _ = try await daemon.result(of: "t1")
                _ = try await daemon.heartbeat { $0.stats.tasksProcessed == 1 }
            }
            try again(daemon)
            try await check(daemon)
            switch stage {
            case .queued, .running: try gate.pass()
            case .waiting:
                try await daemon.crash()
                try await daemon.start(with: ["INITIAL_RETRY_DELAY": "1", "MAX_RETRY_DELAY": "1"])
            case .finished: break
            }
            #expect(try await daemon.result(of: "t1").status == .completed)
            let runs = try daemon.witness()
            #expect(runs == (1...Self.lastAttempt(stage)).map { "t1 \($0) ran" })
            #expect(try daemon.names(in: "tasks/marie") == [])
        }
    }

    private static func lastAttempt(_ stage: Stage) -> Int { stage == .waiting ? 2 : 1 }

    @Test(arguments: Stage.allCases) fileprivate func otherTaskOfTheSameIDIsRefused(stage: Stage) async throws {
        try await resubmit(at: stage) { daemon in
            try daemon.drop(DaemonFixture.task("t1", "say other"), as: "again.json")
        } then: { daemon in
            let letter = try await daemon.deadLetter(of: "again")
            #expect(letter.reason == .duplicateTaskID)
            #expect(letter.task?["description"] == "say other")
            #expect(letter.error?.contains("t1") == true)
        }
    }

    @Test(arguments: Stage.allCases) fileprivate func sameTaskAgainIsIgnored(stage: Stage) async throws {
        try await resubmit(at: stage) { daemon in
            let last = Self.lastAttempt(stage)
            let script = stage == .running ? "say ran; pass gate" : "say ran; [ $VIGIL_ATTEMPT = \(last) ]"
            // The same fields, in another order and with other white space.
            try daemon.drop(#"{ "description": "\#(script)", "task_id":"t1"}"#, as: "again.json")
        } then: { daemon in
            _ = try await daemon.logEntry("repeated submission ignored")
            #expect(try daemon.names(in: "dlq/marie") == [])
        }
    }

    @Test func fileRenamedOverTheRunningOnesNameIsNotLost() async throws {
        try await DaemonFixture.working { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say ran; pass gate")
            try await daemon.witness(1)
            try daemon.submit("t1", "say other")
            let letter = try await daemon.deadLetter(of: "t1")
            #expect(letter.reason == .duplicateTaskID)
            #expect(letter.task?["description"] == "say other")
            try gate.pass()
            #expect(try await daemon.result(of: "t1").status == .completed)
            #expect(try daemon.witness() == ["t1 1 ran"])
        }
    }

    @Test func fileRenamedOverTheQueuedOneTakesItsPlace() async throws {
        try await DaemonFixture.working(["MAX_CONCURRENT_TASKS": "1"]) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("busy", "say ran; pass gate")
            try await daemon.witness(1)
            try daemon.submit("t1", "say old")
            _ = try await daemon.heartbeat { $0.queueSize == 1 }
            try daemon.submit("t1", "say new")
            try gate.pass()
            #expect(try await daemon.result(of: "t1").status == .completed)
            #expect(try daemon.witness() == ["busy 1 ran", "t1 1 new"])
            #expect(try daemon.names(in: "dlq/marie") == [])
        }
    }

    @Test func repeatDoesNotWaitForItsTurn() async throws {
        try await DaemonFixture.working(["MAX_CONCURRENT_TASKS": "1"]) { daemon in
            try daemon.submit("t1", "say ran")
            _ = try await daemon.result(of: "t1")
            let gate = try daemon.makeGate()
            try daemon.submit("busy", "say ran; pass gate")
            try await daemon.witness(2)
            try daemon.submit("t1", "say ran")
            _ = try await daemon.logEntry("repeated submission ignored")
            #expect(try daemon.names(in: "tasks/marie") == [])
            try gate.pass()
            _ = try await daemon.result(of: "busy")
        }
    }

    @Test func idIsTakenAcrossWorkers() async throws {
        try await DaemonFixture.working {
            $0.arguments = ["up", "--workers", "marie,anga"]
        } _: { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say ran; pass gate")
            try await daemon.witness(1)
            let inbox = try Directory.open("\(daemon.root)/tasks/anga")
            func submit(_ description: String, as name: FileName) throws {
                let bytes = Array(DaemonFixture.task("t1", description).utf8)
                try AtomicFile.write(bytes, as: name, in: inbox, replacing: true, durability: .relaxed)
            }
            func letters(_ count: Int) async throws {
                try await eventually("dead letters of anga", in: ["\(daemon.root)/dlq/anga"]) {
                    try daemon.names(in: "dlq/anga").count == 2 * count ? true : nil
                }
            }
            // While it runs, and after it has a result.
            try submit("say other", as: "one.json")
            try await letters(1)
            try submit("say ran; pass gate", as: "two.json")
            _ = try await daemon.logEntry("repeated submission ignored")
            try gate.pass()
            _ = try await daemon.result(of: "t1")
            try submit("say other", as: "three.json")
            try await letters(2)
            #expect(try daemon.witness() == ["t1 1 ran"])
            #expect(try daemon.names(in: "results/anga") == [])
        }
    }

    @Test func sameIDInTwoInboxesBeforeTheStartRunsOnce() async throws {
        try await DaemonFixture.idle {
            $0.arguments = ["up", "--workers", "marie,anga"]
        } _: { daemon in
            let inbox = try Directory.create("\(daemon.root)/tasks/anga")
            for number in 1...20 {
                try daemon.submit("t\(number)", "say marie")
                let other = DaemonFixture.task("t\(number)", "say anga")
                try AtomicFile.write(
                    Array(other.utf8),
                    as: FileName("t\(number).json"),
                    in: inbox,
                    replacing: true,
                    durability: .relaxed
                )
            }
            try await daemon.start()
            // One of each pair runs, the other becomes a dead letter: bytes and reason.
            try await eventually("dead letters", in: ["\(daemon.root)/dlq/marie", "\(daemon.root)/dlq/anga"]) {
                let letters = try daemon.names(in: "dlq/marie") + daemon.names(in: "dlq/anga")
                return letters.count == 40 ? true : nil
            }
            try await daemon.expectCleanEnd()
            let ran = try daemon.witness().map { String($0.prefix { $0 != " " }) }
            #expect(ran.sorted() == (1...20).map { "t\($0)" }.sorted())
            let results = try daemon.names(in: "results/marie") + daemon.names(in: "results/anga")
            #expect(results.filter { $0.hasSuffix(".json") }.sorted() == (1...20).map { "t\($0).json" }.sorted())
        }
    }
}

// MARK: - Several daemons on one directory

@Suite(.takesTurns) struct SharedDirectoryTests {
    @Test func twoDaemonsShareTheWorkAndRunNothingTwice() async throws {
        try await DaemonFixture.idle(["DURABILITY": "relaxed", "MAX_CONCURRENT_TASKS": "4"]) { daemon in
            let first = try await daemon.start()
            let second = try await daemon.start()
            for number in 1...300 { try daemon.submit("t\(number)", "say ran") }
            try await eventually("300 results", in: ["\(daemon.root)/results/marie"]) {
                try daemon.names(in: "results/marie").count { $0.hasSuffix(".json") } == 300 ? true : nil
            }
            for process in [first, second] { process.send(SIGTERM) }
            for process in [first, second] { #expect(try await process.waitForExit() == .exited(0)) }
            try await daemon.processes.waitForNone()
            let ran = try daemon.witness().map { String($0.prefix { $0 != " " }) }
            #expect(ran.count == 300)
            #expect(Set(ran).count == 300)
            #expect(try daemon.names(in: "dlq/marie") == [])
            #expect(try daemon.names(in: "tasks/marie") == [])
            // Both had a part of it.
            let taken = daemon.logEntries().filter { $0["message"] == "worker stopped" }
            #expect(taken.count == 2)
            #expect(!taken.contains { $0["processed"]?.stringValue == "0" })
        }
    }

    @Test func attemptsOfAFailingTaskNeverOverlapAndAreNeverTooMany() async throws {
        let settings = ["MAX_RETRIES": "3", "INITIAL_RETRY_DELAY": "0.01", "CIRCUIT_BREAKER_THRESHOLD": "100"]
        try await DaemonFixture.idle(settings) { daemon in
            let first = try await daemon.start()
            let second = try await daemon.start()
            let ids = (1...10).map { "t\($0)" }
            for id in ids {
                try daemon.submit(id, "mkdir lock-$VIGIL_TASK_ID && say begins; rmdir lock-$VIGIL_TASK_ID; exit 1")
            }
            for id in ids { #expect(try await daemon.result(of: id).attempts.count == 4) }
            for process in [first, second] { process.send(SIGTERM) }
            for process in [first, second] { #expect(try await process.waitForExit() == .exited(0)) }
            // One line for each attempt: none found the lock of another.
            let lines = try daemon.witness()
            #expect(lines.sorted() == ids.flatMap { id in (1...4).map { "\(id) \($0) begins" } }.sorted())
        }
    }

    @Test func lostLockFileOfADaemonLetsNobodyRunItsTaskTwice() async throws {
        try await DaemonFixture.idle(["SCAN_INTERVAL": "1"]) { daemon in
            let first = try await daemon.start()
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say begins; pass gate; say ends")
            try await daemon.witness(1)
            for name in try daemon.names(in: "tasks/.claims") where name.hasPrefix("~owner-") {
                try Producer.remove("\(daemon.root)/tasks/.claims/\(name)")
            }
            // The second daemon takes the first for dead, and sees that somebody still works on the task.
            let second = try await daemon.start()
            _ = try await daemon.logEntry("attempt of an earlier daemon still runs, waiting for its end")
            try daemon.submit("t2", "say ran")
            _ = try await daemon.result(of: "t2")
            try gate.pass()
            let result = try await daemon.result(of: "t1")
            #expect(result.retryCount == 0)
            for process in [first, second] { process.send(SIGTERM) }
            for process in [first, second] { #expect(try await process.waitForExit() == .exited(0)) }
            #expect(try daemon.witness() == ["t1 1 begins", "t2 1 ran", "t1 1 ends"])
            #expect(try daemon.names(in: "tasks/.claims") == [])
        }
    }

    @Test func workOfADaemonThatDiesIsTakenOverByTheOther() async throws {
        try await DaemonFixture.idle(["SCAN_INTERVAL": "1", "INITIAL_RETRY_DELAY": "0.01"]) { daemon in
            let first = try await daemon.start()
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say begins; pass gate; say ends")
            try await daemon.witness(1)
            try await daemon.start()
            first.send(SIGKILL)
            try await first.waitForExit()
            try gate.pass()
            #expect(try await daemon.result(of: "t1").retryCount == 0)
            #expect(try daemon.witness() == ["t1 1 begins", "t1 1 ends"])
            try await daemon.expectCleanEnd()
        }
    }
}
