// SPDX-License-Identifier: Apache-2.0
// What becomes of agents that print events, and what their events tell.

import Agents
import QueueModel
import SystemKit
import TestSupport
import Testing

/// A recorded output.
private func sample(_ name: String, filePath: String = #filePath) throws -> [UInt8] {
    let slash = filePath.lastIndex(of: "/") ?? filePath.startIndex
    let directory = try Directory.open("\(filePath[..<slash])/Samples")
    return try #require(try directory.read(FileName(name), limit: 1 << 20))
}

private func profile(_ agent: EventEnding.Agent, acceptsDenials: Bool = false) throws -> AgentProfile {
    switch agent {
    case .claude:
        AgentProfile(
            name: try AgentName("cc"),
            kind: .claude,
            arguments: ["claude"],
            acceptsDenials: acceptsDenials
        )
    case .codex: AgentProfile(name: try AgentName("codex"), kind: .codex, arguments: ["codex"])
    case .mapped:
        AgentProfile(
            name: try AgentName("own"),
            kind: .events(
                EventMapping(
                    rules: [
                        .init(when: ["kind": "end"], outcome: .completed, facts: [.output: "answer.text"]),
                        .init(when: ["kind": "limit"], outcome: .failed(.usageLimit), facts: [.resetsAt: "until"]),
                    ],
                    patterns: [.init(text: "please sign in", failureClass: .authentication)]
                )
            ),
            arguments: ["own"],
            promptChannel: .standardInput
        )
    }
}

@Suite struct EventOutcomeTests {
    private func outcome(_ ending: EventEnding) throws -> Outcome {
        let profile = try profile(ending.agent, acceptsDenials: ending.acceptsDenials)
        let bytes =
            switch ending.output {
            case .text(let text): Array(text.utf8)
            case .sample(let name): try sample(name)
            }
        return Outcome.outcome(
            of: try makeRecord(ending.ending, cutOff: ending.cutOff),
            stdout: OutputExcerpt(String(decoding: bytes, as: UTF8.self)),
            stderr: OutputExcerpt(ending.errors),
            report: AgentReport.report(of: bytes, profile: profile),
            profile: profile
        )
    }

    @Test(arguments: EventEnding.all)
    func endingBecomesWhatIsPromised(_ ending: EventEnding) throws {
        let outcome = try outcome(ending)
        let message = "\(outcome.failure?.message ?? "")"
        switch ending.promise {
        case .completed(let answer):
            #expect(outcome.failure == nil)
            #expect(outcome.output == answer)
            #expect(!outcome.countsTowardBreaker)
        case .failed(let reason, let failureClass, let counts):
            #expect(outcome.failure?.reason == reason, "\(message)")
            #expect(outcome.failure?.failureClass == failureClass, "\(message)")
            #expect(outcome.countsTowardBreaker == counts, "\(message)")
            #expect(outcome.output == nil)
            #expect(!message.isEmpty && !message.utf8.contains(UInt8(ascii: "\n")))
        }
    }

    @Test func theTableIsLongEnough() {
        #expect(EventEnding.all.count >= 60)
        #expect(Set(EventEnding.all.map(\.name)).count == EventEnding.all.count)
    }

    @Test func noEventAtAllIsNeverASuccess() throws {
        for agent in [EventEnding.Agent.claude, .codex, .mapped] {
            for ending in [exited(0), exited(1), exited(143), signalled(9), signalled(15)] {
                let ending = EventEnding("x", .completed(""), .text("Done.\n"), agent: agent, ending: ending)
                #expect(try outcome(ending).failure != nil)
            }
        }
    }
}

