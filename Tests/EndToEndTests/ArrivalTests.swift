// SPDX-License-Identifier: Apache-2.0
// However a task gets into the inbox, it is found and runs once.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns) struct ArrivalTests {
    @Test func taskDroppedIntoARunningDaemonRuns() async throws {
        try await DaemonFixture.working { daemon in
            try daemon.submit("t1", "say ran; echo answer")
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.stdout == "answer\n")
            #expect(try daemon.witness() == ["t1 1 ran"])
            #expect(try daemon.names(in: "tasks/marie") == [])
        }
    }

    @Test func taskThatWasThereBeforeTheStartRuns() async throws {
        try await DaemonFixture.idle { daemon in
            try daemon.submit("t1", "say ran")
            try await daemon.start()
            #expect(try await daemon.result(of: "t1").status == .completed)
            #expect(try daemon.witness() == ["t1 1 ran"])
            try await daemon.expectCleanEnd()
        }
    }

    @Test func taskThatArrivesWhileTheDaemonIsStoppedRunsAfterTheNextStart() async throws {
        try await DaemonFixture.idle { daemon in
            try await daemon.start()
            try await daemon.expectCleanEnd()
            try daemon.submit("t1", "say ran")
            try await daemon.start()
            #expect(try await daemon.result(of: "t1").status == .completed)
            try await daemon.expectCleanEnd()
        }
    }

    @Test(arguments: ["half.tmp", ".half.json"]) func taskRenamedInsideTheInboxRuns(draft: String) async throws {
        // Only events can find it: no scan comes for an hour.
        try await DaemonFixture.working(["SCAN_INTERVAL": "3600"]) { daemon in
            try SlowWriter(daemon.inbox(draft)).write(DaemonFixture.task("t1", "say ran"))
            // A task that came later has been found: the draft was left alone.
            try daemon.submit("t2", "true")
            _ = try await daemon.result(of: "t2")
            #expect(try daemon.names(in: "tasks/marie") == [draft])
            try Producer.move(daemon.inbox(draft), to: daemon.inbox("t1.json"))
            #expect(try await daemon.result(of: "t1").status == .completed)
        }
    }

    @Test func taskLinkedIntoPlaceRunsWhenItHasOneNameLeft() async throws {
        try await DaemonFixture.working(["SCAN_INTERVAL": "1"]) { daemon in
            let draft = "\(daemon.root)/draft"
            try SlowWriter(draft).write(DaemonFixture.task("t1", "say ran"))
            try Producer.hardLink(daemon.inbox("t1.json"), to: draft)
            try Producer.remove(draft)
            #expect(try await daemon.result(of: "t1").status == .completed)
        }
    }

    /// Its last writer closes what had another name when it was opened, so that no event tells of it.
    @Test func fileIsJudgedThoughNoEventTellsThatItsWriterIsDone() async throws {
        try await DaemonFixture.working(["SETTLE_SECONDS": "0.1", "SCAN_INTERVAL": "3600"]) { daemon in
            var writers: [SlowWriter] = []
            for (name, text) in [("t1", DaemonFixture.task("t1", "say ran")), ("half", #"{"task_id": "half", "d"#)] {
                let draft = "\(daemon.root)/draft-\(name)"
                writers.append(try SlowWriter(draft))
                try writers.last?.write(text)
                try Producer.hardLink(daemon.inbox("\(name).json"), to: draft)
                // It has been looked at when a file that came later has been judged, and is unsafe while it has two names.
                try daemon.drop("{", as: FileName("after-\(name).json"))
                _ = try await daemon.deadLetter(of: "after-\(name)")
                try Producer.remove(draft)
            }
            #expect(try daemon.names(in: "tasks/marie").contains("half.json"))
            writers = []
            #expect(try await daemon.result(of: "t1").status == .completed)
            #expect(try await daemon.deadLetter(of: "half").reason == .invalidJSON)
        }
    }

    @Test func taskThatIsWrittenSlowlyRunsOnceComplete() async throws {
        try await DaemonFixture.working(["SETTLE_SECONDS": "0.1", "SCAN_INTERVAL": "1"]) { daemon in
            var writer: SlowWriter? = try SlowWriter(daemon.inbox("slow.json"))
            try writer?.write(#"{"task_id": "slow", "descr"#)
            // What has no writer is judged after the settle time, twice over; the slow file is not.
            for name in ["first", "second"] {
                try daemon.drop(#"{"task_id": "x", "descr"#, as: FileName("\(name).json"))
                _ = try await daemon.deadLetter(of: name)
            }
            try writer?.write(#"iption": "say ran"}"#)
            #expect(try daemon.names(in: "tasks/marie") == ["slow.json"])
            writer = nil
            let result = try await daemon.result(of: "slow")
            #expect(result.status == .completed)
            #expect(try daemon.witness() == ["slow 1 ran"])
            #expect(try daemon.names(in: "dlq/marie").count == 4)
        }
    }

    @Test func writerThatGoesOnAfterTheClaimChangesNothing() async throws {
        try await DaemonFixture.working(["MAX_RETRIES": "1", "INITIAL_RETRY_DELAY": "0.01"]) { daemon in
            let gate = try daemon.makeGate()
            let writer = try SlowWriter(daemon.inbox("t1.tmp"))
            try writer.write(DaemonFixture.task("t1", "say ran; pass gate; exit 1"))
            try Producer.move(daemon.inbox("t1.tmp"), to: daemon.inbox("t1.json"))
            try await daemon.witness(1)
            try writer.write(", and more")
            try gate.pass(2)
            let result = try await daemon.result(of: "t1")
            #expect(result.attempts.map(\.exitCode) == [1, 1])
            #expect(try daemon.witness() == ["t1 1 ran", "t1 2 ran"])
            #expect(try await daemon.deadLetter(of: "t1").reason == .maxRetriesExceeded)
        }
    }

    @Test func fileWithoutTheRightNameIsLeftAlone() async throws {
        try await DaemonFixture.working(["SCAN_INTERVAL": "1"]) { daemon in
            let names = [".tmp_x.json", "half.tmp", "notes.txt", "t.json.lock", "x.json~"]
            for name in names { try daemon.drop(DaemonFixture.task("no", "say ran"), as: FileName(name)) }
            try daemon.submit("t1", "true")
            _ = try await daemon.result(of: "t1")
            #expect(try daemon.names(in: "tasks/marie") == names.sorted())
            #expect(try daemon.witness() == [])
            #expect(try daemon.names(in: "dlq/marie") == [])
        }
    }

    @Test func fileMayBeNamedOtherThanItsTask() async throws {
        try await DaemonFixture.working { daemon in
            let longest = String(repeating: "n", count: 250) + ".json"
            try daemon.drop(DaemonFixture.task("t1", "say ran"), as: FileName(longest))
            #expect(try await daemon.result(of: "t1").status == .completed)
            try daemon.drop(
                DaemonFixture.task("t2", "say ran"),
                as: FileName(bytes: Array("bad".utf8) + [0xff, 0xfe] + Array(".json".utf8))
            )
            #expect(try await daemon.result(of: "t2").status == .completed)
            let heartbeat = try await daemon.heartbeat { $0.stats.tasksProcessed == 2 }
            #expect(heartbeat.activeTasks == 0)
            #expect(heartbeat.running.isEmpty)
            #expect(heartbeat.queueSize == 0)
        }
    }

    @Test func taskThatItsProducerTakesBackDoesNotRun() async throws {
        try await DaemonFixture.working(["MAX_CONCURRENT_TASKS": "1"]) { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("busy", "say ran; pass gate")
            try await daemon.witness(1)
            try daemon.submit("regretted", "say ran")
            try daemon.submit("next", "say ran")
            _ = try await daemon.heartbeat { $0.queueSize == 2 }
            try Producer.remove(daemon.inbox("regretted.json"))
            _ = try await daemon.logEntry("queued task is gone from the inbox")
            try gate.pass()
            _ = try await daemon.result(of: "next")
            #expect(try daemon.witness() == ["busy 1 ran", "next 1 ran"])
        }
    }
}

// MARK: - The directory itself

extension ArrivalTests {
    @Test func inboxThatWasRenamedAwayAndMadeAnewIsWatched() async throws {
        try await DaemonFixture.working(["SCAN_INTERVAL": "1"]) { daemon in
            try Producer.move(daemon.inbox(), to: "\(daemon.root)/elsewhere")
            _ = try await daemon.heartbeat { $0.problems["inbox"] != nil }
            try daemon.submit("t1", "say ran")
            #expect(try await daemon.result(of: "t1").status == .completed)
            _ = try await daemon.heartbeat { $0.status == .healthy }
        }
    }

    @Test func inboxThatWasDeletedAndMadeAnewIsWatched() async throws {
        try await DaemonFixture.working(["SCAN_INTERVAL": "1"]) { daemon in
            try Producer.removeDirectory(daemon.inbox())
            _ = try await daemon.heartbeat { $0.problems["inbox"] != nil }
            try daemon.submit("t1", "say ran")
            #expect(try await daemon.result(of: "t1").status == .completed)
            _ = try await daemon.heartbeat { $0.status == .healthy }
        }
    }

    @Test func inboxThatWasReplacedAtOnceIsWatchedByEvents() async throws {
        try await DaemonFixture.working(["SCAN_INTERVAL": "3600"]) { daemon in
            try Producer.directory("\(daemon.root)/fresh")
            let exchange = try await daemon.scratch.writeScript(
                #"mv "$1/tasks/marie" "$1/old" && mv "$1/fresh" "$1/tasks/marie""#,
                as: "exchange"
            )
            let mover = try ChildProcess(
                [exchange, daemon.root],
                environment: ["PATH": "/usr/bin:/bin"],
                output: daemon.logPath
            )
            #expect(try await mover.waitForExit() == .exited(0))
            try daemon.submit("t1", "say ran")
            #expect(try await daemon.result(of: "t1").status == .completed)
        }
    }

    @Test func inboxThatWasReplacedByALinkIsRefused() async throws {
        try await DaemonFixture.working(["SCAN_INTERVAL": "1"]) { daemon in
            let elsewhere = daemon.scratch.path(of: "elsewhere")
            try Producer.directory(elsewhere)
            try SlowWriter("\(elsewhere)/foreign.json").write(DaemonFixture.task("foreign", "say ran"))
            try Producer.removeDirectory(daemon.inbox())
            try Producer.link(daemon.inbox(), to: elsewhere)
            _ = try await daemon.heartbeat { $0.problems["inbox"] != nil }
            try Producer.remove(daemon.inbox())
            try daemon.submit("t1", "say ran")
            _ = try await daemon.result(of: "t1")
            #expect(try daemon.witness() == ["t1 1 ran"])
        }
    }

    @Test(.enabled(if: canLimitEvents, "needs unshare(1) and user namespaces"))
    func daemonWithoutDirectoryEventsSaysSoAndPolls() async throws {
        let script = """
            exec unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_inotify_instances && exec "$@"' sh \(BuiltProgram.vigil) "$@"
            """
        try await withTemporaryDirectory { outer in
            let program = try await outer.writeScript(script, as: "vigil")
            try await DaemonFixture.working(["POLL_INTERVAL": "0.1"]) {
                $0.program = program
            } _: { daemon in
                let heartbeat = try await daemon.heartbeat { $0.status == .degraded }
                #expect(heartbeat.problems["watcher"] != nil)
                try daemon.submit("t1", "say ran")
                #expect(try await daemon.result(of: "t1").status == .completed)
            }
        }
    }
}

/// Whether this machine lets a process have no inotify(7) instance.
private let canLimitEvents: Bool = {
    let words = ["/usr/bin/unshare", "-Ur", "/bin/sh", "-c", "echo 0 >/proc/sys/user/max_inotify_instances"]
    do {
        let process = try spawnDetached(path: words[0], arguments: words, environment: [], descriptors: [0, 1, 2])
        return try reap(process, nohang: false) == .exited(0)
    } catch { return false }
}()
