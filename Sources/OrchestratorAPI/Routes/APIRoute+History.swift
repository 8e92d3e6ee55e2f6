// SPDX-License-Identifier: Apache-2.0
// The routes about what the orchestrator knows, and about the settings.

import HTTPServer
import QueueModel

extension APIRoute {
    static let history: [APIRoute] = [
        APIRoute(.get, "/groups", .read) { call in
            let reader = try QueryReader(call.request, known: ["after", "limit"])
            let after: GroupName? = try reader.identifier("after")
            let limit = try reader.number("limit", in: 1...500) ?? 100
            return try await call.answer { try $0.groups(after: after, limit: limit) }
        },
        APIRoute(.get, "/groups/{group}", .read) { call in
            _ = try QueryReader(call.request, known: [])
            let name: GroupName = try call.context.identifier("group")
            return try await call.answer { try $0.group(name) }
        },
        APIRoute(.get, "/stats", .read) { call in
            _ = try QueryReader(call.request, known: [])
            return try await call.answer { try $0.statistics() }
        },
        APIRoute(.get, "/events", .read) { call in
            let reader = try QueryReader(call.request, known: ["after", "limit"])
            let after = try reader.value("after", "the sequence of an event, or 0") { text in
                Int64(text).flatMap { $0 >= 0 ? $0 : nil }
            }
            let limit = try reader.number("limit", in: 1...1000) ?? 100
            let events = try await call.perform { try $0.events(after: after ?? 0, limit: limit) }
            return HTTPResponse(document: page(of: events, after: after ?? 0))
        },
        APIRoute(.get, "/config", .admin) { call in
            let reader = try QueryReader(call.request, known: ["worker"])
            let worker: WorkerID? = try reader.identifier("worker")
            return try await call.answer { try $0.configuration(of: worker) }
        },
    ]

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
