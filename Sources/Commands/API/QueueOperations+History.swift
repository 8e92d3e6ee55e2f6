// SPDX-License-Identifier: Apache-2.0
// What the orchestrator has on record, for the API.

import HTTPServer
import Orchestrator
import OrchestratorAPI
import QueueModel
import Settings

extension QueueOperations {
    func groups(after name: GroupName?, limit: Int) throws -> JSONValue {
        var history = try history()
        let tallies = try history.groups(after: name, limit: limit + 1)
        let shown = tallies.prefix(limit)
        return [
            "schema_version": 1, "groups": .array(shown.map { .object($0.document) }),
            "next_after": tallies.count > limit ? shown.last.map { .string($0.name.string) } ?? .null : .null,
        ]
    }

    func group(_ name: GroupName) throws -> JSONValue {
        var history = try history()
        guard let tally = try history.group(name) else {
            throw HTTPError(.notFound, code: "no_group", "there is no group \(name)")
        }
        let version: (String, JSONValue) = ("schema_version", 1)
        return .object(JSONObject([version] + tally.document.members.map { ($0.key, $0.value) }))
    }

    func statistics() throws -> JSONValue {
        var history = try history()
        let counts = try history.counts()
        var states: JSONObject = [:]
        for state in TaskState.allCases { states[state.rawValue] = .integer(counts.number(state)) }
        var workers: JSONObject = [:]
        for (worker, numbers) in counts.byWorker.sorted(by: { $0.key < $1.key }) {
            var own: JSONObject = [:]
            for state in TaskState.allCases { own[state.rawValue] = .integer(numbers[state] ?? 0) }
            workers[worker.string] = .object(own)
        }
        return [
            "schema_version": 1, "total": .integer(counts.total), "overdue": .integer(counts.overdue),
            "states": .object(states), "workers": .object(workers),
        ]
    }

    func events(after sequence: Int64, limit: Int) throws -> [NotificationRecord] {
        var history = try history()
        return try history.events(after: sequence, limit: limit)
    }

    func lastSequence() throws -> Int64 {
        var history = try history()
        return try history.sequence(beforeLast: 0)
    }

    /// What the orchestrator knows.
    func history() throws -> HistoryReader {
        do {
            return try HistoryReader(HistoryLocation(settings.loaded.settings))
        } catch {
            throw HTTPError(
                .serviceUnavailable,
                code: "no_history",
                "the orchestrator's history cannot be read: \(error.code.rawValue)"
            )
        }
    }
}

extension GroupTally {
    fileprivate var document: JSONObject {
        [
            "group": .string(name.string), "tasks": .integer(total), "open": .integer(open),
            "completed": .integer(completed), "failed": .integer(failed), "cancelled": .integer(cancelled),
            "is_complete": .bool(isAnnounced), "cost_usd": use.microdollars > 0 ? .decimal(use.costUSD) : .null,
            "tokens": use.tokens > 0 ? .integer(use.tokens) : .null,
        ]
    }
}
