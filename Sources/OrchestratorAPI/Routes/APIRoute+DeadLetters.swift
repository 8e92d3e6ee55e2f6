// SPDX-License-Identifier: Apache-2.0
// The routes about dead letters.

import HTTPServer
import QueueModel

extension APIRoute {
    static let deadLetters: [APIRoute] = [
        APIRoute(.get, "/dead-letters", .read, handler: list),
        APIRoute(.get, "/dead-letters/{worker}/{file}", .read) { call in
            let name = try call.deadLetter()
            return try await call.answer { try $0.deadLetter(name) }
        },
        APIRoute(.post, "/dead-letters/{worker}/{file}/retry", .write) { call in
            let name = try call.deadLetter()
            try call.request.requireNoBody()
            return try await call.answer(.accepted) { try $0.retryDeadLetter(name) }
        },
        APIRoute(.delete, "/dead-letters/{worker}/{file}", .write) { call in
            let name = try call.deadLetter()
            try call.request.requireNoBody()
            return try await call.answer { try $0.purgeDeadLetter(name) }
        },
    ]

    private static func list(_ call: APICall) async throws -> HTTPResponse {
        let reader = try QueryReader(call.request, known: ["worker", "reason", "limit"])
        var query = DeadLetterQuery(limit: try reader.number("limit", in: 1...1000) ?? 200)
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
        _ = try QueryReader(request, known: [])
        return DeadLetterName(worker: try context.identifier("worker"), file: try context.parameters.require("file"))
    }
}
