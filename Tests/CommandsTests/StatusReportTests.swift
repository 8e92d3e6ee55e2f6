// SPDX-License-Identifier: Apache-2.0
// What `vigil status` prints, to the letter.

import Commands
import QueueModel
import Testing

@Suite("Status report")
struct StatusReportTests {
    private let now = Timestamp(millisecondsSince1970: 1_800_000_000_000)

    private func ids(_ names: String...) throws -> [TaskID] { try names.map { try TaskID($0) } }

    private func heartbeat(_ worker: WorkerID, age: Int, status: WorkerStatus = .healthy) -> HeartbeatRecord {
        var record = HeartbeatRecord(worker: worker, status: status, timestamp: now.adding(.seconds(-age)))
        record.uptime = .seconds(7_200)
        record.pid = 371
        record.host = "build1"
        record.version = "0.1.0"
        record.maxConcurrent = 4
        record.stats.tasksProcessed = 41
        record.stats.tasksFailed = 2
        record.stats.tasksRetried = 5
        record.stats.tasksDeadLettered = 1
        return record
    }

    private func busyReport() throws -> StatusReport {
        let marie = try WorkerID("marie")
        let anga = try WorkerID("anga")
        var busy = WorkerReport(worker: marie, condition: .running)
        var beat = heartbeat(marie, age: 4, status: .degraded)
        beat.circuitBreakerState = .halfOpen
        beat.waiting = [.slot: 2, .notBefore: 1]
        beat.problems = ["watcher": "no space left"]
        busy.heartbeat = beat
        busy.queued = 3
        busy.running = try ids("a", "b", "c", "d")
        busy.deadLetters = 1
        var crashed = WorkerReport(worker: anga, condition: .crashed)
        crashed.heartbeat = heartbeat(anga, age: 300)
        crashed.queued = 1
        crashed.running = try ids("e")
        crashed.unattended = try ids("e")
        crashed.interrupted = try ids("f", "g")
        crashed.retrying = 1
        let failures = [
            RecentFailure(
                kind: .retry,
                worker: marie,
                name: "a",
                reason: "exit_code",
                message: "exit code 3",
                timestamp: now.adding(.seconds(-90))
            ),
            RecentFailure(
                kind: .deadLetter,
                worker: anga,
                name: "x_17.json",
                reason: "invalid_json",
                message: "line 1: \u{1B}[2J",
                timestamp: now.adding(.seconds(-200_000))
            ),
        ]
        return StatusReport(
            root: "/srv/vigil",
            timestamp: now,
            workers: [busy, crashed, WorkerReport(worker: try WorkerID("fabien"), condition: .absent)],
            failures: failures
        )
    }

    @Test func fourBlocksFitOnOneScreen() throws {
        let expected = """
            /srv/vigil at 2027-01-15T08:00:00Z: 1 of 3 workers run

            QUEUES
            worker  queued  running             waiting               dead letters
            marie   3       a, b, c and 1 more  1 not before, 2 slot  1
            anga    1       e                   1 retry               0
            fabien  0       -                   -                     0

            WORKERS
            worker  status       circuit    heartbeat  process        up  processed  failed  retried  dlq
            marie   degraded     half-open  4s ago     371 on build1  2h  41         2       5        1
            anga    crashed?     -          5m ago     -              -   41         2       5        1
            fabien  not started  -          -          -              -   -          -       -        -

            PROBLEMS
            marie  watcher: no space left
            anga   its process is gone, its last heartbeat is 5m old, and 4 tasks wait; start it: vigil worker anga
            anga   e runs on without a daemon; the next start takes up the outcome
            anga   cut off: f, g; the next start takes it up

            RECENT FAILURES
            age  worker  task       reason        what happened
            1m   marie   a          exit_code     will be tried again: exit code 3
            2d   anga    x_17.json  invalid_json  line 1: \\u{1b}[2J
            """
        #expect(try busyReport().text(width: nil) == expected)
    }

    @Test func whatTheDayHasCostIsShownWhereItIsKnown() throws {
        let (marie, anga) = (try WorkerID("marie"), try WorkerID("anga"))
        func worker(_ id: WorkerID, age: Int, _ cost: Double, _ tokens: Int) -> WorkerReport {
            var report = WorkerReport(worker: id, condition: .running)
            report.heartbeat = heartbeat(id, age: age)
            report.heartbeat?.today = .init(
                costUSD: cost,
                tokens: TokenCounts(usage: ["input_tokens": .integer(tokens)])
            )
            return report
        }
        func text(_ workers: [WorkerReport]) -> String {
            StatusReport(root: "/q", timestamp: now, workers: workers, failures: []).text(width: nil)
        }
        let shown = text([worker(marie, age: 4, 1.25, 45_678), worker(anga, age: 4, 0, 0)])
        #expect(shown.contains("dlq  today\n"))
        #expect(shown.contains("1    $1.25, 45k tokens\n"))
        #expect(shown.hasSuffix("1    -"))
        // That was another day's.
        #expect(!text([worker(marie, age: 86_400, 1.25, 0)]).contains("today"))
    }

