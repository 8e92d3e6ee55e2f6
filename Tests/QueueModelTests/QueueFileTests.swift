// SPDX-License-Identifier: Apache-2.0
// The bytes of dead letters, heartbeats, receipts and notifications, and reading them.

import QueueModel
import Testing

private let moment = Timestamp(millisecondsSince1970: 1_767_323_045_678)

@Suite struct DeadLetterRecordTests {
    @Test func deadLetterHasTheseBytes() throws {
        let task: JSONObject = ["task_id": "a", "description": "x", "timeout": 1.50, "zeta": nil]
        var record = DeadLetterRecord(
            task: task,
            worker: try WorkerID("marie"),
            reason: .maxRetriesExceeded,
            timestamp: moment
        )
        record.retryCount = 1
        record.error = "exit code 1"
        record.attempts = [AttemptRecord(number: 1, exitCode: 1, reason: .exitCode, duration: .seconds(2))]
        #expect(
            String(decoding: record.encoded(), as: UTF8.self) == """
                {
                  "task_id": "a",
                  "description": "x",
                  "timeout": 1.5,
                  "zeta": null,
                  "dlq_reason": "max_retries_exceeded",
                  "dlq_timestamp": "2026-01-02T03:04:05.678Z",
                  "dlq_error": "exit code 1",
                  "retry_count": 1,
                  "attempts": [
                    {
                      "number": 1,
                      "started_at": null,
                      "finished_at": null,
                      "exit_code": 1,
                      "reason": "exit_code",
                      "duration_seconds": 2
                    }
                  ]
                }

                """
        )
        #expect(record.taskID?.string == "a")
        #expect(try DeadLetterRecord.decode(record.encoded(), for: record.worker) == record)
    }

    @Test func whatCouldNotBeParsedIsNamed() throws {
        var record = DeadLetterRecord(task: nil, worker: try WorkerID("marie"), reason: .invalidJSON, timestamp: moment)
        record.rawFile = "bad_1767323045.raw"
        #expect(
            String(decoding: record.encoded(), as: UTF8.self) == """
                {
                  "dlq_reason": "invalid_json",
                  "dlq_timestamp": "2026-01-02T03:04:05.678Z",
                  "dlq_raw_file": "bad_1767323045.raw",
                  "retry_count": 0,
                  "attempts": []
                }

                """
        )
        let again = try DeadLetterRecord.decode(record.encoded(), for: record.worker)
        #expect(again == record)
        #expect(again.task == nil)
        #expect(again.taskID == nil)
    }

    @Test func additionsOfAnEarlierDeadLetterAreReplaced() throws {
        let task: JSONObject = [
            "task_id": "a", "dlq_reason": "expired", "dlq_error": "old", "attempts": [1], "retry_count": 9,
        ]
        let record = DeadLetterRecord(task: task, worker: try WorkerID("m"), reason: .expired, timestamp: moment)
        #expect(record.task == ["task_id": "a"])
        let again = try DeadLetterRecord.decode(record.encoded(), for: record.worker)
        #expect(again == record)
        #expect(again.error == nil)
    }

    @Test func workerIsThatOfTheDirectoryNotOfTheTask() throws {
        let text = """
            {"task_id":"a","worker":"anga","dlq_reason":"worker_mismatch","dlq_timestamp":"2025-11-19T10:00:46.12"}
            """
        let record = try DeadLetterRecord.decode(Array(text.utf8), for: WorkerID("marie"))
        #expect(record.worker.string == "marie")
        #expect(record.task?["worker"] == "anga")
        #expect(record.timestamp.description == "2025-11-19T10:00:46.120Z")
        #expect(record.retryCount == 0)
    }

    @Test func deadLetterCanBeSubmittedAgainAsItIs() throws {
        let marie = try WorkerID("marie")
        let text = #"{"task_id":"a","description":"x","extra":[1]}"#
        let task = try TaskRecord.decode(Array(text.utf8), for: marie)
        let record = DeadLetterRecord(task: task.fields, worker: marie, reason: .expired, timestamp: moment)
        #expect(try TaskRecord.decode(record.encoded(), for: marie) == task)
    }

    @Test(arguments: ["{}", "{\"dlq_reason\":\"bad mood\"}", "{\"dlq_reason\":\"expired\"}", "[]", "x"])
    func damagedDeadLettersAreRefused(_ text: String) throws {
        let marie = try WorkerID("marie")
        #expect(throws: RecordError.self) { try DeadLetterRecord.decode(Array(text.utf8), for: marie) }
    }
}

@Suite struct HeartbeatRecordTests {
    private func full() throws -> HeartbeatRecord {
        var record = HeartbeatRecord(worker: try WorkerID("marie"), status: .degraded, timestamp: moment)
        record.uptime = .milliseconds(3_600_500)
        record.queueSize = 4
        record.activeTasks = 2
        record.circuitBreakerState = .halfOpen
        record.stats.tasksProcessed = 10
        record.stats.tasksFailed = 1
        record.stats.tasksRetried = 2
        record.stats.tasksDeadLettered = 3
        record.pid = 4711
        record.host = "h"
        record.version = "0.1.0"
        record.maxConcurrent = 3
        record.running = [try TaskID("a"), try TaskID("b")]
        record.waiting = [.slot: 1, .dependency: 2, .paused: 0]
        record.rateLimit = ["limit": "20/1m"]
        record.costUSD = 1.25
        record.liveCostUSD = [try TaskID("b"): 0.5, try TaskID("a"): 0.25]
        record.today = .init(costUSD: 2, tokens: TokenCounts(usage: ["output_tokens": 7]))
        return record
    }

