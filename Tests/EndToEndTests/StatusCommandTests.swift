// SPDX-License-Identifier: Apache-2.0
// `vigil status` of the built program: with a daemon, without one, after a crash.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Status command", .guardedAgainstHangs)
struct StatusCommandTests {
    private func document(_ fixture: DaemonFixture) async throws -> JSONObject {
        let result = try await fixture.run("status", "--json")
        #expect(result.status == .exited(0))
        let bytes = Array(result.output.utf8)
        return try #require(try JSONParser.parse(bytes, limits: .file(bytes.count)).objectValue)
    }

    private func worker(_ document: JSONObject) throws -> JSONObject {
        try #require(document["workers"]?.arrayValue?.first?.objectValue)
    }

    @Test("a mistyped root is no queue, and none is made there")
    func makesNoQueue() async throws {
        try await DaemonFixture.withRoot { fixture in
            let result = try await fixture.run("status")
            #expect(result.status == .exited(69))
            #expect(result.errors.contains("vigil setup"))
            #expect(try fixture.names(in: "").isEmpty)
        }
    }

    @Test("queued, running, stopped and crashed show in the files alone")
    func followsTheDaemonsLife() async throws {
        let configure: (inout DaemonFixture.Options) -> Void = {
            $0.agent = #"touch "$VIGIL_ROOT/started"; exec sleep 1000"#
            $0.environment = ["MAX_CONCURRENT_TASKS": "1", "DRAIN_TIMEOUT": "0"]
        }
        try await DaemonFixture.withRoot(configure: configure) { fixture in
            try fixture.submit("t1", "work")
            try fixture.submit("t2", "work")
            let before = try await document(fixture)
            #expect(before["workers_running"] == 0)
            #expect(try worker(before)["daemon"] == "absent")
            #expect(try worker(before)["queued"] == 2)
            let text = try await fixture.run("status")
            #expect(text.output.contains("no worker daemon runs, this is what the files say; start one: vigil up"))

            try await fixture.start()
            _ = try await fixture.file("started")
            let running = try await document(fixture)
            #expect(running["workers_running"] == 1)
            #expect(try worker(running)["daemon"] == "running")
            #expect(try worker(running)["queued"] == 1)
            #expect(try worker(running)["running"]?.arrayValue?.count == 1)
            #expect(try worker(running)["pid"]?.intValue == Int(fixture.daemon.pid))

            try await fixture.crash()
            let crashed = try await document(fixture)
            #expect(try worker(crashed)["daemon"] == "crashed")
            #expect(try worker(crashed)["unattended"]?.arrayValue?.count == 1)
            try await fixture.processes.killAll()
            let interrupted = try await document(fixture)
            #expect(try worker(interrupted)["interrupted"]?.arrayValue?.count == 1)
            let words = try await fixture.run("status")
            #expect(words.output.contains("crashed?"))

            try await fixture.start()
            try await fixture.stop()
            let stopped = try await document(fixture)
            #expect(try worker(stopped)["daemon"] == "stopped")
        }
    }

    @Test("colours are for terminals only")
    func coloursOnTerminalsOnly() async throws {
        let configure: (inout DaemonFixture.Options) -> Void = { $0.environment = ["MAX_RETRIES": "0"] }
        try await DaemonFixture.with(configure: configure) { daemon in
            let plain = try await daemon.run("status")
            #expect(!plain.output.contains("\u{1B}"))
            let coloured = try await Terminal().run(["status"], answering: "", in: daemon)
            #expect(coloured.screen.contains("\u{1B}[32mhealthy\u{1B}[0m"))
            let rest = coloured.screen.replacing(/\u{1B}\[[0-9]*m/, with: "")
            // The worker has run longer by the second call, which may widen one column.
            let columns = { (text: String) in
                text.split(separator: "\n").first { $0.hasPrefix("worker  status") }?.split(separator: " ")
            }
            #expect(columns(rest) == columns(plain.output))
            #expect(columns(rest)?.count == 10)
            let off = try await Terminal().run(["status", "--no-color"], answering: "", in: daemon)
            #expect(!off.screen.contains("\u{1B}"))
        }
    }

    @Test("a watch prints what has changed, and Ctrl-C ends it")
    func watches() async throws {
        try await DaemonFixture.working { daemon in
            let watch = try daemon.begin(["status", "--watch"])
            try await watch.says("1 of 1 worker runs")
            try daemon.submit("t1", "true")
            try await watch.says("RECENTLY ENDED")
            #expect(watch.output.contains("t1    marie   completed"))
            #expect(!watch.output.contains("\u{1B}"))
            watch.process.send(SIGINT)
            #expect(try await watch.end().status == .exited(130))
        }
    }
}
