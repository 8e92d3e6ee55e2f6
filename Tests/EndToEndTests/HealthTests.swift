// SPDX-License-Identifier: Apache-2.0
// What the daemon tells about itself and its work, byte for byte where others rely on it.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns) struct HealthTests {
    private func object(_ bytes: [UInt8]) throws -> JSONObject {
        try #require(try JSONParser.parse(bytes, limits: .file(bytes.count)).objectValue)
    }

    @Test func resultHasEveryFieldOfTheOlderSystemAndTheNewOnes() async throws {
        try await DaemonFixture.working { daemon in
            let fields: JSONObject = ["metadata": ["a": [1, "b", .null]], "group": "g1", "timeout": 60]
            try daemon.submit("t1", "echo out; echo err >&2", fields)
            let bytes = try await daemon.file("results/marie/t1.json")
            let result = try object(bytes)
            #expect(
                result.keys == [
                    "task_id", "worker", "status", "exit_code", "stdout", "stderr", "output", "duration_seconds",
                    "timestamp", "retry_count", "queued_at", "started_at", "finished_at", "queue_seconds", "attempts",
                    "agent", "logs", "metadata", "group", "task_digest",
                ]
            )
            #expect(result["task_id"] == "t1")
            #expect(result["worker"] == "marie")
            #expect(result["status"] == "completed")
            #expect(result["exit_code"] == 0)
            #expect(result["stdout"] == "out\n")
            #expect(result["stderr"] == "err\n")
            #expect(result["output"] == "out")
            #expect(result["retry_count"] == 0)
            #expect(result["metadata"] == ["a": [1, "b", .null]])
            #expect(result["group"] == "g1")
            #expect(result["logs"] == "t1")
            let times = try ["queued_at", "started_at", "finished_at", "timestamp"].map { name in
                let text = try #require(result[name]?.stringValue)
                #expect(text.utf8.count == 24 && text.hasSuffix("Z"))
                return try #require(Timestamp(iso8601: text))
            }
            #expect(times == times.sorted())
            let duration = try #require(result["duration_seconds"]?.doubleValue)
            #expect(duration > 0 && duration < 60)
            _ = try await daemon.file("results/marie/t1/task.json")
            #expect(try daemon.names(in: "results/marie/t1") == ["stderr.log", "stdout.log", "task.json"])
        }
    }

    @Test func receiptTellsTheProducerThatTheTaskWasTaken() async throws {
        try await DaemonFixture.working { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "pass gate")
            let receipt = try object(await daemon.file("triggers/marie/t1.trigger"))
            #expect(receipt.keys == ["task_id", "worker", "status", "timestamp"])
            #expect(receipt["task_id"] == "t1")
            #expect(receipt["worker"] == "marie")
            #expect(receipt["status"] == "received")
            #expect(receipt["timestamp"]?.stringValue.flatMap { Timestamp(iso8601: $0) } != nil)
            #expect(try daemon.names(in: "results/marie") == ["t1"])
            try gate.pass()
            _ = try await daemon.result(of: "t1")
        }
    }

    @Test func heartbeatHasItsFieldsAndEndsWithStopped() async throws {
        try await DaemonFixture.idle(["MAX_CONCURRENT_TASKS": "1"]) { daemon in
            let process = try await daemon.start()
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "pass gate")
            try daemon.submit("t2", "true")
            _ = try await daemon.heartbeat { $0.waiting[.slot] == 1 }
            let beat = try object(await daemon.file("heartbeats/marie.json"))
            let needed: Set = [
                "worker", "timestamp", "uptime_seconds", "queue_size", "active_tasks", "circuit_breaker_state",
                "stats", "status", "pid", "host", "version", "max_concurrent", "running", "waiting",
            ]
            #expect(needed.subtracting(beat.keys) == [])
            #expect(beat["worker"] == "marie")
            #expect(beat["status"] == "healthy")
            #expect(beat["queue_size"] == 1)
            #expect(beat["active_tasks"] == 1)
            #expect(beat["running"] == ["t1"])
            #expect(beat["waiting"] == ["slot": 1])
            #expect(beat["circuit_breaker_state"] == "closed")
            #expect(beat["pid"]?.intValue == Int(process.pid))
            #expect(
                beat["stats"] == ["tasks_processed": 0, "tasks_failed": 0, "tasks_retried": 0, "tasks_dlq": 0]
            )
            try gate.pass()
            let later = try await daemon.heartbeat { $0.stats.tasksProcessed == 2 }
            #expect(later.uptime > .zero)
            try await daemon.expectCleanEnd()
            let last = try await daemon.heartbeat()
            #expect(last.status == .stopped)
            #expect(last.stats.tasksProcessed == 2)
            #expect(try daemon.names(in: "heartbeats") == ["marie.json"])
        }
    }

    @Test func heartbeatComesAtItsInterval() async throws {
        try await DaemonFixture.working { daemon in
            let first = try await daemon.heartbeat()
            let second = try await daemon.heartbeat { $0.timestamp > first.timestamp }
            let third = try await daemon.heartbeat { $0.timestamp > second.timestamp }
            #expect(third.timestamp.since(second.timestamp) > .milliseconds(900))
        }
    }

    @Test func metricsPageCountsTheWork() async throws {
        try await DaemonFixture.working(["MAX_RETRIES": "1", "INITIAL_RETRY_DELAY": "0.01"]) { daemon in
            try daemon.submit("good", "true")
            try daemon.submit("bad", "exit 1")
            try daemon.drop("{nope", as: "broken.json")
            _ = try await daemon.heartbeat { $0.stats.tasksProcessed == 2 && $0.stats.tasksDeadLettered == 2 }
            let page = try await daemon.page("/metrics")
            #expect(page.status == 200)
            let text = page.body
            for line in [
                #"watcher_tasks_processed_total{status="completed",worker="marie"} 1"#,
                #"watcher_tasks_processed_total{status="failed",worker="marie"} 1"#,
                #"watcher_tasks_failed_total{reason="exit_code",worker="marie"} 1"#,
                #"watcher_tasks_dead_lettered_total{reason="invalid_json",worker="marie"} 1"#,
                #"watcher_tasks_dead_lettered_total{reason="max_retries_exceeded",worker="marie"} 1"#,
                #"watcher_tasks_retried_total{worker="marie"} 1"#,
                #"watcher_task_queue_size{worker="marie"} 0"#,
                #"watcher_active_tasks{worker="marie"} 0"#,
                #"watcher_circuit_breaker_state{worker="marie"} 0"#,
                #"watcher_task_duration_seconds_bucket{worker="marie",le="60.0"} 3"#,
                #"watcher_task_duration_seconds_bucket{worker="marie",le="+Inf"} 3"#,
                #"watcher_task_queue_seconds_count{worker="marie"} 2"#,
                #"watcher_detection_seconds_count{worker="marie"} 2"#,
            ] {
                let isThere = text.contains("\n\(line)\n")
                #expect(isThere, "missing: \(line)")
            }
            for start in ["process_resident_memory_bytes ", "watcher_build_info{version="] {
                let isThere = text.contains("\n\(start)")
                #expect(isThere, "missing: \(start)")
            }
        }
    }

    @Test func metricsPageGrowsWithNoTask() async throws {
        try await DaemonFixture.working { daemon in
            func series() async throws -> Set<Substring> {
                let page = try await daemon.page("/metrics")
                let lines = page.body.split(separator: "\n").filter { !$0.hasPrefix("#") }
                return Set(lines.compactMap { $0.split(separator: " ").first })
            }
            try daemon.submit("first", "exit 0")
            _ = try await daemon.heartbeat { $0.stats.tasksProcessed == 1 }
            let before = try await series()
            for number in 1...9 { try daemon.submit("grown-\(number)", "exit 0", ["group": .string("g\(number)")]) }
            _ = try await daemon.heartbeat { $0.stats.tasksProcessed == 10 }
            #expect(try await series() == before)
        }
    }

    @Test func pagesAreServedOnLoopbackOnlyAndToNoStrangeHost() async throws {
        try await DaemonFixture.working { daemon in
            let port = try await daemon.port()
            #expect(try daemon.daemon.listeningAddresses(of: port) == ["0100007F"])
        }
    }

    @Test func portThatIsTakenKeepsNoTaskFromRunning() async throws {
        try await DaemonFixture.working { daemon in
            let port = try await daemon.port()
            var settings = daemon.environment
            settings["METRICS_PORT"] = "\(port)"
            settings["VIGIL_ROOT"] = daemon.scratch.path(of: "root/other")
            let log = daemon.scratch.path(of: "other.log")
            let other = try ChildProcess(
                [BuiltProgram.vigil, "worker", "marie"],
                environment: settings,
                output: log
            )
            let inbox = try Directory.create(daemon.scratch.path(of: "root/other/tasks/marie"))
            try AtomicFile.write(
                Array(DaemonFixture.task("t1", "true").utf8),
                as: "t1.json",
                in: inbox,
                replacing: true,
                durability: .relaxed
            )
            _ = try await daemon.file("other/results/marie/t1.json")
            let text = String(
                decoding: try daemon.scratch.directory.read("other.log", limit: 1 << 20) ?? [],
                as: UTF8.self
            )
            #expect(text.contains("set METRICS_PORT to a free port"))
            other.send(SIGTERM)
            #expect(try await other.waitForExit() == .exited(0))
        }
    }
}

