// SPDX-License-Identifier: Apache-2.0
// The wish that a task be cancelled, as it lies on disk.

package import QueueModel

/// Asks a worker to cancel one task, and no other one of the same id.
package struct CancelRequest: Sendable, Equatable {
    /// The version of this record that this program writes and reads.
    package static let version: Int64 = 1
    static let maxBytes = 1 << 16

    /// The task.
    package let taskID: TaskID
    /// Whose task it is.
    package let worker: WorkerID
    /// The digest of the task's contents; a request with another one is stale.
    package let digest: String
    /// When it was asked for.
    package let requestedAt: Timestamp

    /// Makes a request.
    /// - Parameters:
    ///   - taskID: The task.
    ///   - worker: Whose task it is.
    ///   - digest: The digest of the task's contents.
    ///   - requestedAt: When it is asked for.
    package init(taskID: TaskID, worker: WorkerID, digest: String, requestedAt: Timestamp) {
        self.taskID = taskID
        self.worker = worker
        self.digest = digest
        self.requestedAt = requestedAt
    }

    /// The record's bytes.
    /// - Returns: One JSON object and a newline.
    package func encoded() -> [UInt8] {
        let object: JSONObject = [
            "version": .integer(Self.version), "task_id": .string(taskID.string), "worker": .string(worker.string),
            "digest": .string(digest), "requested_at": .string(requestedAt.description),
        ]
        return JSONWriter.bytes(.object(object)) + [UInt8(ascii: "\n")]
    }

    /// Reads a record; `nil` for what is none, and for one of a later version.
    /// - Parameter bytes: The file's contents.
    package init?(decoding bytes: [UInt8]) {
        // What is no record asks for nothing.
        guard let object = (try? JSONParser.parse(bytes, limits: .file(Self.maxBytes)))?.objectValue,
            object["version"]?.intValue == Int(Self.version),
            let id = object["task_id"]?.stringValue.flatMap({ TaskID(bytes: Array($0.utf8)) }),
            let worker = object["worker"]?.stringValue.flatMap({ WorkerID(bytes: Array($0.utf8)) }),
            let digest = object["digest"]?.stringValue,
            let requestedAt = object["requested_at"]?.stringValue.flatMap(Timestamp.init(iso8601:))
        else { return nil }
        self.init(taskID: id, worker: worker, digest: digest, requestedAt: requestedAt)
    }
}
