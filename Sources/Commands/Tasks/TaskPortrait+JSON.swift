// SPDX-License-Identifier: Apache-2.0
// A task for programs.

package import QueueModel

extension TaskPortrait {
    /// The version of ``json``: it grows when a member changes its meaning or goes.
    package static let schemaVersion = 1

    /// The task as one document; every member is always there, `null` or empty where it does not apply.
    package var json: JSONValue {
        [
            "schema_version": .integer(Self.schemaVersion),
            "task_id": .string(id.string),
            "worker": .string(worker.string),
            "state": .string(state.rawValue),
            "waiting_for": .array(waits.map(\.json)),
            "task": fields.map(JSONValue.object) ?? .null,
            "task_file": taskPath.map(JSONValue.string) ?? .null,
            "queued_at": queuedAt.map { .string($0.description) } ?? .null,
            "max_attempts": mostAttempts.map { .integer($0) } ?? .null,
            "attempts": .array(attempts.map(\.json)),
            "failure": failure?.json ?? .null,
            "result": result?.json ?? .null,
            "result_file": resultPath.map(JSONValue.string) ?? .null,
            "dead_letters": .array(letters.map(\.json)),
        ]
    }
}

extension TaskPortrait.Attempt {
    fileprivate var json: JSONValue {
        var object = record.json.objectValue ?? JSONObject()
        object["running"] = .bool(isCurrent && !hasEnded)
        for stream in ["stdout", "stderr"] {
            let log = logs.first { $0.stream == stream }
            object["\(stream)_log"] = log.map { .string($0.path) } ?? .null
            object["\(stream)_bytes"] = log.map { .integer($0.size) } ?? .null
        }
        let evidence = logs.first { $0.stream == TaskPortrait.Log.evidence }
        object["evidence"] = evidence.map { .string($0.path) } ?? .null
        return .object(object)
    }
}

extension TaskPortrait.Letter {
    fileprivate var json: JSONValue {
        [
            "file": .string(path),
            "reason": .string(record.reason.rawValue),
            "error": record.error.map(JSONValue.string) ?? .null,
            "timestamp": .string(record.timestamp.description),
        ]
    }
}