@Suite struct AgentReportTests {
    @Test func theStreamTellsWhoTheAgentWas() throws {
        let report = AgentReport.report(of: try sample("tool.stream.jsonl"), profile: try profile(.claude))
        #expect(report.model == "claude-opus-5-5")
        #expect(report.sessionID?.utf8.count == 36)
        #expect(report.turns == 2)
        #expect(report.costUSD.map { abs($0 - 0.0016) < 1e-9 } == true)
        #expect(report.usage?["input_tokens"]?.intValue == 200)
        #expect(report.usage?["output_tokens"]?.intValue == 40)
        #expect(report.hasWorked)
    }

    @Test func costOfSeveralResultsIsTheirSumAndOfAResumedSessionItsOwn() throws {
        let several = AgentReport.report(of: try sample("background_task.stream.jsonl"), profile: try profile(.claude))
        #expect(several.costUSD.map { abs($0 - 0.0024) < 1e-9 } == true)
        #expect(several.turns == 3)
        let resumed = """
            {"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"x","total_cost_usd":0.5,\
            "model_usage_since_last_result":{"m":{"costUSD":0.25}}}
            """
        let report = AgentReport.report(of: Array(resumed.utf8), profile: try profile(.claude))
        #expect(report.costUSD == 0.25)
    }

    @Test func tokensOfEarlierRunsInASessionAreNotCountedAgain() throws {
        var report = AgentReport()
        report.usage = ["input_tokens": 300, "output_tokens": 5, "model": "m", "cached_input_tokens": 7]
        let own = report.withoutUsage(of: ["input_tokens": 100, "output_tokens": 9, "model": "m"])
        // A count that has shrunk is of another session, and nothing is taken back.
        let expected: JSONObject = ["input_tokens": 200, "output_tokens": 0, "model": "m", "cached_input_tokens": 7]
        #expect(own.usage == expected)
        #expect(AgentReport().withoutUsage(of: ["input_tokens": 1]).usage == nil)
        #expect(try profile(.codex).tellsSessionUsage)
        #expect(try !profile(.claude).tellsSessionUsage)
    }

