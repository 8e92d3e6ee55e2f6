// SPDX-License-Identifier: Apache-2.0
// What an agent is told that goes on with a session.

package import QueueModel

/// The words for an agent whose session goes on.
package enum SessionPrompt {
    /// Tells an agent to go on where it was cut off.
    ///
    /// The agent knows the task: its session has it. A command that was cut off is told to it as one whose outcome is
    /// unknown, so that it has to look.
    ///
    /// - Parameter cause: why the last run in the session ended; nil when nobody knows.
    /// - Returns: the text.
    package static func goOn(after cause: FailureReason?) -> String {
        """
        Your session was cut off before the work was done: \(words(for: cause)). Go on where it stopped. Look at the \
        present state first: a command that ran then may have done all of its work, a part of it, or nothing. Do not \
        do again what is done. At the end, answer as the task asks.
        """
    }

    /// Tells an agent what a check has found in its work.
    ///
    /// - Parameter check: a check that has failed.
    /// - Returns: the text.
    package static func mend(_ check: CheckRecord) -> String {
        let end = check.output.map { " It wrote at its end:\n\n\($0)\n\n" } ?? " "
        return "The work is not done yet. The check \"\(check.name)\" has failed: \(check.problem ?? "no reason")."
            + end + "Mend the work, not the check, and then answer as the task asks. The check is run again after that."
    }

    /// Tells an agent that knows nothing what an earlier run has left to mend.
    ///
    /// - Parameters:
    ///   - description: the task's description.
    ///   - complaint: what the agent of that run would have been told.
    /// - Returns: the text.
    package static func description(_ description: String, with complaint: String) -> String {
        "\(description)\n\nAn earlier run has worked on this, in the same place. \(complaint)"
    }

    private static func words(for cause: FailureReason?) -> String {
        switch cause {
        case .usageLimit: "the usage limit was reached, and there is room again"
        case .budgetExceeded: "its money was spent, and there is some again"
        case .timeout: "it had taken as long as it may"
        case .agentError: "the service had failed"
        case .interrupted, .cancelled, nil: "the program was stopped from outside"
        default: "the program had ended without a result"
        }
    }
}
