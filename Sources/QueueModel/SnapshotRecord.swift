// SPDX-License-Identifier: Apache-2.0
// The orchestrator's state for people and scripts, and the same as an older system left it.

/// The snapshot `orchestrator_state.json`.
package struct SnapshotRecord: Sendable, Equatable {
    /// One task of a snapshot.
    package struct Entry: Sendable, Equatable {
        /// The task.
        package var taskID: TaskID
        /// Whose task it is.
        package var worker: WorkerID
        /// When it was submitted.
        package var createdAt: Timestamp?
        /// When it ended.
        package var completedAt: Timestamp?
        /// Where it is in its life, in the words of whoever wrote it.
        package var status: String
        /// The path of its result.
        package var resultFile: String?
        /// How many attempts there were.
        package var attempts: Int

        /// A task of a snapshot.
        /// - Parameters:
        ///   - taskID: The task.
        ///   - worker: Whose task it is.
        ///   - status: Where it is in its life.
        ///   - attempts: How many attempts there were.
        package init(taskID: TaskID, worker: WorkerID, status: String, attempts: Int) {
            self.taskID = taskID
            self.worker = worker
            self.status = status
            self.attempts = attempts
        }
    }

    /// The tasks; in our own snapshots the latest only.
    package var tasks: [Entry] = []
    /// How many tasks there are.
    package var totalTasks = 0
    /// How many completed.
    package var completedTasks = 0
    /// How many failed.
    package var failedTasks = 0
    /// How many were found overdue.
    package var timeoutTasks = 0
    /// When this was written.
    package var timestamp: Timestamp
    /// The sequence of the last event; nil in snapshots of the older system, by which they are known.
    package var lastSequence: Int64?

    /// A snapshot without tasks.
    /// - Parameter timestamp: When it is written.
    package init(timestamp: Timestamp) { self.timestamp = timestamp }

    /// The snapshot as JSON.
    package func encoded() -> [UInt8] {
        var stats = RecordMembers()
        stats.add("total_tasks", .integer(totalTasks))
        stats.add("completed_tasks", .integer(completedTasks))
        stats.add("failed_tasks", .integer(failedTasks))
        stats.add("timeout_tasks", .integer(timeoutTasks))
        var members = RecordMembers()
        members.add("schema_version", 1)
        members.add("timestamp", timestamp.json)
        members.add("last_sequence", lastSequence.map { .integer($0) })
        members.add("stats", stats.json)
        members.add("tasks", .array(tasks.map(\.json)))
        return JSONWriter.bytes(members.json)
    }

    /// Reads a snapshot of this or the older system; entries that cannot be read are left out.
    /// - Parameter bytes: The whole file.
    /// - Returns: The snapshot.
    /// - Throws: ``RecordError`` when the file is none.
    package static func decode(_ bytes: [UInt8]) throws(RecordError) -> SnapshotRecord {
        let fields = try RecordFields(parsing: bytes)
        let tasks = try fields.required("tasks") { $0.arrayValue ?? $0.objectValue?.members.map(\.value) }
        var record = SnapshotRecord(timestamp: try fields.optional("timestamp", \.timestampValue) ?? .earliest)
        record.tasks = tasks.compactMap { $0.objectValue.flatMap(Entry.init) }
        record.lastSequence = try fields.optional("last_sequence") { $0.numberValue?.exactInt }
        let stats = RecordFields(try fields.optional("stats", \.objectValue) ?? JSONObject())
        record.totalTasks = try stats.optional("total_tasks", \.countValue) ?? record.tasks.count
        record.completedTasks = try stats.optional("completed_tasks", \.countValue) ?? 0
        record.failedTasks = try stats.optional("failed_tasks", \.countValue) ?? 0
        record.timeoutTasks = try stats.optional("timeout_tasks", \.countValue) ?? 0
        return record
    }
}

extension SnapshotRecord.Entry {
    fileprivate var json: JSONValue {
        var members = RecordMembers()
        members.add("task_id", taskID.json)
        members.add("worker", worker.json)
        members.add("created_at", createdAt?.json)
        members.add("completed_at", completedAt?.json ?? .null)
        members.add("status", .string(status))
        members.add("result_file", resultFile.map(JSONValue.string) ?? .null)
        members.add("attempts", .integer(attempts))
        return members.json
    }

    fileprivate init?(_ object: JSONObject) {
        guard let id: TaskID = object["task_id"]?.identifier(), let worker: WorkerID = object["worker"]?.identifier(),
            let status = object["status"]?.stringValue
        else { return nil }
        self.init(taskID: id, worker: worker, status: status, attempts: object["attempts"]?.countValue ?? 0)
        createdAt = object["created_at"]?.timestampValue
        completedAt = object["completed_at"]?.timestampValue
        resultFile = object["result_file"]?.stringValue
    }
}
