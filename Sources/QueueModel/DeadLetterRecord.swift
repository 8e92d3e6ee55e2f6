// SPDX-License-Identifier: Apache-2.0
// A task that will not run (again), with the reason.

/// A dead letter: the task as it came and why it is here.
package struct DeadLetterRecord: Sendable, Equatable {
    /// The task's fields as they came; nil when the file held no JSON object.
    package var task: JSONObject?
    /// The task's id, when it keeps its rule.
    package var taskID: TaskID?
    /// The worker in whose directory the task lay; the dead letter lies in the directory of the same name.
    package var worker: WorkerID
    /// Why it is here.
    package var reason: DeadLetterReason
    /// When it was put here.
    package var timestamp: Timestamp
    /// The number of attempts after the first.
    package var retryCount: Int
    /// What happened, in one line for a person.
    package var error: String?
    /// Every attempt, in order.
    package var attempts: [AttemptRecord]
    /// The name of the file beside this one that holds what came, byte for byte; nil when `task` says it all.
    package var rawFile: String?

    /// A dead letter; the id is taken from the task.
    ///
    /// - Parameters:
    ///   - task: the task's fields as they came; what an earlier dead letter had added is left out.
    ///   - worker: the worker in whose directory the task lay.
    ///   - reason: why it is here.
    ///   - timestamp: when it was put here.
    package init(task: JSONObject?, worker: WorkerID, reason: DeadLetterReason, timestamp: Timestamp) {
        self.task = task.map(Self.withoutAdditions)
        taskID = self.task?["task_id"].flatMap { $0.identifier() }
        self.worker = worker
        self.reason = reason
        self.timestamp = timestamp
        retryCount = 0
        attempts = []
    }

    /// The dead letter as JSON, one member a line: the task's own fields, then what is added.
    ///
    /// An unknown field of the task that is named like an added one is replaced by it.
    package func encoded() -> [UInt8] {
        JSONWriter.bytes(.object(json), pretty: true)
    }

    private var json: JSONObject {
        var object = (task ?? JSONObject()).removing(Self.isAddition)
        object["dlq_reason"] = .string(reason.rawValue)
        object["dlq_timestamp"] = timestamp.json
        object["dlq_error"] = error.map(JSONValue.string)
        object["dlq_raw_file"] = rawFile.map(JSONValue.string)
        object["retry_count"] = .integer(retryCount)
        object["attempts"] = .array(attempts.map(\.json))
        return object
    }

    /// Reads a dead letter of this or the older system.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - worker: the worker in whose directory it lies; what the task says about its worker may be the very error.
    /// - Returns: the dead letter.
    /// - Throws: ``RecordError`` with the first field that cannot be read.
    package static func decode(_ bytes: [UInt8], for worker: WorkerID) throws(RecordError) -> DeadLetterRecord {
        let fields = try RecordFields(parsing: bytes)
        let task = fields.object.removing(isAddition)
        var record = DeadLetterRecord(
            task: task.isEmpty ? nil : task,
            worker: worker,
            reason: try fields.required("dlq_reason") { $0.word() },
            timestamp: try fields.required("dlq_timestamp", \.timestampValue)
        )
        record.error = try fields.optional("dlq_error", \.stringValue)
        record.rawFile = try fields.optional("dlq_raw_file", \.stringValue)
        record.retryCount = try fields.optional("retry_count", \.countValue) ?? 0
        record.attempts = try fields.optional("attempts", \.attemptsValue) ?? []
        return record
    }

    // MARK: Additions

    /// The fields without what a dead letter adds, so that a dead letter can be submitted again as it is.
    ///
    /// Names that start with `dlq_` are always left out; `retry_count` and `attempts` only beside `dlq_reason`.
    static func withoutAdditions(_ fields: JSONObject) -> JSONObject {
        if fields["dlq_reason"] != nil { return fields.removing(isAddition) }
        guard fields.members.contains(where: { hasReservedPrefix($0.key) }) else { return fields }
        return fields.removing(hasReservedPrefix)
    }

    private static func isAddition(_ key: String) -> Bool {
        hasReservedPrefix(key) || key == "retry_count" || key == "attempts"
    }

    private static func hasReservedPrefix(_ key: String) -> Bool {
        key.utf8.first == UInt8(ascii: "d") && key.utf8.starts(with: "dlq_".utf8)
    }
}
