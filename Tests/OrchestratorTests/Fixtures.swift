// SPDX-License-Identifier: Apache-2.0
// Facts and stores for the tests of this target.

import Orchestrator
import QueueModel
import SystemKit
import TestSupport

/// A time in seconds after a fixed start.
func at(_ seconds: Int64) -> Timestamp { Timestamp(millisecondsSince1970: 1_800_000_000_000 + seconds * 1000) }

let marie = WorkerID(bytes: "marie".utf8) ?? .init(unchecked: ())
let anga = WorkerID(bytes: "anga".utf8) ?? .init(unchecked: ())

extension Identifier {
    /// Never reached: the literals above keep their rule.
    init(unchecked: Void) { preconditionFailure("a literal breaks the rule of its identifier") }
}

/// A task as it lies in an inbox.
func submitted(
    _ id: String,
    description: String = "do it",
    group: String? = nil,
    notBefore: Int64? = nil,
    at time: Int64 = 0,
    isClaimed: Bool = false,
    hasResult: Bool = false
) throws -> SubmittedTask {
    var fields: JSONObject = ["task_id": .string(id), "description": .string(description)]
    fields["group"] = group.map(JSONValue.string)
    fields["not_before"] = notBefore.map { .string(at($0).description) }
    let task = try TaskRecord.decode(fields, for: marie, limits: TaskLimits())
    return SubmittedTask(task, worker: marie, submittedAt: at(time), isClaimed: isClaimed, hasResult: hasResult)
}

/// A task with its result.
func ended(
    _ id: String,
    _ status: TaskStatus = .completed,
    description: String = "do it",
    group: String? = nil,
    at time: Int64 = 10,
    mark: Int64 = 1,
    costUSD: Double? = nil
) throws -> EndedTask {
    var result = ResultRecord(taskID: try TaskID(id), worker: marie, status: status, timestamp: at(time))
    result.queuedAt = at(0)
    result.duration = .seconds(2)
    result.exitCode = status == .completed ? 0 : 1
    result.group = try group.map { try GroupName($0) }
    result.costUSD = costUSD
    result.tokens = costUSD == nil ? nil : TokenCounts(usage: ["input_tokens": 1000, "output_tokens": 1])
    result.taskDigest = try submitted(id, description: description, group: group).digest
    if status == .failed { result.failure = Failure(reason: .exitCode, message: "1", isPermanent: false) }
    return EndedTask(result, file: "/q/results/marie/\(id).json", mark: mark)
}

/// A dead letter.
func deadLetter(
    _ id: String,
    _ reason: DeadLetterReason,
    description: String = "do it",
    at time: Int64 = 5
) throws -> FoundDeadLetter {
    let fields: JSONObject = ["task_id": .string(id), "description": .string(description)]
    let letter = DeadLetterRecord(task: fields, worker: marie, reason: reason, timestamp: at(time))
    return FoundDeadLetter(letter, file: "/q/dlq/marie/\(id)_1.json", name: "\(id)_1.json")
}

/// Runs a test with a new store in a directory of its own.
func withStore(
    floor: Int64 = 100,
    _ body: (Store, HistoryLocation) throws -> Void
) throws {
    try withTemporaryDirectory { directory in
        let location = HistoryLocation(stateFile: directory.path(of: "orchestrator_state.json"))
        try body(try Store(location, sequencesAbove: floor, now: at(0)), location)
    }
}
