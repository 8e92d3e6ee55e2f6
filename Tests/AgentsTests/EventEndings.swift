// SPDX-License-Identifier: Apache-2.0
// The endings of agents that print events, as a table.

import QueueModel
import Testing

/// An ending of an agent that prints events, and what must become of it.
struct EventEnding: Sendable, CustomTestStringConvertible {
    /// What the table promises.
    enum Promise: Sendable, Equatable {
        /// The work is done, with this answer.
        case completed(String)
        /// It failed: why, of which class, whether the breaker counts it.
        case failed(FailureReason, FailureClass, counts: Bool)
    }
    /// Whose events they are.
    enum Agent: Sendable { case claude, codex, mapped }
    /// Where standard output comes from.
    enum Output: Sendable {
        case text(String)
        case sample(String)
    }

    let name: String
    let promise: Promise
    var agent = Agent.claude
    var ending = exited(0)
    var cutOff = "null"
    var output = Output.text("")
    var errors = ""
    var acceptsDenials = false

    var testDescription: String { name }

    init(
        _ name: String,
        _ promise: Promise,
        _ output: Output = .text(""),
        agent: Agent = .claude,
        ending: String = exited(0),
        cutOff: String? = nil,
        errors: String = "",
        acceptsDenials: Bool = false
    ) {
        self.name = name
        self.promise = promise
        self.output = output
        self.agent = agent
        self.ending = ending
        self.cutOff = cutOff.map { "\"\($0)\"" } ?? "null"
        self.errors = errors
        self.acceptsDenials = acceptsDenials
    }

    static let all: [EventEnding] = recorded + claude + cutOffs + silent + codex + mapped

    // MARK: Recorded from the real program

    static let recorded = [
        EventEnding("a plain answer", .completed("Hello from the mock."), .sample("text.stream.jsonl")),
        EventEnding("the format json", .completed("Hello from the mock."), .sample("text.json")),
        EventEnding("a tool call", .completed("The command ran."), .sample("tool.stream.jsonl")),
        EventEnding("partial messages", .completed("abcdefghij"), .sample("partial.stream.jsonl")),
        EventEnding("a retry within", .completed("Answer after a 429."), .sample("retry.stream.jsonl")),
        EventEnding("a background command", .completed("finished"), .sample("background_task.stream.jsonl")),
        EventEnding("a subagent", .completed("parent done"), .sample("subagent.stream.jsonl")),
        EventEnding("a resumed session", .completed("Hello from the mock."), .sample("session_resumed.json")),
        EventEnding(
            "a denied tool, exit code 0",
            .failed(.permissionDenied, .permanent, counts: false),
            .sample("denied.stream.jsonl")
        ),
        EventEnding(
            "a denied tool that the profile accepts",
            .completed("File written."),
            .sample("denied.stream.jsonl"),
            acceptsDenials: true
        ),
        EventEnding(
            "a wrong key",
            .failed(.authentication, .authentication, counts: true),
            .sample("auth.json"),
            ending: exited(1)
        ),
        EventEnding(
            "overloaded",
            .failed(.agentError, .transient, counts: true),
            .sample("overloaded.stream.jsonl"),
            ending: exited(1)
        ),
        EventEnding(
            "a usage limit",
            .failed(.usageLimit, .usageLimit, counts: false),
            .sample("usage_limit.stream.jsonl"),
            ending: exited(1)
        ),
        EventEnding(
            "a usage limit, the format json",
            .failed(.usageLimit, .usageLimit, counts: false),
            .sample("usage_limit.json"),
            ending: exited(1)
        ),
        EventEnding(
            "out of turns",
            .failed(.agentError, .permanent, counts: false),
            .sample("max_turns.json"),
            ending: exited(1)
        ),
        EventEnding(
            "out of budget",
            .failed(.budgetExceeded, .permanent, counts: false),
            .sample("max_budget.json"),
            ending: exited(1)
        ),
        EventEnding(
            "a schema that is never met",
            .failed(.agentError, .permanent, counts: false),
            .sample("schema_failed.json"),
            ending: exited(1)
        ),
        EventEnding(
            "an unknown session",
            .failed(.agentError, .permanent, counts: false),
            .sample("resume_unknown.stream.jsonl"),
            ending: exited(1)
        ),
        EventEnding(
            "SIGINT, exit code 0",
            .failed(.interrupted, .interrupted, counts: false),
            .sample("sigint.stream.jsonl")
        ),
    ]

