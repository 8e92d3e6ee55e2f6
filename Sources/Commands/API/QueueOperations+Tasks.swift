// SPDX-License-Identifier: Apache-2.0
// Tasks, for the API.

import FileQueue
import HTTPServer
import OrchestratorAPI
import QueueModel
import Settings
import SystemKit

extension QueueOperations {
    func tasks(_ query: TaskQuery) throws -> JSONValue {
        var listing = TaskListing(survey: try survey())
        listing.states = query.states
        listing.worker = query.worker
        listing.group = query.group
        listing.idPart = query.idPart
        listing.limit = query.limit
        listing.after = query.after
        listing.isPage = true
        var rows: [JSONValue] = []
        let summary = try listing.forEach { rows.append($0.json) }
        let next = summary.isCut ? summary.last : nil
        return [
            "schema_version": .integer(TaskRow.schemaVersion), "tasks": .array(rows),
            "next_cursor": next.map { .string($0.text) } ?? .null,
        ]
    }

    func task(_ id: TaskID) throws -> JSONValue {
        guard let portrait = try TaskPortrait.take(id, survey()) else { throw HTTPError.noTask(id) }
        return portrait.json
    }

    func explanation(of id: TaskID) throws -> JSONValue {
        let facts = try TaskInquiry(survey: survey()).circumstances(of: id)
        guard facts.portrait != nil else { throw HTTPError.noTask(id) }
        return TaskExplanation(facts).json(facts)
    }

    func submit(
        _ fields: JSONObject,
        to worker: WorkerID,
        replacing: Bool
    ) throws -> (isNew: Bool, document: JSONValue) {
        let own = settings.loaded.settings(for: worker)
        var generator = SystemRandomNumberGenerator()
        let ids = NewTaskID(now: .present(), using: &generator)
        let text = JSONWriter.bytes(.object(fields))
        let task = try TaskBatch.task(text, for: worker, limits: own.taskLimits) { ids.single }
        let locations = QueueLocations(own)
        try DependencyRing.refuse([task], in: locations)
        let outcome = try TaskSubmission(locations: locations, durability: own.durability)
            .submit(task, to: worker, replacing: replacing)
        return (outcome == .accepted, outcome.json(task.id, worker))
    }

    func cancel(_ id: TaskID) throws -> JSONValue {
        let survey = try survey()
        let own = survey.loaded.settings
        let requests = try ControlRequests(locations: QueueLocations(own), durability: own.durability)
        guard let worker = try requests.askToCancel(id, in: survey.view) else {
            switch try survey.view.find(id) {
            case nil: throw HTTPError.noTask(id)
            case .ended(let result)?:
                throw HTTPError(.conflict, code: "ended", "task \(id) has ended: \(result.status.rawValue)")
            case .queued?, .claimed?, .deadLettered?:
                throw HTTPError(.conflict, code: "ended", "task \(id) has ended")
            }
        }
        let absence = try survey.presence(of: worker).absence(now: survey.now, workers: own.workers)
        return [
            "schema_version": 1, "task_id": .string(id.string), "worker": .string(worker.string),
            "outcome": .string(absence == nil ? "pending" : "recorded"),
            "message": absence.map(JSONValue.string) ?? .null,
        ]
    }

    func retry(_ id: TaskID) throws -> JSONValue {
        let survey = try survey()
        let own = survey.loaded.settings
        let retrying = Retrying(locations: QueueLocations(own), durability: own.durability, view: survey.view)
        do {
            let worker = try retrying.retry(id)
            return [
                "schema_version": 1, "task_id": .string(id.string), "worker": .string(worker.string),
                "outcome": "queued",
            ]
        } catch let failure as CommandFailure {
            throw try survey.view.find(id) == nil ? HTTPError.noTask(id) : failure
        }
    }
}
