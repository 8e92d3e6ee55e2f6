// SPDX-License-Identifier: Apache-2.0
// Why a task cannot be handed to an agent at all.

package import QueueModel

/// A task that cannot be started as it is; trying again would not help.
package struct AgentError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong; the texts are stable.
    package enum Code: String, Sendable {
        /// The description holds a zero byte.
        case promptHasZeroByte = "prompt_has_zero_byte"
        /// The description does not fit into an argument.
        case promptTooLong = "prompt_too_long"
        /// The program would take the description for an option.
        case promptLooksLikeOption = "prompt_looks_like_option"
        /// The session is not named by plain letters, digits and marks.
        case invalidSessionID = "invalid_session_id"
        /// There is no profile of that name.
        case unknownAgent = "unknown_agent"
        /// There is no check of that name.
        case unknownCheck = "unknown_check"
        /// The task may not work in that directory.
        case workingDirectoryRefused = "working_directory_refused"
        /// There is no such directory.
        case workingDirectoryMissing = "working_directory_missing"
    }

    /// What is wrong.
    package let code: Code
    /// One line: what, why, and what to do.
    package let message: String

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: what is wrong.
    ///   - message: one line: what, why, and what to do.
    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    package var description: String { message }

    /// The error of a task that names a profile that does not exist.
    ///
    /// - Parameters:
    ///   - name: the name that the task gives.
    ///   - known: the names of all profiles.
    /// - Returns: an error that lists the known names.
    package static func unknownAgent(_ name: AgentName, known: some Sequence<AgentName>) -> AgentError {
        let names = known.map(\.string).sorted().joined(separator: ", ")
        return AgentError(code: .unknownAgent, message: "agent: there is no profile \(name); give one of \(names)")
    }

    /// The failure to record: permanent, as the task itself has to change.
    package var failure: Failure { Failure(reason: .spawnFailed, message: message, isPermanent: true) }
}
