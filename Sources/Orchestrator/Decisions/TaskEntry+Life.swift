// SPDX-License-Identifier: Apache-2.0
// How what is on record about a task follows from what is seen of it.

package import QueueModel

extension TaskEntry {
    /// The record of a task that is seen for the first time.
    /// - Parameter task: What is seen.
    package init(_ task: SubmittedTask) {
        self.init(id: task.id, worker: task.worker, submittedAt: task.submittedAt)
        submit(task)
    }

    /// The record of a task of which only the result is seen.
    /// - Parameter task: What is seen.
    package init(_ task: EndedTask) {
        self.init(id: task.id, worker: task.worker, submittedAt: task.submittedAt ?? task.endedAt)
    }

    /// Takes note of a task that has not ended.
    ///
    /// While the result of the id lies there, a task file is a repeat, another task that will be refused, or a claim
    /// that is being removed: nothing changes. Without a result, a task that had ended was submitted again.
    /// - Parameter task: What is seen.
    package mutating func saw(_ task: SubmittedTask) {
        guard !task.hasResult else { return }
        if state.isFinal {
            submit(task)
        } else if task.isClaimed {
            // Whoever claimed the id decides which of several files is the task.
            if digest != task.digest || worker != task.worker { submit(task) }
            state = .running
        }
    }

    private mutating func submit(_ task: SubmittedTask) {
        worker = task.worker
        state = task.isClaimed ? .running : .queued
        group = task.group
        digest = task.digest
        submittedAt = task.submittedAt
        countsFrom = max(task.submittedAt, task.notBefore ?? .earliest)
        isOverdue = false
        endedAt = nil
        duration = nil
        attempts = 0
        reason = nil
        use = TaskUse()
    }

    /// Takes note of a result.
    /// - Parameter task: What is seen.
    /// - Returns: The news; nil when this very result was seen before.
    package mutating func ended(_ task: EndedTask) -> Announcement? {
        guard resultMark != task.mark else { return nil }
        worker = task.worker
        state = TaskState(task.status)
        group = task.group ?? (task.digest.isEmpty || task.digest == digest ? group : nil)
        if !task.digest.isEmpty { digest = task.digest }
        if let submitted = task.submittedAt { submittedAt = submitted }
        countsFrom = nil
        endedAt = task.endedAt
        duration = task.duration
        attempts = task.attempts
        reason = task.reason
        use = task.use
        resultMark = task.mark
        var data: JSONObject = [
            "task_id": .string(id.string), "worker": .string(worker.string), "status": .string(task.status.rawValue),
            "result_file": .string(task.file), "duration_seconds": .seconds(task.duration),
        ]
        data["group"] = group.map { .string($0.string) }
        data["reason"] = task.reason.map(JSONValue.string)
        return Announcement(.taskCompleted, at: task.endedAt, taskID: id, data)
    }

    /// Takes note of a dead letter of this id.
    ///
    /// A task that failed gets its result as well, which says how it ended. One that was refused gets none: its dead
    /// letter is its end, if the letter holds this very task and not another one of the same id.
    /// - Parameter letter: What is seen.
    package mutating func deadLettered(_ letter: FoundDeadLetter) {
        guard letter.reason.isRefusal, !state.isFinal, letter.digest == digest, letter.timestamp >= submittedAt,
            letter.reason != .duplicateTaskID
        else { return }
        state = .failed
        countsFrom = nil
        endedAt = letter.timestamp
        reason = letter.reason.rawValue
    }

    /// Finds the task overdue, once in a life.
    /// - Parameters:
    ///   - now: The present time.
    ///   - patience: How long a task may take.
    /// - Returns: The news; nil when the task is not due.
    package mutating func checkedDue(at now: Timestamp, patience: Duration) -> Announcement? {
        guard let start = countsFrom, start.adding(patience) <= now, !state.isFinal else { return nil }
        countsFrom = nil
        isOverdue = true
        return Announcement(
            .taskTimeout,
            at: now,
            taskID: id,
            [
                "task_id": .string(id.string), "worker": .string(worker.string),
                "age_seconds": .seconds(now.since(submittedAt)),
            ]
        )
    }
}

extension FoundDeadLetter {
    /// The news of this dead letter.
    package var announcement: Announcement {
        var data: JSONObject = [:]
        data["task_id"] = taskID.map { .string($0.string) }
        data["worker"] = .string(worker.string)
        data["reason"] = .string(reason.rawValue)
        data["file"] = .string(file)
        return Announcement(.taskDeadLettered, at: timestamp, taskID: taskID, data)
    }
}

extension DeadLetterReason {
    /// Whether the file was refused before it was a task, so that there is no result.
    var isRefusal: Bool {
        switch self {
        case .invalidJSON, .invalidTask, .tooLarge, .workerMismatch, .unsafeFile, .duplicateTaskID: true
        case .maxRetriesExceeded, .permanentFailure, .dependencyFailed, .dependencyCycle, .expired: false
        }
    }
}