    @Test func aUsageLimitTellsWhenItEnds() throws {
        let report = AgentReport.report(of: try sample("usage_limit.stream.jsonl"), profile: try profile(.claude))
        #expect(report.isLimited)
        #expect(report.limitEnd == Timestamp(millisecondsSince1970: 1_795_496_007_000))
        let codex = AgentReport.report(
            of: Array(#"{"kind":"limit","until":1772370000}"#.utf8),
            profile: try profile(.mapped)
        )
        #expect(codex.limitEnd == Timestamp(millisecondsSince1970: 1_772_370_000_000))
    }

    @Test func callsOfToolsAreOpenUntilTheirResults() throws {
        let start =
            #"{"type":"assistant","message":{"content":[{"type":"tool_use","id":"a"},{"type":"tool_use","id":"b"}]}}"#
        let end = #"{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"a"}]}}"#
        func open(_ lines: [String], _ agent: EventEnding.Agent = .claude) throws -> [String] {
            try AgentReport.report(of: Array(lines.joined(separator: "\n").utf8), profile: profile(agent)).openTools
        }
        #expect(try open([start]) == ["a", "b"])
        #expect(try open([start, start, end]) == ["b"])
        #expect(try open([start, #"{"type":"result","subtype":"success"}"#]).isEmpty)
        #expect(try open([start, #"{"type":"user","message":{"content":"text"}}"#]) == ["a", "b"])
        let item = #"{"type":"item.started","item":{"id":"item_1","type":"command_execution"}}"#
        #expect(try open([item], .codex) == ["item_1"])
        #expect(try open([item, item.replacing("started", with: "completed")], .codex).isEmpty)
        #expect(try open([item, #"{"type":"turn.completed"}"#], .codex).isEmpty)
        let whole = AgentReport.report(of: try sample("subagent.stream.jsonl"), profile: try profile(.claude))
        #expect(whole.openTools.isEmpty)
    }

    @Test func whoBeginsAnotherTurnIsNotAtRest() throws {
        func rests(_ lines: [String], _ agent: EventEnding.Agent = .claude) throws -> Bool {
            try AgentReport.report(of: Array(lines.joined(separator: "\n").utf8), profile: profile(agent)).isAtRest
        }
        let result = #"{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"ok"}"#
        let notice = #"{"type":"system","subtype":"task_notification"}"#
        #expect(try rests([result]))
        #expect(try rests([result, notice]))
        for event in [#"{"type":"assistant"}"#, #"{"type":"user"}"#, #"{"type":"system","subtype":"init"}"#] {
            #expect(try !rests([result, event]))
            #expect(try rests([result, event, result]))
        }
        #expect(try rests([#"{"kind":"end"}"#], .mapped))
        #expect(try !rests([#"{"kind":"end"}"#, #"{"kind":"more"}"#], .mapped))
        #expect(try !rests([#"{"kind":"limit","until":1}"#], .mapped))
        #expect(try rests([#"{"type":"turn.completed"}"#], .codex))
    }

    @Test func aLogIsReadAsItGrows() throws {
        let bytes = try sample("tool.stream.jsonl")
        let profile = try profile(.claude)
        try withTemporaryDirectory { scratch in
            let file = try scratch.directory.createFile("log")
            var tail = EventTail(profile: profile)
            var sawOpenTool = false
            #expect(try tail.read(scratch.directory.openFile("log"), limit: 1 << 20))
            #expect(!tail.hasEvents)
            for start in stride(from: 0, to: bytes.count, by: 100) {
                try file.write(all: Array(bytes[start..<min(start + 100, bytes.count)]))
                // A piece at a time, however little may be read at once.
                while try !tail.read(scratch.directory.openFile("log"), limit: 7) {}
                sawOpenTool = sawOpenTool || !tail.report.openTools.isEmpty
            }
            #expect(tail.hasEvents)
            #expect(sawOpenTool)
            #expect(tail.report == AgentReport.report(of: bytes, profile: profile))
        }
    }

    /// The lines of a stream as far as one is wanted.
    private func lines(_ name: String, through last: String) throws -> [UInt8] {
        let lines = String(decoding: try sample(name), as: UTF8.self).split(separator: "\n")
        let end = try #require(lines.lastIndex { $0.contains(last) })
        return Array(lines[...end].joined(separator: "\n").utf8)
    }

    @Test func withPricesTheCostOfAnAnswerIsKnownBeforeItsResult() throws {
        var profile = try profile(.claude)
        func report(through last: String) throws -> AgentReport {
            AgentReport.report(of: try lines("partial.stream.jsonl", through: last), profile: profile)
        }
        #expect(try report(through: "message_stop").costUSD == nil)
        profile.prices = PriceList(["claude-opus-*": TokenPrices(input: 10, output: 50)])
        // A hundred tokens in, one out.
        #expect(try report(through: "message_start").costUSD.map { abs($0 - 0.00105) < 1e-9 } == true)
        let whole = try report(through: "message_stop")
        #expect(whole.costUSD.map { abs($0 - 0.002) < 1e-9 } == true)
        #expect(whole.usage?["output_tokens"]?.intValue == 20)
        // The agent's own account counts in the end.
        let end = try report(through: "total_cost_usd")
        #expect(end.costUSD.map { abs($0 - 0.0008) < 1e-9 } == true)
        #expect(end.usage?["output_tokens"]?.intValue == 20)
        profile.prices = PriceList(["another": TokenPrices(input: 10, output: 50)])
        #expect(try report(through: "message_stop").costUSD == nil)
    }

    @Test func withoutPiecesOfAnswersWhatWasReadHasACost() throws {
        var profile = try profile(.claude)
        profile.prices = PriceList(["*": TokenPrices(input: 10, output: 50)])
        let report = AgentReport.report(of: try lines("tool.stream.jsonl", through: "tool_result"), profile: profile)
        #expect(report.costUSD.map { $0 > 0.001 && $0 < 0.0012 } == true)
    }

    @Test func tokensOfOthersHaveACostToo() throws {
        var profile = try profile(.codex)
        let usage = #""usage":{"input_tokens":1000,"cached_input_tokens":600,"output_tokens":100}"#
        let bytes = Array((#"{"type":"turn.completed","# + usage + "}").utf8)
        #expect(AgentReport.report(of: bytes, profile: profile).costUSD == nil)
        profile.prices = PriceList(["*": TokenPrices(input: 10, output: 100, cacheRead: 1)])
        let cost = AgentReport.report(of: bytes, profile: profile).costUSD
        #expect(cost.map { abs($0 - (400 * 10 + 600 + 100 * 100) / 1e6) < 1e-12 } == true)
    }

    @Test func theLongestNameOfAModelGivesThePrice() {
        let prices = ["a": 1.0, "a-*": 2, "a-b*": 3, "*": 4].mapValues { TokenPrices(input: $0, output: 0) }
        let list = PriceList(prices)
        let expected = [("a", 1.0), ("a-x", 2), ("a-bc", 3), ("ab", 4), ("", 4)]
        for (model, price) in expected { #expect(list.prices(of: model)?.input == price) }
        #expect(list.prices(of: nil)?.input == 4)
        #expect(PriceList(["a": TokenPrices(input: 1, output: 1)]).prices(of: "b") == nil)
    }

    @Test func whatHungIsSaidWithTheLimitAndItsTime() throws {
        var profile = try profile(.claude)
        profile.liveness = LivenessLimits(
            start: .seconds(60),
            silence: .seconds(600),
            tool: .seconds(1800),
            afterResult: .seconds(30)
        )
        func message(_ cutOff: String) throws -> String {
            let record = try makeRecord(exited(143), cutOff: "\"\(cutOff)\"")
            let empty = OutputExcerpt("")
            let outcome = Outcome.outcome(of: record, stdout: empty, stderr: empty, profile: profile)
            #expect(outcome.exitCode == 124)
            return outcome.failure?.message ?? ""
        }
        #expect(try message("start") == "hung: no event within 1m of its start (start_timeout)")
        #expect(try message("silence") == "hung: no output and no computing for 10m (silence_timeout)")
        #expect(try message("tool") == "hung: a tool ran for 30m without a result (tool_timeout)")
        #expect(try message("after_result") == "hung: it did not end within 30s of its result (result_grace)")
        profile.kind = .command
        #expect(try message("start") == "hung: no sign of life within 1m of its start (start_timeout)")
    }

    @Test func eventsOfAnyCutAreTheSame() throws {
        let bytes = try sample("subagent.stream.jsonl")
        let profile = try profile(.claude)
        let whole = AgentReport.report(of: bytes, profile: profile)
        try withTemporaryDirectory { scratch in
            let file = try scratch.directory.createFile("log")
            try file.write(all: bytes)
            #expect(try AgentReport.read(scratch.directory.openFile("log"), profile: profile) == whole)
        }
    }

    @Test func aLongLogIsReadAtItsEndsAlone() throws {
        let profile = try profile(.claude)
        let answer = String(repeating: "é", count: 1_000_000)
        try withTemporaryDirectory { scratch in
            let file = try scratch.directory.createFile("log")
            try file.write(all: Array(#"{"type":"system","subtype":"init","model":"m","session_id":"s"}"#.utf8 + [10]))
            let noise = Array((String(repeating: "x", count: 1 << 20) + "\n").utf8)
            for _ in 0..<32 { try file.write(all: noise) }
            let end = #"{"result":"\#(answer)","is_error":false,"num_turns":1,"subtype":"success","type":"result"}"#
            try file.write(all: Array(end.utf8))
            let report = try AgentReport.read(scratch.directory.openFile("log"), profile: profile)
            #expect(report.model == "m")
            #expect(report.sessionID == "s")
            #expect(report.output == answer)
            #expect(report.ending == .succeeded)
        }
    }
}
