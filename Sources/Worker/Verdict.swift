// SPDX-License-Identifier: Apache-2.0
// What follows from the end of an attempt.

package import Agents
package import QueueModel
package import Resilience

/// How an attempt ended, as far as the decision needs it.
package enum AttemptEnd: Sendable, Equatable {
    /// The agent ran to an end of its own, or to a limit of ours.
    case judged(Outcome)
    /// A crash of the machine or of the supervision cut it off.
    case interrupted(String)
    /// We stopped it for a reason that has nothing to do with the task.
    case handedBack
    /// No agent could be started, and the task is not to blame.
    case notStarted(String)
    /// The agent said that it was done, and all checks of its work have passed.
    case verified(Outcome)
    /// The agent said that it was done, and a check of its work has not passed.
    case unverified(Outcome, Failure)

    /// What the agent came to.
    package var outcome: Outcome? {
        switch self {
        case .judged(let outcome), .verified(let outcome), .unverified(let outcome, _): outcome
        case .interrupted, .handedBack, .notStarted: nil
        }
    }
}

/// What to do with the task.
package enum Verdict: Sendable, Equatable {
    /// It has completed.
    case complete(Outcome)
    /// It failed, and is tried again after the delay.
    case retry(Failure, after: Duration)
    /// It failed for good.
    case giveUp(Failure, DeadLetterReason)
    /// Somebody cancelled it; with what became of the attempt, if that counts.
    case cancel(Failure, attempt: Failure?)
    /// The attempt does not count; the next one may start after the delay.
    case handBack(after: Duration)
}

extension RetryPolicy {
    /// Decides what follows from the end of an attempt; an ending without evidence of success is never one.
    /// - Parameters:
    ///   - end: How the attempt ended.
    ///   - attempt: Its number, from 1.
    ///   - isCancelRequested: Whether somebody has asked for the task to be cancelled. What has ended by itself, with
    ///     success or for good, stays as it ended.
    ///   - isDaysMoneySpent: Whether the day's money is spent, and not the task's own.
    ///   - isSessionLost: Whether it was the session's fault that the attempt failed; see ``SessionCourse``.
    ///   - generator: Where jitter comes from.
    /// - Returns: What to do with the task.
    package func verdict(
        on end: AttemptEnd,
        attempt: Int,
        isCancelRequested: Bool = false,
        isDaysMoneySpent: Bool = false,
        isSessionLost: Bool = false,
        using generator: inout some RandomNumberGenerator
    ) -> Verdict {
        let failure: Failure
        switch end {
        case .handedBack, .notStarted:
            if isCancelRequested { return .cancel(.cancelledWhileWaiting, attempt: nil) }
            guard case .notStarted = end else { return .handBack(after: .zero) }
            return .handBack(after: delay(afterAttempt: 1, using: &generator))
        case .interrupted(let message):
            failure = Failure(reason: .interrupted, message: message, isPermanent: false)
            if isCancelRequested { return .cancel(.cancelledBetweenAttempts, attempt: failure) }
        case .judged(let outcome):
            guard let judged = outcome.failure else { return .complete(outcome) }
            failure = judged
        case .verified(let outcome): return .complete(outcome)
        case .unverified(_, let found): failure = found
        }
        // None of these is the task's fault. An account or the worker is held until it makes sense to try again.
        if failure.reason == .usageLimit || failure.reason == .budgetExceeded && isDaysMoneySpent || isSessionLost {
            return isCancelRequested ? .cancel(.cancelledBetweenAttempts, attempt: failure) : .handBack(after: .zero)
        }
        if failure.reason == .cancelled { return .cancel(failure, attempt: failure) }
        if failure.isPermanent { return .giveUp(failure, .permanentFailure) }
        guard allowsRetry(afterAttempts: attempt) else { return .giveUp(failure, .maxRetriesExceeded) }
        if isCancelRequested { return .cancel(.cancelledBetweenAttempts, attempt: failure) }
        // The agent is waited for, and nothing else.
        if failure.reason == .verificationFailed { return .retry(failure, after: .zero) }
        return .retry(failure, after: delay(afterAttempt: attempt, using: &generator))
    }
}
