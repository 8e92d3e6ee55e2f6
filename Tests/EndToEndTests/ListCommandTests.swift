// SPDX-License-Identifier: Apache-2.0
// `vigil list` of the built program, with a daemon and without one.

import Orchestrator
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("vigil list", .takesTurns, .guardedAgainstHangs)
struct ListCommandTests {
    /// The state of each task in the order of the lines.
    private func states(_ daemon: DaemonFixture, _ options: String...) async throws -> [String] {
        let result = try await daemon.run(["list", "--json"] + options)
        #expect(result.status == .exited(0))
        #expect(result.errors.contains("no orchestrator runs: read from the queue's files\n"))
        return try result.output.split(separator: "\n").map { line in
            let row = try #require(JSONParser.parse(Array(line.utf8), limits: .file(line.utf8.count)).objectValue)
            #expect(row["schema_version"] == 1)
            return "\(row["task_id"]?.stringValue ?? "") \(row["state"]?.stringValue ?? "")"
        }
    }

    @Test("tasks are listed wherever they are, newest first")
    func listsTasks() async throws {
        try await DaemonFixture.working(["MAX_CONCURRENT_TASKS": "1", "MAX_RETRIES": "0"]) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("good", "true")
            _ = try await daemon.result(of: "good")
            try daemon.submit("bad", "exit 3")
            _ = try await daemon.result(of: "bad")
            try daemon.submit("runs", "say here; pass gate")
            try await daemon.witness(1)
            try daemon.submit("later", "true", ["dependencies": ["runs"]])
            #expect(try await states(daemon) == ["later waiting", "runs running", "bad failed", "good completed"])
            #expect(
                try await states(daemon, "--limit", "1", "--state", "completed", "--state", "failed") == ["bad failed"]
            )
            #expect(try await states(daemon, "--worker", "anga").isEmpty)
            let page = try await daemon.run("list")
            #expect(page.output.contains("exit_code: "))
            #expect(page.output.contains("until it has completed: runs (running)"))
            try gate.pass()
            _ = try await daemon.result(of: "later")
        }
    }

    @Test("a file that is named for another task hides neither")
    func namesAreNotTrusted() async throws {
        try await DaemonFixture.idle { daemon in
            try daemon.drop(DaemonFixture.task("own", "do"), as: "ended.json")
            let results = try Directory.create("\(daemon.root)/results/marie")
            let id = try TaskID("ended")
            let record = ResultRecord(
                taskID: id,
                worker: try WorkerID("marie"),
                status: .completed,
                timestamp: .earliest
            )
            try AtomicFile.write(record.encoded(), as: "ended.json", in: results, replacing: true, durability: .relaxed)
            #expect(try await Set(states(daemon)) == ["own waiting", "ended completed"])
        }
    }

    @Test("among many results the latest are not looked for, and that is said")
    func manyResultsAreNotReadForStatus() async throws {
        try await DaemonFixture.idle { daemon in
            _ = try Directory.create("\(daemon.root)/tasks/marie")
            let mill = try OutcomeMill(root: daemon.root)
            try mill.run(4)
            let few = try await daemon.run("status", "--json")
            #expect(few.output.contains(#""ended_known":true"#))
            try mill.run(2_000)
            let many = try await daemon.run("status", "--json")
            #expect(many.output.contains(#""ended":[],"ended_known":false"#))
            let text = try await daemon.run("status")
            #expect(text.output.contains("RECENTLY ENDED\nnot looked for: many results"))
            try daemon.submit("live", "true")
            let words = try await daemon.run("complete", "--", "show", "")
            #expect(words.output == "live\t\n")
        }
    }

    @Test("a living orchestrator's history says what ended; without one the files do")
    func asksTheHistory() async throws {
        try await DaemonFixture.idle { daemon in
            _ = try Directory.create("\(daemon.root)/tasks/marie")
            let results = try Directory.create("\(daemon.root)/results/marie")
            let now = try #require(Timestamp(iso8601: "2026-11-25T22:15:30Z"))
            var facts: [Fact] = []
            for (number, id) in ["old", "new", "unheard"].enumerated() {
                let time = now.adding(.seconds(Int64(number)))
                let status: TaskStatus = id == "old" ? .cancelled : .completed
                let record = ResultRecord(
                    taskID: try TaskID(id),
                    worker: try WorkerID("marie"),
                    status: status,
                    timestamp: time
                )
                let name = FileName("\(id).json")
                try AtomicFile.write(record.encoded(), as: name, in: results, replacing: true, durability: .relaxed)
                if id != "unheard" { facts.append(.ended(EndedTask(record, file: "\(id).json", mark: 1))) }
            }
            let location = HistoryLocation(stateFile: "\(daemon.root)/orchestrator_state.json")
            try Store(location, sequencesAbove: 0, now: now).apply(facts, at: now, Patience())
            // What a dead orchestrator knew is not asked for.
            #expect(try await Set(states(daemon)) == ["old cancelled", "new completed", "unheard completed"])

            let lock = try Directory.open(daemon.root).createFile(HistoryLocation.lockName, exclusive: false)
            #expect(try lock.tryLockExclusive())
            let served = try await daemon.run("list", "--json")
            #expect(served.status == .exited(0) && served.errors.isEmpty)
            #expect(served.output.split(separator: "\n").map { $0.contains(#""task_id":"new""#) } == [true, false])
            let cancelled = try await daemon.run("list", "--json", "--state", "cancelled", "--limit", "1")
            #expect(cancelled.errors.isEmpty && cancelled.output.contains(#""task_id":"old""#))
            let status = try await daemon.run("status")
            #expect(status.output.contains("old   marie   cancelled") && !status.output.contains("unheard"))
            try AtomicFile.write(
                [0x21],
                as: HistoryLocation.databaseName,
                in: Directory.open(daemon.root),
                replacing: true,
                durability: .relaxed
            )
            let spoiled = try await daemon.run("list", "--json")
            #expect(spoiled.errors.contains("the orchestrator's history cannot be read"))
            #expect(spoiled.output.split(separator: "\n").count == 3)
            try lock.close()
        }
    }
}
