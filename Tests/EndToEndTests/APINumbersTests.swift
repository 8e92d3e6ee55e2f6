// SPDX-License-Identifier: Apache-2.0
// The numbers about the whole queue that the API of the built program tells.

import Orchestrator
import QueueModel
import TestSupport
import Testing

@Suite("The numbers of the API", .takesTurns, .guardedAgainstHangs)
struct APINumbersTests {
    @Test("the numbers of the charts are those of the results")
    func timeline() async throws {
        try await DaemonFixture.serving { daemon, api in
            try daemon.submit("good", "true")
            try daemon.submit("bad", "exit 3", ["max_retries": 0])
            try await daemon.notifications("all ends") { all in
                Set(all.compactMap { $0.data["task_id"]?.stringValue }).isSuperset(of: ["good", "bad"])
            }
            let line = try await api.get("/stats/timeline?step=86400&steps=2").document
            let steps = line["steps"]?.arrayValue?.compactMap(\.objectValue) ?? []
            #expect(steps.count == 2)
            #expect(steps.compactMap { $0["completed"]?.intValue }.reduce(0, +) == 1)
            #expect(steps.compactMap { $0["failed"]?.intValue }.reduce(0, +) == 1)
            #expect(steps.contains { $0["run_seconds"]?.objectValue?["p95"] != nil })
            #expect(line["left_out_before"]?.isNull == true)
            for query in ["step=1", "steps=0", "steps=201", "worker=..", "hours=3"] {
                #expect(try await api.get("/stats/timeline?\(query)").status == 400, "\(query)")
            }
        }
    }

    @Test("the task that waits longest is told for each worker")
    func waiting() async throws {
        try await DaemonFixture.serving { daemon, api in
            let gate = try daemon.makeGate("first")
            try daemon.submit("running", "say here; pass first")
            try await daemon.witness(1)
            #expect(try await api.post("/workers/marie/pause").status == 202)
            _ = try await daemon.heartbeat { $0.status == .paused }
            try daemon.submit("waits-long", "true")
            let file = HistoryLocation(stateFile: "\(daemon.root)/orchestrator_state.json")
            let id = try TaskID("waits-long")
            _ = try await eventually("task in the history", in: [daemon.root]) { () throws -> TaskEntry? in
                guard var history = try HistoryReader.served(file) else { return nil }
                return try history.task(id)
            }
            let document = try await api.get("/stats/waiting").document
            let first = try #require(document["workers"]?.arrayValue?.first?.objectValue)
            #expect(first["worker"] == "marie")
            #expect(first["task_id"] == "waits-long")
            let causes = first["waiting_for"]?.arrayValue?.compactMap { $0.objectValue?["cause"]?.stringValue }
            #expect(causes?.contains("paused") == true)

            let found = try await api.get("/tasks?match=its-l").document["tasks"]?.arrayValue
            #expect(found?.compactMap { $0.objectValue?["task_id"]?.stringValue } == ["waits-long"])
            #expect(try await api.get("/tasks?match=nothing").document["tasks"]?.arrayValue?.isEmpty == true)
            #expect(try await api.get("/tasks?match=").status == 400)
            try gate.pass()
            #expect(try await api.post("/workers/marie/resume").status == 202)
            _ = try await daemon.result(of: "waits-long")
        }
    }
}
