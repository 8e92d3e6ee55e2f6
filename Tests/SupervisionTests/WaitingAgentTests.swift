// SPDX-License-Identifier: Apache-2.0
// The process that waits to become the next agent.

import Glibc
import Supervision
import SystemKit
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct WaitingAgentTests {
    @Test(arguments: cgroupParents)
    func nextAgentIsTheProcessThatHasWaited(cgroup: String?) async throws {
        try await Fixture.with(cgroup: cgroup) { fixture in
            for number in 0..<3 {
                let waiting = try await fixture.waitingAgent()
                let record = try await fixture.record("echo $$") {
                    $0.runID += "-\(number)"
                    $0.cgroupParent = cgroup
                }
                #expect(record.ending == .exited(code: 0))
                #expect(try fixture.number() == waiting)
            }
        }
    }

    /// They are copied while both processes share their descriptors.
    @Test func inputAndLogsAreTheAgentsAlone() async throws {
        try await Fixture.with { fixture in
            let waiting = try await fixture.waitingAgent()
            let script = """
                for n in 0 1 2; do
                    while [ "$(readlink /proc/$PPID/fd/$n)" != /dev/null ]; do sleep 0.01; done
                done
                echo "$$ $(cat)"
                """
            let record = try await fixture.record(script) {
                $0.input = Array("told".utf8)
                $0.timeout = .seconds(30)
            }
            #expect(record.ending == .exited(code: 0))
            #expect(try fixture.output() == "\(waiting) told\n")
        }
    }

    @Test(arguments: cgroupParents)
    func oneThatWasKilledIsDoneWithout(cgroup: String?) async throws {
        try await Fixture.with(cgroup: cgroup) { fixture in
            let waiting = try await fixture.waitingAgent()
            kill(waiting, SIGKILL)
            await fixture.awaitEnd(of: waiting)
            for number in 0..<2 {
                let record = try await fixture.record("exit 7") {
                    $0.runID += "-\(number)"
                    $0.cgroupParent = cgroup
                }
                #expect(record.ending == .exited(code: 7))
            }
            #expect(try await fixture.waitingAgent() != waiting)
        }
    }

    @Test func requestThatItDidNotLiveToReceiveIsTheSupervisors() async throws {
        try await Fixture.with { fixture in
            let waiting = try await fixture.waitingAgent()
            // A stopped process receives nothing.
            kill(waiting, SIGSTOP)
            let told = try fixture.makePipe("told")
            async let ending = fixture.run("echo $$ > told; exit 3")
            // The pool has sent it when it has the run.
            while await fixture.pool.processID(ofRun: fixture.runID) == nil { await Task.yield() }
            kill(waiting, SIGKILL)
            let agent = try await told.number()
            #expect(agent != waiting)
            let record = try await ending.record
            #expect(record?.ending == .exited(code: 3))
        }
    }

    @Test func announcementWakesItAndItSleepsAgainWhenNothingComes() async throws {
        try await Fixture.with { fixture in
            let waiting = try await fixture.waitingAgent()
            try await fixture.awaitState("S", of: waiting)
            let waits = try fixture.waits(of: waiting)
            await fixture.pool.announce()
            while try fixture.waits(of: waiting) == waits {
                try Task.checkCancellation()
                await Task.yield()
            }
            try await fixture.awaitState("S", of: waiting)
            _ = try await fixture.record("echo $$")
            #expect(try fixture.number() == waiting)
        }
    }

    @Test func announcedRequestIsItsOwn() async throws {
        try await Fixture.with { fixture in
            for number in 0..<20 {
                let waiting = try await fixture.waitingAgent()
                for _ in 0...(number % 3) { await fixture.pool.announce() }
                let record = try await fixture.record("echo $$") { $0.runID += "-\(number)" }
                #expect(record.ending == .exited(code: 0))
                #expect(try fixture.number() == waiting)
            }
        }
    }

    @Test func announcementThatItDiesWithIsNotMissed() async throws {
        try await Fixture.with { fixture in
            let supervisors = await fixture.pool.processIDs
            for number in 0..<20 {
                let waiting = try await fixture.waitingAgent()
                await fixture.pool.announce()
                kill(waiting, SIGKILL)
                await fixture.awaitEnd(of: waiting)
                let record = try await fixture.record("exit 3") { $0.runID += "-\(number)" }
                #expect(record.ending == .exited(code: 3))
            }
            #expect(await fixture.pool.processIDs == supervisors)
        }
    }

    @Test func announcementIsNotAnswered() async throws {
        try await Fixture.with(isFirst: true) { fixture in
            let bare = try BareSupervisor(fixture)
            let request = fixture.request("exit 0")
            // Nobody waits yet; then an agent does.
            for _ in 0..<2 {
                try bare.announce()
                #expect(try await bare.run(request, in: fixture) == .recorded(durable: true))
            }
            // To one that has an agent it means nothing.
            try bare.send(try fixture.request("read word < go").encoded(), in: fixture)
            let go = try fixture.makePipe("go")
            try bare.announce()
            try go.write("on\n")
            #expect(try await bare.answer() == .recorded(durable: true))
            await bare.close()
        }
    }

    @Test(.enabled(if: cgroupParent != nil, "needs a writable control group of version 2"))
    func requestForAnotherPlaceIsLeftToTheSupervisor() async throws {
        let cgroup = try #require(cgroupParent)
        try await Fixture.with { fixture in
            let waiting = try await fixture.waitingAgent()
            _ = try await fixture.record("echo $$; cat /proc/self/cgroup") { $0.cgroupParent = cgroup }
            #expect(try fixture.number() != waiting)
            #expect(try fixture.output().contains("/vigil."))
        }
    }

    @Test func largeRequestIsLeftToTheSupervisor() async throws {
        try await Fixture.with { fixture in
            let waiting = try await fixture.waitingAgent()
            _ = try await fixture.record("echo $$") { $0.arguments.append(String(repeating: "x", count: 100_000)) }
            #expect(try fixture.number() != waiting)
        }
    }

    @Test func requestThatMakesNoSenseIsRefusedAndTheNextOneServed() async throws {
        try await Fixture.with(isFirst: true) { fixture in
            let bare = try BareSupervisor(fixture)
            let request = fixture.request("exit 0")
            #expect(try await bare.run(request, in: fixture) == .recorded(durable: true))
            #expect(try await bare.run(body: [1, 2, 3], in: fixture).isRefusal)
            #expect(try await bare.run(request, in: fixture) == .recorded(durable: true))
            try bare.sendEmptyPacket()
            #expect(try await bare.answer().isRefusal)
            #expect(try await bare.run(request, in: fixture) == .recorded(durable: true))
            await bare.close()
        }
    }

    @Test(arguments: [SIGTERM, SIGKILL])
    func endsWithItsSupervisor(signal: Int32) async throws {
        try await Fixture.with { fixture in
            let waiting = try await fixture.waitingAgent()
            let supervisor = try #require(await fixture.pool.processIDs.first)
            kill(supervisor, signal)
            await fixture.awaitEnd(of: waiting)
        }
    }

    @Test func endsWhenTheDaemonDoes() async throws {
        try await Fixture.with { fixture in
            let waiting = try await fixture.waitingAgent()
            await fixture.pool.abandon()
            await fixture.awaitEnd(of: waiting)
        }
    }

    @Test(
        arguments: [
            ("exit 5", 0), ("kill -9 $$", 0), ("exec sleep 1000", 1),
        ] as [(String, Int)]
    )
    func answerTellsWhatTheRecordDoes(script: String, timeout: Int) async throws {
        try await Fixture.with { fixture in
            let record = try await fixture.record("echo out; echo error >&2; \(script)") {
                $0.attempt = 3
                if timeout > 0 { $0.timeout = .milliseconds(timeout) }
            }
            #expect(try fixture.recordFile(fixture.runID) == record)
            #expect(record.attempt == 3)
        }
    }

    @Test(arguments: [("working_directory", ENOENT), ("search", ENOENT), ("exec", ENOEXEC)])
    func whatCannotBeStartedIsToldBothWays(step: String, errno: Int32) async throws {
        for isFirst in [true, false] {
            try await Fixture.with(isFirst: isFirst) { fixture in
                try AtomicFile.write(
                    [0],
                    as: "nothing",
                    in: fixture.scratch,
                    mode: 0o755,
                    replacing: false,
                    durability: .relaxed
                )
                let record = try await fixture.record("") {
                    switch step {
                    case "working_directory": $0.workingDirectory = "/nowhere"
                    case "search": $0.arguments = ["no-such-program"]
                    default: $0.arguments = [fixture.scratch.path + "/nothing"]
                    }
                }
                #expect(record.ending == .spawnFailed(step: step, errno: Errno(rawValue: errno)))
                #expect(try fixture.recordFile(fixture.runID) == record)
                // And the next one is served.
                #expect(try await fixture.record("exit 4") { $0.runID += "-next" }.ending == .exited(code: 4))
            }
        }
    }

    @Test func cancellationFindsAnAgentThatHasJustBegun() async throws {
        try await Fixture.with { fixture in
            let told = try fixture.makePipe("told")
            async let ending = fixture.run("echo > told; exec sleep 1000")
            _ = try await told.lines()
            await fixture.pool.terminate(runID: fixture.runID, reason: .cancelled, grace: .seconds(20))
            let record = try await ending.record
            #expect(record?.cutOff == .cancelled)
            #expect(record?.ending == .signalled(Int(SIGTERM)))
        }
    }
}

