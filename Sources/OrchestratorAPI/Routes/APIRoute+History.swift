// SPDX-License-Identifier: Apache-2.0
// The routes about what the orchestrator knows, and about the settings.

import HTTPServer
import QueueModel

extension APIRoute {
    static let history: [APIRoute] = [
        APIRoute(.get, "/groups", .read, "Show how groups stand, by name.") { call in
            let reader = try call.query()
            let after: GroupName? = try reader.identifier("after")
            let limit = try reader.number("limit", in: 1...500) ?? 100
            return try await call.answer { try $0.groups(after: after, limit: limit) }
        }
        .query(
            .text("after", "Behind which group to begin."),
            .number("limit", "The most groups; else 100.", in: 1...500)
        ),
        APIRoute(.get, "/groups/{group}", .read, "Show how a group stands.") { call in
            _ = try call.query()
            let name: GroupName = try call.context.identifier("group")
            return try await call.answer { try $0.group(name) }
        },
        APIRoute(.get, "/stats", .read, "Count tasks by state and worker.") { call in
            _ = try call.query()
            return try await call.answer { try $0.statistics() }
        },
        APIRoute(.get, "/stats/timeline", .read, "Show when tasks ended, and how long they took.", handler: timeline)
            .query(
                .number("step", "How many seconds a step has; else 1800.", in: stepSeconds),
                .number("steps", "How many steps up to now; else 48.", in: stepCounts),
                .text("worker", "Only this worker's tasks.")
            ),
        APIRoute(.get, "/stats/waiting", .read, "Show the task of each worker that waits longest.") { call in
            _ = try call.query()
            return try await call.answer { try $0.oldestWaiting() }
        },
        APIRoute(.get, "/events", .read, "Read the events behind a sequence; by WebSocket, follow them.") { call in
            if call.request.wantsWebSocket { return try followBySocket(call) }
            let reader = try call.query()
            let after = try reader.value("after", "the sequence of an event, or 0") { text in
                Int64(text).flatMap { $0 >= 0 ? $0 : nil }
            }
            let limit = try reader.number("limit", in: 1...1000) ?? 100
            let events = try await call.perform { try $0.events(after: after ?? 0, limit: limit) }
            return HTTPResponse(document: page(of: events, after: after ?? 0))
        }
        .query(
            .number("after", "The last sequence that is known; else 0.", in: 0...Int.max),
            .number("limit", "The most events; else 100.", in: 1...1000)
        )
        .success(.ok, .switchingProtocols),
        APIRoute(.get, "/config", .admin, "Show every setting; secrets are left out.") { call in
            let reader = try call.query()
            let worker: WorkerID? = try reader.identifier("worker")
            return try await call.answer { try $0.configuration(of: worker) }
        }
        .query(.text("worker", "Whose settings; else those of everything.")),
    ]

    private static let stepSeconds = 10...86_400
    private static let stepCounts = 1...200

    private static func timeline(_ call: APICall) async throws -> HTTPResponse {
        let reader = try call.query()
        var query = TimelineQuery(
            step: .seconds(try reader.number("step", in: stepSeconds) ?? 1800),
            steps: try reader.number("steps", in: stepCounts) ?? 48
        )
        query.worker = try reader.identifier("worker")
        let wanted = query
        return try await call.answer { try $0.timeline(wanted) }
    }

    /// Events as a document; `last` is where to go on.
    private static func page(of events: [NotificationRecord], after: Int64) -> JSONValue {
        [
            "schema_version": 1,
            "events": .array(
                events.map { event in
                    [
                        "event_type": .string(event.eventType.rawValue),
                        "timestamp": .string(event.timestamp.description),
                        "sequence": .integer(event.sequence), "data": .object(event.data),
                    ]
                }
            ),
            "last": .integer(events.last?.sequence ?? after),
        ]
    }
}
