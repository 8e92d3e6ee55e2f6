// SPDX-License-Identifier: Apache-2.0
// The orchestrator's snapshot, and that of the older system.

import QueueModel
import Testing

@Suite struct SnapshotTests {
    @Test func snapshotIsWrittenToTheLetterAndReadBack() throws {
        var entry = SnapshotRecord.Entry(
            taskID: try TaskID("t1"),
            worker: try WorkerID("marie"),
            status: "completed",
            attempts: 2
        )
        entry.createdAt = Timestamp(iso8601: "2026-01-02T03:04:05.678Z")
        entry.completedAt = Timestamp(iso8601: "2026-01-02T03:05:05Z")
        entry.resultFile = "/q/results/marie/t1.json"
        let open = SnapshotRecord.Entry(
            taskID: try TaskID("t2"),
            worker: try WorkerID("marie"),
            status: "queued",
            attempts: 0
        )
        let time = try #require(Timestamp(iso8601: "2026-01-02T03:06:00Z"))
        var snapshot = SnapshotRecord(timestamp: time)
        snapshot.tasks = [open, entry]
        snapshot.totalTasks = 5
        snapshot.completedTasks = 3
        snapshot.failedTasks = 1
        snapshot.timeoutTasks = 1
        snapshot.lastSequence = 77
        let text = """
            {"schema_version":1,"timestamp":"2026-01-02T03:06:00.000Z","last_sequence":77,"stats":{"total_tasks":5,\
            "completed_tasks":3,"failed_tasks":1,"timeout_tasks":1},"tasks":[{"task_id":"t2","worker":"marie",\
            "completed_at":null,"status":"queued","result_file":null,"attempts":0},{"task_id":"t1","worker":"marie",\
            "created_at":"2026-01-02T03:04:05.678Z","completed_at":"2026-01-02T03:05:05.000Z","status":"completed",\
            "result_file":"/q/results/marie/t1.json","attempts":2}]}
            """
        #expect(String(decoding: snapshot.encoded(), as: UTF8.self) == text)
        #expect(try SnapshotRecord.decode(snapshot.encoded()) == snapshot)
    }

    @Test func olderSnapshotHasNoSequenceAndItsDamagedEntriesAreLeftOut() throws {
        let text = """
            {"tasks": [{"task_id": "a", "worker": "m", "status": "pending", "created_at": "2026-01-02T03:04:05"},
            {"task_id": "../b", "worker": "m", "status": "failed"}, 7, {"task_id": "c"}], "stats": {}}
            """
        let snapshot = try SnapshotRecord.decode(Array(text.utf8))
        #expect(snapshot.lastSequence == nil)
        #expect(snapshot.tasks.map(\.taskID.string) == ["a"])
        #expect(snapshot.tasks[0].createdAt == Timestamp(iso8601: "2026-01-02T03:04:05Z"))
    }

    @Test(arguments: ["", "[]", "{}", #"{"tasks": 5}"#])
    func whatIsNoSnapshotIsRefused(text: String) {
        #expect(throws: RecordError.self) { try SnapshotRecord.decode(Array(text.utf8)) }
    }
}
