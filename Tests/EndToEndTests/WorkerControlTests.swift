// SPDX-License-Identifier: Apache-2.0
// Pausing, scaling and draining a worker that runs.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns, .guardedAgainstHangs) struct WorkerControlTests {
    @Test func pauseHoldsOverARestart() async throws {
        try await DaemonFixture.working { daemon in
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say begins; pass gate; say ends")
            try await daemon.witness(1)
            let pause = try await daemon.run("pause", "marie")
            #expect(pause.status == .exited(0))
            #expect(pause.output == "marie is paused; 1 still run\n")
            try daemon.submit("t2", "say ran")
            _ = try await daemon.heartbeat { $0.status == .paused && $0.waiting[.paused] == 1 }
            // What runs goes on to its end.
            try gate.pass()
            #expect(try await daemon.result(of: "t1").status == .completed)
            try await daemon.crash()
            try await daemon.start()
            _ = try await daemon.heartbeat { $0.status == .paused && $0.waiting[.paused] == 1 && $0.activeTasks == 0 }
            let show = try await daemon.run("show", "t2", "--json")
            #expect(show.output.contains(#""cause":"paused""#))
            #expect(try daemon.witness() == ["t1 1 begins", "t1 1 ends"])
            let resume = try await daemon.run("resume", "marie")
            #expect(resume.output == "marie is resumed\n")
            #expect(try await daemon.result(of: "t2").status == .completed)
            #expect(try await daemon.run("resume", "marie").output == "marie was not paused\n")
        }
    }

    @Test func pauseWithoutADaemonHoldsFromItsStart() async throws {
        try await DaemonFixture.idle { daemon in
            try daemon.submit("t1", "say ran")
            let pause = try await daemon.run("pause", "marie")
            #expect(pause.status == .exited(0))
            #expect(pause.errors.hasPrefix("it starts paused: no daemon serves marie yet"))
            try await daemon.start()
            _ = try await daemon.heartbeat { $0.status == .paused && $0.waiting[.paused] == 1 }
            #expect(try await daemon.run("resume", "marie").status == .exited(0))
            _ = try await daemon.result(of: "t1")
            let unknown = try await daemon.run("pause", "mari")
            #expect(unknown.status == .exited(1))
            #expect(unknown.errors.contains("there is no worker mari; known are anga, fabien, marie"))
            try await daemon.expectCleanEnd()
        }
    }

    @Test func scaleChangesSlotsWithoutARestart() async throws {
        try await DaemonFixture.working(["MAX_CONCURRENT_TASKS": "1"]) { daemon in
            let gate = try daemon.makeGate()
            for number in 1...4 { try daemon.submit("t\(number)", "say begins; pass gate") }
            try await daemon.witness(1)
            let pid = try daemon.daemon.pid
            let up = try await daemon.run("scale", "marie", "3")
            #expect(up.status == .exited(0))
            #expect(up.output == "marie runs up to 3 tasks at once\n")
            try await daemon.witness(3)
            let heartbeat = try await daemon.heartbeat { $0.activeTasks == 3 }
            #expect(heartbeat.maxConcurrent == 3)
            #expect(heartbeat.pid == pid)
            #expect(try daemon.busySupervisors().count == 3)
            let down = try await daemon.run("scale", "marie", "1")
            #expect(down.output == "marie runs up to 1 task at once\n")
            // What runs goes on; nothing starts before only one is left.
            try gate.pass(2)
            _ = try await daemon.heartbeat { $0.activeTasks == 1 && $0.queueSize == 1 }
            #expect(try daemon.witness().count == 3)
            try gate.pass(2)
            for number in 1...4 { _ = try await daemon.result(of: "t\(number)") }
            for wrong in ["0", "257", "x"] {
                #expect(try await daemon.run("scale", "marie", wrong).status == .exited(64))
            }
        }
    }

    @Test func drainFinishesWhatRunsAndStopsOneWorkerOfSeveral() async throws {
        let configure: (inout DaemonFixture.Options) -> Void = {
            $0.arguments = ["up"]
        }
        try await DaemonFixture.idle(["WORKERS": "marie,anga"], configure: configure) { daemon in
            try await daemon.start()
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say begins; pass gate; say ends")
            try await daemon.witness(1)
            let drain = try await daemon.run("drain", "marie")
            #expect(drain.status == .exited(0))
            #expect(drain.output == "marie drains; 1 still run\n")
            try daemon.submit("t2", "say never")
            try gate.pass()
            #expect(try await daemon.result(of: "t1").status == .completed)
            _ = try await daemon.heartbeat { $0.status == .stopped }
            // The other one takes tasks as before.
            let submit = try await daemon.run("submit", "anga", "say went on", "--id", "t3", "--wait")
            #expect(submit.status == .exited(0))
            #expect(try daemon.witness() == ["t1 1 begins", "t1 1 ends", "t3 1 went on"])
            let absent = try await daemon.run("drain", "marie")
            #expect(absent.status == .exited(2))
            // With the last worker the daemon ends, and that is no error.
            #expect(try await daemon.run("drain", "anga").status == .exited(0))
            #expect(try await daemon.daemon.waitForExit() == .exited(0))
        }
    }

    @Test func drainThatTakesTooLongLeavesOnlyItsOwnAttemptsToTheirSupervisors() async throws {
        let configure: (inout DaemonFixture.Options) -> Void = {
            $0.arguments = ["up"]
        }
        try await DaemonFixture.idle(["WORKERS": "marie,anga", "DRAIN_TIMEOUT": "0"], configure: configure) { daemon in
            try await daemon.start()
            let gate = try daemon.makeGate()
            try daemon.submit("t1", "say begins; pass gate; say ends")
            let other = try await daemon.run("submit", "anga", "say begins; pass gate; echo fine", "--id", "t2")
            #expect(other.status == .exited(0))
            try await daemon.witness(2)
            #expect(try await daemon.run("drain", "marie").status == .exited(0))
            _ = try await daemon.heartbeat { $0.status == .stopped }
            #expect(try daemon.busySupervisors().count == 2)
            try gate.pass(2)
            let show = try await daemon.run("submit", "anga", "echo later", "--id", "t4", "--wait")
            #expect(show.status == .exited(0))
            _ = try await daemon.file("results/anga/t2.json")
            try await daemon.stop()
            // The next daemon takes the outcome up.
            try await daemon.start()
            #expect(try await daemon.result(of: "t1").status == .completed)
            try await daemon.expectCleanEnd()
        }
    }
}
