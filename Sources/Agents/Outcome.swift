// SPDX-License-Identifier: Apache-2.0
// What an attempt came to: success, or a failure with its reason.

package import QueueModel
package import SystemKit

/// What an attempt came to.
package struct Outcome: Equatable, Sendable {
    /// Why it failed; nil for success.
    package let failure: Failure?
    /// The code for the result: the agent's own, 124 for a timeout, 128+n for signal n; nil when it never ran.
    package let exitCode: Int?
    /// The agent's answer; nil when it gave none.
    package let output: String?
    /// What is known about the agent's run.
    package let agent: AgentSummary?
    /// Whether this failure tells of a service in trouble, rather than of this task alone; false for success.
    package let countsTowardBreaker: Bool
    /// When a usage limit ends, where the agent told it.
    package let usageLimitEnd: Timestamp?

    /// Whether the agent did its work.
    package var isSuccess: Bool { failure == nil }

    init(
        failure: Failure?,
        exitCode: Int?,
        output: String? = nil,
        agent: AgentSummary? = nil,
        countsTowardBreaker: Bool,
        usageLimitEnd: Timestamp? = nil
    ) {
        self.failure = failure
        self.exitCode = exitCode
        self.output = output
        self.agent = agent
        self.countsTowardBreaker = countsTowardBreaker
        self.usageLimitEnd = usageLimitEnd
    }
}

// MARK: - Endings without a record

extension Outcome {
    /// The outcome of a task that was never handed to the agent, because it cannot be.
    ///
    /// - Parameter error: what is wrong with the task.
    /// - Returns: a permanent failure that says nothing about the service.
    package static func refused(_ error: AgentError) -> Outcome {
        Outcome(failure: error.failure, exitCode: nil, countsTowardBreaker: false)
    }

    /// The outcome of an attempt that no supervisor could take up.
    ///
    /// - Parameter errno: why not.
    /// - Returns: a failure to start.
    package static func notStarted(_ errno: Errno) -> Outcome {
        Outcome(
            failure: Failure(
                reason: .spawnFailed,
                message: "the attempt could not be started: \(errno)",
                isPermanent: false
            ),
            exitCode: nil,
            countsTowardBreaker: true
        )
    }

    /// The outcome of an attempt that a crash cut off: nobody knows how it would have ended.
    ///
    /// - Parameter message: what is known, in one line.
    /// - Returns: a failure that says nothing about the service.
    package static func interrupted(_ message: String) -> Outcome {
        Outcome(
            failure: Failure(reason: .interrupted, message: message, isPermanent: false),
            exitCode: nil,
            countsTowardBreaker: false
        )
    }
}
