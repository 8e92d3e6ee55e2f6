// SPDX-License-Identifier: Apache-2.0
// Judges an agent that tells in events how it ended.

import QueueModel
import Supervision

extension Judge {
    /// Judges by what the agent said; nil when how its process ended says more.
    ///
    /// Only the agent's own word that the work is done, an answer, and a process that does not contradict are success.
    /// What it said before we ended it still counts: a cut-off takes no work back.
    func byEvents(_ report: AgentReport) -> Outcome? {
        switch report.ending {
        case .succeeded?: success(report)
        case .failed(let finding)?: isOwnEnd ? failure(finding, report) : nil
        case nil: record.cutOff == nil ? silence(report) : nil
        }
    }

    /// Whether the agent was left to its own end; what came after its last word is none of its work.
    private var isOwnEnd: Bool { record.cutOff == nil || record.cutOff == .afterResult }

    private func success(_ report: AgentReport) -> Outcome? {
        if record.cutOff == .outputLimit || record.cutOff == .shutdown { return nil }
        if report.isBusy {
            guard record.cutOff == nil else { return nil }
            return failure(
                AgentFinding(of: .unknown, message: "the agent ended while its background tasks ran"),
                report
            )
        }
        if record.cutOff == nil, record.ending != .exited(code: 0) {
            let message = "the agent said that it was done, then ended with \(endName)"
            return failure(AgentFinding(of: .unknown, message: message), report)
        }
        if !report.deniedTools.isEmpty, !profile.acceptsDenials {
            let tools = report.deniedTools.joined(separator: ", ")
            let message = "the agent was denied \(tools); allow it in the profile's command, or set denials: \"accept\""
            return failure(AgentFinding(.permissionDenied, isPermanent: true, message: message), report)
        }
        guard let output = report.output, output.utf8.contains(where: { $0 > 0x20 }) else {
            return failure(AgentFinding(of: .unknown, message: "the agent ended without an answer"), report)
        }
        return Outcome(failure: nil, exitCode: endCode, output: output, agent: summary, countsTowardBreaker: false)
    }

    /// No event says how the run ended.
    private func silence(_ report: AgentReport) -> Outcome? {
        if case .spawnFailed = record.ending { return nil }
        if report.isLimited {
            return failure(AgentFinding(.usageLimit, message: "the agent's usage limit is reached"), report)
        }
        if let line = stderr.lastLine, let finding = spoken(line) { return failure(finding, report) }
        if case .signalled = record.ending { return nil }
        let line = (stderr.lastLine ?? report.errorMessage).map { ": \($0)" } ?? ""
        let message = "the agent ended with \(endName) and no result\(line)"
        return failure(AgentFinding(.noResult, countsTowardBreaker: true, message: message), report)
    }

    /// What a start that fails says on standard error.
    private func spoken(_ line: String) -> AgentFinding? {
        switch profile.kind {
        case .events(let mapping): return mapping.failureClass(of: line).map { AgentFinding(of: $0, message: line) }
        case .codex: return EventMapping.codex.failureClass(of: line).map { AgentFinding(of: $0, message: line) }
        case .claude:
            if line.hasPrefix("No conversation found") || line.contains("is already in use") {
                return AgentFinding(.agentError, isPermanent: true, message: line)
            }
            // Its own words for a wrong option or file: every task would fail so.
            if line.lowercased().hasPrefix("error: ") {
                return AgentFinding(.agentError, isPermanent: true, countsTowardBreaker: true, message: line)
            }
            var finding = ClaudeText.finding(inLastLine: line)
            finding?.message = line
            return finding
        case .claudeText, .command: return nil
        }
    }

    private var endName: String {
        switch record.ending {
        case .exited(let code): "exit code \(code)"
        case .signalled(let signal): "signal \(signal)"
        case .spawnFailed(let step, _): "a failure of \(step)"
        }
    }

    private func failure(_ finding: AgentFinding, _ report: AgentReport) -> Outcome {
        Outcome(
            failure: Failure(
                reason: finding.reason,
                message: Self.line(finding.message),
                isPermanent: finding.isPermanent
            ),
            exitCode: endCode,
            agent: summary,
            countsTowardBreaker: finding.countsTowardBreaker,
            usageLimitEnd: finding.reason == .usageLimit
                ? report.limitEnd ?? ClaudeText.limitEnd(in: finding.message, after: record.finishedAt) : nil
        )
    }

    /// The first line of the message, of a readable length.
    private static func line(_ message: String) -> String {
        let first = message.drop { $0.isWhitespace }.prefix { !$0.isNewline }
        return OutputExcerpt(String(first)).lastLine ?? "it gave no reason"
    }
}
