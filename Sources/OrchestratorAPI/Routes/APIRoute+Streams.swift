// SPDX-License-Identifier: Apache-2.0
// The routes that go on for as long as the client listens.

import HTTPServer
import QueueModel

extension APIRoute {
    static let streams: [APIRoute] = [
        APIRoute(.get, "/events/stream", .read, "Follow the events as server-sent events.", handler: follow)
            .query(.number("after", "The last sequence that is known; else only new events come.", in: 0...Int.max))
            .choosingEvents()
            .answering("text/event-stream"),
        APIRoute(
            .get,
            "/tasks/{id}/logs/stream",
            .read,
            "Follow an attempt's output to its end.",
            handler: followOutput
        )
        .query(
            .word("stream", "Which output; else stdout.", ["stdout", "stderr"]),
            .number("attempt", "Which attempt; else the latest.", in: attempts),
            .number("from", "Behind how many bytes to begin; else at the beginning.", in: 0...Int.max)
        )
        .answering("text/plain"),
    ]

    private static func follow(_ call: APICall) async throws -> HTTPResponse {
        let reader = try call.query()
        let filter = try EventFilter(reader)
        let place = try call.desk.places.take()
        var after = try reader.number("after", in: 0...Int.max).map { Int64($0) }
        // What a client sends that was cut off counts more than the address that it began with.
        if let field = call.request.headers["last-event-id"] {
            guard let sequence = Int64(field), sequence >= 0 else {
                throw HTTPError.badRequest("Last-Event-ID: give the id of an event")
            }
            after = sequence
        }
        let first: Int64
        if let after { first = after } else { first = try await call.perform { try $0.lastSequence() } }
        let stream = HTTPBodyStream { writer in
            defer { withExtendedLifetime(place) {} }
            try await EventFeed(call: call, filter: filter).run(after: first, to: writer)
        }
        return HTTPResponse(contentType: "text/event-stream", stream: stream)
    }

    /// Goes on as a WebSocket, over which the client says what it wants.
    static func followBySocket(_ call: APICall) throws -> HTTPResponse {
        guard call.request.query == nil else {
            throw HTTPError.badRequest("a WebSocket takes no query; subscribe by a message")
        }
        let place = try call.desk.places.take()
        return try HTTPResponse.webSocket(
            answering: call.request,
            protocols: [EventSocket.name],
            limits: WebSocketLimits(messageBytes: SocketRequest.maxBytes)
        ) { socket in
            defer { withExtendedLifetime(place) {} }
            try await EventSocket(call, socket).run()
        }
    }

    private static func followOutput(_ call: APICall) async throws -> HTTPResponse {
        let query = try logQuery(call)
        let start = Int64(try call.query().number("from", in: 0...Int.max) ?? 0)
        let hold = try call.desk.places.take()
        let place = try await call.perform { try $0.outputPlace(query) }
        let stream = HTTPBodyStream { writer in
            defer { withExtendedLifetime(hold) {} }
            try await OutputFeed(call: call).run(place, from: start) { _, bytes in try await writer.write(bytes) }
        }
        var response = HTTPResponse(contentType: "text/plain; charset=utf-8", stream: stream)
        response.headers["Vigil-Attempt"] = "\(place.attempt)"
        return response
    }
}
