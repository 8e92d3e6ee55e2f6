// SPDX-License-Identifier: Apache-2.0
// From an exit record and the output to an outcome.

import QueueModel
package import Supervision
import SystemKit

extension Outcome {
    /// Judges an attempt; only an agent that came to its own end with exit code 0 can have succeeded.
    ///
    /// - Parameters:
    ///   - record: how the attempt ended.
    ///   - stdout: its standard output.
    ///   - stderr: its standard error.
    ///   - report: what its events say, for a profile that prints events.
    ///   - profile: the profile that ran.
    /// - Returns: the outcome.
    package static func outcome(
        of record: ExitRecord,
        stdout: OutputExcerpt,
        stderr: OutputExcerpt,
        report: AgentReport? = nil,
        profile: AgentProfile
    ) -> Outcome {
        let report = profile.printsEvents ? report ?? AgentReport() : nil
        let judge = Judge(record: record, stdout: stdout, stderr: stderr, report: report, profile: profile)
        if let report, let outcome = judge.byEvents(report) { return outcome }
        if let cutOff = record.cutOff { return judge.cutOff(cutOff) }
        switch record.ending {
        case .exited(code: 0): return judge.ownEnd()
        case .exited(let code): return judge.exitCode(code)
        case .signalled(let signal): return judge.signal(signal)
        case .spawnFailed(let step, let errno): return judge.spawnFailure(step: step, errno: errno)
        }
    }
}

/// One attempt on trial.
struct Judge {
    let record: ExitRecord
    let stdout: OutputExcerpt
    let stderr: OutputExcerpt
    let report: AgentReport?
    let profile: AgentProfile

    func cutOff(_ cutOff: ExitRecord.CutOff) -> Outcome {
        let time = DurationText.format(record.duration)
        return switch cutOff {
        case .timeout:
            failed(
                .timeout,
                "took too long: stopped after \(time)",
                exitCode: 124,
                // An agent that was at work met no trouble of its service.
                counts: report?.hasWorked != true
            )
        case .cancelled: failed(.cancelled, "cancelled after \(time)", isPermanent: true)
        case .outputLimit:
            failed(
                .outputLimit,
                "wrote too much: stopped after \(record.stdoutBytes) bytes of output and \(record.stderrBytes) of errors",
                isPermanent: true
            )
        case .shutdown: failed(.interrupted, "stopped with the worker after \(time)")
        case .start, .silence, .tool, .afterResult: hung(cutOff)
        case .budget: failed(.budgetExceeded, "stopped after \(time): \(spent)", isPermanent: true)
        }
    }

    private var spent: String {
        guard let cost = report?.costUSD else { return "its money is spent" }
        return "it has cost $\(JSONWriter.text(.decimal(cost, fractionDigits: 4))), all that it may"
    }

    /// It was ended for want of any sign that it would ever end.
    private func hung(_ cutOff: ExitRecord.CutOff) -> Outcome {
        func text(_ limit: Duration?) -> String { limit.map { " " + DurationText.format($0) } ?? "" }
        let limits = profile.liveness
        let message =
            switch cutOff {
            case .start:
                profile.printsEvents
                    ? "hung: no event within\(text(limits.start)) of its start (start_timeout)"
                    : "hung: no sign of life within\(text(limits.start)) of its start (start_timeout)"
            case .tool: "hung: a tool ran for\(text(limits.tool)) without a result (tool_timeout)"
            case .afterResult: "hung: it did not end within\(text(limits.afterResult)) of its result (result_grace)"
            default: "hung: no output and no computing for\(text(limits.silence)) (silence_timeout)"
            }
        // An agent that was at work met no trouble of its service.
        return failed(.timeout, message, exitCode: 124, counts: cutOff != .tool && report?.hasWorked != true)
    }

