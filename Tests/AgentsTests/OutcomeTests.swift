// SPDX-License-Identifier: Apache-2.0
// Every way an attempt can end, and what becomes of it.

import Agents
import QueueModel
import Supervision
import SystemKit
import Testing

/// An ending and the failure that it must become.
struct EndingPromise: Sendable, CustomTestStringConvertible {
    enum Breaker: Sendable { case counts, spares }
    enum Retry: Sendable { case again, never }

    let name: String
    var ending: String
    var cutOff = "null"
    var isClaude = true
    var stdout = ""
    var stderr = ""
    let reason: FailureReason
    let exitCode: Int?
    let retry: Retry
    let breaker: Breaker
    let message: String

    var testDescription: String { name }

    static let all: [EndingPromise] = cutOffs + starts + codes + claude

    static let cutOffs = [
        EndingPromise(
            name: "timeout, ended by the signal",
            ending: signalled(15),
            cutOff: "\"timeout\"",
            reason: .timeout,
            exitCode: 124,
            retry: .again,
            breaker: .counts,
            message: "took too long: stopped after 10s"
        ),
        EndingPromise(
            name: "timeout, although it then said success",
            ending: exited(0),
            cutOff: "\"timeout\"",
            stdout: "done\n",
            reason: .timeout,
            exitCode: 124,
            retry: .again,
            breaker: .counts,
            message: "took too long: stopped after 10s"
        ),
        EndingPromise(
            name: "cancelled",
            ending: exited(143),
            cutOff: "\"cancelled\"",
            reason: .cancelled,
            exitCode: 143,
            retry: .never,
            breaker: .spares,
            message: "cancelled after 10s"
        ),
        EndingPromise(
            name: "cancelled, although it then said success",
            ending: exited(0),
            cutOff: "\"cancelled\"",
            reason: .cancelled,
            exitCode: 0,
            retry: .never,
            breaker: .spares,
            message: "cancelled after 10s"
        ),
        EndingPromise(
            name: "too much output",
            ending: signalled(9),
            cutOff: "\"output_limit\"",
            stdout: "y\ny\n",
            reason: .outputLimit,
            exitCode: 137,
            retry: .never,
            breaker: .spares,
            message: "wrote too much: stopped after 5 bytes of output and 6 of errors"
        ),
        EndingPromise(
            name: "stopped with the worker",
            ending: signalled(15),
            cutOff: "\"shutdown\"",
            reason: .interrupted,
            exitCode: 143,
            retry: .again,
            breaker: .spares,
            message: "stopped with the worker after 10s"
        ),
        EndingPromise(
            name: "stopped with the worker before it ran",
            ending: spawnFailed("clone", 4),
            cutOff: "\"shutdown\"",
            reason: .interrupted,
            exitCode: nil,
            retry: .again,
            breaker: .spares,
            message: "stopped with the worker after 10s"
        ),
    ]

    static let starts = [
        EndingPromise(
            name: "program missing",
            ending: spawnFailed("search", 2),
            reason: .spawnFailed,
            exitCode: nil,
            retry: .again,
            breaker: .counts,
            message: "cannot start claude: there is no such program; install it, or correct the command or PATH"
        ),
        EndingPromise(
            name: "program not executable",
            ending: spawnFailed("exec", 13),
            reason: .spawnFailed,
            exitCode: nil,
            retry: .again,
            breaker: .counts,
            message: "cannot start claude: it may not be executed"
        ),
        EndingPromise(
            name: "not a program",
            ending: spawnFailed("exec", 8),
            reason: .spawnFailed,
            exitCode: nil,
            retry: .again,
            breaker: .counts,
            message: "cannot start claude: Exec format error"
        ),
        EndingPromise(
            name: "working directory missing",
            ending: spawnFailed("working_directory", 2),
            reason: .spawnFailed,
            exitCode: nil,
            retry: .again,
            breaker: .counts,
            message: "cannot start claude: the working directory: No such file or directory"
        ),
        EndingPromise(
            name: "no process to be had",
            ending: spawnFailed("clone", 11),
            reason: .spawnFailed,
            exitCode: nil,
            retry: .again,
            breaker: .counts,
            message: "cannot start claude: clone: Resource temporarily unavailable"
        ),
        EndingPromise(
            name: "arguments too long",
            ending: spawnFailed("exec", 7),
            reason: .spawnFailed,
            exitCode: nil,
            retry: .never,
            breaker: .spares,
            message: "cannot start claude: arguments and environment are too long together; shorten the description"
        ),
    ]

