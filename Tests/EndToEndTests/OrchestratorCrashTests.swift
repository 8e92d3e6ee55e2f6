// SPDX-License-Identifier: Apache-2.0
// Kills, missing and broken databases, a second orchestrator, and readers of the pipe that misbehave.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns) struct OrchestratorCrashTests {
    @Test func everyEndIsToldInOrderWhateverIsKilled() async throws {
        var generator = SeededGenerator.fromEnvironment()
        let seed = generator.seed
        let text = SystemInfo.environment["VIGIL_TEST_ORCHESTRATOR_KILLS"] ?? ""
        let kills = Int(text) ?? 12
        try await DaemonFixture.withRoot { fixture in
            let hunt = OrchestratorHunt(
                program: BuiltProgram.vigil,
                root: fixture.root,
                environment: fixture.environment,
                log: fixture.logPath
            )
            let (complaints, tasks) = try await hunt.run(kills: kills, using: &generator)
            #expect(complaints.prefix(5) == [], "seed \(seed), \(tasks) tasks, \(complaints.count) complaints")
        }
    }

    @Test func nothingIsLostWhenThousandsEndAtOnce() async throws {
        try await DaemonFixture.orchestrating(["HEARTBEAT_INTERVAL": "60"]) { daemon in
            let mill = try OutcomeMill(root: daemon.root)
            let began = ContinuousClock.now
            try await blocking { try mill.run(3_000) }
            let rate = 3_000 / ((ContinuousClock.now - began) / .seconds(1))
            try await daemon.expectCleanEnd()
            let complaints = try mill.complaints()
            #expect(complaints.prefix(5) == [], "\(complaints.count) complaints at \(Int(rate)) tasks a second")
            try await daemon.start()
        }
    }

    @Test func secondOrchestratorRefusesInOneLine() async throws {
        try await DaemonFixture.orchestrating(["HEARTBEAT_INTERVAL": "60"]) { daemon in
            let second = try await daemon.run("orchestrator")
            #expect(second.status == .exited(69))
            let lines = second.errors.split(separator: "\n").filter { !$0.hasPrefix("{") }
            #expect(lines.count == 1)
            let pid = try daemon.daemon.pid
            let says = second.errors.contains("another orchestrator serves this queue (process \(pid)); stop it first")
            #expect(says, "\(second.errors)")
        }
    }

    @Test func removedDatabaseIsMadeAgainAndSequencesGoOn() async throws {
        try await DaemonFixture.orchestrating(["SCAN_INTERVAL": "1", "HEARTBEAT_INTERVAL": "60"]) { daemon in
            let mill = try OutcomeMill(root: daemon.root)
            try mill.run(8)
            let before = try await daemon.notifications("10 events") { $0.count == 10 }
            try Directory.open(daemon.root).remove(".orchestrator.db")
            _ = try await daemon.logEntry("database was removed, made again from the queue's files")
            let after = try await daemon.notifications("20 events") { $0.count == 20 }
            #expect(Set(after.map(\.sequence)).count == 20)
            #expect(after.dropFirst(10).allSatisfy { $0.sequence > before[9].sequence })
            try mill.run(4)
            try await daemon.snapshot { $0.totalTasks == 12 && $0.failedTasks == 3 }
        }
    }

    @Test func brokenDatabaseIsMovedAsideAndMadeAgain() async throws {
        try await DaemonFixture.orchestrating(["HEARTBEAT_INTERVAL": "60"]) { daemon in
            let mill = try OutcomeMill(root: daemon.root)
            try mill.run(8)
            try await daemon.notifications("10 events") { $0.count == 10 }
            try await daemon.crash()
            let root = try Directory.open(daemon.root)
            let junk = [UInt8](repeating: 7, count: 9_000)
            try AtomicFile.write(junk, as: ".orchestrator.db", in: root, replacing: true, durability: .relaxed)
            try await daemon.start()
            _ = try await daemon.logEntry("database was unusable, made again from the queue's files")
            let aside = try daemon.names(in: ".").contains { $0.hasPrefix(".orchestrator.db.corrupt-") }
            #expect(aside)
            try await daemon.snapshot { $0.totalTasks == 8 && $0.failedTasks == 2 }
        }
    }

    @Test func snapshotOfTheOlderSystemIsImportedOnce() async throws {
        try await DaemonFixture.orchestrating(["HEARTBEAT_INTERVAL": "60"]) { daemon in
            let mill = try OutcomeMill(root: daemon.root)
            try mill.run(2)
            let older = """
                {"tasks": [
                  {"task_id": "t0", "worker": "marie", "created_at": "2026-01-02T03:04:05.678", "status": "completed",
                   "completed_at": "2026-01-02T03:05:05", "result_file": "/x/t0.json", "attempts": 1},
                  {"task_id": "gone", "worker": "anga", "created_at": "2026-01-02T03:04:05", "status": "failed",
                   "completed_at": "2026-01-02T03:06:05", "result_file": null, "attempts": 4},
                  {"task_id": "../evil", "worker": "anga", "status": "failed"}],
                 "stats": {"total_tasks": 2, "completed_tasks": 1, "failed_tasks": 1, "timeout_tasks": 0},
                 "timestamp": "2026-01-02T03:07:00"}
                """
            let root = try Directory.open(daemon.root)
            let name: FileName = "orchestrator_state.json"
            try AtomicFile.write(Array(older.utf8), as: name, in: root, replacing: true, durability: .relaxed)
        } _: { daemon in
            let first = try await daemon.snapshot { $0.lastSequence != nil && $0.totalTasks == 3 }
            #expect(first.completedTasks == 2)
            #expect(first.failedTasks == 1)
            // What the older system told is not told again; the other end is.
            try await daemon.notification(.taskCompleted, of: "t1")
            try await daemon.stop()
            try await daemon.start()
            let all = try OutcomeMill.notifications(in: daemon.root)
            #expect(all.map { $0.data["task_id"] } == ["t1"])
            let imports = daemon.logEntries().count { $0["message"] == "older snapshot imported" }
            #expect(imports == 1)
            let kept = try daemon.contents(of: "./orchestrator_state.json.imported")
            #expect(kept?.contains("gone") == true)
        }
    }

    @Test func pipeWithoutWithASlowAndWithADyingReaderHoldsUpNothing() async throws {
        try await DaemonFixture.orchestrating(["HEARTBEAT_INTERVAL": "60"]) { daemon in
            let mill = try OutcomeMill(root: daemon.root)
            try mill.run(4)
            try await daemon.notifications("5 events") { $0.count == 5 }
            // The files are there before the pipe is told.
            try await daemon.events(published: 5)
            let path = "\(daemon.root)/pipes/orchestrator"
            let reader = OwnedDescriptor(adopting: open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC))
            try mill.run(4)
            try await daemon.notifications("10 events") { $0.count == 10 }
            try await daemon.events(published: 10)
            let lines = String(decoding: try reader.read(count: 1 << 16), as: UTF8.self).split(separator: "\n")
            let told = try OutcomeMill.notifications(in: daemon.root).suffix(5)
            #expect(lines.map(String.init) == told.map { String(decoding: $0.encoded(), as: UTF8.self) })
            // More than a pipe holds, and nobody takes it.
            try mill.run(600)
            try await daemon.notifications("760 events") { $0.count == 760 }
            try reader.close()
            try mill.run(4)
            try await daemon.notifications("765 events") { $0.count == 765 }
            try await daemon.events(published: 765)
            let page = try await daemon.page("/metrics").body
            let line = page.split(separator: "\n").first { $0.hasPrefix("watcher_events_missed_total{") }
            let missed = Int(line?.split(separator: " ").last ?? "") ?? 0
            #expect(missed > 10 && missed < 765, "\(missed)")
        }
    }

    @Test func eventsAreListedAndFollowed() async throws {
        try await DaemonFixture.orchestrating(["HEARTBEAT_INTERVAL": "60"]) { daemon in
            let mill = try OutcomeMill(root: daemon.root)
            try mill.run(3)
            try await daemon.notifications("3 events") { $0.count == 3 }
            let listed = try await daemon.run("events")
            let lines = listed.output.split(separator: "\n")
            #expect(listed.status == .exited(0))
            #expect(lines.count == 3)
            #expect(lines.allSatisfy { $0.hasPrefix(#"{"schema_version":1,"event_type":"task_completed","#) })
            let last = try await daemon.run("events", "--limit", "1")
            #expect(last.output.split(separator: "\n") == Array(lines.suffix(1)))
            let following = try daemon.begin(["events", "--follow", "--limit", "1"])
            try await following.says(#""task_id":"t2""#)
            try mill.run(1)
            try await following.says(#""task_id":"t3","worker":"marie","status":"failed""#)
            following.process.send(SIGINT)
            _ = try await following.end()
            #expect(following.output.split(separator: "\n").count == 3)
            try await daemon.stop()
            let alone = try await daemon.run("events")
            #expect(alone.status == .exited(2))
            #expect(alone.output.split(separator: "\n").count == 5)
            #expect(alone.errors == "no orchestrator serves this queue; start one: vigil up\n")
            try await daemon.start()
        }
    }

    @Test func oldNotificationsAreRemoved() async throws {
        try await DaemonFixture.orchestrating(["TRIGGER_RETENTION": "1h", "HEARTBEAT_INTERVAL": "60"]) { daemon in
            let place = "\(daemon.root)/triggers/orchestrator"
            for (name, age) in [("task_completed_1-1.json", 3_700), ("task_completed_2-2.json", 60)] {
                try daemon.submitOld("x", age: .seconds(age))
                _ = try Directory.create(place)
                try Producer.move("\(daemon.root)/tasks/marie/x.json", to: "\(place)/\(name)")
            }
        } _: { daemon in
            let entry = try await daemon.logEntry("old notifications removed")
            #expect(entry["files"] == "1")
            #expect(try daemon.names(in: "triggers/orchestrator") == ["task_completed_2-2.json"])
        }
    }
}

extension DaemonFixture {
    /// Waits until the orchestrator has counted events as sent, which it does before it writes them to the pipe.
    fileprivate func events(published count: Int) async throws {
        // The snapshot is written when the news are out, the pipe included.
        try await snapshot { ($0.lastSequence ?? 0) > 0 }
        let sequences = try OutcomeMill.notifications(in: root).map(\.sequence)
        try await snapshot { $0.lastSequence == sequences.last }
    }
}
