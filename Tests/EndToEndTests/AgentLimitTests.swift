// SPDX-License-Identifier: Apache-2.0
// Agents that print events: their endings, usage limits, the rate of starts, and money.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite(.takesTurns) struct AgentLimitTests {
    /// What a scenario of the fake agent must become.
    static let scenarios: [(String, FailureReason?)] = [
        ("ok", nil), ("slow", nil), ("warned", nil), ("two", nil), ("big", nil), ("cut", nil), ("pipe", nil),
        ("garbage", nil), ("retrying", nil), ("nested", nil), ("children", nil), ("/compact", nil),
        ("error 401", .authentication), ("error 529", .agentError), ("error 400", .agentError),
        ("connection", .agentError), ("turns", .agentError), ("turns-old", .agentError), ("money", .budgetExceeded),
        ("denied", .permissionDenied), ("nothing", .noResult), ("text", .noResult), ("in-use", .agentError),
        ("crash", .signal),
    ]

    /// Further ones: shapes of older versions, ends by signals, and totals.
    static let further: [(String, FailureReason?)] = [
        ("shuffled", nil), ("retrying-fail 529", .agentError), ("old-error", .agentError), ("two-totals", nil),
        ("session-total", nil), ("money-old", .budgetExceeded), ("schema", nil), ("schema-missing", nil),
        ("lost-session", .agentError), ("cleaned", .noResult), ("signalled", .signal), ("interrupted", .interrupted),
        ("killed", .signal), ("holds-output", nil),
    ]

    @Test func shapesOfAllVersionsAreUnderstood() async throws {
        try await DaemonFixture.faking(["CIRCUIT_BREAKER_THRESHOLD": "100", "MAX_RETRIES": "0"]) { daemon in
            for (index, (scenario, _)) in Self.further.enumerated() { try daemon.submit("t\(index)", scenario) }
            for (index, (scenario, reason)) in Self.further.enumerated() {
                let result = try await daemon.result(of: "t\(index)")
                #expect(result.failure?.reason == reason, "\(scenario): \(result.failure?.message ?? "")")
            }
            #expect(try await daemon.result(of: "t3").costUSD == 0.005)
            #expect(try await daemon.result(of: "t3").output == "second")
            #expect(try await daemon.result(of: "t4").costUSD == 0.001)
            #expect(try await daemon.result(of: "t6").output == #"{"name":"bob"}"#)
        }
    }

    @Test func codexIsAnAgentLikeTheOthers() async throws {
        try await DaemonFixture.faking(["MAX_RETRIES": "0"]) { daemon in
            let program = JSONWriter.text(.string(daemon.scratch.path(of: "agent")))
            try daemon.configure(#"{ agents: { cc: { kind: "codex", command: [\#(program)] } } }"#)
            try await daemon.stop()
            try await daemon.start()
            try daemon.submit("t1", "codex")
            let result = try await daemon.result(of: "t1")
            #expect(result.output == "ok")
            #expect(result.agent?.sessionID == "th-1")
            #expect(result.tokens?.total == 12)
            try daemon.submit("t2", "codex-fail")
            #expect(try await daemon.result(of: "t2").failure?.failureClass == .transient)
        }
    }

    @Test func aUsageLimitThatIsOnlyTextHoldsTheAccountBackToo() async throws {
        try await DaemonFixture.faking { daemon in
            try daemon.submit("t1", "limit-text")
            _ = try await daemon.heartbeat { $0.usageLimits.keys.map(\.string) == ["cc"] }
        }
    }

    @Test func everyScenarioBecomesWhatItIs() async throws {
        try await DaemonFixture.faking(["CIRCUIT_BREAKER_THRESHOLD": "100", "CLAUDECODE": "1"]) { daemon in
            for (index, (scenario, _)) in Self.scenarios.enumerated() { try daemon.submit("t\(index)", scenario) }
            for (index, (scenario, reason)) in Self.scenarios.enumerated() {
                let result = try await daemon.result(of: "t\(index)")
                #expect(result.failure?.reason == reason, "\(scenario): \(result.failure?.message ?? "")")
                let isRepeated = reason != nil && result.failure?.isPermanent == false
                #expect(result.attempts.count == (isRepeated ? 2 : 1), "\(scenario)")
                if reason == nil { #expect(result.agent?.name.string == "cc") }
            }
            let two = try await daemon.result(of: "t3")
            #expect(two.output == "second")
            #expect(two.agent?.costUSD.map { abs($0 - 0.008) < 1e-9 } == true)
            #expect(two.agent?.model == "fake-1")
            #expect(two.agent?.sessionID == "s-1")
            #expect(two.agent?.usage?["input_tokens"]?.intValue == 200)
            #expect(try await daemon.result(of: "t4").output?.utf8.count == 1_500_000)
            #expect(try await daemon.result(of: "t5").output == "café")
            #expect(try await daemon.result(of: "t11").output == " /compact")
        }
    }

    @Test func whatHangsIsEndedAndKeepsWhatItHadSaid() async throws {
        try await DaemonFixture.faking(["TASK_TIMEOUT": "1", "MAX_RETRIES": "0"]) { daemon in
            for scenario in ["hang", "hang-after", "stubborn", "stubborn-after"] {
                try daemon.submit(scenario, scenario)
            }
            #expect(try await daemon.result(of: "hang").failure?.reason == .timeout)
            #expect(try await daemon.result(of: "stubborn").failure?.reason == .timeout)
            for scenario in ["hang-after", "stubborn-after"] {
                let after = try await daemon.result(of: scenario)
                #expect(after.status == .completed)
                #expect(after.output == "ok")
            }
        }
    }

    @Test(arguments: [false, true])
    func aUsageLimitHoldsEverythingBackAndChargesNobody(_ isKilled: Bool) async throws {
        try await DaemonFixture.faking(["MAX_CONCURRENT_TASKS": "2", "MAX_RETRIES": "0"]) { daemon in
            let ids = (0..<30).map { "t\($0)" }
            for id in ids { try daemon.submit(id, id == "t7" ? "limit 4" : "ok") }
            let limited = try await daemon.heartbeat { !$0.usageLimits.isEmpty }
            #expect(limited.usageLimits.keys.map(\.string) == ["cc"])
            if isKilled {
                try await daemon.crash()
                try await daemon.start()
            }
            let why = try await daemon.run("why", "t29")
            #expect(why.output.contains("usage limit of the account cc is reached"), "\(why.output)")
            for id in ids {
                let result = try await daemon.result(of: id)
                #expect(result.status == .completed)
                #expect(result.retryCount == 0)
                #expect(result.attempts.count == 1)
            }
            let lines = try daemon.witness().map { $0.split(separator: " ").map(String.init) }
            let limit = try #require(lines.first { $0[0] == "limit" })
            let (met, end) = (try #require(Double(limit[1])), try #require(Double(limit[2])))
            let starts = lines.filter { $0[0] == "start" }.compactMap { Double($0[2]) }
            #expect(starts.count { $0 > met && $0 < end } <= 1)
            #expect(starts.count == 31)
        }
    }

    @Test func neverMoreStartsThanTheRateAllows() async throws {
        try await DaemonFixture.faking(["RATE_LIMIT": "3/2s"]) { daemon in
            for index in 0..<7 { try daemon.submit("t\(index)", "ok") }
            let heartbeat = try await daemon.heartbeat { $0.waiting[.rateLimit] != nil }
            #expect(heartbeat.rateLimit?["limit"]?.intValue == 3)
            var starts: [Int64] = []
            for index in 0..<7 {
                starts.append(try #require(try await daemon.result(of: "t\(index)").startedAt).millisecondsSince1970)
            }
            starts.sort()
            for (first, fourth) in zip(starts, starts.dropFirst(3)) { #expect(fourth - first >= 1900) }
        }
    }

    @Test func spentMoneyHoldsTheQueueAndSurvivesARestart() async throws {
        let settings = ["DAILY_BUDGET_USD": "0.01", "MAX_CONCURRENT_TASKS": "1"]
        try await DaemonFixture.faking(settings) { daemon in
            for index in 0..<5 { try daemon.submit("t\(index)", "ok") }
            for index in 0..<3 { #expect(try await daemon.result(of: "t\(index)").status == .completed) }
            let spent = try await daemon.heartbeat { $0.budget?.isSpent == true && $0.waiting[.budget] == 2 }
            #expect(spent.costUSD.map { abs($0 - 0.012) < 1e-9 } == true)
            #expect(try await daemon.run("why", "t4").output.contains("the day's money is spent"))
            #expect(try await daemon.stop() == .exited(0))
            try await daemon.start()
            _ = try await daemon.heartbeat { $0.budget?.isSpent == true && $0.waiting[.budget] == 2 }
            let bytes = try #require(try daemon.scratch.directory.read("arguments", limit: 1 << 16))
            let arguments = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            #expect(arguments.count == 3)
            #expect(arguments.first?.hasSuffix("--max-budget-usd 0.01") == true)
            #expect(arguments.last?.hasSuffix("--max-budget-usd 0.002") == true)
        }
    }

    @Test func aTaskMayHaveItsOwnMoney() async throws {
        try await DaemonFixture.faking { daemon in
            try daemon.submit("t1", "ok", ["max_cost_usd": 0.5])
            let result = try await daemon.result(of: "t1")
            #expect(result.attempts.first?.costUSD == 0.004)
            try daemon.submit("t2", "money", ["max_cost_usd": 0.5])
            #expect(try await daemon.result(of: "t2").failure?.reason == .budgetExceeded)
            try daemon.submit("t3", "ok", ["max_cost_usd": -1])
            #expect(try await daemon.deadLetter(of: "t3").reason == .invalidTask)
            let bytes = try #require(try daemon.scratch.directory.read("arguments", limit: 1 << 16))
            #expect(String(decoding: bytes, as: UTF8.self).contains("--max-budget-usd 0.5"))
        }
    }
}
