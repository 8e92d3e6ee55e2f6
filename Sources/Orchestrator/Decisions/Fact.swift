// SPDX-License-Identifier: Apache-2.0
// What a look at one file of the queue says.

package import QueueModel

/// One thing that a file of the queue says, without anything that is not needed to judge it.
package enum Fact: Sendable, Equatable {
    /// A task lies in an inbox, or is claimed.
    case submitted(SubmittedTask)
    /// A task has its result.
    case ended(EndedTask)
    /// A dead letter lies in its place.
    case deadLettered(FoundDeadLetter)
}

/// A task that has not ended.
package struct SubmittedTask: Sendable, Equatable {
    /// The task.
    package var id: TaskID
    /// Whose task it is.
    package var worker: WorkerID
    /// The digest of its content.
    package var digest: String
    /// Its group.
    package var group: GroupName?
    /// When its file was complete.
    package var submittedAt: Timestamp
    /// Not to be started earlier.
    package var notBefore: Timestamp?
    /// Whether a worker has taken it.
    package var isClaimed: Bool
    /// Whether a result of the id lies there, so that this is a repeat, or the last moment of its claim.
    package var hasResult: Bool

    /// A task that has not ended.
    /// - Parameters:
    ///   - task: The task.
    ///   - worker: Whose task it is.
    ///   - submittedAt: When its file was complete.
    ///   - isClaimed: Whether a worker has taken it.
    ///   - hasResult: Whether a result of the id lies there.
    package init(_ task: TaskRecord, worker: WorkerID, submittedAt: Timestamp, isClaimed: Bool, hasResult: Bool) {
        id = task.id
        self.worker = worker
        digest = task.contentDigest
        group = task.group
        self.submittedAt = submittedAt
        notBefore = task.notBefore
        self.isClaimed = isClaimed
        self.hasResult = hasResult
    }
}

/// A task with its result.
package struct EndedTask: Sendable, Equatable {
    /// The task.
    package var id: TaskID
    /// Who ran it.
    package var worker: WorkerID
    /// How it ended.
    package var status: TaskStatus
    /// When it ended.
    package var endedAt: Timestamp
    /// When it was submitted; nil in results of the older system.
    package var submittedAt: Timestamp?
    /// The digest of its content; empty in results of the older system.
    package var digest: String
    /// Its group.
    package var group: GroupName?
    /// How long its last attempt ran.
    package var duration: Duration
    /// How many attempts there were.
    package var attempts: Int
    /// Why it ended without success.
    package var reason: String?
    /// What it has cost.
    package var use: TaskUse
    /// The result's file.
    package var file: String
    /// Tells this result from another one of the same task: when its file was written, in nanoseconds.
    package var mark: Int64

    /// What of a result is kept.
    /// - Parameters:
    ///   - result: The result.
    ///   - file: Its path.
    ///   - mark: When the file was written, in nanoseconds.
    package init(_ result: ResultRecord, file: String, mark: Int64) {
        id = result.taskID
        worker = result.worker
        status = result.status
        endedAt = result.timestamp
        submittedAt = result.queuedAt
        digest = result.taskDigest
        group = result.group
        duration = result.duration
        attempts = result.attempts.isEmpty && result.exitCode != nil ? result.retryCount + 1 : result.attempts.count
        reason = result.failure?.reason.rawValue
        use = TaskUse(costUSD: result.costUSD ?? result.agent?.costUSD, tokens: result.tokens)
        self.file = file
        self.mark = mark
    }
}

/// A dead letter.
package struct FoundDeadLetter: Sendable, Equatable {
    /// Whose dead letter it is.
    package var worker: WorkerID
    /// The path of its file.
    package var file: String
    /// The name of its file.
    package var name: String
    /// The id that the file gives.
    package var taskID: TaskID?
    /// Why it is here.
    package var reason: DeadLetterReason
    /// When it was put here.
    package var timestamp: Timestamp
    /// The digest of the task in it; nil when it holds none.
    package var digest: String?

    /// What of a dead letter is kept.
    /// - Parameters:
    ///   - letter: The dead letter.
    ///   - file: The path of its file.
    ///   - name: The name of its file.
    package init(_ letter: DeadLetterRecord, file: String, name: String) {
        worker = letter.worker
        self.file = file
        self.name = name
        taskID = letter.taskID
        reason = letter.reason
        timestamp = letter.timestamp
        digest = letter.task.map { Digest.sha256(JSONWriter.canonicalBytes(.object($0))) }
    }
}
