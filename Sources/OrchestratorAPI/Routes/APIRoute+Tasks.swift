// SPDX-License-Identifier: Apache-2.0
// The routes about tasks.

import HTTPServer
import QueueModel

extension APIRoute {
    private static let pageSizes = 1...500
    private static let usualPage = 50
    /// The numbers that an attempt can have.
    static let attempts = 1...1_000_000

    static let tasks: [APIRoute] = [
        APIRoute(.get, "/tasks", .read, "List tasks, newest first.", handler: list)
            .query(
                .word("state", "Only tasks in this state.", TaskState.allCases.map(\.rawValue), isRepeatable: true),
                .text("worker", "Only this worker's tasks."),
                .text("group", "Only tasks of this group."),
                .text("match", "Only tasks whose id contains this."),
                .number("limit", "The most tasks of the page; else \(usualPage).", in: pageSizes),
                .text("cursor", "What next_cursor of the page before was.")
            ),
        APIRoute(.post, "/tasks", .write, "Submit a task.", handler: submit)
            .query(.word("replace", "Whether a queued or ended task of the id gives way.", ["true", "false"]))
            .body(.task)
            .success(.created, .ok),
        APIRoute(.get, "/tasks/{id}", .read, "Show a task whole.") { call in
            let id = try call.task()
            return try await call.answer { try $0.task(id) }
        },
        APIRoute(.get, "/tasks/{id}/why", .read, "Explain why a task is where it is.") { call in
            let id = try call.task()
            return try await call.answer { try $0.explanation(of: id) }
        },
        APIRoute(.get, "/tasks/{id}/logs", .read, "Read an attempt's output, byte for byte.", handler: logs)
            .query(
                .word("stream", "Which output; else stdout.", ["stdout", "stderr"]),
                .number("attempt", "Which attempt; else the latest.", in: attempts)
            )
            .success(.ok, .partialContent)
            .answering("text/plain"),
        APIRoute(.post, "/tasks/{id}/cancel", .write, "Ask for a task to be cancelled.") { call in
            let id = try call.task()
            try call.request.requireNoBody()
            return try await call.answer(.accepted) { try $0.cancel(id) }
        }
        .success(.accepted),
        APIRoute(.post, "/tasks/{id}/retry", .write, "Run a task that has ended again.") { call in
            let id = try call.task()
            try call.request.requireNoBody()
            return try await call.answer(.accepted) { try $0.retry(id) }
        }
        .success(.accepted),
    ]

    private static func list(_ call: APICall) async throws -> HTTPResponse {
        let reader = try call.query()
        var query = TaskQuery(limit: try reader.number("limit", in: pageSizes) ?? usualPage)
        for text in reader.values("state") {
            guard let state = TaskState(rawValue: text) else {
                let states = TaskState.allCases.map(\.rawValue).joined(separator: ", ")
                throw HTTPError.badRequest("state: give \(states)")
            }
            query.states.insert(state)
        }
        query.worker = try reader.identifier("worker")
        query.group = try reader.identifier("group")
        query.idPart = try reader.value("match", "1 to 128 bytes of an id") {
            (1...128).contains($0.utf8.count) ? $0 : nil
        }
        query.after = try reader.value("cursor", "what next_cursor of a page was") { TaskCursor($0) }
        let wanted = query
        return try await call.answer { try $0.tasks(wanted) }
    }

    private static func submit(_ call: APICall) async throws -> HTTPResponse {
        let reader = try call.query()
        let replacing = try reader.flag("replace")
        let fields = try call.request.jsonObject()
        guard let name = fields["worker"]?.stringValue, let worker = WorkerID(bytes: name.utf8) else {
            throw HTTPError(.unprocessableContent, code: "invalid_task", "worker: name the worker whose task it is")
        }
        let (isNew, document) = try await call.perform { try $0.submit(fields, to: worker, replacing: replacing) }
        var response = HTTPResponse(status: isNew ? .created : .ok, document: document)
        // An id has no byte that would have to be encoded.
        if let id = document.objectValue?["task_id"]?.stringValue {
            response.headers["Location"] = "\(prefix)/tasks/\(id)"
        }
        return response
    }

    /// The most bytes of a log in one answer.
    private static let logBytes = 4 << 20

    /// Which output a request is about.
    static func logQuery(_ call: APICall) throws -> LogQuery {
        let reader = try call.query()
        var query = LogQuery(try call.context.identifier("id"), limit: logBytes)
        query.isError =
            try reader.value("stream", "stdout or stderr") { ["stdout": false, "stderr": true][$0] } ?? false
        query.attempt = try reader.number("attempt", in: attempts)
        return query
    }

    private static func logs(_ call: APICall) async throws -> HTTPResponse {
        var query = try logQuery(call)
        query.range = call.request.headers["range"].flatMap { ByteRange($0) }
        let wanted = query
        let slice = try await call.perform { try $0.log(wanted) }
        var response = HTTPResponse(contentType: "text/plain; charset=utf-8", body: slice.bytes)
        response.headers["Accept-Ranges"] = "bytes"
        response.headers["Vigil-Attempt"] = "\(slice.attempt)"
        guard query.range != nil, !slice.bytes.isEmpty else { return response }
        response.status = .partialContent
        let last = slice.offset + Int64(slice.bytes.count) - 1
        response.headers["Content-Range"] = "bytes \(slice.offset)-\(last)/\(slice.size)"
        return response
    }
}

extension APICall {
    /// The task that the path names.
    fileprivate func task() throws -> TaskID {
        _ = try query()
        return try context.identifier("id")
    }
}
