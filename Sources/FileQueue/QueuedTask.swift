// SPDX-License-Identifier: Apache-2.0
// What the scheduler has to know of a task that lies in an inbox.

package import QueueModel
package import SystemKit

/// A valid task file in an inbox; small, since a hundred thousand of them may wait.
package struct QueuedTask: Sendable, Equatable {
    /// The task's id.
    package var id: TaskID
    /// The name of its file; need not resemble the id.
    package var fileName: FileName
    /// The file that was read, to notice when another has taken its name.
    package var identity: FileIdentity?
    /// From -100 to 100; higher runs first.
    package var priority: Int
    /// Since when it waits: as the producer says, but never later than the file's last change.
    package var queuedAt: Timestamp
    /// Not to be started earlier.
    package var notBefore: Timestamp?
    /// Not to be started later.
    package var expiresAt: Timestamp?
    /// Tasks that must have completed before.
    package var dependencies: [TaskID]
    /// The agent profile that it names.
    package var agent: AgentName?
    /// The agent's conversation that it wants to go on with.
    package var sessionID: String?

    init(_ task: TaskRecord, fileName: FileName, status: FileStatus) {
        let modified = Timestamp(millisecondsSince1970: status.modifiedNanoseconds / 1_000_000)
        self.init(task, fileName: fileName, queuedAt: min(task.createdAt ?? modified, modified))
        identity = status.identity
    }

    /// What a scheduler has to know of a task.
    /// - Parameters:
    ///   - task: The task.
    ///   - fileName: The name of its file.
    ///   - queuedAt: Since when it waits.
    package init(_ task: TaskRecord, fileName: FileName, queuedAt: Timestamp) {
        id = task.id
        self.fileName = fileName
        priority = task.priority
        self.queuedAt = queuedAt
        notBefore = task.notBefore
        expiresAt = task.expiresAt
        dependencies = task.dependencies
        agent = task.agent
        sessionID = task.sessionID
    }
}

/// What a look at one inbox file found.
package enum InboxFinding: Sendable {
    /// A valid task, with its contents to tell a repeat by.
    case task(QueuedTask, TaskRecord)
    /// Not acceptable as it is, but a producer may still be at work on it.
    case unfinished(FileStatus, TaskRejection, hasWriter: Bool)
    /// Not acceptable, and more writing would not change that.
    case rejected(TaskRejection)
    /// Not there (any more).
    case gone
}

/// What became of the attempt to claim a task.
package enum ClaimOutcome {
    /// This process holds it, and its first attempt is on record.
    case claimed(Claim)
    /// The file is not there any more.
    case gone
    /// The file is another than the one that was read; look at it again.
    case changed
    /// Another process is at work on this id; look again later.
    case taken
    /// The same task was submitted before; the file is superfluous.
    case repeated
    /// Another task of the same id was submitted before.
    case conflicting(String)
}
