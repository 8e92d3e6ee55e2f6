// SPDX-License-Identifier: Apache-2.0
// Puts together what goes into a result.

import Agents
import FileQueue
import QueueModel
import Supervision
package import SystemKit

/// The output of an attempt as far as it goes into a result.
struct AttemptOutput: Sendable {
    var stdout = OutputExcerpt("")
    var stderr = OutputExcerpt("")
    /// What the events say, of an agent that prints events.
    var report: AgentReport?
    /// The tokens that the session has used so far, of an agent that tells them so.
    var sessionUsage: JSONObject?
    /// Why a log that is there could not be read; another try may succeed.
    var obstacle: SystemCallError?

    init() {}

    /// What the agent has told of itself, without the output, which is part of no outcome.
    var onlyReport: AttemptOutput {
        var output = AttemptOutput()
        output.report = report
        output.sessionUsage = sessionUsage
        return output
    }

    /// Reads the logs of an attempt; what cannot be read is missing here, and is still on disk.
    /// - Parameters:
    ///   - path: Where the logs lie, relative to `base`.
    ///   - base: A directory above them, or theirs.
    ///   - limit: The most bytes to keep of each.
    ///   - profile: Whose output it is; nil when it is not to be understood.
    ///   - hasErrors: Whether there is anything on the standard error, as far as that is known.
    init(path: String, in base: Directory, limit: Int, profile: AgentProfile? = nil, hasErrors: Bool = true) {
        do throws(SystemCallError) {
            let directory = try base.descendant(path)
            let log = try directory.openFile("stdout.log")
            stdout = try OutputExcerpt.read(log, limit: limit)
            if let profile, profile.printsEvents { report = try AgentReport.read(log, profile: profile) }
            if hasErrors { stderr = try OutputExcerpt.read(directory.openFile("stderr.log"), limit: limit) }
        } catch {
            // Logs that were removed or replaced meanwhile are no reason to wait with the result.
            let isGone: [Errno] = [.noEntry, .notDirectory, .isDirectory, .loop, .invalidArgument]
            if !isGone.contains(error.errno) { obstacle = error }
        }
    }
}

extension AttemptOutput {
    /// Whether less was found than the attempt has written.
    func isShorter(than record: ExitRecord) -> Bool {
        obstacle == nil && (stdout.totalBytes < record.stdoutBytes || stderr.totalBytes < record.stderrBytes)
    }
}

/// How long the reading of an attempt's output is tried again.
package struct OutputPatience: Sendable {
    private var tries = 0
    private var pause = Duration.seconds(1)

    /// Whether reading was put off at all.
    package var hasWaited: Bool { pause > .seconds(1) }

    /// Before the first failure.
    package init() {}

    /// Decides after a failure.
    /// - Parameters:
    ///   - errno: Why the output could not be read.
    ///   - isStopping: Whether the worker stops.
    /// - Returns: How long to wait before the next try; `nil` when the result goes without the output.
    package mutating func pause(after errno: Errno, isStopping: Bool) -> Duration? {
        // What this process is short of says nothing about the log, and is there again some day.
        let isOurs = [.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory].contains(errno)
        if !isOurs || isStopping {
            if tries == 4 { return nil }
            tries += 1
        }
        defer { pause = min(pause * 2, .seconds(30)) }
        return pause
    }
}

/// A result before its verdict.
struct ResultDraft {
    private let state: ClaimState
    private let task: TaskRecord
    private let record: ExitRecord?
    private let output: AttemptOutput
    private let cost: Double?
    private let tokens: TokenCounts?
    private let now: Timestamp

    init(
        claim: Claim,
        record: ExitRecord?,
        output: AttemptOutput,
        cost: Double? = nil,
        tokens: TokenCounts? = nil,
        now: Timestamp
    ) {
        state = claim.state
        task = claim.task
        self.record = record
        self.output = output
        self.cost = cost
        self.tokens = tokens
        self.now = now
    }

    /// What is remembered of the attempt.
    func attempt(_ failure: Failure?) -> AttemptRecord {
        AttemptRecord(
            number: state.attempt,
            startedAt: record?.startedAt ?? state.firstStartedAt,
            finishedAt: record?.finishedAt ?? now,
            exitCode: exitCode,
            reason: failure?.reason,
            message: failure?.message,
            duration: record?.duration ?? .zero,
            costUSD: cost,
            resumedSession: state.session?.id,
            tokens: tokens
        )
    }

    func result(_ status: TaskStatus, outcome: Outcome) -> ResultRecord {
        make(status, nil, outcome, attempts: state.attempts + [attempt(nil)])
    }

    func result(_ failure: Failure, outcome: Outcome?) -> ResultRecord {
        make(.failed, failure, outcome, attempts: state.attempts + [attempt(failure)])
    }

    /// For a task that was cancelled, with what became of the attempt that ran then, if it counts.
    func cancelled(_ failure: Failure, after ended: Failure?) -> ResultRecord {
        make(.cancelled, failure, nil, attempts: state.attempts + (ended.map { [attempt($0)] } ?? []))
    }

    /// For a task that ends between two attempts, or before the first.
    func resultWithoutAttempt(_ failure: Failure) -> ResultRecord {
        make(failure.reason == .cancelled ? .cancelled : .failed, failure, nil, attempts: state.attempts)
    }

    /// Nothing known is not nothing spent.
    private static func total(_ costs: [Double], _ others: Double) -> Double? {
        costs.isEmpty && others == 0 ? nil : costs.reduce(others, +)
    }

    /// 124 after the time limit, 128+n after signal n, as shells have it.
    private var exitCode: Int? {
        guard let record else { return nil }
        if [.timeout, .start, .silence, .tool].contains(record.cutOff) { return 124 }
        switch record.ending {
        case .exited(let code): return code
        case .signalled(let number): return 128 + number
        case .spawnFailed: return nil
        }
    }

    private func make(
        _ status: TaskStatus,
        _ failure: Failure?,
        _ outcome: Outcome?,
        attempts: [AttemptRecord]
    ) -> ResultRecord {
        var result = ResultRecord(taskID: task.id, worker: state.worker, status: status, timestamp: now)
        result.exitCode = attempts.last?.exitCode
        result.stdout = output.stdout.text
        result.stderr = output.stderr.text
        result.stdoutTruncated = output.stdout.isTruncated
        result.stderrTruncated = output.stderr.isTruncated
        result.output = outcome?.output
        result.failure = failure
        result.duration = attempts.last?.duration ?? .zero
        result.retryCount = max(0, attempts.count - 1)
        result.queuedAt = state.queuedAt
        result.finishedAt = attempts.last?.finishedAt ?? now
        result.attempts = attempts
        result.agent = outcome?.agent
        result.costUSD = Self.total(attempts.compactMap(\.costUSD), state.uncountedCostUSD)
        let tokens = attempts.compactMap(\.tokens)
        result.tokens = tokens.isEmpty ? nil : tokens.reduce(TokenCounts(), +)
        result.verification = state.verification.map {
            VerificationRecord(rounds: state.complaint?.rounds ?? 0, checks: $0.found)
        }
        result.metadata = task.metadata
        result.group = task.group
        result.taskDigest = state.digest
        if !attempts.isEmpty {
            result.startedAt = state.firstStartedAt
            result.queueTime = state.firstStartedAt.map { $0.since(state.queuedAt) }
            result.logs = WorkerQueue.logsPath(of: task.id, attempt: state.attempt)
        }
        return result
    }
}
