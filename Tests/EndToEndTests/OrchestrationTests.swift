// SPDX-License-Identifier: Apache-2.0
// What the orchestrator tells of tasks and workers, with the built programs.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns) struct OrchestrationTests {
    @Test func endedTaskIsToldWithItsResult() async throws {
        try await DaemonFixture.orchestrating { daemon in
            let worker = try daemon.begin(["worker", "marie"])
            try daemon.submit("t1", "echo hello")
            let record = try await daemon.notification(.taskCompleted, of: "t1")
            #expect(record.data["worker"] == "marie")
            #expect(record.data["status"] == "completed")
            #expect(record.data["result_file"] == .string("\(daemon.root)/results/marie/t1.json"))
            #expect(record.data.keys == ["task_id", "worker", "status", "result_file", "duration_seconds"])
            let snapshot = try await daemon.snapshot { $0.completedTasks == 1 }
            #expect(snapshot.tasks.map(\.taskID.string) == ["t1"])
            #expect(snapshot.tasks.first?.resultFile == "\(daemon.root)/results/marie/t1.json")
            worker.process.send(SIGTERM)
            _ = try await worker.end()
        }
    }

    @Test func failedTaskIsToldDeadAndThenCompleted() async throws {
        try await DaemonFixture.orchestrating(["MAX_RETRIES": "0"]) { daemon in
            let worker = try daemon.begin(["worker", "marie"])
            try daemon.submit("t1", "exit 3")
            let end = try await daemon.notification(.taskCompleted, of: "t1")
            let death = try await daemon.notification(.taskDeadLettered, of: "t1")
            #expect(end.data["status"] == "failed")
            #expect(death.data["reason"] == "max_retries_exceeded")
            #expect(death.sequence < end.sequence)
            try daemon.drop("{nope", as: "broken.json")
            // On a busy machine the worker's health may be told of in between.
            try await daemon.notifications("refusal") { all in
                all.contains { $0.eventType == .taskDeadLettered && $0.data["reason"] == "invalid_json" }
            }
            worker.process.send(SIGTERM)
            _ = try await worker.end()
        }
    }

    @Test func groupIsToldOnceWhenAllOfItHaveEnded() async throws {
        try await DaemonFixture.orchestrating(["MAX_RETRIES": "0"]) { daemon in
            let gate = try daemon.makeGate()
            for (id, script) in [("a", "true"), ("b", "exit 1"), ("c", "pass gate")] {
                try daemon.submit(id, script, ["group": "g"])
            }
            let worker = try daemon.begin(["worker", "marie"])
            for id in ["a", "b"] { try await daemon.notification(.taskCompleted, of: id) }
            try gate.pass()
            let record = try await daemon.notification(.groupCompleted)
            #expect(record.data == ["group": "g", "tasks": 3, "completed": 2, "failed": 1, "cancelled": 0])
            try daemon.submit("d", "true", ["group": "g"])
            try await daemon.notification(.taskCompleted, of: "d")
            worker.process.send(SIGTERM)
            _ = try await worker.end()
            try await daemon.stop()
            let all = try OutcomeMill.notifications(in: daemon.root)
            #expect(all.count { $0.eventType == .groupCompleted } == 1)
            try await daemon.start()
        }
    }

    @Test func taskThatNobodyFinishesIsToldOverdueOnce() async throws {
        try await DaemonFixture.orchestrating(["COMPLETION_TIMEOUT": "60", "HEARTBEAT_INTERVAL": "60"]) { daemon in
            try daemon.submitOld("late", age: .seconds(61))
            try daemon.submit("young", "true")
            let record = try await daemon.notification(.taskTimeout, of: "late")
            #expect(record.data["worker"] == "marie")
            #expect((record.data["age_seconds"]?.doubleValue ?? 0) >= 60)
            try await daemon.snapshot { $0.timeoutTasks == 1 && $0.totalTasks == 2 }
            try await daemon.stop()
            try await daemon.start()
            try daemon.submitOld("later", age: .seconds(61))
            try await daemon.notification(.taskTimeout, of: "later")
            let all = try OutcomeMill.notifications(in: daemon.root)
            #expect(all.map(\.eventType) == [.taskTimeout, .taskTimeout])
        }
    }

    @Test func killedWorkerIsToldUnhealthyOnceAndItsReturnOnce() async throws {
        try await DaemonFixture.orchestrating { daemon in
            let first = try daemon.begin(["worker", "marie"])
            _ = try await daemon.heartbeat()
            first.process.send(SIGKILL)
            _ = try await first.end()
            let record = try await daemon.notification(.workerUnhealthy)
            #expect(record.data["worker"] == "marie")
            #expect(record.data["reason"] == "heartbeat")
            // A restart of the orchestrator does not tell it again.
            try await daemon.crash()
            try await daemon.start()
            let second = try daemon.begin(["worker", "marie"])
            try await daemon.notification(.workerRecovered)
            second.process.send(SIGTERM)
            _ = try await second.end()
            try await daemon.stop()
            let all = try OutcomeMill.notifications(in: daemon.root)
            #expect(all.map(\.eventType) == [.workerUnhealthy, .workerRecovered])
            try await daemon.start()
        }
    }

    @Test func circuitIsToldWhenItOpensAndWhenItCloses() async throws {
        let settings = ["MAX_RETRIES": "0", "CIRCUIT_BREAKER_THRESHOLD": "1", "CIRCUIT_BREAKER_TIMEOUT": "1"]
        try await DaemonFixture.orchestrating(settings) { daemon in
            let worker = try daemon.begin(["worker", "marie"])
            try daemon.submit("bad", "exit 1")
            let opened = try await daemon.notification(.circuitOpened)
            try daemon.submit("good", "true")
            let closed = try await daemon.notification(.circuitClosed)
            #expect(opened.data == ["worker": "marie"])
            #expect(opened.sequence < closed.sequence)
            worker.process.send(SIGTERM)
            _ = try await worker.end()
        }
    }

    @Test func tasksThatEndedWithoutAnOrchestratorAreToldAtItsStart() async throws {
        try await DaemonFixture.orchestrating { daemon in
            let mill = try OutcomeMill(root: daemon.root)
            try mill.run(40)
        } _: { daemon in
            try await daemon.stop()
            let complaints = try OutcomeMill.notifications(in: daemon.root).count { $0.eventType == .taskCompleted }
            #expect(complaints == 40)
            try await daemon.start()
        }
    }

    @Test func newWorkerIsSeenWithoutARestart() async throws {
        try await DaemonFixture.orchestrating { daemon in
            let mill = try OutcomeMill(root: daemon.root, worker: "newcomer")
            try mill.run(8)
            try await daemon.notifications("8 ends") { $0.count { $0.eventType == .taskCompleted } == 8 }
        }
    }

    @Test func workersRunWhereAnotherOrchestratorServesTheQueue() async throws {
        try await DaemonFixture.orchestrating { daemon in
            let workers = try daemon.begin(["up"])
            try await workers.says("running without an orchestrator")
            try daemon.submit("t1", "true")
            try await daemon.notification(.taskCompleted, of: "t1")
            workers.process.send(SIGTERM)
            let end = try await workers.end()
            #expect(end.status == .exited(0))
        }
    }

    @Test func settingsAreReadAgain() async throws {
        try await DaemonFixture.orchestrating(["COMPLETION_TIMEOUT": "", "HEARTBEAT_INTERVAL": "60"]) { daemon in
            try daemon.submitOld("late", age: .seconds(120))
            try await daemon.snapshot { $0.totalTasks == 1 }
            let root = try Directory.open(daemon.root)
            let file = Array("{ completion_timeout: 60 }".utf8)
            try AtomicFile.write(file, as: "vigil.json5", in: root, replacing: true, durability: .relaxed)
            try daemon.daemon.send(SIGHUP)
            try await daemon.notification(.taskTimeout, of: "late")
        }
    }

    @Test func everythingRunsInOneProcess() async throws {
        try await DaemonFixture.idle(["WORKERS": "marie,anga"]) { options in
            options.arguments = ["up"]
        } _: { daemon in
            try await daemon.start()
            _ = try await daemon.logEntry("orchestrator started")
            try daemon.submit("t1", "true")
            try await daemon.notification(.taskCompleted, of: "t1")
            let page = try await daemon.page("/metrics")
            let counted = page.body.contains("watcher_notifications_total{event_type=\"task_completed\"} 1\n")
            #expect(counted)
            let ready = try await daemon.page("/readyz")
            #expect(ready.status == 200)
            let says = ready.body.contains(#""orchestrator":{"ready":true,"problems":{}}"#)
            #expect(says, "\(ready.body)")
            try await daemon.expectCleanEnd()
            let all = try OutcomeMill.notifications(in: daemon.root)
            #expect(all.map(\.eventType) == [.taskCompleted])
        }
    }
}
