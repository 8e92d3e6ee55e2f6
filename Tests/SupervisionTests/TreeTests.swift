// SPDX-License-Identifier: Apache-2.0
// No process of an attempt outlives it, whatever it does, with and without a control group.

import Glibc
import Supervision
import SystemKit
import Testing

@Suite(.timeLimit(.minutes(2))) struct TreeTests {
    @Test(
        arguments: [
            "setsid sh -c '(echo $$ > told; echo > there; exec sleep 1000) & exit' &",
            "(trap '' TERM HUP INT; sh -c 'echo $$ > told; echo > there; sleep 1000; true' & exit)",
            "sh -c 'echo $$ > told; echo > there; exec sleep 1000' &",
            "setsid sh -c 'exec <&- >&- 2>&-; echo $$ > told; echo > there; exec sleep 1000' &",
            "sh -c 'echo $$ > told; echo > there; kill -STOP $$; sleep 1000' &",
            "env -i setsid /bin/sh -c 'echo $$ > told; echo > there; exec /bin/sleep 1000' &",
        ],
        cgroupParents
    )
    func whatAnAgentLeavesBehindIsKilled(start: String, cgroup: String?) async throws {
        try await Fixture.with(cgroup: cgroup) { fixture in
            let told = try fixture.makePipe("told")
            // The agent goes when what it started has told its number.
            let script = "mkfifo there\n\(start)\nread x < there; exit 4"
            async let ending = fixture.run(script) { $0.cgroupParent = cgroup }
            let pid = try await told.number()
            let record = try #require(try await ending.record)
            #expect(record.ending == .exited(code: 4))
            #expect(record.cutOff == nil)
            #expect(record.stragglersKilled >= 1)
            #expect(ProcessIdentity(pid: pid) == nil)
            let rest = try await fixture.sweep()
            #expect(rest == .nothingFound)
        }
    }

    @Test(
        arguments: [
            "trap '' TERM; echo $$ > told; while :; do sleep 1000; done",
            "trap '' TERM; echo $$ > told; kill -STOP $$; sleep 1000",
            "trap '' TERM; setsid sh -c 'echo $$ > told; sleep 1000' & wait",
            "trap 'sleep 1000' TERM; echo $$ > told; sleep 1000 & wait",
        ],
        cgroupParents
    )
    func whatResistsIsKilledAfterTheGrace(script: String, cgroup: String?) async throws {
        try await Fixture.with(cgroup: cgroup) { fixture in
            let told = try fixture.makePipe("told")
            async let ending = fixture.run(script) { $0.cgroupParent = cgroup }
            let pid = try await told.number()
            await fixture.pool.terminate(runID: fixture.runID, reason: .cancelled, grace: .milliseconds(50))
            let record = try #require(try await ending.record)
            #expect(record.cutOff == .cancelled)
            #expect(ProcessIdentity(pid: pid) == nil)
            let rest = try await fixture.sweep()
            #expect(rest == .nothingFound)
        }
    }

    @Test(arguments: cgroupParents)
    func theWholeTreeHearsTheTermination(cgroup: String?) async throws {
        try await Fixture.with(cgroup: cgroup) { fixture in
            let told = try fixture.makePipe("told")
            // One in the agent's session, one in another, and the agent, which waits for both.
            let script = """
                trap 'echo agent > told' TERM
                for start in '' setsid; do
                    $start sh -c 'trap "echo $0 > told; exit" TERM; echo ready > told; sleep 1000 & wait' child$start &
                done
                wait; wait; wait
                """
            async let ending = fixture.run(script) { $0.cgroupParent = cgroup }
            _ = try await told.lines(2)
            await fixture.pool.terminate(runID: fixture.runID, reason: .cancelled, grace: .seconds(1000))
            #expect(Set(try await told.lines(3)) == ["agent", "child", "childsetsid"])
            let record = try await ending.record
            #expect(record?.stragglersKilled == 0)
        }
    }

    @Test(arguments: cgroupParents)
    func aStoppedAgentIsContinuedToHearTheTermination(cgroup: String?) async throws {
        try await Fixture.with(cgroup: cgroup) { fixture in
            let script = "trap 'exit 5' TERM; kill -STOP $$; sleep 1000 & wait"
            let record = try await fixture.record(script) {
                $0.cgroupParent = cgroup
                $0.timeout = .milliseconds(300)
                $0.grace = .seconds(1000)
            }
            #expect(record.ending == .exited(code: 5))
        }
    }

    @Test(arguments: cgroupParents)
    func aStormOfProcessesIsKilled(cgroup: String?) async throws {
        try await Fixture.with(cgroup: cgroup) { fixture in
            let told = try fixture.makePipe("told")
            // Two hundred, half of them in sessions of their own, all deaf to SIGTERM.
            let script = """
                trap '' TERM; i=0
                while [ $i -lt 100 ]; do sleep 1000 & setsid sleep 1000 & i=$((i+1)); done
                echo > told; wait
                """
            async let ending = fixture.run(script) { $0.cgroupParent = cgroup }
            _ = try await told.lines()
            await fixture.pool.terminate(runID: fixture.runID, reason: .cancelled, grace: .milliseconds(10))
            let record = try #require(try await ending.record)
            #expect(record.stragglersKilled >= 200)
            let rest = try await fixture.sweep()
            #expect(rest == .nothingFound)
        }
    }

    @Test(arguments: cgroupParents)
    func aProcessThatKeepsChangingItsNumberIsCaught(cgroup: String?) async throws {
        try await Fixture.with(cgroup: cgroup) { fixture in
            let told = try fixture.makePipe("told")
            // Every shell starts the next and ends, in another session each time. After the last, one stays.
            let hop = """
                #!/bin/sh
                [ $1 -eq 20 ] && echo > told
                [ $1 -gt 2000 ] && exec sleep 1000
                setsid ./hop $(($1 + 1)) &
                """
            try fixture.scratch.createFile("hop", mode: 0o755).write(all: Array(hop.utf8))
            async let ending = fixture.run("setsid ./hop 0 & sleep 1000") { $0.cgroupParent = cgroup }
            _ = try await told.lines()
            await fixture.pool.terminate(runID: fixture.runID, reason: .cancelled, grace: .zero)
            let record = try await ending.record
            #expect(record != nil)
            let rest = try await fixture.sweep()
            #expect(rest == .nothingFound)
        }
    }

    @Test func aGroupThatCannotBeMadeIsDoneWithout() async throws {
        try await Fixture.with { fixture in
            let record = try await fixture.record("setsid sleep 1000 & exit 3") { $0.cgroupParent = "/proc/nowhere" }
            #expect(record.ending == .exited(code: 3))
            #expect(record.stragglersKilled >= 1)
        }
    }
}
