// SPDX-License-Identifier: Apache-2.0
// Agents that hang in one way or another, and those that only look as if they did.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns) struct LivenessTests {
    private static let once = ["MAX_RETRIES": "0", "MAX_CONCURRENT_TASKS": "4"]

    private func message(_ daemon: DaemonFixture, _ id: String) async throws -> String {
        let result = try await daemon.result(of: id)
        #expect(result.failure?.reason == .timeout)
        #expect(result.failure?.isPermanent == false)
        #expect(result.exitCode == 124)
        return result.failure?.message ?? ""
    }

    @Test func whoPrintsNoFirstEventIsEndedAndLeavesEvidence() async throws {
        let settings = ["AGENT_START_TIMEOUT": "1", "KILL_GRACE_SECONDS": "0"]
        try await DaemonFixture.faking(Self.once.merging(settings) { $1 }) { daemon in
            try daemon.submit("t1", "mute")
            #expect(try await message(daemon, "t1") == "hung: no event within 1s of its start (start_timeout)")
            let bytes = try await daemon.file("results/marie/t1/evidence.txt")
            let evidence = String(decoding: bytes, as: UTF8.self)
            #expect(evidence.hasPrefix("ended: no sign of life after its start (start_timeout)\n"))
            #expect(evidence.contains("tail -f /dev/null"), "\(evidence)")
            #expect(evidence.contains("last lines of standard error:\nwaiting for nothing\n"))
            let path = "\(daemon.root)/results/marie/t1/evidence.txt"
            #expect(try await daemon.run("show", "t1").output.contains(path))
            let why = try await daemon.run("why", "t1").output
            #expect(why.contains("see what it was doing: \(path)"), "\(why)")
            #expect(why.contains("raise the limit that is named"))
            #expect(try await daemon.run("show", "t1", "--json").output.contains(#""evidence":"\#(path)""#))
        }
    }

    @Test func whoIsSilentAndComputesOutlivesWhoSleeps() async throws {
        try await DaemonFixture.faking(Self.once.merging(["AGENT_SILENCE_TIMEOUT": "2"]) { $1 }) { daemon in
            try daemon.submit("busy", "compute")
            try await daemon.witness(1) { $0.hasPrefix("computing") }
            // It begins later, and is ended earlier.
            try daemon.submit("idle", "hang")
            let words = "hung: no output and no computing for 2s (silence_timeout)"
            #expect(try await message(daemon, "idle") == words)
            try daemon.scratch.directory.createFile("go").close()
            #expect(try await daemon.result(of: "busy").status == .completed)
        }
    }

    @Test func whoSaysItsResultAndStaysHasCompleted() async throws {
        try await DaemonFixture.faking(Self.once.merging(["AGENT_RESULT_GRACE": "1"]) { $1 }) { daemon in
            try daemon.submit("t1", "hang-after")
            try daemon.submit("t2", "error-after 529")
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            #expect(result.output == "ok")
            #expect(try await daemon.result(of: "t2").failure?.reason == .agentError)
        }
    }

    @Test func aToolHasAnEnd() async throws {
        try await DaemonFixture.faking(Self.once.merging(["AGENT_TOOL_TIMEOUT": "1"]) { $1 }) { daemon in
            try daemon.submit("t1", "tool")
            let words = "hung: a tool ran for 1s without a result (tool_timeout)"
            #expect(try await message(daemon, "t1") == words)
        }
    }

    @Test func agentsOfEveryKindAreWatched() async throws {
        let settings = ["AGENT_SILENCE_TIMEOUT": "1", "MAX_RETRIES": "0", "KILL_GRACE_SECONDS": "0"]
        try await DaemonFixture.working(settings) { daemon in
            try daemon.submit("t1", "echo begun; exec tail -f /dev/null")
            #expect(try await message(daemon, "t1") == "hung: no output and no computing for 1s (silence_timeout)")
        }
    }

    @Test func aNewDaemonWatchesWhatAnotherBegan() async throws {
        try await DaemonFixture.faking(Self.once) { daemon in
            try daemon.configure(#"{ agents: { cc: { kind: "claude", silence_timeout: "1h" } } }"#)
            try await daemon.stop()
            try await daemon.start()
            try daemon.submit("t1", "hang")
            try await daemon.witness(1) { $0.hasPrefix("start") }
            try await daemon.crash()
            try daemon.configure(#"{ agents: { cc: { kind: "claude", silence_timeout: 1 } } }"#)
            try await daemon.start()
            #expect(try await message(daemon, "t1") == "hung: no output and no computing for 1s (silence_timeout)")
        }
    }

    @Test func theTimeLimitLeavesEvidenceToo() async throws {
        try await DaemonFixture.faking(Self.once.merging(["TASK_TIMEOUT": "4"]) { $1 }) { daemon in
            try daemon.submit("t1", "hang")
            let evidence = String(decoding: try await daemon.file("results/marie/t1/evidence.txt"), as: UTF8.self)
            #expect(evidence.hasPrefix("ended: its time limit is reached (timeout)\n"))
            #expect(try await daemon.result(of: "t1").failure?.message.hasPrefix("took too long") == true)
        }
    }
}
