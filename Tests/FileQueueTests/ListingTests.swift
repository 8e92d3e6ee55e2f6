// SPDX-License-Identifier: Apache-2.0
// Which tasks a queue knows, by their names.

import FileQueue
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Listing of tasks")
struct TaskTraceTests {
    @Test func everyTaskIsListedOnceAtItsLatestPlace() async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let ended = try fixture.claim("ended", in: queue)
        _ = try await queue.finish(ended, fixture.result(ended, .failed))
        let running = try fixture.claim("running", in: queue)
        try fixture.drop(fixture.task("running"), as: "running.json")
        try fixture.drop(fixture.task("queued"), as: "queued.json")
        try fixture.drop(fixture.task("named"), as: "another name.json")
        try fixture.drop(fixture.task("other"), as: "other.json", worker: "anga")
        let view = try QueueView(locations: fixture.locations)

        let live = try view.liveTraces()
        #expect(Set(live.map { $0.id?.string }) == ["running", "queued", nil, "other"])
        #expect(live.first { $0.id?.string == "running" }?.place == .claim)
        #expect(live.map(\.sinceNanoseconds) == live.map(\.sinceNanoseconds).sorted(by: >))
        #expect(try view.liveTraces(of: WorkerID("anga")).map { $0.id?.string } == ["other"])

        let results = try view.endedTraces()
        #expect(results.map { $0.id?.string } == ["ended"])
        #expect(try view.status(of: results[0]) == .failed)
        #expect(try view.endedTraces(without: [TaskID("ended")]).isEmpty)
        #expect(try view.knownIDs().map(\.string) == ["ended", "other", "queued", "running"])
        withExtendedLifetime(running) {}
    }

    @Test func manyResultsAreNotLookedAt() throws {
        let fixture = try QueueFixture()
        for (number, worker) in ["marie", "marie", "anga"].enumerated() {
            let results = try Directory.create("\(fixture.locations.results)/\(worker)")
            let name = FileName("t\(number).json")
            try AtomicFile.write([0x7B], as: name, in: results, replacing: true, durability: .relaxed)
        }
        let view = try QueueView(locations: fixture.locations)
        #expect(try view.endedTraces(unlessMoreThan: 2) == nil)
        #expect(try view.endedTraces(unlessMoreThan: 3)?.count == 3)
    }

    @Test func aResultOfAnotherProgramIsReadWhole() throws {
        let fixture = try QueueFixture()
        let results = try Directory.create(fixture.locations.results + "/marie")
        let text = #"{ "worker": "marie", "task_id": "a", "status": "cancelled", "timestamp": "2026-01-01T00:00:00Z" }"#
        try AtomicFile.write(Array(text.utf8), as: "a.json", in: results, replacing: true, durability: .relaxed)
        try AtomicFile.write(Array("no".utf8), as: "b.json", in: results, replacing: true, durability: .relaxed)
        let view = try QueueView(locations: fixture.locations)
        let found = try view.endedTraces()
        #expect(Set(found.compactMap { $0.id?.string }) == ["a", "b"])
        for trace in found { #expect(try view.status(of: trace) == (trace.id?.string == "a" ? .cancelled : nil)) }
    }
}
