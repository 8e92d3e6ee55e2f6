// SPDX-License-Identifier: Apache-2.0
// The states of a task and the moves between them.

/// Where a task is in its life.
package enum TaskState: String, Sendable, Hashable, CaseIterable {
    /// It could run now.
    case queued
    /// Something holds it back.
    case waiting
    /// An attempt runs.
    case running
    /// It ended with success.
    case completed
    /// It ended without success.
    case failed
    /// Somebody cancelled it.
    case cancelled

    /// The states that may follow this one.
    ///
    /// From `running` a task returns to `queued` when its attempt is handed back uncounted, and to `waiting` for the
    /// delay before the next attempt. A task that is submitted again is another submission, not a move.
    package var successors: Set<TaskState> {
        switch self {
        case .queued: [.waiting, .running, .failed, .cancelled]
        case .waiting: [.queued, .running, .failed, .cancelled]
        case .running: [.queued, .waiting, .completed, .failed, .cancelled]
        case .completed, .failed, .cancelled: []
        }
    }

    /// Whether the task has ended.
    package var isFinal: Bool {
        successors.isEmpty
    }

    /// Whether a task may move from this state to another; staying is not a move.
    package func canBecome(_ next: TaskState) -> Bool {
        successors.contains(next)
    }

    /// The state of a task that ended this way.
    package init(_ status: TaskStatus) {
        self =
            switch status {
            case .completed: .completed
            case .failed: .failed
            case .cancelled: .cancelled
            }
    }
}
