// SPDX-License-Identifier: Apache-2.0
// How a task ended, in one line.

package import QueueModel

/// The end of a task that was waited for.
package struct TaskEnding: Sendable, Equatable {
    /// How; the texts are stable.
    package enum Status: String, Sendable {
        case completed, failed, cancelled
        /// It broke a rule of tasks, and never was one.
        case refused
    }

    /// The version of ``json``: it grows when a member changes its meaning or goes.
    package static let schemaVersion = 1

    /// The task.
    package let id: TaskID
    /// Whose it was.
    package let worker: WorkerID
    /// How it ended.
    package let status: Status
    /// When.
    package let timestamp: Timestamp
    /// A stable word for why it did not complete.
    package let reason: String?
    /// The same in one line.
    package let message: String?
    /// How many attempts were made.
    package let attempts: Int
    /// How long the last one ran; nil without any.
    package let duration: Duration?

    /// The end that a result tells.
    /// - Parameter result: The result.
    package init(_ result: ResultRecord) {
        id = result.taskID
        worker = result.worker
        status =
            switch result.status {
            case .completed: .completed
            case .failed: .failed
            case .cancelled: .cancelled
            }
        timestamp = result.timestamp
        reason = result.failure?.reason.rawValue
        message = result.failure?.message
        attempts = result.attempts.count
        duration = result.attempts.isEmpty ? nil : result.duration
    }

    /// The end of a task of which only a dead letter is there.
    /// - Parameters:
    ///   - letter: The dead letter.
    ///   - id: The task.
    package init(_ letter: DeadLetterRecord, of id: TaskID) {
        self.id = id
        worker = letter.worker
        status = letter.attempts.isEmpty && letter.reason.isRefusal ? .refused : .failed
        timestamp = letter.timestamp
        reason = letter.reason.rawValue
        message = letter.error
        attempts = letter.attempts.count
        duration = letter.attempts.last?.duration
    }

    /// The end for people.
    package var line: String {
        guard status != .completed else {
            return "\(id)  completed" + (duration.map { "  in \($0.rounded)" } ?? "")
        }
        return "\(id)  \(status.rawValue)" + (reason.map { "  \($0)" } ?? "")
            + (message.map { ": \(printable($0))" } ?? "")
    }

    /// The end as one document; every member is always there.
    package var json: JSONValue {
        [
            "schema_version": .integer(Self.schemaVersion),
            "task_id": .string(id.string),
            "worker": .string(worker.string),
            "status": .string(status.rawValue),
            "timestamp": .string(timestamp.description),
            "reason": reason.map(JSONValue.string) ?? .null,
            "message": message.map(JSONValue.string) ?? .null,
            "attempts": .integer(attempts),
            "duration_seconds": duration.map(JSONValue.seconds) ?? .null,
        ]
    }
}
