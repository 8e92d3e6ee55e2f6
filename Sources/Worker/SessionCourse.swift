// SPDX-License-Identifier: Apache-2.0
// Decides whether the next attempt goes on with the session of the one that has ended.

import Agents
package import FileQueue
package import QueueModel

/// What is known of an attempt's session when it has ended.
package struct SessionCourse: Sendable, Equatable {
    /// The profile that ran.
    package var agent: AgentName
    /// The session that the attempt went on with; nil when it began with a new one.
    package var resumed: ClaimState.Session?
    /// The session that the task names itself.
    package var given: String?
    /// The session that the agent has told, where it can be resumed.
    package var told: String?
    /// Whether the agent has worked in the attempt.
    package var hasWorked: Bool
    /// The tokens that the session has used so far, where the agent tells that.
    package var usage: JSONObject?

    /// Gathers what is known.
    /// - Parameters:
    ///   - agent: The profile that ran.
    ///   - resumed: The session that the attempt went on with.
    ///   - given: The session that the task names itself.
    ///   - told: The session that the agent has told.
    ///   - hasWorked: Whether the agent has worked in the attempt.
    package init(
        agent: AgentName,
        resumed: ClaimState.Session? = nil,
        given: String? = nil,
        told: String? = nil,
        hasWorked: Bool = false
    ) {
        self.agent = agent
        self.resumed = resumed
        self.given = given
        self.told = told
        self.hasWorked = hasWorked
    }

    /// Whether the attempt failed for the sake of the session: another one, with a new session, may succeed.
    ///
    /// The agent does not know the session any more, or cannot go on with it as it is. It has not worked, so that
    /// nothing is used up. A session that the task itself names is what it asks for, and is never replaced.
    /// - Parameter end: How the attempt ended.
    /// - Returns: Whether the session is to be given up, and the attempt not counted.
    package func isLost(after end: AttemptEnd) -> Bool {
        guard let resumed, resumed.id != given, !hasWorked, case .judged(let outcome) = end else { return false }
        guard let failure = outcome.failure, failure.isPermanent, !outcome.countsTowardBreaker else { return false }
        return failure.reason == .agentError || failure.reason == .noResult
    }

    /// The session that the next attempt goes on with.
    ///
    /// What ended the attempt from outside says nothing against the session. What the agent itself met may have to do
    /// with it: then it must have worked, and a crash is resumed once.
    /// - Parameter end: How the attempt ended.
    /// - Returns: `nil` for a new one.
    package func next(after end: AttemptEnd) -> ClaimState.Session? {
        switch end {
        case .notStarted: return resumed
        case .handedBack, .interrupted: return session(.interrupted)
        case .verified: return nil
        case .unverified:
            var session = session(.verificationFailed)
            // It has done the task, and has not heard what is wrong with that.
            session?.knowledge = .task
            return session
        case .judged(let outcome):
            guard let failure = outcome.failure, !isLost(after: end) else { return nil }
            return isWorthResuming(after: failure) ? session(failure.reason) : nil
        }
    }

    private func isWorthResuming(after failure: Failure) -> Bool {
        if failure.reason == .budgetExceeded { return true }
        return switch failure.failureClass {
        case .usageLimit, .interrupted: true
        case .transient: hasWorked || resumed != nil
        case .timeout: hasWorked
        case .unknown: hasWorked && resumed == nil
        case .authentication, .permanent, .notRun, .cancelled: false
        }
    }

    private func session(_ cause: FailureReason) -> ClaimState.Session? {
        guard let id = told ?? resumed?.id else { return nil }
        let before = id == resumed?.id ? resumed?.knowledge : nil
        let knowledge = hasWorked ? .everything : before ?? .nothing
        var session = ClaimState.Session(id: id, agent: agent, knowledge: knowledge, cutOffBy: cause)
        session.usage = usage ?? (id == resumed?.id ? resumed?.usage : nil)
        return session
    }
}