    static let codes = [
        EndingPromise(
            name: "exit code without a word",
            ending: exited(3),
            reason: .exitCode,
            exitCode: 3,
            retry: .again,
            breaker: .counts,
            message: "exit code 3"
        ),
        EndingPromise(
            name: "claude's last line of output",
            ending: exited(1),
            stdout: "working\nIt broke.\n\n",
            stderr: "noise\n",
            reason: .exitCode,
            exitCode: 1,
            retry: .again,
            breaker: .counts,
            message: "exit code 1: It broke."
        ),
        EndingPromise(
            name: "claude's error line without output",
            ending: exited(1),
            stderr: "error: unknown option '--x'\n",
            reason: .exitCode,
            exitCode: 1,
            retry: .again,
            breaker: .counts,
            message: "exit code 1: error: unknown option '--x'"
        ),
        EndingPromise(
            name: "a command's last line of errors",
            ending: exited(2),
            isClaude: false,
            stdout: "partial\n",
            stderr: "Traceback\nValueError: bad\n",
            reason: .exitCode,
            exitCode: 2,
            retry: .again,
            breaker: .counts,
            message: "exit code 2: ValueError: bad"
        ),
        EndingPromise(
            name: "a command that says what claude would say",
            ending: exited(1),
            isClaude: false,
            stdout: "Invalid API key\n",
            reason: .exitCode,
            exitCode: 1,
            retry: .again,
            breaker: .counts,
            message: "exit code 1: Invalid API key"
        ),
        EndingPromise(
            name: "colours and carriage returns",
            ending: exited(1),
            stdout: "10%\r100%\r\u{1B}[31;1mbad\u{1B}[0m\u{1B}]0;title\u{7}\u{8} end\u{0}\t \r\n\r\n",
            reason: .exitCode,
            exitCode: 1,
            retry: .again,
            breaker: .counts,
            message: "exit code 1: bad end"
        ),
        EndingPromise(
            name: "killed",
            ending: signalled(9),
            stderr: "half a li",
            reason: .signal,
            exitCode: 137,
            retry: .again,
            breaker: .counts,
            message: "signal 9 (SIGKILL): half a li"
        ),
        EndingPromise(
            name: "crashed",
            ending: signalled(11),
            isClaude: false,
            reason: .signal,
            exitCode: 139,
            retry: .again,
            breaker: .counts,
            message: "signal 11 (SIGSEGV)"
        ),
        EndingPromise(
            name: "a signal without a name",
            ending: signalled(64),
            reason: .signal,
            exitCode: 192,
            retry: .again,
            breaker: .counts,
            message: "signal 64"
        ),
        EndingPromise(
            name: "largest exit code",
            ending: exited(255),
            reason: .exitCode,
            exitCode: 255,
            retry: .again,
            breaker: .counts,
            message: "exit code 255"
        ),
    ]

    /// A run of claude that ends with exit code 1 and this last line.
    private static func says(
        _ line: String,
        _ reason: FailureReason,
        _ retry: Retry,
        _ breaker: Breaker
    ) -> EndingPromise {
        EndingPromise(
            name: line,
            ending: exited(1),
            stdout: "\(line)\n",
            reason: reason,
            exitCode: 1,
            retry: retry,
            breaker: breaker,
            message: "exit code 1: \(line)"
        )
    }