    /// Exit code 0, which older programs also give after an error; then the error is all that they print.
    func ownEnd() -> Outcome {
        if profile.kind == .claudeText, let finding = ClaudeText.finding(inWholeOutput: stdout.text) {
            return failed(finding, line: stdout.lastLine, prefix: "exit code 0")
        }
        return Outcome(
            failure: nil,
            exitCode: 0,
            output: stdout.text.withoutFinalNewline,
            agent: summary,
            countsTowardBreaker: false
        )
    }

    func exitCode(_ code: Int) -> Outcome {
        if profile.kind == .claudeText {
            // Text mode prints errors on standard output; a start that fails, on standard error.
            for line in [stdout.lastLine, stderr.lastLine] {
                guard let line, let finding = ClaudeText.finding(inLastLine: line) else { continue }
                return failed(finding, line: line, prefix: "exit code \(code)")
            }
        }
        return failed(.exitCode, message("exit code \(code)"), counts: true)
    }

    func signal(_ signal: Int) -> Outcome {
        let name = SignalName.of(signal).map { " (\($0))" } ?? ""
        return failed(.signal, message("signal \(signal)\(name)"), counts: true)
    }

    func spawnFailure(step: String, errno: Errno) -> Outcome {
        let program = profile.program
        // E2BIG (execve(2)) is about what this task hands over; everything else is about this host.
        if errno.rawValue == 7, step == "exec" {
            return failed(
                .spawnFailed,
                "cannot start \(program): arguments and environment are too long together; shorten the description",
                isPermanent: true
            )
        }
        let cause =
            switch (step, errno) {
            case ("search", .noEntry): "there is no such program; install it, or correct the command or PATH"
            case ("search", .access), ("exec", .access): "it may not be executed"
            case ("working_directory", _): "the working directory: \(errno)"
            case ("search", _), ("exec", _): "\(errno)"
            default: "\(step.replacing("_", with: " ")): \(errno)"
            }
        return failed(.spawnFailed, "cannot start \(program): \(cause)", counts: true)
    }

    // MARK: Pieces

    /// What is known about the agent's run.
    var summary: AgentSummary { report?.summary(name: profile.name) ?? AgentSummary(name: profile.name) }

    /// The code that stands for how the agent ended.
    var endCode: Int? {
        switch record.ending {
        case .exited(let code): code
        case .signalled(let signal): 128 + signal
        case .spawnFailed: nil
        }
    }

    func message(_ ending: String) -> String {
        let lines = profile.kind == .claudeText ? [stdout, stderr] : report == nil ? [stderr, stdout] : [stderr]
        let line = lines.lazy.compactMap(\.lastLine).first
        return line.map { "\(ending): \($0)" } ?? ending
    }

    private func failed(_ finding: AgentFinding, line: String?, prefix: String) -> Outcome {
        Outcome(
            failure: Failure(
                reason: finding.reason,
                message: line.map { "\(prefix): \($0)" } ?? prefix,
                isPermanent: finding.isPermanent
            ),
            exitCode: endCode,
            agent: summary,
            countsTowardBreaker: finding.countsTowardBreaker,
            usageLimitEnd: finding.reason == .usageLimit
                ? line.flatMap { ClaudeText.limitEnd(in: $0, after: record.finishedAt) } : nil
        )
    }

    func failed(
        _ reason: FailureReason,
        _ message: String,
        exitCode: Int? = nil,
        isPermanent: Bool = false,
        counts: Bool = false
    ) -> Outcome {
        Outcome(
            failure: Failure(reason: reason, message: message, isPermanent: isPermanent),
            exitCode: exitCode ?? endCode,
            agent: summary,
            countsTowardBreaker: counts
        )
    }
}

extension String {
    /// The text without one line break at its end.
    fileprivate var withoutFinalNewline: String {
        guard utf8.last == UInt8(ascii: "\n") else { return self }
        let line = utf8.dropLast()
        return String(Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line))
    }
}

/// The names of signals on Linux.
private enum SignalName {
    private static let names = [
        1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
        9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ",
        31: "SIGSYS",
    ]

    static func of(_ signal: Int) -> String? { names[signal] }
}