    @Test func tablesAreCutToTheTerminalAndRemediesAreNot() throws {
        let lines = try busyReport().text(width: 60).split(separator: "\n")
        #expect(lines.contains { $0.count == 60 && $0.hasSuffix("…") })
        #expect(lines.contains { $0.hasSuffix("start it: vigil worker anga") })
    }

    @Test func theDocumentHasStableNames() throws {
        let bytes = JSONWriter.bytes(try busyReport().json, pretty: false)
        let expected = #"""
            {"schema_version":1,"timestamp":"2027-01-15T08:00:00.000Z","root":"/srv/vigil","workers_running":1,"workers":[\#
            {"worker":"marie","daemon":"running","status":"degraded","queued":3,"running":["a","b","c","d"],\#
            "unattended":[],"interrupted":[],"waiting":{"not_before":1,"slot":2},"dead_letters":1,\#
            "heartbeat_age_seconds":4,"circuit_breaker_state":"half_open","uptime_seconds":7200,"pid":371,"host":"build1",\#
            "version":"0.1.0","max_concurrent":4,"stats":{"tasks_processed":41,"tasks_failed":2,"tasks_retried":5,\#
            "tasks_dlq":1},"problems":{"watcher":"no space left"}},\#
            {"worker":"anga","daemon":"crashed","status":"healthy","queued":1,"running":["e"],"unattended":["e"],\#
            "interrupted":["f","g"],"waiting":{"retry":1},"dead_letters":0,"heartbeat_age_seconds":300,\#
            "circuit_breaker_state":"closed","uptime_seconds":7200,"pid":371,"host":"build1","version":"0.1.0",\#
            "max_concurrent":4,"stats":{"tasks_processed":41,"tasks_failed":2,"tasks_retried":5,"tasks_dlq":1}},\#
            {"worker":"fabien","daemon":"absent","status":null,"queued":0,"running":[],"unattended":[],"interrupted":[],\#
            "waiting":{},"dead_letters":0}],"failures":[\#
            {"kind":"retry","worker":"marie","name":"a","reason":"exit_code","message":"exit code 3",\#
            "timestamp":"2027-01-15T07:58:30.000Z","age_seconds":90},\#
            {"kind":"dead_letter","worker":"anga","name":"x_17.json","reason":"invalid_json",\#
            "message":"line 1: \u001b[2J","timestamp":"2027-01-13T00:26:40.000Z","age_seconds":200000}],"ended":[],"ended_known":true}
            """#
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }

    @Test func aQueueWithoutDaemonsSaysSo() throws {
        var stopped = WorkerReport(worker: try WorkerID("marie"), condition: .stopped)
        stopped.heartbeat = heartbeat(try WorkerID("marie"), age: 60, status: .stopped)
        func text() -> String {
            StatusReport(root: "/q", timestamp: now, workers: [stopped], failures: []).text(width: nil)
        }
        let headline =
            "/q at 2027-01-15T08:00:00Z: no worker daemon runs, this is what the files say; start one: vigil up\n"
        #expect(text().hasPrefix(headline))
        // Stopped on purpose with nothing to do is no problem, with work it is.
        #expect(!text().contains("PROBLEMS"))
        stopped.queued = 2
        #expect(text().hasSuffix("PROBLEMS\nmarie  stopped 1m ago, and 2 tasks wait; start it: vigil worker marie"))
    }

    @Test func anEmptyQueueSaysHowToBegin() {
        let report = StatusReport(root: "/q", timestamp: now, workers: [], failures: [])
        let expected =
            "/q at 2027-01-15T08:00:00Z: no worker has an inbox here; make one: vigil setup --workers NAME"
        #expect(report.text(width: nil) == expected)
    }

    @Test func aScreenIsDrawnOverInPlace() {
        #expect(Screen.frame("a\nb", isFirst: true) == "\u{1B}[2J\u{1B}[Ha\u{1B}[K\nb\u{1B}[K\n\u{1B}[J")
        #expect(Screen.frame("a", isFirst: false) == "\u{1B}[Ha\u{1B}[K\n\u{1B}[J")
    }
}
