// SPDX-License-Identifier: Apache-2.0
// One line of `vigil list`.

package import QueueModel

/// A task in one line.
package struct TaskRow: Sendable, Equatable {
    /// The version of ``json``: it grows when a member changes its meaning or goes.
    package static let schemaVersion = 1

    /// The task.
    package let id: TaskID
    /// Whose it is.
    package let worker: WorkerID
    /// Where it is.
    package let state: TaskState
    /// Since when: its submission, its latest step, or its end.
    package let since: Timestamp
    /// When it was put into the inbox, as far as that is known.
    package var queuedAt: Timestamp?
    /// How many attempts were made, one that runs included.
    package var attempts = 0
    /// How long its last attempt ran; nil while there is none that ended.
    package var duration: Duration?
    /// Why it does not run, while it could still; of a running task that nobody takes up its outcome.
    package var waits: [TaskWaitReason] = []
    /// Why it ended without success.
    package var failure: Failure?
    /// The group.
    package var group: GroupName?
    /// What it has cost in US dollars; nil when that is not known.
    package var costUSD: Double?

    /// A row with only what every task has.
    /// - Parameters:
    ///   - id: The task.
    ///   - worker: Whose it is.
    ///   - state: Where it is.
    ///   - since: Since when.
    package init(id: TaskID, worker: WorkerID, state: TaskState, since: Timestamp) {
        self.id = id
        self.worker = worker
        self.state = state
        self.since = since
    }

    /// The row of an ended task.
    /// - Parameter result: The task's result.
    package init(_ result: ResultRecord) {
        self.init(
            id: result.taskID,
            worker: result.worker,
            state: TaskState(result.status),
            since: result.timestamp
        )
        queuedAt = result.queuedAt
        attempts = result.attempts.count
        duration = result.attempts.isEmpty ? nil : result.duration
        failure = result.failure
        group = result.group
        costUSD = result.costUSD ?? result.agent?.costUSD
    }

    /// What there is to say about it, in a few words.
    /// - Parameter now: The present time.
    /// - Returns: One line, safe for a terminal.
    package func remark(now: Timestamp) -> String {
        switch state {
        case .completed: return duration.map { "in \($0.rounded)" } ?? ""
        case .failed, .cancelled:
            guard let failure else { return "" }
            return "\(failure.reason.rawValue): \(printable(failure.message))"
        case .running: return (["attempt \(attempts)"] + waits.map { $0.text(now: now) }).joined(separator: "; ")
        case .queued, .waiting: return waits.map { $0.text(now: now) }.joined(separator: "; ")
        }
    }

    /// The row as one document; every member is always there, `null` or empty where it does not apply.
    package var json: JSONValue {
        [
            "schema_version": .integer(Self.schemaVersion),
            "task_id": .string(id.string),
            "worker": .string(worker.string),
            "state": .string(state.rawValue),
            "since": .string(since.description),
            "queued_at": queuedAt.map { .string($0.description) } ?? .null,
            "attempts": .integer(attempts),
            "duration_seconds": duration.map(JSONValue.seconds) ?? .null,
            "waiting_for": .array(waits.map(\.json)),
            "reason": failure.map { .string($0.reason.rawValue) } ?? .null,
            "message": failure.map { .string($0.message) } ?? .null,
            "group": group.map { .string($0.string) } ?? .null,
            "cost_usd": costUSD.map { .decimal($0) } ?? .null,
        ]
    }
}

extension TaskRow {
    /// Rows for people.
    /// - Parameters:
    ///   - rows: The rows in order.
    ///   - now: The present time.
    ///   - width: The most characters of a line; nil: no limit.
    ///   - paint: Colours a text.
    /// - Returns: A table with a heading.
    package static func table(
        _ rows: [TaskRow],
        now: Timestamp,
        width: Int?,
        paint: (String, TaskState) -> String = { text, _ in text }
    ) -> String {
        var table = Table(["task", "worker", "state", "since", "remark"])
        for row in rows {
            let remark = row.remark(now: now)
            table.add([
                row.id.string, row.worker.string, paint(row.state.rawValue, row.state),
                "\(Age(of: row.since, at: now))",
                remark.isEmpty ? "-" : remark,
            ])
        }
        return table.text(width: width)
    }
}

extension TaskState {
    /// The colour of its word.
    var style: Output.Style {
        switch self {
        case .completed: .good
        case .failed, .cancelled: .bad
        case .queued, .waiting, .running: .warning
        }
    }
}