// MARK: - The log

extension HealthTests {
    @Test func everyLogLineIsOneJSONObject() async throws {
        try await DaemonFixture.idle(["LOG_LEVEL": "DEBUG", "MAX_RETRIES": "1", "INITIAL_RETRY_DELAY": "0.01"]) {
            daemon in
            try await daemon.start()
            try daemon.submit("good", "echo \u{1b}[31m; echo secret-prompt")
            try daemon.submit("bad", "printf 'evil\\nline' >&2; exit 1")
            try daemon.drop("{\u{1b}]0;nope\u{7}", as: "line\nfeed.json")
            _ = try await daemon.heartbeat { $0.stats.tasksProcessed == 2 && $0.stats.tasksDeadLettered == 2 }
            try await daemon.expectCleanEnd()
            let lines = daemon.logText.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            #expect(lines.count > 10)
            for line in lines {
                let entry = try object(Array(line.utf8))
                #expect(entry["level"]?.stringValue != nil)
                #expect(entry["message"]?.stringValue != nil)
            }
            #expect(!daemon.logText.utf8.contains(0x1b))
            #expect(!daemon.logText.contains("secret-prompt"))
        }
    }

    // Whoever read the pipe is gone after one line.
    @Test(arguments: ["mkfifo p; head -n 1 <p >first & exec >p 2>&1", "exec >/dev/full 2>&1", "exec >&- 2>&-"])
    func brokenLogNeverStopsTheWork(redirection: String) async throws {
        try await withTemporaryDirectory { outer in
            let script = """
                cd \(outer.path)
                \(redirection)
                exec \(BuiltProgram.vigil) "$@"
                """
            let program = try await outer.writeScript(script, as: "vigil")
            try await DaemonFixture.idle(["LOG_LEVEL": "DEBUG"]) {
                $0.program = program
            } _: { daemon in
                try daemon.launch()
                for number in 1...3 {
                    try daemon.submit("t\(number)", "say ran; exit 0")
                    #expect(try await daemon.result(of: "t\(number)").status == .completed)
                }
                try await daemon.expectCleanEnd()
                #expect(try daemon.witness().count == 3)
            }
        }
    }

