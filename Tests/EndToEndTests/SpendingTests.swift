// SPDX-License-Identifier: Apache-2.0
// Agents that cost more and more while they run.

import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns) struct SpendingTests {
    private static let profiles =
        #"{ agents: { cc: { kind: "claude", prices: { "fake-*": { input: 1, output: 1 } } } } }"#

    private func priced(
        _ settings: [String: String] = [:],
        _ body: (DaemonFixture) async throws -> Void
    ) async throws {
        let usual = ["MAX_CONCURRENT_TASKS": "2", "MAX_RETRIES": "0", "KILL_GRACE_SECONDS": "0"]
        try await DaemonFixture.faking(usual.merging(settings) { $1 }) { daemon in
            try daemon.configure(Self.profiles)
            try await daemon.stop()
            try await daemon.start()
            try await body(daemon)
        }
    }

    private func live(_ heartbeat: HeartbeatRecord) -> Double { heartbeat.liveCostUSD.values.reduce(0, +) }

    @Test func whoSpendsItsMoneyIsStoppedAndCanBeResumed() async throws {
        try await priced { daemon in
            let purse = try daemon.makeGate("purse")
            try daemon.submit("t1", "spend purse", ["max_cost_usd": 1])
            try purse.pass(8)
            let heartbeat = try await daemon.heartbeat { live($0) > 0.79 }
            #expect(live(heartbeat) < 0.81)
            #expect(heartbeat.liveCostUSD.keys.map(\.string) == ["t1"])
            try purse.pass(2)
            let result = try await daemon.result(of: "t1")
            #expect(result.failure?.reason == .budgetExceeded)
            #expect(result.failure?.message.contains("it has cost $1, all that it may") == true)
            #expect(result.agent?.sessionID == "s-1")
            #expect(result.agent?.costUSD.map { $0 >= 0.99 && $0 <= 1.2 } == true)
            #expect(result.attempts.first?.costUSD == result.agent?.costUSD)
            #expect(result.agent?.usage?["output_tokens"]?.intValue == 400_000)
            #expect(daemon.logText.contains("four fifths of the task's money are spent"))
            try daemon.submit("t2", "ok", ["session_id": "s-1"])
            #expect(try await daemon.result(of: "t2").status == .completed)
            let bytes = try #require(try daemon.scratch.directory.read("arguments", limit: 1 << 16))
            let arguments = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            #expect(arguments.first?.contains("--include-partial-messages") == true)
            #expect(arguments.last?.contains("--resume s-1") == true)
        }
    }

    @Test func attemptsThatRunAtOnceShareTheDaysMoney() async throws {
        try await priced(["DAILY_BUDGET_USD": "1"]) { daemon in
            let purses = [try daemon.makeGate("first"), try daemon.makeGate("second")]
            try daemon.submit("t1", "spend first")
            try daemon.submit("t2", "spend second")
            for purse in purses { try purse.pass(4) }
            _ = try await daemon.heartbeat { live($0) > 0.79 }
            for purse in purses { try purse.pass(1) }
            let spent = try await daemon.heartbeat { $0.budget?.isSpent == true && $0.waiting[.budget] == 2 }
            #expect(spent.liveCostUSD.isEmpty)
            #expect(spent.budget.map { $0.spentUSD <= 1.2 } == true)
            #expect(spent.stats.tasksFailed == 0)
            let text = daemon.logText
            #expect(text.split(separator: "four fifths of the day's money").count == 2)
            #expect(text.split(separator: "the day's money is spent, nothing").count == 2)
            // What a run has cost that does not count is not forgotten.
            _ = try await daemon.run("cancel", "t1")
            #expect(try await daemon.result(of: "t1").costUSD.map { abs($0 - 0.5) < 1e-6 } == true)
        }
    }

    @Test func costsAreShownWhereOneLooks() async throws {
        try await DaemonFixture.faking(["MAX_RETRIES": "1"]) { daemon in
            try daemon.submit("t1", "costly-failure 529", ["group": "g"])
            let result = try await daemon.result(of: "t1")
            #expect(result.attempts.map(\.costUSD) == [0.004, 0.004])
            #expect(result.attempts.map { $0.tokens?.total } == [120, 120])
            #expect(result.costUSD == 0.008)
            #expect(result.tokens?[.output] == 40)
            let shown = try await daemon.run("show", "t1").output
            #expect(shown.contains("$0.008, 240 tokens"), "\(shown)")
            #expect(shown.contains(", $0.004, 120 tokens: "), "\(shown)")
            #expect(try await daemon.run("list", "--json").output.contains(#""cost_usd":0.008"#))
            let today = try await daemon.heartbeat { $0.today?.tokens.total == 240 }
            #expect(today.today?.costUSD == 0.008)
            try await daemon.stop()
            try await daemon.start()
            _ = try await daemon.heartbeat { $0.status == .healthy && $0.today == today.today }
            #expect(try await daemon.run("status").output.contains("$0.008, 240 tokens"))
            #expect(
                try await daemon.page("/metrics").body.contains("watcher_agent_cost_today_usd{worker=\"marie\"} 0.008")
            )
        }
    }

    @Test func aNewDaemonKnowsWhatWasSpentBefore() async throws {
        try await priced { daemon in
            let purse = try daemon.makeGate("purse")
            try daemon.submit("t1", "spend purse", ["max_cost_usd": 0.5])
            try purse.pass(4)
            _ = try await daemon.heartbeat { live($0) > 0.39 }
            try await daemon.crash()
            try purse.pass(1)
            try await daemon.start()
            let result = try await daemon.result(of: "t1")
            #expect(result.failure?.reason == .budgetExceeded)
            #expect(result.agent?.costUSD.map { abs($0 - 0.5) < 1e-9 } == true)
        }
    }
}
