// SPDX-License-Identifier: Apache-2.0
// The fixture of the end-to-end tests, tried on a shell script in the daemon's place.

import QueueModel
import SystemKit
import TestSupport
import Testing

/// A script that stands in for the daemon, written into a directory of its own.
private func withStandIn(
    _ script: String,
    _ body: ((inout DaemonFixture.Options) -> Void) async throws -> Void
) async throws {
    try await withTemporaryDirectory { scratch in
        let path = try await scratch.writeScript(script, as: "vigil")
        try await body { $0.program = path }
    }
}

private let ready = #"echo '{"level":"notice","message":"ready"}'"#
private let forever = "exec sleep 1000"

@Suite("Daemon fixture", .timeLimit(.minutes(2)))
struct DaemonFixtureTests {
    @Test("the test begins when the daemon is ready, in a root of its own")
    func waitsForReadiness() async throws {
        let script = #"echo starting "$@"; mkdir "$VIGIL_ROOT/made"; \#(ready); \#(forever)"#
        try await withStandIn(script) { configure in
            try await DaemonFixture.with(configure: configure) { daemon in
                #expect(daemon.logText.hasPrefix("starting worker marie\n"))
                #expect(daemon.environment["METRICS_PORT"] == "0")
                let names = try daemon.names(in: "")
                #expect(names == ["made"])
                let process = try daemon.daemon
                #expect(!process.hasEnded)
            }
        }
    }

    @Test("a daemon that ends before it is ready fails the test, with its log")
    func reportsEarlyEnd() async throws {
        try await withStandIn("echo no such setting >&2; exit 78") { configure in
            let error = await #expect(throws: WaitFailure.self) {
                try await DaemonFixture.with(configure: configure) { _ in Issue.record("the daemon never was ready") }
            }
            #expect(error?.description.contains("no such setting") == true)
        }
    }

    @Test("nothing that belongs to the root survives the test, however it detached itself")
    func killsEverythingLeft() async throws {
        let script = """
            setsid sleep 1001 &
            cd "$VIGIL_ROOT" && env -i sleep 1002 &
            env -i sleep 1003 >"$VIGIL_ROOT/open" &
            \(ready)
            \(forever)
            """
        try await withStandIn(script) { configure in
            var processes: ScratchProcesses?
            try await DaemonFixture.with(configure: configure) { daemon in
                processes = daemon.processes
                _ = try await daemon.file("open")
                let running = try daemon.processes.numbers()
                #expect(running.count >= 3)
            }
            let left = try processes?.numbers()
            #expect(left == [])
        }
    }

    @Test("the end of the last process of the root is noticed")
    func noticesTheLastEnd() async throws {
        let script = #"mkfifo "$VIGIL_ROOT/gate"; (read -r line <"$VIGIL_ROOT/gate") & \#(ready); wait"#
        try await withStandIn(script) { configure in
            try await DaemonFixture.with(configure: configure) { daemon in
                await #expect(throws: WaitFailure.self) {
                    try await daemon.processes.waitForNone(within: .milliseconds(50))
                }
                async let nobody: Void = daemon.processes.waitForNone()
                let opener = try await daemon.scratch.writeScript(#"echo go >"$1""#, as: "opener")
                let child = try ChildProcess(
                    [opener, "\(daemon.root)/gate"],
                    environment: ["PATH": "/usr/bin:/bin"],
                    output: daemon.logPath
                )
                try await child.waitForExit()
                try await nobody
            }
        }
    }

    @Test("a crash, a stop and another start are told apart")
    func followsTheDaemonsLife() async throws {
        let script = #"trap 'exit 0' TERM; \#(ready); while :; do sleep 1000 & wait; done"#
        try await withStandIn(script) { configure in
            try await DaemonFixture.with(configure: configure) { daemon in
                let first = try daemon.daemon
                try await daemon.crash()
                #expect(first.exitStatus == .signaled(9))
                let second = try await daemon.start()
                #expect(second.pid != first.pid)
                let status = try await daemon.stop()
                #expect(status == .exited(0))
            }
        }
    }

    @Test("a result is awaited where it is still to be made, directories included")
    func awaitsAResult() async throws {
        let answer =
            #"{"task_id":"t1","worker":"marie","status":"completed","exit_code":0,"timestamp":"2026-01-02T03:04:05Z"}"#
        let script = """
            \(ready)
            mkfifo "$VIGIL_ROOT/gate"; read -r line <"$VIGIL_ROOT/gate"
            mkdir -p "$VIGIL_ROOT/results/marie"
            echo '\(answer)' >"$VIGIL_ROOT/results/.tmp"
            mv "$VIGIL_ROOT/results/.tmp" "$VIGIL_ROOT/results/marie/t1.json"
            \(forever)
            """
        try await withStandIn(script) { configure in
            try await DaemonFixture.with(configure: configure) { daemon in
                try daemon.submit("t1", "say hello", ["priority": "high"])
                let names = try daemon.names(in: "tasks/marie")
                #expect(names == ["t1.json"])
                async let result = daemon.result(of: "t1")
                let opener = try await daemon.scratch.writeScript(#"echo go >"$VIGIL_ROOT/gate""#, as: "opener")
                let child = try ChildProcess([opener], environment: daemon.environment, output: daemon.logPath)
                try await child.waitForExit()
                let record = try await result
                #expect(record.status == .completed)
            }
        }
    }

    @Test("what does not come is reported when the limit passes")
    func givesUp() async throws {
        try await withStandIn("\(ready); \(forever)") { configure in
            try await DaemonFixture.with(configure: configure) { daemon in
                let error = await #expect(throws: WaitFailure.self) {
                    try await daemon.result(of: "t1", within: .milliseconds(50))
                }
                #expect(error?.description.contains("results/marie/t1.json") == true)
            }
        }
    }

    @Test("a command's output, errors and status are told apart")
    func runsCommands() async throws {
        try await withStandIn(#"echo "out $1 $VIGIL_ROOT"; echo err >&2; exit 3"#) { configure in
            try await DaemonFixture.withRoot(configure: configure) { fixture in
                let result = try await fixture.run("status")
                #expect(result.status == .exited(3))
                #expect(result.output == "out status \(fixture.root)\n")
                #expect(result.errors == "err\n")
            }
        }
    }

    @Test("settings of the test win, and an empty one takes a default away")
    func mergesEnvironment() async throws {
        let configure: (inout DaemonFixture.Options) -> Void = {
            $0.environment = ["MAX_RETRIES": "0", "LOG_FORMAT": "", "METRICS_PORT": "9999"]
        }
        try await DaemonFixture.withRoot(configure: configure) { fixture in
            #expect(fixture.environment["MAX_RETRIES"] == "0")
            #expect(fixture.environment["LOG_FORMAT"] == nil)
            #expect(fixture.environment["METRICS_PORT"] == "9999")
        }
    }

    @Test("the built programs are found beside the tests")
    func findsBuiltPrograms() async throws {
        for path in [BuiltProgram.vigil, BuiltProgram.supervisor] {
            let slash = try #require(path.lastIndex(of: "/"))
            let folder = try Directory.open(String(path[..<slash]))
            let status = try folder.status(of: FileName(String(path[path.index(after: slash)...])))
            #expect(status?.kind == .regular)
        }
    }
}