extension Fixture {
    /// The process that waits below the pool's only supervisor, as soon as there is one.
    func waitingAgent() async throws -> Int32 {
        let supervisor = try #require(await pool.processIDs.first)
        while true {
            try Task.checkCancellation()
            let children = try await blocking {
                String(
                    decoding: try Directory.open("/proc/\(supervisor)/task/\(supervisor)").openFile("children")
                        .readAll(limit: 4096),
                    as: UTF8.self
                )
            }
            for child in children.split(separator: " ").compactMap({ Int32($0) }) where isWaiting(child) {
                return child
            }
            await Task.yield()
        }
    }

    /// Until a process sleeps, `S`, or is stopped, `T`.
    func awaitState(_ state: Character, of pid: Int32) async throws {
        while try !status(of: pid).contains("State:\t\(state)") {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    /// How often a process has gone to sleep.
    fileprivate func waits(of pid: Int32) throws -> Substring? {
        try status(of: pid).split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches:") }
    }

    private func status(of pid: Int32) throws -> String {
        String(decoding: try Directory.open("/proc/\(pid)").openFile("status").readAll(limit: 8192), as: UTF8.self)
    }

    /// The name is set just before it waits.
    private func isWaiting(_ pid: Int32) -> Bool {
        // A process that is gone does not wait.
        (try? Directory.open("/proc/\(pid)").openFile("comm").readAll(limit: 64)) == Array("vigil-waiting\n".utf8)
    }
}
