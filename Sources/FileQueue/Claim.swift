// SPDX-License-Identifier: Apache-2.0
// A task that this process holds.

package import QueueModel
package import SystemKit

/// The right to work on one task, held through a kernel lock on the task's file.
///
/// The lock is shared with the supervisor of a running attempt, so it outlives this process while the agent runs; it
/// is given up when every descriptor of it is closed, however the holder dies (flock(2)).
package final class Claim {
    /// The task as it came.
    package let task: TaskRecord
    /// What is on disk about it.
    package internal(set) var state: ClaimState
    /// The file of the claim's first record, as long as that is not replaced.
    ///
    /// The exit record of the first attempt is written behind it.
    var record: RecordFile?
    /// The directory of the task's output, while an attempt runs.
    var output: Directory?
    /// The directory of the running attempt's logs, as far as this process has opened it.
    package internal(set) var logs: Directory?
    /// Whether nobody was told of it yet; the claims of an earlier daemon are no news.
    package var isNews = false
    private let lock: OwnedDescriptor

    init(task: TaskRecord, state: ClaimState, modified nanoseconds: Int64, lock: consuming OwnedDescriptor) {
        self.task = task
        fileCompleteAt = Timestamp(millisecondsSince1970: nanoseconds / 1_000_000)
        self.state = state
        self.lock = lock
    }

    /// The claimed task's id.
    package var id: TaskID { task.id }

    /// The descriptor that carries the lock, to be handed to a supervisor.
    package var lockDescriptor: Int32 { lock.rawValue }

    /// Where the exit record of the first attempt goes: a descriptor of the record's file, and where the room in it begins;
    /// `nil` when it gets a file of its own.
    package var exitRoom: (descriptor: Int32, offset: Int)? { record.map { ($0.rawValue, $0.roomOffset) } }

    /// What the scheduler has to know of the task; its dependencies were met before its first attempt.
    package var queued: QueuedTask {
        var queued = QueuedTask(task, fileName: taskName, queuedAt: state.queuedAt)
        if state.attempt > 0 {
            queued.dependencies = []
            queued.notBefore = nil
            queued.expiresAt = nil
        }
        return queued
    }

    /// When the producer finished the file, as far as its last change tells.
    package let fileCompleteAt: Timestamp

    var stateName: FileName { ClaimName.state(id).fileName }
    var taskName: FileName { ClaimName.task(id, state.worker).fileName }
    /// The name that the supervisor gives to the exit record.
    package var exitName: FileName { ClaimName.exit(id).fileName }
    /// The name that the supervisor gives to the exit record of a check.
    package var checkName: FileName { ClaimName.check(id).fileName }
}
