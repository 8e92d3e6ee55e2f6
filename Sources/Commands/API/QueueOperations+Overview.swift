// SPDX-License-Identifier: Apache-2.0
// Numbers for a page about the whole queue, for the API.

import FileQueue
import Orchestrator
import OrchestratorAPI
import QueueModel
import SystemKit

extension QueueOperations {
    /// The most open tasks among which the oldest waiting ones are looked for.
    private static let openTasks = 500

    func timeline(_ query: TimelineQuery) throws -> JSONValue {
        var history = try history()
        let empty = Timeline(endingAt: .present(), step: query.step, count: query.steps)
        return try history.fill(empty, worker: query.worker).document
    }

    func oldestWaiting() throws -> JSONValue {
        var history = try history()
        let survey = try survey()
        let open = try history.oldestOpen(limit: Self.openTasks)
        var oldest: [WorkerID: JSONValue] = [:]
        for entry in open where oldest[entry.worker] == nil {
            oldest[entry.worker] = try waiting(entry, survey)
        }
        return [
            "schema_version": 1,
            "workers": .array(oldest.sorted { $0.key < $1.key }.map(\.value)),
            "is_complete": .bool(open.count < Self.openTasks),
        ]
    }

    /// The task when it waits, as the files say.
    private func waiting(_ entry: TaskEntry, _ survey: WaitSurvey) throws -> JSONValue? {
        let reasons: [TaskWaitReason]
        switch try survey.view.find(entry.id) {
        case .queued(let task, let worker, _)?: reasons = try survey.reasons(of: task, worker)
        case .claimed(_, let state)? where state.phase == .waiting: reasons = try survey.reasons(of: state)
        default: return nil
        }
        return [
            "worker": .string(entry.worker.string), "task_id": .string(entry.id.string),
            "submitted_at": .string(entry.submittedAt.description), "waiting_for": .array(reasons.map(\.json)),
        ]
    }
}

extension Timeline {
    fileprivate var document: JSONValue {
        [
            "schema_version": 1, "from": .string(start.description), "to": .string(end.description),
            "step_seconds": .seconds(step), "left_out_before": leftOutBefore.map { .string($0.description) } ?? .null,
            "steps": .array(
                steps.enumerated().map { index, step in
                    [
                        "from": .string(start(of: index).description),
                        "completed": .integer(step.ended[.completed] ?? 0),
                        "failed": .integer(step.ended[.failed] ?? 0),
                        "cancelled": .integer(step.ended[.cancelled] ?? 0),
                        "run_seconds": step.run?.document ?? .null, "total_seconds": step.life?.document ?? .null,
                    ]
                }
            ),
        ]
    }
}

extension Timeline.Spread {
    fileprivate var document: JSONValue { ["median": .seconds(median), "p95": .seconds(high)] }
}
