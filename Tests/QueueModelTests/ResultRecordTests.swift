// SPDX-License-Identifier: Apache-2.0
// The bytes of result files, and reading those of this and the older system.

import QueueModel
import Testing

@Suite struct ResultRecordTests {
    private func minimal() throws -> ResultRecord {
        ResultRecord(
            taskID: try TaskID("demo-001"),
            worker: try WorkerID("marie"),
            status: .completed,
            timestamp: Timestamp(millisecondsSince1970: 1_767_323_045_678)
        )
    }

    private func full() throws -> ResultRecord {
        let end = Timestamp(millisecondsSince1970: 1_767_323_045_678)
        var record = try minimal()
        record.status = .failed
        record.exitCode = 124
        record.stdout = "line\n\u{1B}[31mred\u{2028}"
        record.stderr = "é"
        record.stdoutTruncated = true
        record.stderrTruncated = true
        record.output = "answer"
        record.failure = Failure(reason: .timeout, message: "no answer in 60 s", isPermanent: false)
        record.duration = .milliseconds(45_200)
        record.retryCount = 1
        record.queuedAt = end.adding(.seconds(-120))
        record.startedAt = end.adding(.milliseconds(-45_200))
        record.finishedAt = end
        record.queueTime = .milliseconds(1234)
        record.attempts = [
            AttemptRecord(number: 1, reason: .spawnFailed, message: "not found"),
            AttemptRecord(
                number: 2,
                startedAt: end.adding(.milliseconds(-45_200)),
                finishedAt: end,
                exitCode: 124,
                reason: .timeout,
                duration: .milliseconds(45_200),
                costUSD: 0.5,
                resumedSession: "s-1",
                tokens: TokenCounts(usage: ["input_tokens": 10, "output_tokens": 2])
            ),
        ]
        record.verification = VerificationRecord(
            rounds: 1,
            checks: [
                CheckRecord(name: try CheckName("lint"), exitCode: 0, duration: .seconds(1)),
                CheckRecord(name: try CheckName("tests"), exitCode: 2, problem: "exit code 2", output: "1 failed"),
            ]
        )
        record.agent = AgentSummary(
            name: try AgentName("claude"),
            model: "m-1",
            sessionID: "s-1",
            turns: 3,
            costUSD: 0.1 + 0.2,
            usage: ["input_tokens": 10]
        )
        record.costUSD = 0.75
        record.tokens = TokenCounts(usage: ["input_tokens": 10, "cached_input_tokens": 5])
        record.logs = "demo-001"
        record.metadata = ["k": 1.50]
        record.group = try GroupName("g")
        record.taskDigest = "abc"
        return record
    }

