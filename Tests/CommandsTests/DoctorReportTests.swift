// SPDX-License-Identifier: Apache-2.0
// What `vigil doctor` prints and exits with, and what it says of a queue.

import Commands
import FileQueue
import QueueModel
import Testing

@Suite("Doctor report")
struct DoctorReportTests {
    private let report = DoctorReport([
        .ok("inotify", "events can be had"),
        .warning("ports", "METRICS_PORT 9090 is taken", remedy: "set it to 0"),
        .problem("agent", "claude is not found in PATH", remedy: "install it"),
    ])

    @Test func everyFindingIsALineWithItsRemedy() {
        let expected = """
            ok       inotify  events can be had
            warning  ports    METRICS_PORT 9090 is taken; set it to 0
            problem  agent    claude is not found in PATH; install it

            1 problem, 1 warning
            """
        #expect(report.text == expected)
        #expect(DoctorReport([.ok("a", "b")]).text == "ok  a  b\n\nall is well")
    }

    @Test func theDocumentHasStableNames() {
        let expected = #"""
            {"schema_version":1,"problems":1,"warnings":1,"findings":[\#
            {"check":"inotify","severity":"ok","message":"events can be had","remedy":null},\#
            {"check":"ports","severity":"warning","message":"METRICS_PORT 9090 is taken","remedy":"set it to 0"},\#
            {"check":"agent","severity":"problem","message":"claude is not found in PATH","remedy":"install it"}]}
            """#
        #expect(String(decoding: JSONWriter.bytes(report.json), as: UTF8.self) == expected)
    }

    @Test func warningsAreNoReasonToFail() {
        #expect(report.exitCode == 69)
        #expect(DoctorReport([.warning("ports", "taken", remedy: "free it")]).exitCode == 0)
        let settings = [Finding.problem("settings", "x", remedy: "y"), .problem("agent", "x", remedy: "y")]
        #expect(DoctorReport(settings).exitCode == 78)
    }

    @Test func controlCharactersFromOutsideAreEscaped() {
        #expect(DoctorReport([.ok("agent", "version \u{1B}[31m")]).text.contains("version \\u{1b}[31m"))
    }
}

@Suite("Doctor on a queue")
struct QueueStateTests {
    private let now = Timestamp(millisecondsSince1970: 1_800_000_000_000)

    private func state(
        _ conditions: [(String, WorkerCondition)],
        age: Int = 60,
        _ change: (inout QueueState) throws -> Void = { _ in }
    ) throws -> [Finding] {
        let named = try conditions.map { (try WorkerID($0.0), $0.1) }
        var state = QueueState(conditions: named, heartbeats: [:], now: now)
        for (worker, condition) in named where condition != .absent {
            state.heartbeats[worker] = HeartbeatRecord(
                worker: worker,
                status: condition == .stopped ? .stopped : .healthy,
                timestamp: now.adding(.seconds(-age))
            )
        }
        try change(&state)
        return state.findings
    }

    @Test func daemonsAreJudgedOneByOne() throws {
        let findings = try state([
            ("a", .running), ("b", .silent), ("c", .stopped), ("d", .crashed), ("e", .gone), ("f", .absent),
        ])
        let lines = DoctorReport(findings).text.split(separator: "\n").prefix(6)
        let expected = """
            ok       heartbeats       a: healthy, 1m ago
            warning  heartbeats       b: its daemon lives, and has written none for 1m; see its log, and whether the disk is full
            ok       heartbeats       c: stopped 1m ago; to start it: vigil worker c
            warning  heartbeats       d: its daemon is gone without a word, its last one is 1m old; start it: vigil worker d
            warning  heartbeats       e: the last one is 1m old; start it: vigil worker e
            ok       heartbeats       f: never started; to start it: vigil worker f
            """
        #expect(lines.joined(separator: "\n") == expected)
    }

    @Test func problemsOfALivingDaemonArePassedOn() throws {
        let worker = try WorkerID("a")
        let findings = try state([("a", .running)]) { $0.heartbeats[worker]?.problems = ["agent": "not found"] }
        #expect(findings.first == .warning("heartbeats", "a, agent: not found", remedy: "see its log and vigil status"))
    }

    @Test func aHeartbeatFromTheFutureShowsThatTheClockJumped() throws {
        let findings = try state([("a", .running), ("b", .stopped)], age: -7_200)
        let clock = findings.first { $0.check == "clock" }
        #expect(clock?.severity == .warning)
        #expect(clock?.message.hasSuffix("is 2h ahead of this clock") == true)
        #expect(try state([("a", .running)], age: -4).contains(.ok("clock", "no heartbeat is from the future")))
    }

    @Test func claimsOfADeadDaemonAreReportedWithTheirRemedy() throws {
        let worker = try WorkerID("a")
        let claims = try [("t1", SurveyedClaim.Holder.nobody), ("t2", .nobody), ("t3", .supervisor)].map { id, holder in
            SurveyedClaim(id: try TaskID(id), worker: worker, state: nil, holder: holder)
        }
        let findings = try state([("a", .crashed)]) { $0.claims = claims }.filter { $0.check == "claims" }
        #expect(
            findings == [
                .warning(
                    "claims",
                    "a: t1, t2 claimed by a daemon that is gone",
                    remedy: "the next start takes them up: vigil worker a"
                ),
                .warning(
                    "claims",
                    "a: t3 at work without a daemon",
                    remedy: "the next start takes up the outcome: vigil worker a"
                ),
            ]
        )
        // A daemon that lives takes them up by itself.
        #expect(try state([("a", .running)]) { $0.claims = claims }.contains(.ok("claims", "none is stale")))
    }

    @Test func leftoversAreCounted() throws {
        let findings = try state([]) { $0.leftovers = ["/q/tasks/a/.tmp-1-1", "/q/dlq/a/.tmp-1-2"] }
        #expect(findings.last?.message == "2 are left behind, such as /q/tasks/a/.tmp-1-1")
        #expect(findings.last?.severity == .warning)
    }
}