    static let claude = [
        says("Invalid API key · Fix external API key", .authentication, .never, .counts),
        says("Not logged in · Please run /login", .authentication, .never, .counts),
        says("Failed to authenticate. API Error: 403 {\"error\":{}}", .authentication, .never, .counts),
        says("OAuth token has expired. Please obtain a new token.", .authentication, .never, .counts),
        says("API Error: 401 {\"type\":\"error\"}", .authentication, .never, .counts),
        says("You've hit your 5-hour limit · resets 4:32am (UTC)", .usageLimit, .again, .spares),
        says("You\u{2019}ve hit your Opus limit · resets Dec 3, 9am (UTC)", .usageLimit, .again, .spares),
        says("Limit reached resets 4:42am (UTC) · ", .usageLimit, .again, .spares).saying(
            "Limit reached resets 4:42am (UTC) ·"
        ),
        says("Claude AI usage limit reached|1772370000", .usageLimit, .again, .spares),
        says("Credit balance is too low", .usageLimit, .again, .spares),
        says("API Error: Request rejected (429) · slow down", .agentError, .again, .counts),
        says("API Error: 500 internal", .agentError, .again, .counts),
        says("Repeated 529 Overloaded errors. The service is busy", .agentError, .again, .counts),
        says("Connection dropped (ECONNRESET)", .agentError, .again, .counts),
        says("There's an issue with the selected model (x). It may not exist", .agentError, .never, .counts),
        says("Prompt is too long", .agentError, .never, .spares),
        says("Request too large (max 32MB). Try again", .agentError, .never, .spares),
        says("API Error: 400 {\"message\":\"bad\"}", .agentError, .never, .spares),
        says("Error: Reached max turns (3)", .agentError, .never, .spares),
        EndingPromise(
            name: "authentication on standard error",
            ending: exited(1),
            stderr: "Not logged in · Please run /login\n",
            reason: .authentication,
            exitCode: 1,
            retry: .never,
            breaker: .counts,
            message: "exit code 1: Not logged in · Please run /login"
        ),
        EndingPromise(
            name: "interrupted, as older versions end it",
            ending: exited(0),
            stdout: "Execution error\n",
            reason: .agentError,
            exitCode: 0,
            retry: .again,
            breaker: .counts,
            message: "exit code 0: Execution error"
        ),
        EndingPromise(
            name: "out of turns, as older versions end it",
            ending: exited(0),
            stdout: "Error: Reached max turns (3)\n",
            reason: .agentError,
            exitCode: 0,
            retry: .never,
            breaker: .spares,
            message: "exit code 0: Error: Reached max turns (3)"
        ),
    ]

    private func saying(_ line: String) -> EndingPromise {
        EndingPromise(
            name: name,
            ending: ending,
            stdout: stdout,
            reason: reason,
            exitCode: exitCode,
            retry: retry,
            breaker: breaker,
            message: "exit code 1: \(line)"
        )
    }
}

@Suite struct OutcomeTests {
    private func outcome(
        _ ending: String,
        cutOff: String = "null",
        stdout: String = "",
        stderr: String = "",
        profile: AgentProfile = .claude()
    ) throws -> Outcome {
        Outcome.outcome(
            of: try makeRecord(ending, cutOff: cutOff),
            stdout: OutputExcerpt(stdout),
            stderr: OutputExcerpt(stderr),
            profile: profile
        )
    }

    @Test(arguments: EndingPromise.all)
    func endingBecomesThePromisedFailure(_ promise: EndingPromise) throws {
        let profile = promise.isClaude ? AgentProfile.claude() : try makeCommand(["tool"], .standardInput)
        let result = try outcome(
            promise.ending,
            cutOff: promise.cutOff,
            stdout: promise.stdout,
            stderr: promise.stderr,
            profile: profile
        )
        let failure = try #require(result.failure)
        #expect(failure.reason == promise.reason)
        #expect(failure.message == promise.message)
        #expect(failure.isPermanent == (promise.retry == .never))
        #expect(result.exitCode == promise.exitCode)
        #expect(result.countsTowardBreaker == (promise.breaker == .counts))
        #expect(result.output == nil)
        #expect(!result.isSuccess)
    }