    @Test func minimalResultHasTheseBytes() throws {
        #expect(
            String(decoding: try minimal().encoded(), as: UTF8.self) == """
                {"task_id":"demo-001","worker":"marie","status":"completed","exit_code":null,"stdout":"","stderr":"",\
                "duration_seconds":0,"timestamp":"2026-01-02T03:04:05.678Z","retry_count":0,"attempts":[]}
                """
        )
    }

    @Test func fullResultHasTheseBytes() throws {
        #expect(
            String(decoding: try full().encoded(), as: UTF8.self) == #"""
                {"task_id":"demo-001","worker":"marie","status":"failed","exit_code":124,\#
                "stdout":"line\n\u001b[31mred\u2028","stderr":"é","stdout_truncated":true,"stderr_truncated":true,\#
                "output":"answer","failure":{"reason":"timeout","message":"no answer in 60 s","permanent":false,"class":"timeout"},\#
                "duration_seconds":45.2,"timestamp":"2026-01-02T03:04:05.678Z","retry_count":1,\#
                "queued_at":"2026-01-02T03:02:05.678Z","started_at":"2026-01-02T03:03:20.478Z",\#
                "finished_at":"2026-01-02T03:04:05.678Z","queue_seconds":1.234,\#
                "attempts":[{"number":1,"started_at":null,"finished_at":null,"exit_code":null,\#
                "reason":"spawn_failed","duration_seconds":0,"message":"not found"},\#
                {"number":2,"started_at":"2026-01-02T03:03:20.478Z","finished_at":"2026-01-02T03:04:05.678Z",\#
                "exit_code":124,"reason":"timeout","duration_seconds":45.2,"cost_usd":0.5,"resumed_session":"s-1",\#
                "tokens":{"input":10,"output":2}}],\#
                "agent":{"name":"claude","model":"m-1","session_id":"s-1","turns":3,"cost_usd":0.3,\#
                "usage":{"input_tokens":10}},"cost_usd":0.75,"tokens":{"input":10,"cache_read":5},\#
                "verification":{"status":"failed","rounds":1,\#
                "checks":[{"name":"lint","exit_code":0,"duration_seconds":1},\#
                {"name":"tests","exit_code":2,"duration_seconds":0,"problem":"exit code 2","output":"1 failed"}]},\#
                "logs":"demo-001","metadata":{"k":1.5},"group":"g","task_digest":"abc"}
                """#
        )
    }

    @Test func treeAndBytesSayTheSame() throws {
        for record in [try minimal(), try full()] {
            #expect(JSONWriter.bytes(record.json) == record.encoded())
        }
    }

    @Test func whatIsWrittenReadsBack() throws {
        var expected = try full()
        expected.agent?.costUSD = 0.3
        #expect(try ResultRecord.decode(try full().encoded()) == expected)
        #expect(try ResultRecord.decode(try minimal().encoded()) == minimal())
    }

    @Test func resultsOfTheOlderSystemAreRead() throws {
        let text = """
            {
              "task_id": "demo-001",
              "worker": "marie",
              "status": "failed",
              "exit_code": null,
              "stdout": "out",
              "stderr": "caf\\u00e9",
              "duration_seconds": 45.23456789,
              "timestamp": "2025-11-19T10:00:46.123456",
              "retry_count": 2
            }
            """
        let record = try ResultRecord.decode(Array(text.utf8))
        #expect(record.taskID.string == "demo-001")
        #expect(record.worker.string == "marie")
        #expect(record.status == .failed)
        #expect(record.exitCode == nil)
        #expect(record.stdout == "out")
        #expect(record.stderr == "café")
        #expect(record.duration == .milliseconds(45_235))
        #expect(record.timestamp.description == "2025-11-19T10:00:46.123Z")
        #expect(record.retryCount == 2)
        #expect(record.attempts.isEmpty)
        #expect(record.failure == nil)
        #expect(record.taskDigest.isEmpty)
    }

    @Test func timestampsOfTheOlderSystemMayHaveAZone() throws {
        for zone in ["Z", "+00:00"] {
            let text = """
                {"task_id":"a","worker":"m","status":"completed","timestamp":"2025-11-19T10:00:46.123456\(zone)"}
                """
            #expect(try ResultRecord.decode(Array(text.utf8)).timestamp.description == "2025-11-19T10:00:46.123Z")
        }
    }

    @Test func unknownFieldsAreIgnored() throws {
        let text = """
            {"task_id":"a","worker":"m","status":"completed","timestamp":"2026-01-02T03:04:05Z","new":{"x":[1]}}
            """
        #expect(try ResultRecord.decode(Array(text.utf8)).status == .completed)
    }

    @Test(arguments: [
        ("", RecordError.Code.invalidJSON, nil), ("{", .invalidJSON, nil), ("[]", .notAnObject, nil),
        ("{}", .missingField, "task_id"), ("{\"task_id\":\"../x\"}", .invalidField, "task_id"),
        ("{\"task_id\":\"a\"}", .missingField, "worker"),
        ("{\"task_id\":\"a\",\"worker\":\"m\",\"status\":\"done\"}", .invalidField, "status"),
        ("{\"task_id\":\"a\",\"worker\":\"m\",\"status\":null}", .missingField, "status"),
        (
            "{\"task_id\":\"a\",\"worker\":\"m\",\"status\":\"failed\",\"timestamp\":5}", .invalidField,
            "timestamp"
        ),
    ])
    func damagedResultsAreRefused(_ text: String, _ code: RecordError.Code, _ field: String?) throws {
        let error = try #require(throws: RecordError.self) { try ResultRecord.decode(Array(text.utf8)) }
        #expect(error.code == code)
        #expect(error.field == field)
        #expect(field.map { error.message.hasPrefix($0 + ": ") } != false)
    }

    @Test(arguments: [
        "\"exit_code\":\"0\"", "\"exit_code\":1e300", "\"stdout\":1", "\"stdout_truncated\":1", "\"output\":[]",
        "\"failure\":{}", "\"failure\":{\"reason\":\"bad luck\"}", "\"duration_seconds\":-1",
        "\"duration_seconds\":1e300", "\"retry_count\":-1", "\"retry_count\":0.5", "\"attempts\":{}",
        "\"attempts\":[1]", "\"attempts\":[{\"number\":0}]", "\"agent\":{}", "\"metadata\":[]", "\"group\":\"a/b\"",
        "\"queued_at\":\"soon\"", "\"task_digest\":1",
    ])
    func everyFieldIsChecked(_ member: String) throws {
        let text = """
            {"task_id":"a","worker":"m","status":"completed","timestamp":"2026-01-02T03:04:05Z",\(member)}
            """
        let error = try #require(throws: RecordError.self) { try ResultRecord.decode(Array(text.utf8)) }
        #expect(error.code == .invalidField)
        #expect(error.field.map { member.hasPrefix("\"\($0)\"") } == true)
    }
}