    @Test func readerThatStopsReadingTheLogHoldsNothingUp() async throws {
        try await withTemporaryDirectory { outer in
            let script = "exec \(BuiltProgram.vigil) \"$@\" >\(outer.path)/log 2>&1"
            let program = try await outer.writeScript(script, as: "vigil")
            // Open for reading, so that writing works until the pipe is full, and never read.
            let reader = try Gate(outer.path(of: "log"))
            try await DaemonFixture.idle(["LOG_LEVEL": "DEBUG"]) {
                $0.program = program
            } _: { daemon in
                try daemon.launch()
                for number in 1...200 { try daemon.submit("t\(number)", "true") }
                _ = try await daemon.heartbeat { $0.stats.tasksProcessed == 200 }
                try await daemon.expectCleanEnd()
            }
            withExtendedLifetime(reader) {}
        }
    }
}

// MARK: - The files

extension HealthTests {
    @Test func nothingIsOpenToStrangersWhateverTheMask() async throws {
        try await withTemporaryDirectory { outer in
            let script = "umask 0; exec \(BuiltProgram.vigil) \"$@\""
            let program = try await outer.writeScript(script, as: "vigil")
            try await DaemonFixture.working(["MAX_RETRIES": "0"]) {
                $0.program = program
            } _: { daemon in
                let gate = try daemon.makeGate()
                try daemon.submit("t1", "pass gate; echo x")
                try daemon.submit("bad", "exit 1")
                try daemon.drop("{nope", as: "broken.json")
                _ = try await daemon.deadLetter(of: "broken")
                _ = try await daemon.result(of: "bad")
                let root = daemon.root
                let open = try await blocking {
                    try entries(below: root).filter { $0.permissions & 0o027 != 0 && $0.kind != .symbolicLink }
                }
                // Directories may be entered and listed by the group, files may be read by it.
                let strange = open.filter { $0.permissions & 0o022 != 0 || $0.permissions & 0o007 != 0 }
                #expect(strange.map(\.path) == [])
                let secret = try await blocking { try entries(below: "\(root)/tasks/.claims") }
                // Task files were somewhere else before, and spare logs will be; nobody else may enter the directory.
                let others = secret.filter { !$0.path.contains("~task@") && !$0.path.contains("/.logs") }
                #expect(others.filter { $0.permissions & 0o077 != 0 }.map(\.path) == [])
                #expect(try HostPath.status(of: "\(root)/tasks/.claims")?.permissions == 0o700)
                try gate.pass()
                _ = try await daemon.result(of: "t1")
            }
        }
    }