    @Test(arguments: [
        ("The answer.\n", "The answer."), ("a\nb\n\n", "a\nb\n"), ("", ""), ("\n", ""), ("no newline", "no newline"),
        ("dos\r\n", "dos"), ("  spaces \n", "  spaces "), ("Invalid API key\n", "Invalid API key"),
        ("I would explain: Execution error\n", "I would explain: Execution error"),
    ])
    func exitCodeZeroIsSuccessWithTheAnswer(_ stdout: String, _ answer: String) throws {
        let result = try outcome(exited(0), stdout: stdout, stderr: "a warning\n")
        #expect(result.isSuccess)
        #expect(result.output == answer)
        #expect(result.exitCode == 0)
        #expect(!result.countsTowardBreaker)
        #expect(result.agent == AgentSummary(name: try AgentName("claude")))
    }

    @Test func aQuotedErrorBeforeTheLastLineDoesNotDecide() throws {
        let result = try outcome(exited(1), stdout: "You've hit your limit, said the log.\nBut then it crashed.\n")
        #expect(result.failure?.reason == .exitCode)
    }

    @Test func whatIsNoAttemptAtAllIsNoSuccessEither() {
        let refused = Outcome.refused(AgentError(code: .promptTooLong, message: "too long"))
        #expect(refused.failure == Failure(reason: .spawnFailed, message: "too long", isPermanent: true))
        #expect(!refused.countsTowardBreaker && refused.exitCode == nil)
        let notStarted = Outcome.notStarted(.tooManyOpenFiles)
        #expect(notStarted.failure?.reason == .spawnFailed && notStarted.failure?.isPermanent == false)
        #expect(notStarted.countsTowardBreaker)
        let interrupted = Outcome.interrupted("the supervisor died")
        #expect(
            interrupted.failure == Failure(reason: .interrupted, message: "the supervisor died", isPermanent: false)
        )
        #expect(!interrupted.countsTowardBreaker)
    }

    @Test func aMessageIsOneLineOfBoundedLength() throws {
        let long = String(repeating: "é", count: 1_000_000)
        let message = try #require(try outcome(exited(1), stdout: long).failure?.message)
        #expect(message == "exit code 1: " + String(repeating: "é", count: 300) + "…")
        let blank = String(repeating: " \n\r\u{1B}[0m\n", count: 50_000)
        #expect(try outcome(exited(1), stdout: blank).failure?.message == "exit code 1")
    }

    @Test(arguments: [
        ("You've hit your 5-hour limit · resets 4:32am (UTC)", "2026-03-02T04:32:00.000Z"),
        ("You've hit your 5-hour limit · resets 12:30pm (UTC)", "2026-03-01T12:30:00.000Z"),
        ("You've hit your limit · resets 12am (UTC)", "2026-03-02T00:00:00.000Z"),
        ("Limit reached resets 5PM (UTC) ·", "2026-03-01T17:00:00.000Z"),
        ("Claude AI usage limit reached|1772370000", "2026-03-01T13:00:00.000Z"),
        ("You've hit your limit · resets 12:00pm (UTC)", "2026-03-02T12:00:00.000Z"),
        ("You've hit your limit · resets 13:00pm (UTC)", nil), ("You've hit your limit · resets 4:60am (UTC)", nil),
        ("You've hit your limit · resets 4am (Europe/Paris)", nil),
        ("You've hit your limit · resets Dec 3, 9am (UTC)", nil),
        ("Claude AI usage limit reached|1500000000", nil), ("Claude AI usage limit reached|9999999999", nil),
        ("Claude AI usage limit reached|99999999999999999999", nil), ("You've hit your limit · resets", nil),
        ("You've hit your limit · resets am (UTC)", nil), ("You've hit your limit · resets 4:3:2am (UTC)", nil),
    ])
    func theEndOfAUsageLimitIsReadWhereItIsCertain(_ line: String, _ end: String?) throws {
        let result = try outcome(exited(1), stdout: line)
        #expect(result.failure?.reason == .usageLimit)
        #expect(result.usageLimitEnd?.description == end)
    }
}
