// SPDX-License-Identifier: Apache-2.0
// What is said about one task.

import Commands
import QueueModel
import Testing

@Suite("Portrait of a task")
struct TaskPortraitTests {
    private let now = Timestamp(iso8601: "2026-11-25T22:15:30Z") ?? .earliest

    private func presence(
        _ condition: WorkerCondition = .running,
        _ change: (inout HeartbeatRecord) -> Void = { _ in }
    ) throws -> WorkerPresence {
        let marie = try WorkerID("marie")
        var heartbeat = HeartbeatRecord(worker: marie, status: .healthy, timestamp: now.adding(.seconds(-90)))
        heartbeat.maxConcurrent = 2
        change(&heartbeat)
        let hasWritten = condition != .absent
        return WorkerPresence(worker: marie, condition: condition, heartbeat: hasWritten ? heartbeat : nil)
    }

    private func reasons(_ presence: WorkerPresence) -> [TaskWaitReason] {
        TaskWaitReason.reasons(of: presence, now: now, workers: [])
    }

    @Test func aWorkerThatIsWellKeepsNothingWaiting() throws {
        #expect(reasons(try presence()).isEmpty)
    }

    @Test func everythingThatHoldsAWorkerBackIsTold() throws {
        #expect(reasons(try presence { $0.status = .paused }) == [.paused])
        #expect(reasons(try presence { $0.status = .draining }) == [.draining])
        #expect(reasons(try presence { $0.circuitBreakerState = .open }) == [.circuitOpen(until: nil)])
        #expect(reasons(try presence { $0.circuitBreakerState = .halfOpen }) == [.circuitHalfOpen])
        let ids = [try TaskID("a"), try TaskID("b")]
        let full = try presence {
            $0.activeTasks = 2
            $0.running = ids
        }
        #expect(reasons(full) == [.noSlot(running: ids)])
        let ill = try presence {
            $0.status = .degraded
            $0.problems = ["agent": "claude is not there", "watcher": "scanning instead"]
        }
        #expect(reasons(ill) == [.degraded("agent: claude is not there")])
    }

    @Test func pauseHoldsWhileNobodyServesTheWorker() throws {
        let absent = try presence(.absent)
        let found = TaskWaitReason.reasons(of: absent, isPaused: true, now: now, workers: [])
        #expect(found.map(\.cause) == ["no_daemon", "paused"])
        // Of itself a daemon that lives knows more than the file.
        #expect(TaskWaitReason.reasons(of: try presence(), isPaused: true, now: now, workers: []).isEmpty)
    }

    @Test(arguments: [
        (WorkerCondition.absent, "no daemon serves marie yet; start one: vigil worker marie"),
        (.stopped, "the daemon of marie stopped 1m ago; start it: vigil worker marie"),
        (.crashed, "the daemon of marie is gone, its last heartbeat is 1m old; start it: vigil worker marie"),
    ])
    func whoIsNotThereIsAllThatCounts(condition: WorkerCondition, sentence: String) throws {
        let presence = try presence(condition) { $0.status = .paused }
        #expect(reasons(presence) == [.noDaemon(sentence)])
        #expect(
            presence.absence(now: now, workers: [presence.worker])?.hasSuffix("start it: vigil up")
                != (condition == .absent)
        )
    }

    @Test func theDocumentHasAllItsMembersAlways() throws {
        let portrait = TaskPortrait(id: try TaskID("t1"), worker: try WorkerID("marie"), state: .queued)
        let expected = """
            {"schema_version":1,"task_id":"t1","worker":"marie","state":"queued","waiting_for":[],"task":null,\
            "task_file":null,"queued_at":null,"max_attempts":null,"attempts":[],"failure":null,"result":null,\
            "result_file":null,"dead_letters":[]}
            """
        #expect(String(decoding: JSONWriter.bytes(portrait.json), as: UTF8.self) == expected)
    }

    @Test func theDocumentNamesWhatATaskWaitsFor() throws {
        var portrait = TaskPortrait(id: try TaskID("t1"), worker: try WorkerID("marie"), state: .waiting)
        portrait.waits = [
            .dependencies([.init(id: try TaskID("a"), state: "running"), .init(id: try TaskID("b"), state: nil)]),
            .notBefore(now), .retry(until: now), .circuitOpen(until: nil), .paused, .noSlot(running: [try TaskID("c")]),
            .noDaemon("start one"), .degraded("disk: full"), .draining,
        ]
        let expected = """
            [{"cause":"dependency","tasks":[{"task_id":"a","state":"running"},{"task_id":"b","state":null}]},\
            {"cause":"not_before","until":"2026-11-25T22:15:30.000Z"},\
            {"cause":"retry","until":"2026-11-25T22:15:30.000Z"},\
            {"cause":"circuit_open","circuit_breaker_state":"open"},{"cause":"paused"},\
            {"cause":"slot","running":["c"]},{"cause":"no_daemon","message":"start one"},\
            {"cause":"degraded","message":"disk: full"},{"cause":"draining"}]
            """
        let waits = try #require(portrait.json.objectValue?["waiting_for"])
        #expect(String(decoding: JSONWriter.bytes(waits), as: UTF8.self) == expected)
    }

    @Test func theDocumentSaysWhereTheLogsOfAnAttemptAre() throws {
        var portrait = TaskPortrait(id: try TaskID("t1"), worker: try WorkerID("marie"), state: .running)
        portrait.attempts = [
            TaskPortrait.Attempt(
                record: AttemptRecord(number: 1, startedAt: now),
                isCurrent: true,
                hasEnded: false,
                logs: [TaskPortrait.Log(stream: "stdout", path: "/q/stdout.log", size: 12)]
            )
        ]
        let expected = """
            [{"number":1,"started_at":"2026-11-25T22:15:30.000Z","finished_at":null,"exit_code":null,"reason":null,\
            "duration_seconds":0,"running":true,"stdout_log":"/q/stdout.log","stdout_bytes":12,"stderr_log":null,\
            "stderr_bytes":null,"evidence":null}]
            """
        let attempts = try #require(portrait.json.objectValue?["attempts"])
        #expect(String(decoding: JSONWriter.bytes(attempts), as: UTF8.self) == expected)
    }

    @Test func reasonsForPeopleNameTheirTimes() throws {
        let late = TaskWaitReason.retry(until: now.adding(.seconds(-1)))
        #expect(late.text(now: now) == "for its next attempt, which is due")
        let early = TaskWaitReason.notBefore(now.adding(.seconds(90)))
        #expect(early.text(now: now) == "for its time: 2026-11-25T22:17:00Z, in 1m30s")
        let dependency = TaskWaitReason.dependencies([.init(id: try TaskID("a"), state: nil)])
        #expect(dependency.text(now: now) == "until it has completed: a (not known yet)")
    }
}