    // MARK: The shapes of other versions and errors

    private static func result(_ fields: String) -> Output { .text("{\"type\":\"result\",\(fields)}\n") }
    private static func error(_ status: String, _ text: String, _ more: String = "") -> Output {
        result(
            #""subtype":"success","is_error":true,"num_turns":1,"api_error_status":\#(status),"result":"\#(text)"\#(more)"#
        )
    }
    private static let done = #""subtype":"success","is_error":false,"num_turns":1,"result":"ok""#

    static let claude = [
        EventEnding(
            "403",
            .failed(.authentication, .authentication, counts: true),
            error("403", "no"),
            ending: exited(1)
        ),
        EventEnding("404", .failed(.agentError, .permanent, counts: true), error("404", "model"), ending: exited(1)),
        EventEnding("400", .failed(.agentError, .permanent, counts: false), error("400", "bad"), ending: exited(1)),
        EventEnding("413", .failed(.agentError, .permanent, counts: false), error("413", "large"), ending: exited(1)),
        EventEnding("429", .failed(.agentError, .transient, counts: true), error("429", "slow"), ending: exited(1)),
        EventEnding("500", .failed(.agentError, .transient, counts: true), error("500", "oops"), ending: exited(1)),
        EventEnding("502", .failed(.agentError, .transient, counts: true), error("502", "oops"), ending: exited(1)),
        EventEnding(
            "no credit",
            .failed(.usageLimit, .usageLimit, counts: false),
            error("400", "Credit balance is too low"),
            ending: exited(1)
        ),
        EventEnding(
            "connection refused",
            .failed(.agentError, .transient, counts: true),
            error("null", "x", #","api_error":"connection_failed""#),
            ending: exited(1)
        ),
        EventEnding(
            "connection reset, by words alone",
            .failed(.agentError, .transient, counts: true),
            error("null", "Connection dropped (ECONNRESET)"),
            ending: exited(1)
        ),
        EventEnding(
            "an older version's 401, without a status",
            .failed(.authentication, .authentication, counts: true),
            result(#""subtype":"success","is_error":true,"num_turns":1,"result":"Invalid API key · Fix it""#),
            ending: exited(1)
        ),
        EventEnding(
            "an older version's usage limit",
            .failed(.usageLimit, .usageLimit, counts: false),
            result(
                #""subtype":"success","is_error":true,"num_turns":1,"result":"Limit reached resets 4:42am (UTC) · ""#
            ),
            ending: exited(1)
        ),
        EventEnding(
            "an older version out of turns, exit code 0",
            .failed(.agentError, .permanent, counts: false),
            result(#""subtype":"error_max_turns","is_error":false,"num_turns":3"#)
        ),
        EventEnding(
            "an older version out of budget, exit code 0",
            .failed(.budgetExceeded, .permanent, counts: false),
            result(#""subtype":"error_max_budget_usd","is_error":false,"num_turns":3"#)
        ),
        EventEnding(
            "a refusal",
            .failed(.agentError, .transient, counts: false),
            error("null", "I cannot", #","stop_reason":"refusal""#),
            ending: exited(1)
        ),
        EventEnding(
            "no turn at all",
            .failed(.noResult, .notRun, counts: false),
            result(#""subtype":"success","is_error":false,"num_turns":0,"result":"""#)
        ),
        EventEnding(
            "an empty answer",
            .failed(.noResult, .unknown, counts: true),
            result(#""subtype":"success","is_error":false,"num_turns":2,"result":"  \n""#)
        ),
        EventEnding(
            "success, then exit code 1",
            .failed(.noResult, .unknown, counts: true),
            result(done),
            ending: exited(1)
        ),
        EventEnding(
            "success without a word about errors",
            .failed(.agentError, .transient, counts: false),
            result(#""subtype":"success","num_turns":1,"result":"ok""#)
        ),
        EventEnding(
            "a warning about the limit, then success",
            .completed("ok"),
            .text(
                "{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":\"allowed_warning\"}}\n{\"type\":\"result\",\(done)}\n"
            )
        ),
        EventEnding(
            "an answer that quotes the words of a limit",
            .completed("You've hit your limit"),
            result(#""subtype":"success","is_error":false,"num_turns":1,"result":"You've hit your limit""#)
        ),
        EventEnding(
            "keys in another order, noise and no newline at the end",
            .completed("ok"),
            .text("warning: x\n\n\u{1B}[0m\u{0}\n{\"type\":\"new\"}\n[1]\n{\(done),\"type\":\"result\"}")
        ),
        EventEnding(
            "half a character in the answer",
            .completed("a\u{FFFD}b"),
            result(#""subtype":"success","is_error":false,"num_turns":1,"result":"a\ud83db""#)
        ),
        EventEnding(
            "an error after a first success",
            .failed(.agentError, .transient, counts: true),
            .text(
                "{\"type\":\"result\",\(done)}\n{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,\"api_error_status\":529,\"result\":\"x\"}\n"
            ),
            ending: exited(1)
        ),
    ]

    // MARK: Ended by us

    private static let working = Output.text(#"{"type":"assistant","message":{"model":"m","content":[]}}"# + "\n")

    static let cutOffs = [
        EventEnding(
            "no first event",
            .failed(.timeout, .timeout, counts: true),
            ending: exited(143),
            cutOff: "start"
        ),
        EventEnding(
            "silent at work",
            .failed(.timeout, .timeout, counts: false),
            working,
            ending: exited(143),
            cutOff: "silence"
        ),
        EventEnding(
            "a tool without end",
            .failed(.timeout, .timeout, counts: false),
            working,
            ending: exited(143),
            cutOff: "tool"
        ),
        EventEnding(
            "its result, and no end",
            .completed("ok"),
            result(done),
            ending: signalled(9),
            cutOff: "after_result"
        ),
        EventEnding(
            "its failure, and no end",
            .failed(.agentError, .transient, counts: true),
            result(#""subtype":"success","is_error":true,"api_error_status":529,"result":"x""#),
            ending: exited(143),
            cutOff: "after_result"
        ),
        EventEnding(
            "its money is spent",
            .failed(.budgetExceeded, .permanent, counts: false),
            working,
            ending: exited(143),
            cutOff: "budget"
        ),
        EventEnding(
            "its result, and then its money was spent",
            .completed("ok"),
            result(done),
            ending: exited(143),
            cutOff: "budget"
        ),
        EventEnding(
            "took too long at work",
            .failed(.timeout, .timeout, counts: false),
            working,
            ending: exited(143),
            cutOff: "timeout"
        ),
        EventEnding(
            "took too long without a sign of life",
            .failed(.timeout, .timeout, counts: true),
            ending: signalled(9),
            cutOff: "timeout"
        ),
        EventEnding("stopped after its result", .completed("ok"), result(done), ending: exited(143), cutOff: "timeout"),
        EventEnding(
            "cancelled after its result",
            .completed("ok"),
            result(done),
            ending: exited(143),
            cutOff: "cancelled"
        ),
        EventEnding(
            "cancelled",
            .failed(.cancelled, .cancelled, counts: false),
            working,
            ending: exited(143),
            cutOff: "cancelled"
        ),
        EventEnding(
            "stopped with background tasks",
            .failed(.timeout, .timeout, counts: false),
            .text(
                "{\"type\":\"assistant\"}\n{\"type\":\"system\",\"subtype\":\"background_tasks_changed\",\"tasks\":[{}]}\n{\"type\":\"result\",\(done)}\n"
            ),
            ending: exited(143),
            cutOff: "timeout"
        ),
        EventEnding(
            "wrote too much",
            .failed(.outputLimit, .permanent, counts: false),
            working,
            ending: signalled(9),
            cutOff: "output_limit"
        ),
    ]

    // MARK: Without an end

    static let silent = [
        EventEnding("exit code 0 and nothing", .failed(.noResult, .unknown, counts: true)),
        EventEnding("exit code 0 and text alone", .failed(.noResult, .unknown, counts: true), .text("all done\n")),
        EventEnding("killed", .failed(.signal, .unknown, counts: true), working, ending: signalled(9)),
        EventEnding(
            "crashed in the middle of its result",
            .failed(.noResult, .unknown, counts: true),
            .text("{\"type\":\"result\",\"subtype\":\"succ"),
            ending: exited(139)
        ),
        EventEnding(
            "a wrong option",
            .failed(.agentError, .permanent, counts: true),
            ending: exited(1),
            errors: "error: unknown option '--x'\n"
        ),
        EventEnding(
            "a session in use",
            .failed(.agentError, .permanent, counts: false),
            ending: exited(1),
            errors: "Error: Session ID 1 is already in use.\n"
        ),
        EventEnding(
            "an unknown session, told twice",
            .failed(.agentError, .permanent, counts: false),
            .text(
                #"{"type":"result","subtype":"error_during_execution","is_error":true,"num_turns":0,"session_id":"1","#
                    + #""errors":["No conversation found with session ID: 1"]}"#
            ),
            ending: exited(1),
            errors: "No conversation found with session ID: 1\n"
        ),
        EventEnding(
            "not logged in, on standard error",
            .failed(.authentication, .authentication, counts: true),
            ending: exited(1),
            errors: "Not logged in · Please run /login\n"
        ),
        EventEnding(
            "a limit and no result",
            .failed(.usageLimit, .usageLimit, counts: false),
            .text(#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1772370000}}"#),
            ending: exited(1)
        ),
        EventEnding("no program", .failed(.spawnFailed, .notRun, counts: true), ending: spawnFailed("search", 2)),
    ]

    // MARK: Other agents

    private static func turnFailed(_ message: String) -> Output {
        .text(
            "{\"type\":\"thread.started\",\"thread_id\":\"t\"}\n{\"type\":\"turn.failed\",\"error\":{\"message\":\"\(message)\"}}\n"
        )
    }
    private static let codexDone = """
        {"type":"thread.started","thread_id":"0199"}
        {"type":"turn.started"}
        {"type":"item.completed","item":{"id":"i0","type":"agent_message","text":"Hi."}}
        {"type":"turn.completed","usage":{"input_tokens":10,"cached_input_tokens":0,"output_tokens":5}}

        """

    static let codex = [
        EventEnding("codex: done", .completed("Hi."), .text(codexDone), agent: .codex),
        EventEnding(
            "codex: done, exit code 1",
            .failed(.noResult, .unknown, counts: true),
            .text(codexDone),
            agent: .codex,
            ending: exited(1)
        ),
        EventEnding(
            "codex: usage limit",
            .failed(.usageLimit, .usageLimit, counts: false),
            turnFailed("You've hit your usage limit. Try again later."),
            agent: .codex,
            ending: exited(1)
        ),
        EventEnding(
            "codex: quota",
            .failed(.usageLimit, .usageLimit, counts: false),
            turnFailed("Quota exceeded. Check your plan."),
            agent: .codex,
            ending: exited(1)
        ),
        EventEnding(
            "codex: 401",
            .failed(.authentication, .authentication, counts: true),
            turnFailed("unexpected status 401 Unauthorized: x"),
            agent: .codex,
            ending: exited(1)
        ),
        EventEnding(
            "codex: 500",
            .failed(.agentError, .transient, counts: true),
            turnFailed("unexpected status 500 Internal Server Error"),
            agent: .codex,
            ending: exited(1)
        ),
        EventEnding(
            "codex: unknown words",
            .failed(.noResult, .unknown, counts: true),
            turnFailed("what?"),
            agent: .codex,
            ending: exited(1)
        ),
        EventEnding(
            "codex: an unknown session",
            .failed(.agentError, .permanent, counts: false),
            agent: .codex,
            ending: exited(1),
            errors: "Error: thread/resume: thread/resume failed: no rollout found for thread id 1 (code -32600)\n"
        ),
        EventEnding("codex: nothing", .failed(.noResult, .unknown, counts: true), agent: .codex),
    ]

    static let mapped = [
        EventEnding(
            "mapped: done",
            .completed("yes"),
            .text(#"{"kind":"end","answer":{"text":"yes"}}"#),
            agent: .mapped
        ),
        EventEnding(
            "mapped: a named class",
            .failed(.usageLimit, .usageLimit, counts: false),
            .text(#"{"kind":"limit","until":1772370000}"#),
            agent: .mapped,
            ending: exited(3)
        ),
        EventEnding(
            "mapped: a pattern on standard error",
            .failed(.authentication, .authentication, counts: true),
            agent: .mapped,
            ending: exited(2),
            errors: "fatal: PLEASE SIGN IN\n"
        ),
        EventEnding("mapped: exit code 0 alone", .failed(.noResult, .unknown, counts: true), agent: .mapped),
    ]
}
