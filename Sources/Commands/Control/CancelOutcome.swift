// SPDX-License-Identifier: Apache-2.0
// What became of the wish to cancel one task, in words and as an exit code.

package import QueueModel

/// What became of the wish to cancel one task.
package enum CancelOutcome: Sendable, Equatable {
    /// Its result says that it was cancelled.
    case cancelled
    /// It had ended before, or ended by itself meanwhile.
    case ended(TaskStatus)
    /// It is asked for, and nobody is there to do it; with the reason.
    case recorded(String)
    /// It is asked for, and was not done in time.
    case pending(Duration)
    /// Nothing on disk knows the task.
    case unknown

    /// Stable, for JSON.
    package var word: String {
        switch self {
        case .cancelled: "cancelled"
        case .ended: "ended"
        case .recorded: "recorded"
        case .pending: "pending"
        case .unknown: "unknown"
        }
    }

    /// One line for people.
    /// - Parameter id: The task.
    /// - Returns: The line, without a newline.
    package func line(about id: TaskID) -> String {
        switch self {
        case .cancelled: "\(id) cancelled"
        case .ended(let status): "\(id) not cancelled: it has ended (\(status.rawValue))"
        case .recorded(let absence): "\(id) will be cancelled when its worker starts: \(printable(absence))"
        case .pending(let limit):
            "\(id) is asked to end, and has not ended within \(limit.rounded); see it with: vigil show \(id)"
        case .unknown: "\(id) not cancelled: there is no such task"
        }
    }

    /// What the command exits with when this is all.
    package var exitCode: Int32 {
        switch self {
        case .cancelled: 0
        case .ended, .unknown: CommandFailure.Code.failed.rawValue
        case .recorded: CommandFailure.Code.noDaemon.rawValue
        case .pending: CommandFailure.Code.timedOut.rawValue
        }
    }

    /// What the command exits with after several: a task that was not cancelled counts most, then one that takes too
    /// long, then one that nobody is there for.
    /// - Parameter outcomes: What became of each task.
    /// - Returns: The exit code.
    package static func exitCode(of outcomes: [CancelOutcome]) -> Int32 {
        let codes = Set(outcomes.map(\.exitCode))
        let order = [CommandFailure.Code.failed, .timedOut, .noDaemon].map(\.rawValue)
        return order.first { codes.contains($0) } ?? 0
    }
}
