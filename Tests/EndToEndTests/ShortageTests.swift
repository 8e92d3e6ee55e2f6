// SPDX-License-Identifier: Apache-2.0
// What a worker that cannot do everything does all the same; the fault campaign `resources` has the rest.

import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns) struct ShortageTests {
    @Test func receiptThatCannotBeWrittenHoldsNobodyUp() async throws {
        try await DaemonFixture.working(["MAX_CONCURRENT_TASKS": "2"]) { daemon in
            let gate = try daemon.makeGate()
            for directory in ["triggers/marie/.tmp", "triggers/marie"] {
                try Producer.removeDirectory("\(daemon.root)/\(directory)")
            }
            try SlowWriter("\(daemon.root)/triggers/marie").write("in the way")
            try daemon.submit("long", "say began; pass gate")
            try await daemon.witness(1)
            _ = try await daemon.logEntry("receipt cannot be written")
            try daemon.submit("short", "say ran")
            #expect(try await daemon.result(of: "short").status == .completed)
            #expect(try daemon.names(in: "results/marie").contains("long.json") == false)
            try gate.pass()
            #expect(try await daemon.result(of: "long").status == .completed)
        }
    }
}
