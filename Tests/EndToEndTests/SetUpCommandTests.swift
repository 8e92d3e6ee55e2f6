// SPDX-License-Identifier: Apache-2.0
// The way of a new user: setup, config, doctor, by the built program.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Set-up commands", .guardedAgainstHangs)
struct SetUpCommandTests {
    @Test("setup makes everything once, and overwrites nothing")
    func setupMakesAQueue() async throws {
        try await DaemonFixture.withRoot { fixture in
            let made = try await fixture.run("setup", "--workers", "marie,anga")
            #expect(made.status == .exited(0))
            let lines = made.output.split(separator: "\n")
            #expect(lines.count == 5)
            #expect(lines.first?.hasPrefix("made   15 directories in \(fixture.root), for marie, anga") == true)
            #expect(lines.last?.contains(#"vigil submit marie "Say hello" --wait"#) == true)
            let names = try fixture.names(in: "")
            #expect(
                names == [
                    "dlq", "heartbeats", "pipes", "results", "tasks", "triggers", "vigil.json5",
                ]
            )
            #expect(try fixture.names(in: "triggers") == ["anga", "marie", "orchestrator"])
            let config = try await fixture.run("config", "--check")
            #expect(config.status == .exited(0) && config.output == "ok\n")

            let root = try Directory.open(fixture.root)
            let own = Array("{ max_retries: 7 }".utf8)
            try AtomicFile.write(own, as: "vigil.json5", in: root, replacing: true, durability: .relaxed)
            let again = try await fixture.run("setup")
            #expect(again.output.contains("kept   \(fixture.root)/vigil.json5, which was there"))
            #expect(try root.read("vigil.json5", limit: 100) == own)
        }
    }

    @Test("setup makes the configuration file where it was named")
    func setupMakesTheNamedFile() async throws {
        try await DaemonFixture.withRoot { fixture in
            let path = fixture.scratch.path(of: "etc/my.json5")
            let made = try await fixture.run("setup", "--config", path)
            #expect(made.status == .exited(0))
            #expect(made.output.contains("vigil up --config \(path)"))
            #expect(try HostPath.status(of: path)?.kind == .regular)
            let shown = try await fixture.run("config", "--config", path, "--check")
            #expect(shown.output == "ok\n")
        }
    }

    @Test("setup in a place that is none says so with the code for what cannot be made")
    func setupFailsInOneLine() async throws {
        try await DaemonFixture.withRoot { fixture in
            try fixture.scratch.directory.createFile("file").close()
            let result = try await fixture.run("setup", "--root", fixture.scratch.path(of: "file/below"))
            #expect(result.status == .exited(73))
            #expect(result.errors.split(separator: "\n").count == 1)
        }
    }

    @Test("config shows where each value comes from")
    func configPrintsSources() async throws {
        let configure: (inout DaemonFixture.Options) -> Void = { $0.environment = ["MAX_RETRIES": "7"] }
        try await DaemonFixture.withRoot(configure: configure) { fixture in
            let root = try Directory.open(fixture.root)
            let file = Array(#"{ workers: { marie: { task_timeout: "90s" } } }"#.utf8)
            try AtomicFile.write(file, as: "vigil.json5", in: root, replacing: false, durability: .relaxed)
            let shown = try await fixture.run("config", "--worker", "marie")
            let lines = shown.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
            #expect(lines.contains("MAX_RETRIES 7 environment 0…100"))
            #expect(lines.contains("TASK_TIMEOUT 1m30s \(fixture.root)/vigil.json5, workers.marie 1s…1d"))
            #expect(lines.contains("RETRY_BACKOFF 2 default 1…10"))
        }
    }

    @Test(
        "all wrong settings are reported, a line each, with exit code 78",
        arguments: [["config"], ["config", "--check"]]
    )
    func wrongSettingsAreAllReported(arguments: [String]) async throws {
        let configure: (inout DaemonFixture.Options) -> Void = {
            $0.environment = ["MAX_RETRIES": "900", "LOG_LEVEL": "loud", "RETRY_BACKOFF": "0"]
        }
        try await DaemonFixture.withRoot(configure: configure) { fixture in
            let result = try await fixture.run(arguments)
            #expect(result.status == .exited(78))
            #expect(result.output.isEmpty)
            let lines = result.errors.split(separator: "\n")
            #expect(lines.count == 3)
            for name in ["MAX_RETRIES=900", "LOG_LEVEL=loud", "RETRY_BACKOFF=0"] {
                #expect(lines.contains { $0.hasPrefix("\(name) (environment): give ") })
            }
            let document = try await fixture.run("config", "--check", "--json")
            #expect(document.output.hasPrefix(#"{"schema_version":1,"ok":false,"problems":["#))
            let doctor = try await fixture.run("doctor")
            #expect(doctor.status == .exited(78))
        }
    }
}

@Suite("Doctor", .guardedAgainstHangs)
struct DoctorCommandTests {
    private func lines(_ result: DaemonFixture.CommandResult, _ check: String) -> [String] {
        result.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
            .filter { $0.split(separator: " ").dropFirst().first == check[...] }
    }