    @Test(arguments: [true, false]) func whatStandsInTheResultsPlaceIsNotOverwritten(isDirectory: Bool) async throws {
        try await DaemonFixture.working { daemon in
            let place = "\(daemon.root)/results/marie/t1.json"
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say ran; pass gate; echo answer")
            try await daemon.witness(1)
            if isDirectory {
                try Producer.directory(place)
            } else {
                try SlowWriter(place).write("precious")
            }
            try gate.pass()
            let heartbeat = try await daemon.heartbeat { $0.problems["disk"] != nil }
            #expect(heartbeat.status == .degraded)
            #expect(try daemon.names(in: "tasks/.claims").contains("t1~task@marie"))
            if isDirectory {
                #expect(try daemon.names(in: "results/marie/t1.json") == [])
                try Producer.removeDirectory(place)
            } else {
                #expect(try daemon.contents(of: "results/marie/t1.json") == "precious")
                try Producer.remove(place)
            }
            let result = try await daemon.result(of: "t1")
            #expect(result.stdout == "answer\n")
            #expect(result.attempts.count == 1)
            #expect(try daemon.witness() == ["t1 1 ran"])
            _ = try await daemon.heartbeat { $0.status == .healthy }
        }
    }
}

private struct Entry: Sendable {
    let path: String
    let kind: FileStatus.Kind
    let permissions: UInt32
}

/// Everything below a directory; what the test itself has put there is left out.
private func entries(below path: String) throws -> [Entry] {
    var found: [Entry] = []
    let directory = try Directory.open(path)
    var names: [FileName] = []
    try directory.names { name in
        names.append(name)
        return true
    }
    for name in names {
        guard let status = try directory.status(of: name) else { continue }
        let inner = "\(path)/\(name)"
        found.append(Entry(path: inner, kind: status.kind, permissions: status.permissions))
        if status.kind == .directory { found += try entries(below: inner) }
    }
    return found
}
