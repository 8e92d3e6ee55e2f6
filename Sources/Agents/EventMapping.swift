// SPDX-License-Identifier: Apache-2.0
// What the events of an agent mean, as a table that a profile can give.

package import QueueModel

/// A table from events to facts: a new agent that prints lines of JSON is a table, not code.
package struct EventMapping: Equatable, Sendable {
    /// One row: what an event must look like, and what it then says.
    package struct Rule: Equatable, Sendable {
        /// Fields by their paths, such as `item.type`, and the texts that they must have.
        package var when: [String: String]
        /// What the event says about the end of the run; nil when it says nothing.
        package var outcome: EventOutcome?
        /// The facts that the event holds, with the paths to them.
        package var facts: [Fact: String]

        /// A row.
        ///
        /// - Parameters:
        ///   - when: fields by their paths, and the texts that they must have.
        ///   - outcome: what the event says about the end of the run.
        ///   - facts: the facts that the event holds, with the paths to them.
        package init(when: [String: String], outcome: EventOutcome? = nil, facts: [Fact: String] = [:]) {
            self.when = when
            self.outcome = outcome
            self.facts = facts
        }
    }

    /// What an event says about the end of the run.
    package enum EventOutcome: Equatable, Sendable {
        /// The work is done.
        case completed
        /// It failed; the class is looked up in the patterns when there is none.
        case failed(FailureClass?)
    }

    /// What an event can tell; the texts are those of the configuration file.
    package enum Fact: String, CaseIterable, Sendable {
        case sessionID = "session_id"
        case model
        case output
        case turns
        case costUSD = "cost_usd"
        case usage
        case message
        case resetsAt = "resets_at"
        case toolStarted = "tool_started"
        case toolEnded = "tool_ended"
    }

    /// Words of an error message, and the kind of failure that they tell of.
    package struct Pattern: Equatable, Sendable {
        /// A part of the message, in any case of letters.
        package var text: String
        /// The kind of failure.
        package var failureClass: FailureClass

        /// A pattern.
        ///
        /// - Parameters:
        ///   - text: a part of the message.
        ///   - failureClass: the kind of failure.
        package init(text: String, failureClass: FailureClass) {
            self.text = text
            self.failureClass = failureClass
        }
    }

    /// The rows; every one that fits an event counts, in order.
    package var rules: [Rule]
    /// What error messages mean; the first one that fits decides.
    package var patterns: [Pattern]

    /// A table.
    ///
    /// - Parameters:
    ///   - rules: the rows.
    ///   - patterns: what error messages mean.
    package init(rules: [Rule], patterns: [Pattern] = []) {
        self.rules = rules
        self.patterns = patterns
    }

    /// The kind of failure that a message tells of; nil when no pattern fits.
    ///
    /// - Parameter message: the message.
    /// - Returns: the class of the first pattern that fits.
    package func failureClass(of message: String) -> FailureClass? {
        let message = message.lowercased()
        return patterns.first { message.contains($0.text.lowercased()) }?.failureClass
    }

    /// The table for `codex exec --json`.
    package static let codex = EventMapping(
        rules: [
            Rule(when: ["type": "thread.started"], facts: [.sessionID: "thread_id"]),
            Rule(when: ["type": "item.completed", "item.type": "agent_message"], facts: [.output: "item.text"]),
            Rule(when: ["type": "item.started"], facts: [.toolStarted: "item.id"]),
            Rule(when: ["type": "item.completed"], facts: [.toolEnded: "item.id"]),
            Rule(when: ["type": "error"], facts: [.message: "message"]),
            Rule(when: ["type": "turn.completed"], outcome: .completed, facts: [.usage: "usage"]),
            Rule(when: ["type": "turn.failed"], outcome: .failed(nil), facts: [.message: "error.message"]),
        ],
        patterns: [
            Pattern(text: "usage limit", failureClass: .usageLimit),
            Pattern(text: "quota exceeded", failureClass: .usageLimit),
            Pattern(text: "insufficient_quota", failureClass: .usageLimit),
            Pattern(text: "401 unauthorized", failureClass: .authentication),
            Pattern(text: "403 forbidden", failureClass: .authentication),
            Pattern(text: "not logged in", failureClass: .authentication),
            Pattern(text: "missing environment variable", failureClass: .authentication),
            Pattern(text: "no rollout found for thread", failureClass: .permanent),
            Pattern(text: "invalid_request", failureClass: .permanent),
            Pattern(text: "400 bad request", failureClass: .permanent),
            Pattern(text: "404 not found", failureClass: .permanent),
            Pattern(text: "context window", failureClass: .permanent),
            Pattern(text: "429", failureClass: .transient),
            Pattern(text: "stream disconnected", failureClass: .transient),
            Pattern(text: "stream error", failureClass: .transient),
            Pattern(text: "connection", failureClass: .transient),
            Pattern(text: "exceeded retry limit", failureClass: .transient),
            Pattern(text: "overloaded", failureClass: .transient),
            Pattern(text: "high demand", failureClass: .transient),
            Pattern(text: "server error", failureClass: .transient),
            Pattern(text: "unexpected status 5", failureClass: .transient),
            Pattern(text: "at capacity", failureClass: .transient),
        ]
    )
}
