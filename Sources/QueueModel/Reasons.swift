// SPDX-License-Identifier: Apache-2.0
// The closed sets of words that results, dead letters and heartbeats use.

/// Why a task is among the dead letters; the texts are stable.
package enum DeadLetterReason: String, Sendable, Hashable, CaseIterable {
    /// The file is not JSON.
    case invalidJSON = "invalid_json"
    /// A field breaks its rule.
    case invalidTask = "invalid_task"
    /// The file is larger than allowed.
    case tooLarge = "too_large"
    /// The task names another worker than the directory it lies in.
    case workerMismatch = "worker_mismatch"
    /// The file is not a regular file, or its owner or link count is refused.
    case unsafeFile = "unsafe_file"
    /// The id belongs to another task.
    case duplicateTaskID = "duplicate_task_id"
    /// The last attempt failed.
    case maxRetriesExceeded = "max_retries_exceeded"
    /// An attempt failed in a way that another would not change.
    case permanentFailure = "permanent_failure"
    /// A task that this one needs ended failed or cancelled.
    case dependencyFailed = "dependency_failed"
    /// The task needs itself, directly or through others.
    case dependencyCycle = "dependency_cycle"
    /// The task was not started before its time ran out.
    case expired
}

/// Why a task or an attempt failed; the texts are stable.
package enum FailureReason: String, Sendable, Hashable, CaseIterable {
    /// The agent ended with an exit code other than 0.
    case exitCode = "exit_code"
    /// The agent was ended by a signal.
    case signal
    /// The attempt took longer than allowed.
    case timeout
    /// The agent reported an error of its own.
    case agentError = "agent_error"
    /// The agent's usage limit is reached.
    case usageLimit = "usage_limit"
    /// The agent is not logged in.
    case authentication
    /// A crash cut the attempt off.
    case interrupted
    /// The agent could not be started.
    case spawnFailed = "spawn_failed"
    /// A task that this one needs ended failed or cancelled.
    case dependencyFailed = "dependency_failed"
    /// The task was not started before its time ran out.
    case expired
    /// Somebody cancelled the task.
    case cancelled
    /// The agent wrote more than allowed.
    case outputLimit = "output_limit"
    /// The agent ended without evidence that it did the work.
    case noResult = "no_result"
    /// The agent was denied a tool that it wanted to use.
    case permissionDenied = "permission_denied"
    /// The attempt cost as much as it may.
    case budgetExceeded = "budget_exceeded"
    /// The agent said that it was done, and a check found that it is not.
    case verificationFailed = "verification_failed"
}

/// What a failure means for a further attempt; the texts are stable.
package enum FailureClass: String, Sendable, Hashable, CaseIterable {
    /// Trouble that passes: a further attempt may succeed.
    case transient
    /// Nothing can succeed before the account's limit ends.
    case usageLimit = "usage_limit"
    /// Nothing can succeed before somebody logs in.
    case authentication
    /// A further attempt would end the same way.
    case permanent
    /// Something outside cut it off.
    case interrupted
    /// It took too long.
    case timeout
    /// The agent did not work on the task at all.
    case notRun = "not_run"
    /// Somebody wanted it to end.
    case cancelled
    /// Nobody knows how it ended.
    case unknown
}

/// How a task ended; the texts are stable.
package enum TaskStatus: String, Sendable, Hashable, CaseIterable {
    /// The agent succeeded.
    case completed
    /// The task ended without success.
    case failed
    /// Somebody cancelled the task.
    case cancelled
}

/// Why a task that could run does not; the texts are stable.
package enum WaitCause: String, Sendable, Hashable, CaseIterable {
    /// A task that it needs has not completed.
    case dependency
    /// Its earliest start lies ahead.
    case notBefore = "not_before"
    /// The delay before its next attempt runs.
    case retry
    /// The worker is paused.
    case paused
    /// The circuit breaker is open.
    case circuitOpen = "circuit_open"
    /// The worker may not start more tasks in this stretch of time.
    case rateLimit = "rate_limit"
    /// The usage limit of its agent's account is reached.
    case usageLimit = "usage_limit"
    /// The day's money is spent.
    case budget
    /// Another attempt is in the agent's session that it goes on with.
    case session
    /// All slots are taken.
    case slot
    /// Its file may still be written to.
    case settling
}

/// Why a task ended without success.
package struct Failure: Sendable, Hashable {
    /// The kind of failure.
    package let reason: FailureReason
    /// What happened, in one line for a person.
    package let message: String
    /// Whether another attempt would fail the same way.
    package let isPermanent: Bool

    /// A failure.
    ///
    /// - Parameters:
    ///   - reason: the kind of failure.
    ///   - message: what happened, in one line for a person.
    ///   - isPermanent: whether another attempt would fail the same way.
    package init(reason: FailureReason, message: String, isPermanent: Bool) {
        self.reason = reason
        self.message = message
        self.isPermanent = isPermanent
    }

    /// What it means for a further attempt.
    package var failureClass: FailureClass {
        switch reason {
        case .usageLimit: .usageLimit
        case .authentication: .authentication
        case .interrupted: .interrupted
        case .timeout: .timeout
        case .cancelled: .cancelled
        case .spawnFailed, .dependencyFailed, .expired: .notRun
        case .outputLimit, .permissionDenied, .budgetExceeded: .permanent
        case .agentError: isPermanent ? .permanent : .transient
        case .exitCode, .signal, .verificationFailed: isPermanent ? .permanent : .unknown
        case .noResult: isPermanent ? .notRun : .unknown
        }
    }
}
