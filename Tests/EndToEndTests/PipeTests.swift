// SPDX-License-Identifier: Apache-2.0
// The control and the status pipe, with writers and readers of all kinds.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns, .guardedAgainstHangs) struct PipeTests {
    @Test func everyCommandIsAnsweredAndDone() async throws {
        try await DaemonFixture.working(["MAX_CONCURRENT_TASKS": "2"]) { daemon in
            for name in ["marie-control", "marie-status"] {
                let status = try #require(try Directory.open("\(daemon.root)/pipes").status(of: FileName(name)))
                #expect(status.kind == .fifo)
                #expect(status.permissions == 0o600)
            }
            let pipe = try WorkerPipe(daemon)
            try await pipe.ask(#"{"command":"status","request_id":"s"}"#)
            let status = try await pipe.answer()
            #expect(status["ok"] == true)
            #expect(status["request_id"] == "s")
            #expect(status["worker"]?.objectValue?["max_concurrent"] == 2)
            try await pipe.ask(#"{"command":"pause"}"#)
            #expect(try await pipe.answer()["ok"] == true)
            _ = try await daemon.heartbeat { $0.status == .paused }
            try daemon.submit("t1", "say begins; sleep 1000")
            _ = try await daemon.heartbeat { $0.waiting[.paused] == 1 }
            try await pipe.ask(#"{"command":"resume"}"# + "\n" + #"{"command":"scale","max_concurrent":5}"#)
            #expect(try await pipe.answer()["command"] == "resume")
            #expect(try await pipe.answer()["max_concurrent"] == 5)
            _ = try await daemon.heartbeat { $0.status == .healthy && $0.maxConcurrent == 5 }
            try await daemon.witness(1)
            try await pipe.ask(#"{"command":"cancel","task_id":"t1"}"#)
            #expect(try await pipe.answer()["task_id"] == "t1")
            #expect(try await daemon.result(of: "t1").status == .cancelled)
            // The result comes first, and only then is the task let go.
            _ = try await daemon.logEntry("task cancelled")
            try await pipe.ask(#"{"command":"cancel","task_id":"t1"}"#)
            #expect(try await pipe.answer()["error"] == "task_id: t1 neither waits nor runs here")
            try await pipe.ask(#"{"command":"reload"}"#)
            #expect(try await pipe.answer()["ok"] == true)
            // The settings hold again.
            _ = try await daemon.heartbeat { $0.maxConcurrent == 2 }
        }
    }

    @Test func eventsTellTheWayOfATask() async throws {
        try await DaemonFixture.working(["INITIAL_RETRY_DELAY": "0.01", "MAX_RETRIES": "1"]) { daemon in
            let pipe = try WorkerPipe(daemon)
            try daemon.submit("t1", "exit 3")
            let lines = try await pipe.lines { $0["event_type"] == "task_finished" }
            #expect(
                lines.map { $0["event_type"] } == [
                    "task_claimed", "task_started", "attempt_failed", "task_started", "task_finished",
                ]
            )
            #expect(lines.allSatisfy { $0.keys == ["event_type", "timestamp", "data"] })
            #expect(lines.last?["data"]?.objectValue?["reason"] == "exit_code")
            #expect(lines[2]["data"]?.objectValue?["attempt"] == 1)
        }
    }

    @Test func taskThatCannotBeRunIsClaimedAllTheSame() async throws {
        try await DaemonFixture.working { daemon in
            let pipe = try WorkerPipe(daemon)
            try daemon.submit("t1", "exit 0", ["agent": "nobody"])
            let lines = try await pipe.lines { $0["event_type"] == "task_finished" }
            #expect(lines.map { $0["event_type"] } == ["task_claimed", "task_finished"])
        }
    }

    @Test func wrongLinesGetOneAnswerEachAndDoNoHarm() async throws {
        try await DaemonFixture.working { daemon in
            let pipe = try WorkerPipe(daemon)
            let wrong = ["pause", "[]", #"{"command":"dance"}"#, #"{"command":"scale"}"#, "\u{1}\u{2}\u{0}"]
            for line in wrong {
                try await pipe.ask(line)
                let answer = try await pipe.answer()
                #expect(answer["ok"] == false)
                #expect(answer["error"]?.stringValue?.isEmpty == false)
            }
            // A line without an end, far beyond every limit.
            let endless = [UInt8](repeating: UInt8(ascii: "{"), count: 1 << 20)
            try await pipe.write(endless)
            let answer = try await pipe.answer()
            #expect(answer["error"] == "the line has more than 4096 bytes")
            try await pipe.ask("")
            // The end of a line that is forgotten comes by itself after a while.
            try await pipe.write(Array(#"{"command":"status","request_id":1}"#.utf8))
            #expect(try await pipe.answer()["request_id"] == 1)
            try await pipe.ask(#"{"command":"status","request_id":2}"#)
            #expect(try await pipe.answer()["request_id"] == 2)
            try daemon.submit("t1", "echo fine")
            #expect(try await daemon.result(of: "t1").status == .completed)
        }
    }

    @Test func readersThatAreSlowOrDieAreNotWaitedFor() async throws {
        try await DaemonFixture.working { daemon in
            func missed() async throws -> Int {
                let page = try await daemon.page("/metrics")
                let prefix = #"watcher_status_lines_missed_total{worker="marie"} "#
                let line = page.body.split(separator: "\n").first { $0.hasPrefix(prefix) }
                return try #require(line.flatMap { Int($0.dropFirst(prefix.utf8.count)) })
            }
            // Without a reader.
            try daemon.submit("t1", "echo fine")
            _ = try await daemon.file("results/marie/t1/task.json")
            let before = try await missed()
            #expect(before >= 3)
            // A reader that does not read: the pipe fills up, and the daemon goes on.
            do {
                let pipe = try WorkerPipe(daemon)
                let ask = Array((#"{"command":"status"}"# + "\n").utf8)
                for _ in 0..<20 { try await pipe.write(Array(repeatElement(ask, count: 20).joined())) }
                try daemon.submit("t2", "echo fine")
                #expect(try await daemon.result(of: "t2").status == .completed)
                #expect(try await missed() > before)
            }
            // The reader is dead by now, with a full pipe.
            try daemon.submit("t3", "echo fine")
            #expect(try await daemon.result(of: "t3").status == .completed)
            // The next one hears what happens from now on.
            let pipe = try WorkerPipe(daemon)
            try await pipe.ask(#"{"command":"status","request_id":3}"#)
            #expect(try await pipe.answer()["request_id"] == 3)
        }
    }

    @Test func fileInThePipesPlaceIsReportedAndLeftAlone() async throws {
        try await DaemonFixture.idle { daemon in
            let pipes = try Directory.create("\(daemon.root)/pipes")
            try AtomicFile.write([1, 2, 3], as: "marie-control", in: pipes, replacing: false, durability: .relaxed)
            try await daemon.start()
            let heartbeat = try await daemon.heartbeat { $0.status == .degraded }
            #expect(heartbeat.problems["pipes"]?.contains("remove it") == true)
            #expect(try pipes.read("marie-control", limit: 10) == [1, 2, 3])
            try daemon.submit("t1", "echo fine")
            #expect(try await daemon.result(of: "t1").status == .completed)
            let scale = try await daemon.run("scale", "marie", "2")
            #expect(scale.status == .exited(2))
            // Requests by files need no pipe.
            #expect(try await daemon.run("pause", "marie").status == .exited(0))
            try await daemon.expectCleanEnd()
        }
    }

    @Test func shutdownEndsWhatRunsAndCountsNothing() async throws {
        try await DaemonFixture.idle { daemon in
            try await daemon.start()
            let pipe = try WorkerPipe(daemon)
            try daemon.submit("t1", "[ -e again ] && exit 0; touch again; say begins; sleep 1000", ["max_retries": 0])
            try await daemon.witness(1)
            try await pipe.ask(#"{"command":"shutdown"}"#)
            #expect(try await pipe.answer()["running"] == 1)
            #expect(try await daemon.daemon.waitForExit() == .exited(0))
            #expect(try daemon.busySupervisors().isEmpty)
            try await daemon.start()
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.attempts.count == 1)
            try await daemon.expectCleanEnd()
        }
    }
}
