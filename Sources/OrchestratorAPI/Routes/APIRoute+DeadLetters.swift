// SPDX-License-Identifier: Apache-2.0
// The routes about dead letters.

import HTTPServer
import QueueModel

extension APIRoute {
    private static let pageSizes = 1...1000
    private static let usualPage = 200
    /// A hundred years, in seconds.
    private static let ages = 3_155_760_000
    private static let most = "The most dead letters, the oldest first; else \(usualPage)."
    private static let reasons = APIParameter.word(
        "reason",
        "Only those with this reason.",
        DeadLetterReason.allCases.map(\.rawValue)
    )

    static let deadLetters: [APIRoute] = [
        APIRoute(.get, "/dead-letters", .read, "List dead letters, oldest first.", handler: list)
            .query(
                .text("worker", "Only this worker's."),
                reasons,
                .number("limit", "The most dead letters; else \(usualPage).", in: pageSizes)
            ),
        APIRoute(.post, "/dead-letters/retry", .write, "Run the tasks of a choice of dead letters again.") { call in
            let query = try choice(call)
            return try await call.answer(.accepted) { try $0.retryDeadLetters(query) }
        }
        .query(.text("worker", "Only this worker's."), reasons, .number("limit", most, in: pageSizes))
        .success(.accepted),
        APIRoute(.delete, "/dead-letters", .write, "Remove a choice of dead letters for good.") { call in
            let query = try choice(call)
            return try await call.answer { try $0.purgeDeadLetters(query) }
        }
        .query(
            .text("worker", "Only this worker's."),
            reasons,
            .number("older_than", "Only those older than so many seconds; 0 is any age.", in: 0...ages),
            .number("limit", most, in: pageSizes)
        ),
        APIRoute(.get, "/dead-letters/{worker}/{file}", .read, "Show a dead letter whole.") { call in
            let name = try call.deadLetter()
            return try await call.answer { try $0.deadLetter(name) }
        },
        APIRoute(.post, "/dead-letters/{worker}/{file}/retry", .write, "Run its task again.") { call in
            let name = try call.deadLetter()
            try call.request.requireNoBody()
            return try await call.answer(.accepted) { try $0.retryDeadLetter(name) }
        }
        .success(.accepted),
        APIRoute(.delete, "/dead-letters/{worker}/{file}", .write, "Remove a dead letter for good.") { call in
            let name = try call.deadLetter()
            try call.request.requireNoBody()
            return try await call.answer { try $0.purgeDeadLetter(name) }
        },
    ]

    private static func list(_ call: APICall) async throws -> HTTPResponse {
        let wanted = try query(try call.query())
        return try await call.answer { try $0.deadLetters(wanted) }
    }

    /// The dead letters that are acted on; that all are meant has to be said.
    private static func choice(_ call: APICall) throws -> DeadLetterQuery {
        try call.request.requireNoBody()
        let reader = try call.query()
        let wanted = try query(reader)
        guard wanted.worker != nil || wanted.reason != nil || wanted.minimumAge != nil else {
            throw HTTPError.badRequest(
                "say which dead letters: \(call.route.query.map(\.name).joined(separator: ", "))"
            )
        }
        return wanted
    }

    private static func query(_ reader: QueryReader) throws -> DeadLetterQuery {
        var query = DeadLetterQuery(limit: try reader.number("limit", in: pageSizes) ?? usualPage)
        query.worker = try reader.identifier("worker")
        let reasons = DeadLetterReason.allCases.map(\.rawValue).joined(separator: ", ")
        query.reason = try reader.value("reason", reasons) { DeadLetterReason(rawValue: $0) }
        query.minimumAge = try reader.number("older_than", in: 0...ages).map { .seconds($0) }
        return query
    }
}

extension APICall {
    /// The dead letter that the path names.
    fileprivate func deadLetter() throws -> DeadLetterName {
        _ = try query()
        return DeadLetterName(worker: try context.identifier("worker"), file: try context.parameters.require("file"))
    }
}
