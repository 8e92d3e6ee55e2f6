// SPDX-License-Identifier: Apache-2.0
// The routes about workers.

import HTTPServer
import QueueModel

extension APIRoute {
    private static let slots = WorkerSlots.range

    static let workers: [APIRoute] = [
        APIRoute(.get, "/status", .read, "Show queues, workers and recent failures.") { call in
            _ = try call.query()
            return try await call.answer { try $0.status() }
        },
        APIRoute(.get, "/workers", .read, "Show all workers.") { call in
            _ = try call.query()
            return try await call.answer { try $0.workers() }
        },
        APIRoute(.get, "/workers/{worker}", .read, "Show a worker.") { call in
            let worker = try call.worker()
            return try await call.answer { try $0.worker(worker) }
        },
        order("pause", .write, .pause, "Let a worker start nothing until it is resumed."),
        order("resume", .write, .resume, "Let a paused worker start tasks again."),
        order("drain", .admin, .drain, "Let a worker finish what runs, and stop."),
        APIRoute(.post, "/workers/{worker}/scale", .admin, "Change how many tasks a worker runs at once.") { call in
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
        }
        .body(.slots)
        .success(.accepted),
    ]

    private static func order(
        _ word: String,
        _ scope: AccessScope,
        _ order: WorkerOrder,
        _ summary: String
    ) -> APIRoute {
        APIRoute(.post, "/workers/{worker}/\(word)", scope, summary) { call in
            let worker = try call.worker()
            try call.request.requireNoBody()
            return try await call.answer(.accepted) { try $0.order(order, of: worker) }
        }
        .success(.accepted)
    }
}

extension APICall {
    /// The worker that the path names.
    fileprivate func worker() throws -> WorkerID {
        _ = try query()
        return try context.identifier("worker")
    }
}
