// SPDX-License-Identifier: Apache-2.0
// The receipt that says a worker has taken a task.

/// A receipt: the worker has taken the task.
package struct ReceiptRecord: Sendable, Equatable {
    /// The task.
    package var taskID: TaskID
    /// The worker that has taken it.
    package var worker: WorkerID
    /// When it was taken.
    package var timestamp: Timestamp

    /// A receipt.
    ///
    /// - Parameters:
    ///   - taskID: the task.
    ///   - worker: the worker that has taken it.
    ///   - timestamp: when it was taken.
    package init(taskID: TaskID, worker: WorkerID, timestamp: Timestamp) {
        self.taskID = taskID
        self.worker = worker
        self.timestamp = timestamp
    }

    /// The receipt as JSON on one line.
    package func encoded() -> [UInt8] { line }

    /// Reads a receipt of this or the older system.
    ///
    /// - Parameter bytes: the whole file.
    /// - Returns: the receipt; a timestamp without a zone is taken as UTC.
    /// - Throws: ``RecordError`` with the first field that cannot be read.
    package static func decode(_ bytes: [UInt8]) throws(RecordError) -> ReceiptRecord {
        let fields = try RecordFields(parsing: bytes)
        return ReceiptRecord(
            taskID: try fields.required("task_id") { $0.identifier() },
            worker: try fields.required("worker") { $0.identifier() },
            timestamp: try fields.required("timestamp", \.timestampValue)
        )
    }
}

extension ReceiptRecord: RecordPart {
    /// Hands over the members in the order in which they are written.
    package func add(to members: inout some MemberSink) {
        members.add("task_id", taskID)
        members.add("worker", worker)
        members.add("status", "received")
        members.add("timestamp", timestamp)
    }
}
