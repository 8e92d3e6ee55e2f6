// SPDX-License-Identifier: Apache-2.0
// What operators and their scripts do to a queue that is in use.

import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns) struct OperatorTests {
    @Test(arguments: ["results", "results/marie", "dlq", "dlq/marie", "triggers", "triggers/marie", "heartbeats"])
    func directoryThatWasMovedAwayIsMadeAgain(path: String) async throws {
        try await DaemonFixture.working(["MAX_RETRIES": "0"]) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("during", "say ran; pass gate")
            try await daemon.witness(1)
            try Producer.move("\(daemon.root)/\(path)", to: "\(daemon.root)/away")
            try gate.pass()
            #expect(try await daemon.result(of: "during").status == .completed)
            try daemon.submit("bad", "exit 1")
            #expect(try await daemon.deadLetter(of: "bad").reason == .maxRetriesExceeded)
            try daemon.drop("{nope", as: "broken.json")
            #expect(try await daemon.deadLetter(of: "broken").reason == .invalidJSON)
            let heartbeat = try await daemon.heartbeat { $0.stats.tasksProcessed == 2 }
            #expect(heartbeat.status == .healthy)
            #expect(
                try daemon.names(in: "results/marie").filter { $0.hasSuffix(".json") } == ["bad.json", "during.json"]
            )
        }
    }

    @Test func claimsThatWereRemovedAreToldOfAndMadeAgainByTheNextStart() async throws {
        try await DaemonFixture.idle { daemon in
            try await daemon.start()
            try daemon.submit("t1", "say ran")
            _ = try await daemon.result(of: "t1")
            try Producer.move("\(daemon.root)/tasks/.claims", to: "\(daemon.root)/away")
            try Directory.open(daemon.root).removeTree("away")
            try daemon.submit("t2", "say ran")
            _ = try await daemon.heartbeat { $0.problems["disk"] != nil && $0.status == .degraded }
            #expect(try daemon.names(in: "tasks/marie") == ["t2.json"])
            #expect(try await daemon.stop() == .exited(0))
            try await daemon.start()
            #expect(try await daemon.result(of: "t2").status == .completed)
            #expect(try daemon.witness() == ["t1 1 ran", "t2 1 ran"])
            try await daemon.expectCleanEnd()
        }
    }

    @Test func taskThatIsEditedWhileItWaitsRunsAsEdited() async throws {
        try await DaemonFixture.working(["MAX_CONCURRENT_TASKS": "1"]) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("busy", "say began; pass gate")
            try await daemon.witness(1)
            try daemon.drop(DaemonFixture.task("t1", "say old"), as: "t1.json")
            _ = try await daemon.heartbeat { $0.waiting[.slot] == 1 }
            try SlowWriter(daemon.inbox("t1.json")).write(DaemonFixture.task("t1", "say edited"))
            try gate.pass()
            let result = try await daemon.result(of: "t1")
            #expect(try daemon.witness() == ["busy 1 began", "t1 1 edited"])
            let edited = Array(DaemonFixture.task("t1", "say edited").utf8)
            let task = try TaskRecord.decode(edited, for: WorkerID("marie"), limits: TaskLimits())
            #expect(result.taskDigest == task.contentDigest)
        }
    }

    @Test func longestNamesFitIntoEveryFile() async throws {
        let worker = String(repeating: "w", count: 64)
        let id = String(repeating: "i", count: 128)
        try await DaemonFixture.working(["MAX_RETRIES": "1", "INITIAL_RETRY_DELAY": "0.01"]) {
            $0.worker = worker
        } _: { daemon in
            try daemon.submit(id, "say ran; exit 1")
            #expect(try await daemon.result(of: id).attempts.count == 2)
            #expect(try await daemon.deadLetter(of: id).reason == .maxRetriesExceeded)
            let longest = String(repeating: "f", count: 250)
            try daemon.drop("{nope", as: FileName(longest + ".json"))
            let letter = try await daemon.deadLetter(of: String(longest.prefix(200)))
            #expect(letter.reason == .invalidJSON)
            #expect(try daemon.names(in: "tasks/\(worker)") == [])
            let claims = try daemon.names(in: "tasks/.claims")
            #expect(claims.filter { !$0.hasPrefix("~") && !$0.hasPrefix(".") } == [])
        }
    }

    @Test func hostileFilesDoNotKeepATaskWaiting() async throws {
        try await DaemonFixture.idle { daemon in
            for number in 0..<1_500 { try daemon.drop("{", as: FileName("bad-\(number).json")) }
            try daemon.submit("good", "say ran")
            try await daemon.start()
            _ = try await daemon.result(of: "good")
            let letters = try daemon.names(in: "dlq/marie").count { $0.hasSuffix(".json") }
            #expect(letters < 1_500)
            try await daemon.expectCleanEnd()
        }
    }

    @Test func agentThatTakesItsLogsAwayHasAResultAllTheSame() async throws {
        try await DaemonFixture.working { daemon in
            try daemon.submit("t1", "echo hello; rm -r \(daemon.root)/results/marie/t1")
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.stdout == "")
            // The claim goes behind the result.
            _ = try await daemon.logEntry("task completed")
            #expect(try daemon.names(in: "tasks/.claims").filter { $0.hasPrefix("t1") } == [])
        }
    }

    @Test func agentThatRemovesItsWorkingDirectoryHasAResultAllTheSame() async throws {
        try await withTemporaryDirectory { outer in
            let place = outer.path(of: "place")
            try Producer.directory(place)
            try await DaemonFixture.working(["ALLOWED_CWD": outer.path]) { daemon in
                try daemon.submit("t1", "rmdir \(place); say ran", ["cwd": .string(place)])
                #expect(try await daemon.result(of: "t1").status == .completed)
                try daemon.submit("t2", "say ran", ["cwd": .string(place)])
                let letter = try await daemon.deadLetter(of: "t2")
                #expect(letter.error?.contains(place) == true)
            }
        }
    }

    @Test func whatATaskSaysIsOnlyInTheTaskAndWhatItLeaves() async throws {
        try await DaemonFixture.working(["LOG_LEVEL": "DEBUG"]) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say began; pass gate; : hush-hush")
            try await daemon.witness(1)
            for pid in try daemon.busySupervisors() + [daemon.daemon.pid] {
                #expect(!commandLine(pid).contains("hush-hush"))
            }
            for page in ["/metrics", "/readyz"] { #expect(try await !daemon.page(page).body.contains("hush-hush")) }
            #expect(try daemon.contents(of: "triggers/marie/t1.trigger")?.contains("hush-hush") == false)
            #expect(try daemon.contents(of: "heartbeats/marie.json")?.contains("hush-hush") == false)
            try gate.pass()
            _ = try await daemon.result(of: "t1")
            #expect(try daemon.contents(of: "results/marie/t1.json")?.contains("hush-hush") == false)
            #expect(!daemon.logText.contains("hush-hush"))
        }
    }
}
