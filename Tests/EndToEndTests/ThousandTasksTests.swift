// SPDX-License-Identifier: Apache-2.0
// Three workers and an orchestrator with a thousand tasks: everything is told, in order, and agrees with the files.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("A thousand tasks", .serialized, .runsAlone, .tags(.heavy), .guardedAgainstHangs)
struct ThousandTasksTests {
    private static let workers = ["marie", "anga", "fabien"]
    private static let count = 1_000
    private static let groups = 10
    private static let limit = Duration.seconds(200)
    private static let mostMemory = 60 << 20

    /// Every fourth task needs one of its own worker and one of another; a few fail, and take along who needs them.
    private static func task(_ number: Int) -> JSONObject {
        var task: JSONObject = [
            "task_id": .string("t\(number)"), "description": number % 97 == 5 ? "exit 3" : "true",
            "priority": .integer(number * 7 % 201 - 100), "group": .string("g\(number % groups)"), "max_retries": 0,
        ]
        if number >= 30, number.isMultiple(of: 4) {
            task["dependencies"] = .array([.string("t\(number - 3)"), .string("t\(number - 7)")])
        }
        return task
    }

    private static func batch(of worker: Int) -> String {
        (0..<count).filter { $0 % workers.count == worker }
            .map { JSONWriter.text(.object(task($0))) + "\n" }.joined()
    }

    @Test func everythingIsToldInOrderAndAgreesWithTheFiles() async throws {
        let settings = ["WORKERS": Self.workers.joined(separator: ","), "COMPLETION_TIMEOUT": "3600"]
        try await DaemonFixture.orchestrating(settings) { daemon in
            let orchestrator = try daemon.daemon.pid
            // All of a group are known before the first of it ends.
            for (number, worker) in Self.workers.enumerated() {
                let batch = Self.batch(of: number)
                let submitted = try await daemon.begin(["submit", worker, "--batch", "-"], input: batch).end()
                #expect(submitted.status == .exited(0), "\(submitted.errors)")
            }
            let daemons = try Self.workers.map { try daemon.begin(["worker", $0]) }
            let ids = (0..<Self.count).map { "t\($0)" }
            let waited = try await daemon.run(["wait"] + ids, within: Self.limit)
            #expect(waited.status == .exited(1), "some fail")
            let told = try await daemon.notifications("all notifications") { all in
                all.count { $0.eventType == .groupCompleted } >= Self.groups
                    && all.count { $0.eventType == .taskCompleted } >= Self.count
            }
            let results = try Self.results(in: daemon)
            Self.expectEverythingTold(told, of: results)
            try await Self.expectListAgrees(with: results, daemon)
            let most = memory(of: orchestrator, peak: true)
            let words = "the orchestrator's memory with \(Self.count) tasks: at most \(most >> 10) KiB\n"
            _ = try writeStandardOutput(Array(words.utf8))
            // A sanitizer's own memory says nothing.
            let isSanitized = ["ASAN_OPTIONS", "TSAN_OPTIONS"].contains { SystemInfo.environment[$0] != nil }
            #expect(most < Self.mostMemory || isSanitized)
            for worker in daemons {
                worker.process.send(SIGTERM)
                #expect(try await worker.end().status == .exited(0))
            }
        }
    }

    private static func results(in daemon: DaemonFixture) throws -> [String: ResultRecord] {
        var found: [String: ResultRecord] = [:]
        for worker in workers {
            let directory = try Directory.open("\(daemon.root)/results/\(worker)")
            for name in try daemon.names(in: "results/\(worker)") where name.hasSuffix(".json") {
                let bytes = try #require(try directory.read(FileName(name), limit: 1 << 20))
                let result = try ResultRecord.decode(bytes)
                #expect(result.worker.string == worker && "\(result.taskID).json" == name)
                found[result.taskID.string] = result
            }
        }
        #expect(found.count == count)
        return found
    }

    private static func expectEverythingTold(
        _ told: [NotificationRecord],
        of results: [String: ResultRecord]
    ) {
        var ends: [String: NotificationRecord] = [:]
        var deaths: [String: NotificationRecord] = [:]
        var tallies: [String: NotificationRecord] = [:]
        for record in told {
            let id = record.data["task_id"]?.stringValue ?? record.data["group"]?.stringValue ?? ""
            let earlier =
                switch record.eventType {
                case .taskCompleted: ends.updateValue(record, forKey: id)
                case .taskDeadLettered: deaths.updateValue(record, forKey: id)
                case .groupCompleted: tallies.updateValue(record, forKey: id)
                default: NotificationRecord?.none
                }
            #expect(earlier == nil, "\(record.eventType) of \(id) twice")
        }
        for (id, result) in results {
            #expect(ends[id]?.data["status"]?.stringValue == result.status.rawValue, "\(id)")
            #expect((deaths[id] != nil) == (result.status == .failed), "\(id)")
            if let death = deaths[id], let end = ends[id] { #expect(death.sequence < end.sequence, "\(id)") }
        }
        for group in 0..<groups {
            let members = results.values.filter { $0.group?.string == "g\(group)" }
            let tally = tallies["g\(group)"]?.data
            #expect(tally?["tasks"]?.intValue == members.count)
            #expect(tally?["failed"]?.intValue == members.count { $0.status == .failed })
        }
    }

    /// What is listed, from the orchestrator's history, is what lies in the files.
    private static func expectListAgrees(
        with results: [String: ResultRecord],
        _ daemon: DaemonFixture
    ) async throws {
        let listed = try await daemon.run("list", "--json", "--limit", "0")
        #expect(listed.status == .exited(0) && listed.errors.isEmpty)
        var states: [String: String] = [:]
        for line in listed.output.split(separator: "\n") {
            let row = try #require(JSONParser.parse(Array(line.utf8), limits: .file(line.utf8.count)).objectValue)
            let id = row["task_id"]?.stringValue ?? ""
            states[id] = "\(row["worker"]?.stringValue ?? "") \(row["state"]?.stringValue ?? "")"
        }
        #expect(states == results.mapValues { "\($0.worker) \($0.status.rawValue)" })
    }
}
