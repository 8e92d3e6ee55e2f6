// SPDX-License-Identifier: Apache-2.0
// The routes about workers.

import HTTPServer
import QueueModel

extension APIRoute {
    private static let slots = 1...256

    static let workers: [APIRoute] = [
        APIRoute(.get, "/status", .read) { call in
            _ = try QueryReader(call.request, known: [])
            return try await call.answer { try $0.status() }
        },
        APIRoute(.get, "/workers", .read) { call in
            _ = try QueryReader(call.request, known: [])
            return try await call.answer { try $0.workers() }
        },
        APIRoute(.get, "/workers/{worker}", .read) { call in
            let worker = try call.worker()
            return try await call.answer { try $0.worker(worker) }
        },
        order("pause", .write, .pause),
        order("resume", .write, .resume),
        order("drain", .admin, .drain),
        APIRoute(.post, "/workers/{worker}/scale", .admin) { call in
            let worker = try call.worker()
            let body = try call.request.jsonObject(known: ["max_concurrent"])
            guard let number = body["max_concurrent"]?.intValue, slots.contains(number) else {
                throw HTTPError(
                    .unprocessableContent,
                    code: "invalid_number",
                    "max_concurrent: give a number from \(slots.lowerBound) to \(slots.upperBound)"
                )
            }
            return try await call.answer(.accepted) { try $0.order(.scale(number), of: worker) }
        },
    ]

    private static func order(_ word: String, _ scope: AccessScope, _ order: WorkerOrder) -> APIRoute {
        APIRoute(.post, "/workers/{worker}/\(word)", scope) { call in
            let worker = try call.worker()
            try call.request.requireNoBody()
            return try await call.answer(.accepted) { try $0.order(order, of: worker) }
        }
    }
}

extension APICall {
    /// The worker that the path names.
    fileprivate func worker() throws -> WorkerID {
        _ = try QueryReader(request, known: [])
        return try context.identifier("worker")
    }
}
