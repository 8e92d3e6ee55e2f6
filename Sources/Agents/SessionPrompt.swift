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
