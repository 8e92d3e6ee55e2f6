// SPDX-License-Identifier: Apache-2.0
// `vigil wait` of the built program.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("vigil wait", .takesTurns, .guardedAgainstHangs)
struct WaitCommandTests {
    private func rows(_ output: String) throws -> [String] {
        try output.split(separator: "\n").map { line in
            let row = try #require(JSONParser.parse(Array(line.utf8), limits: .file(line.utf8.count)).objectValue)
            #expect(row["schema_version"] == 1)
            return "\(row["task_id"]?.stringValue ?? "") \(row["status"]?.stringValue ?? "")"
        }
    }

    @Test("each end is told when it comes, also of what is not known yet")
    func tellsEachEnd() async throws {
        try await DaemonFixture.working(["MAX_RETRIES": "0"]) { daemon in
            let waiting = try daemon.begin(["wait", "one", "two", "one", "--json"])
            try await waiting.says("not known yet, and waited for: one, two")
            try daemon.submit("two", "exit 3")
            try await waiting.says("\"two\"")
            #expect(try rows(waiting.output) == ["two failed"])
            try daemon.submit("one", "true")
            let result = try await waiting.end()
            #expect(result.status == .exited(1))
            #expect(try rows(result.output) == ["two failed", "one completed"])
            let again = try await daemon.run("wait", "one")
            #expect(again.status == .exited(0) && again.output.hasPrefix("one  completed  in "))
            #expect(again.errors.isEmpty)
            let any = try await daemon.run("wait", "--any", "never", "one")
            #expect(any.status == .exited(0) && any.output.hasPrefix("one  completed"))
        }
    }

    @Test("a refused file ends the waiting, whatever its name; a new worker is noticed")
    func tellsRefusals() async throws {
        try await DaemonFixture.working { daemon in
            let waiting = try daemon.begin(["wait", "bad", "--json"])
            try await waiting.says("waited for: bad")
            try daemon.drop(#"{"task_id": "bad", "description": ""}"#, as: "another.json")
            let result = try await waiting.end()
            #expect(result.status == .exited(1))
            #expect(try rows(result.output) == ["bad refused"])
        }
        try await DaemonFixture.idle { daemon in
            _ = try Directory.create("\(daemon.root)/tasks")
            let waiting = try daemon.begin(["wait", "other"])
            try await waiting.says("waited for: other")
            let results = try Directory.create("\(daemon.root)/results/anga")
            let now = try #require(Timestamp(iso8601: "2026-11-25T22:15:30Z"))
            let record = ResultRecord(
                taskID: try TaskID("other"),
                worker: try WorkerID("anga"),
                status: .completed,
                timestamp: now
            )
            try AtomicFile.write(record.encoded(), as: "other.json", in: results, replacing: true, durability: .relaxed)
            #expect(try await waiting.end().status == .exited(0))
        }
    }

    @Test("a limit ends the waiting, and so does Ctrl-C")
    func ends() async throws {
        try await DaemonFixture.idle { daemon in
            try daemon.submit("t1", "true")
            let late = try await daemon.run("wait", "t1", "--timeout", "100ms")
            #expect(late.status == .exited(124))
            #expect(late.output.isEmpty && late.errors.contains("t1 not ended; see why: vigil why t1"))
            let waiting = try daemon.begin(["wait", "t2"])
            try await waiting.says("waited for: t2")
            waiting.process.send(SIGINT)
            #expect(try await waiting.end().status == .exited(130))
        }
    }
}
