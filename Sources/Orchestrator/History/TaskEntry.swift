// SPDX-License-Identifier: Apache-2.0
// What the orchestrator has on record about one task.

package import QueueModel

/// One task as the orchestrator knows it.
package struct TaskEntry: Sendable, Equatable {
    /// The task.
    package var id: TaskID
    /// Whose task it is.
    package var worker: WorkerID
    /// Where it is in its life; only an end is exact, since a task that has not ended moves on in the files.
    package var state: TaskState
    /// The group it belongs to.
    package var group: GroupName?
    /// The digest of its content; empty when it was never seen.
    package var digest: String
    /// When it was submitted.
    package var submittedAt: Timestamp
    /// Since when its time counts, until it is overdue; nil once it has ended or was found overdue.
    package var countsFrom: Timestamp?
    /// Whether it was found overdue.
    package var isOverdue: Bool
    /// When it ended.
    package var endedAt: Timestamp?
    /// How long its last attempt ran.
    package var duration: Duration?
    /// How many attempts there were.
    package var attempts: Int
    /// Why it ended without success: a failure's or a dead letter's reason.
    package var reason: String?
    /// What it has cost, once it has ended.
    package var use = TaskUse()
    /// Tells one result of the task from a later one; nil when there was none.
    package var resultMark: Int64?

    /// A task that was just submitted.
    /// - Parameters:
    ///   - id: The task.
    ///   - worker: Whose task it is.
    ///   - submittedAt: When it was submitted.
    package init(id: TaskID, worker: WorkerID, submittedAt: Timestamp) {
        self.id = id
        self.worker = worker
        self.submittedAt = submittedAt
        state = .queued
        digest = ""
        isOverdue = false
        attempts = 0
    }
}

// MARK: - Columns

extension TaskEntry {
    static let columns = """
        task_id, worker, state, group_name, digest, submitted_ms, counts_from_ms, is_overdue, ended_ms, duration_ms, \
        attempts, reason, result_mark, cost_microusd, tokens
        """

    /// Reads a row of ``columns``; nil when it is none of ours.
    init?(_ row: borrowing Row) {
        guard let id = TaskID(bytes: row.text(0).utf8), let worker = WorkerID(bytes: row.text(1).utf8),
            let state = TaskState(rawValue: row.text(2))
        else { return nil }
        self.init(id: id, worker: worker, submittedAt: Timestamp(millisecondsSince1970: row.integer(5)))
        self.state = state
        group = row.optionalText(3).flatMap { GroupName(bytes: $0.utf8) }
        digest = row.text(4)
        countsFrom = row.optionalInteger(6).map(Timestamp.init(millisecondsSince1970:))
        isOverdue = row.integer(7) != 0
        endedAt = row.optionalInteger(8).map(Timestamp.init(millisecondsSince1970:))
        duration = row.optionalInteger(9).map { .milliseconds($0) }
        attempts = Int(row.integer(10))
        reason = row.optionalText(11)
        resultMark = row.optionalInteger(12)
        use = TaskUse(microdollars: row.integer(13), tokens: row.integer(14))
    }

    var values: [SQLValue] {
        [
            .text(id.string), .text(worker.string), .text(state.rawValue), SQLValue(group?.string), .text(digest),
            .integer(submittedAt.millisecondsSince1970), SQLValue(countsFrom?.millisecondsSince1970),
            .integer(isOverdue ? 1 : 0), SQLValue(endedAt?.millisecondsSince1970),
            SQLValue(duration?.wholeMilliseconds), .integer(Int64(attempts)), SQLValue(reason), SQLValue(resultMark),
            .integer(use.microdollars), .integer(use.tokens),
        ]
    }
}