    @Test("a queue that is ready has no problem, and the agent's version is told")
    func readyQueueIsWell() async throws {
        let configure: (inout DaemonFixture.Options) -> Void = {
            $0.agent = #"[ "$1" = --version ] && { echo "agent 4.2"; exit 0; }; exit 9"#
        }
        try await DaemonFixture.withRoot(configure: configure) { fixture in
            _ = try await fixture.run("setup")
            let result = try await fixture.run("doctor")
            #expect(result.status == .exited(0))
            #expect(
                lines(result, "agent") == ["ok agent claude: \(fixture.scratch.path(of: "agent")), version agent 4.2"]
            )
            #expect(lines(result, "supervisor").first?.hasPrefix("ok") == true)
            #expect(lines(result, "directories").first?.hasPrefix("ok") == true)
            // It changes nothing.
            #expect(try fixture.names(in: "tasks/marie").isEmpty)
        }
    }

    @Test("a queue that is in use says whom it is for, and nothing is made by looking")
    func changesNothing() async throws {
        try await DaemonFixture.with { daemon in
            try await daemon.stop()
            try Directory.open(daemon.root).removeTree("pipes")
            let before = try daemon.names(in: "")
            let result = try await daemon.run("doctor")
            #expect(result.status == .exited(0))
            #expect(
                lines(result, "directories").first?.hasPrefix("warning directories missing: \(daemon.root)/pipes")
                    == true
            )
            #expect(lines(result, "heartbeats").count == 1)
            #expect(try daemon.names(in: "") == before)
        }
    }

    @Test("a missing agent is a problem with its remedy")
    func findsAMissingAgent() async throws {
        let configure: (inout DaemonFixture.Options) -> Void = { $0.environment = ["CLAUDE_COMMAND": "no-such-agent"] }
        try await DaemonFixture.withRoot(configure: configure) { fixture in
            let result = try await fixture.run("doctor")
            #expect(result.status == .exited(69))
            let expected =
                "problem agent claude: no-such-agent is not found in PATH; install it, or set CLAUDE_COMMAND or the "
                + "profile's command"
            #expect(lines(result, "agent") == [expected])
        }
    }

    @Test("an agent that does not answer is ended with all that it started")
    func endsAnAgentThatDoesNotAnswer() async throws {
        let configure: (inout DaemonFixture.Options) -> Void = { $0.agent = "setsid sleep 1000 & exec sleep 1000" }
        try await DaemonFixture.withRoot(configure: configure) { fixture in
            let result = try await fixture.run("doctor")
            #expect(lines(result, "agent").first?.contains("takes more than 5s") == true)
            try await fixture.processes.waitForNone()
        }
    }

    @Test("an agent that answers and leaves something running leaves nothing behind")
    func endsWhatAnAgentLeaves() async throws {
        let configure: (inout DaemonFixture.Options) -> Void = {
            $0.agent = "setsid sleep 1000 >/dev/null 2>&1 & echo 1.0"
        }
        try await DaemonFixture.withRoot(configure: configure) { fixture in
            let result = try await fixture.run("doctor")
            #expect(lines(result, "agent").first?.hasSuffix("version 1.0") == true)
            try await fixture.processes.waitForNone()
        }
    }

    @Test("an agent that fails is shown with what it says")
    func showsWhatAFailingAgentSays() async throws {
        let configure: (inout DaemonFixture.Options) -> Void = { $0.agent = "echo 'not logged in' >&2; exit 4" }
        try await DaemonFixture.withRoot(configure: configure) { fixture in
            let result = try await fixture.run("doctor")
            #expect(lines(result, "agent").first?.contains("ends with exit code 4: not logged in") == true)
        }
    }

    @Test("claims that a crash left are found, and taken up by the next start")
    func findsStaleClaims() async throws {
        let configure: (inout DaemonFixture.Options) -> Void = {
            $0.agent = #"[ "$VIGIL_ATTEMPT" = 1 ] || exit 0; touch "$VIGIL_ROOT/started"; exec sleep 1000"#
            $0.environment = ["INITIAL_RETRY_DELAY": "0.01"]
        }
        try await DaemonFixture.with(configure: configure) { daemon in
            try daemon.submit("t1", "work")
            _ = try await daemon.file("started")
            try await daemon.crash()
            let unattended = try await daemon.run("doctor")
            #expect(lines(unattended, "claims").first?.hasPrefix("warning claims marie: t1 at work without") == true)
            let running = try await daemon.run("status")
            #expect(running.output.contains("t1 runs on without a daemon"))
            try await daemon.processes.killAll()
            let stale = try await daemon.run("doctor")
            #expect(
                lines(stale, "claims").first?.hasPrefix("warning claims marie: t1 claimed by a daemon that is") == true
            )
            #expect(lines(stale, "heartbeats").first?.hasPrefix("warning heartbeats marie: its daemon is gone") == true)
            try await daemon.start()
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            let well = try await daemon.run("doctor")
            #expect(lines(well, "claims") == ["ok claims none is stale"])
        }
    }

    @Test(
        "a directory that cannot be written to is a problem",
        .enabled(if: SystemInfo.effectiveUserID != 0, "root may write everywhere")
    )
    func findsADirectoryWithoutPermission() async throws {
        try await DaemonFixture.withRoot { fixture in
            _ = try await fixture.run("setup")
            let path = "\(fixture.root)/dlq/marie"
            #expect(chmod(path, 0o500) == 0)
            defer { chmod(path, 0o700) }
            let result = try await fixture.run("doctor")
            #expect(result.status == .exited(69))
            #expect(lines(result, "directories").first?.contains("\(path) cannot be written to") == true)
        }
    }

    @Test("a file in a directory's place is a problem")
    func findsAFileInADirectorysPlace() async throws {
        try await DaemonFixture.withRoot { fixture in
            try Directory.open(fixture.root).createFile("results").close()
            let result = try await fixture.run("doctor")
            #expect(result.status == .exited(69))
            #expect(lines(result, "directories").contains { $0.contains("results is not a directory") })
        }
    }
}
