// SPDX-License-Identifier: Apache-2.0
// The routes about dead letters.

import HTTPServer
import QueueModel

extension APIRoute {
    private static let pageSizes = 1...1000
    private static let usualPage = 200

    static let deadLetters: [APIRoute] = [
        APIRoute(.get, "/dead-letters", .read, "List dead letters, oldest first.", handler: list)
            .query(
                .text("worker", "Only this worker's."),
                .word("reason", "Only those with this reason.", DeadLetterReason.allCases.map(\.rawValue)),
                .number("limit", "The most dead letters; else \(usualPage).", in: pageSizes)
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
        let reader = try call.query()
        var query = DeadLetterQuery(limit: try reader.number("limit", in: pageSizes) ?? usualPage)
        query.worker = try reader.identifier("worker")
        let reasons = DeadLetterReason.allCases.map(\.rawValue).joined(separator: ", ")
        query.reason = try reader.value("reason", reasons) { DeadLetterReason(rawValue: $0) }
        let wanted = query
        return try await call.answer { try $0.deadLetters(wanted) }
    }
}

extension APICall {
    /// The dead letter that the path names.
    fileprivate func deadLetter() throws -> DeadLetterName {
        _ = try query()
        return DeadLetterName(worker: try context.identifier("worker"), file: try context.parameters.require("file"))
    }
}
