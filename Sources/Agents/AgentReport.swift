// SPDX-License-Identifier: Apache-2.0
// What an agent that prints events has said about its own run.

package import QueueModel

/// What a stream of events came to.
package struct AgentReport: Equatable, Sendable {
    /// What the agent says about its end.
    package enum Ending: Equatable, Sendable {
        /// It says that it did the work.
        case succeeded
        /// It says that it did not.
        case failed(AgentFinding)
    }

    /// The conversation, by which it can be resumed.
    package var sessionID: String?
    /// The model, by the agent's own name for it.
    package var model: String?
    /// The number of turns.
    package var turns: Int?
    /// What this run has cost in US dollars; nil when nothing is known.
    package var costUSD: Double?
    /// Token counts as the agent reported them.
    package var usage: JSONObject?
    /// The agent's answer.
    package var output: String?
    /// What the last event that ends a run says; nil when there was none.
    package var ending: Ending?
    /// Whether that event was its last word, so that nothing more is to come but its end.
    package var isAtRest = false
    /// When a usage limit ends that was met on the way.
    package var limitEnd: Timestamp?
    /// Whether the last word about the usage limit was that it is reached.
    package var isLimited = false
    /// Whether the agent has begun to work, so that the service answers.
    package var hasWorked = false
    /// Whether something that the agent started goes on in the background.
    package var isBusy = false
    /// The calls of tools that have begun and have no result yet, in order.
    package var openTools: [String] = []
    /// The tools that the agent was denied.
    package var deniedTools: [String] = []
    /// The last error that the agent told of.
    package var errorMessage: String?

    /// Nothing was said yet.
    package init() {}

    /// More calls at once are no agent's, but what leaves out their ends.
    private static let mostOpenTools = 1000

    mutating func toolStarted(_ call: String) {
        guard openTools.count < Self.mostOpenTools, !openTools.contains(call) else { return }
        openTools.append(call)
    }

    mutating func toolEnded(_ call: String) { openTools.removeAll { $0 == call } }

    /// The report without the tokens that earlier runs in the same session have used.
    ///
    /// - Parameter earlier: what the agent had told of the session before.
    /// - Returns: the report of this run alone.
    package func withoutUsage(of earlier: JSONObject) -> AgentReport {
        guard let total = usage else { return self }
        var report = self
        for (name, value) in total.members {
            guard let count = value.intValue, let before = earlier[name]?.intValue else { continue }
            report.usage?[name] = .integer(max(0, count - before))
        }
        return report
    }

    /// The part of the report that goes into a result.
    ///
    /// - Parameter name: the profile that ran.
    /// - Returns: the summary.
    package func summary(name: AgentName) -> AgentSummary {
        AgentSummary(
            name: name,
            model: model,
            sessionID: sessionID,
            turns: turns,
            costUSD: costUSD,
            usage: usage
        )
    }
}

/// What kind of failure something tells of.
package struct AgentFinding: Equatable, Sendable {
    /// Why it failed.
    package var reason: FailureReason
    /// Whether another attempt would fail the same way.
    package var isPermanent: Bool
    /// Whether it tells of a service in trouble, rather than of this task alone.
    package var countsTowardBreaker: Bool
    /// What happened, in one line for a person.
    package var message: String

    /// A finding.
    ///
    /// - Parameters:
    ///   - reason: why it failed.
    ///   - isPermanent: whether another attempt would fail the same way.
    ///   - countsTowardBreaker: whether it tells of a service in trouble.
    ///   - message: what happened, in one line for a person.
    package init(
        _ reason: FailureReason,
        isPermanent: Bool = false,
        countsTowardBreaker: Bool = false,
        message: String = ""
    ) {
        self.reason = reason
        self.isPermanent = isPermanent
        self.countsTowardBreaker = countsTowardBreaker
        self.message = message
    }

    /// The failure that stands for a class, as a profile names it.
    ///
    /// - Parameters:
    ///   - failureClass: the class.
    ///   - message: what happened.
    package init(of failureClass: FailureClass, message: String) {
        switch failureClass {
        case .transient: self.init(.agentError, countsTowardBreaker: true, message: message)
        case .usageLimit: self.init(.usageLimit, message: message)
        case .authentication:
            self.init(.authentication, isPermanent: true, countsTowardBreaker: true, message: message)
        case .permanent: self.init(.agentError, isPermanent: true, message: message)
        case .interrupted: self.init(.interrupted, message: message)
        case .timeout: self.init(.timeout, message: message)
        case .notRun: self.init(.noResult, isPermanent: true, message: message)
        case .cancelled: self.init(.cancelled, isPermanent: true, message: message)
        case .unknown: self.init(.noResult, countsTowardBreaker: true, message: message)
        }
    }
}