    @Test func fullHeartbeatHasTheseBytes() throws {
        #expect(
            String(decoding: try full().encoded(), as: UTF8.self) == """
                {"worker":"marie","timestamp":"2026-01-02T03:04:05.678Z","uptime_seconds":3600.5,"queue_size":4,\
                "active_tasks":2,"circuit_breaker_state":"half_open","stats":{"tasks_processed":10,"tasks_failed":1,\
                "tasks_retried":2,"tasks_dlq":3},"status":"degraded","pid":4711,"host":"h","version":"0.1.0",\
                "max_concurrent":3,"running":["a","b"],"waiting":{"dependency":2,"slot":1},\
                "rate_limit":{"limit":"20/1m"},"cost_usd":1.25,"live_cost_usd":{"a":0.25,"b":0.5},\
                "today":{"cost_usd":2,"tokens":{"output":7}}}
                """
        )
    }

    @Test func whatIsWrittenReadsBack() throws {
        var expected = try full()
        expected.waiting[.paused] = nil
        #expect(try HeartbeatRecord.decode(full().encoded()) == expected)
    }

    @Test func heartbeatsOfTheOlderSystemAreRead() throws {
        let text = """
            {"worker":"marie","timestamp":"2025-11-19T10:00:46.123456","uptime_seconds":12.5,"queue_size":1,
             "active_tasks":0,"circuit_breaker_state":"open","stats":{"tasks_processed":7},"status":"healthy"}
            """
        let record = try HeartbeatRecord.decode(Array(text.utf8))
        #expect(record.uptime == .milliseconds(12_500))
        #expect(record.circuitBreakerState == .open)
        #expect(record.stats.tasksProcessed == 7)
        #expect(record.stats.tasksFailed == 0)
        #expect(record.pid == nil)
        #expect(record.running.isEmpty)
    }

    @Test func problemsAreWrittenByNameAndOnlyWhenThereAreAny() throws {
        var record = HeartbeatRecord(worker: try WorkerID("m"), status: .degraded, timestamp: moment)
        #expect(!String(decoding: record.encoded(), as: UTF8.self).contains("problems"))
        record.problems = ["disk": "full", "agent": "not found"]
        let text = String(decoding: record.encoded(), as: UTF8.self)
        #expect(text.contains(#""waiting":{},"problems":{"agent":"not found","disk":"full"}"#))
        #expect(try HeartbeatRecord.decode(record.encoded()) == record)
    }

    @Test func unknownCausesAreIgnored() throws {
        let text = """
            {"worker":"m","timestamp":"2026-01-02T03:04:05Z","status":"healthy","waiting":{"tea":1,"slot":2}}
            """
        #expect(try HeartbeatRecord.decode(Array(text.utf8)).waiting == [.slot: 2])
    }

    @Test(arguments: [
        "\"queue_size\":-1", "\"pid\":1e300", "\"pid\":4294967296", "\"uptime_seconds\":\"1\"", "\"running\":[\"/\"]",
        "\"circuit_breaker_state\":\"ajar\"", "\"stats\":[]", "\"waiting\":[]", "\"cost_usd\":\"1\"",
    ])
    func everyFieldIsChecked(_ member: String) throws {
        let text = "{\"worker\":\"m\",\"timestamp\":\"2026-01-02T03:04:05Z\",\"status\":\"healthy\",\(member)}"
        let error = try #require(throws: RecordError.self) { try HeartbeatRecord.decode(Array(text.utf8)) }
        #expect(error.field.map { member.hasPrefix("\"\($0)\"") } == true)
    }
}

@Suite struct ReceiptRecordTests {
    @Test func receiptHasTheseBytes() throws {
        let record = ReceiptRecord(taskID: try TaskID("a"), worker: try WorkerID("marie"), timestamp: moment)
        #expect(
            String(decoding: record.encoded(), as: UTF8.self) == """
                {"task_id":"a","worker":"marie","status":"received","timestamp":"2026-01-02T03:04:05.678Z"}
                """
        )
        #expect(try ReceiptRecord.decode(record.encoded()) == record)
    }
}

@Suite struct NotificationRecordTests {
    private let record = NotificationRecord(
        eventType: .taskCompleted,
        timestamp: moment,
        sequence: 42,
        data: ["task_id": "a", "duration_seconds": 1.5]
    )

    @Test func notificationHasTheseBytes() throws {
        #expect(
            String(decoding: record.encoded(), as: UTF8.self) == """
                {"event_type":"task_completed","timestamp":"2026-01-02T03:04:05.678Z","sequence":42,\
                "data":{"task_id":"a","duration_seconds":1.5}}
                """
        )
        #expect(try NotificationRecord.decode(record.encoded()) == record)
    }

    @Test func fileNameSortsByTypeTimeAndSequence() {
        #expect(record.fileName == "task_completed_1767323045678-42.json")
    }

    @Test func notificationsOfTheOlderSystemAreRead() throws {
        let text = #"{"event_type":"task_timeout","timestamp":"2025-11-19T10:00:46.123456","data":{"age_seconds":601}}"#
        let record = try NotificationRecord.decode(Array(text.utf8))
        #expect(record.eventType == .taskTimeout)
        #expect(record.sequence == 0)
        #expect(record.data == ["age_seconds": 601])
    }

    @Test(arguments: ["{}", "{\"event_type\":\"tea_time\"}", "{\"event_type\":\"task_timeout\"}"])
    func damagedNotificationsAreRefused(_ text: String) {
        #expect(throws: RecordError.self) { try NotificationRecord.decode(Array(text.utf8)) }
    }
}
