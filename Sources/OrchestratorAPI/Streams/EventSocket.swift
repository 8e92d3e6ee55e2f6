// SPDX-License-Identifier: Apache-2.0
// Events and output over a WebSocket.

import HTTPServer
import Logging
import QueueModel
import Synchronization

/// Serves one WebSocket: what the client subscribes to is sent until it unsubscribes or leaves.
struct EventSocket: Sendable {
    /// What both sides speak.
    static let name = "vigil.v1"
    /// After so much time the client is told that all is well.
    private static let heartbeat = Duration.seconds(15)
    /// How many outputs a client may follow at once.
    private static let mostOutputs = 16

    /// What a client is subscribed to; the bell of each ends it.
    private struct Subscriptions {
        var events: ChangeBell?
        var outputs: [SocketRequest.Output: ChangeBell] = [:]
        /// The last event that was looked at for the client.
        var last: Int64?
    }

    let call: APICall
    let socket: WebSocket
    private let subscriptions = Shared()

    private final class Shared: Sendable {
        let state = Mutex(Subscriptions())
    }

    init(_ call: APICall, _ socket: WebSocket) {
        self.call = call
        self.socket = socket
    }

    /// Serves until the client leaves, may not listen any more, or the server stops.
    func run() async throws {
        let last = try await call.perform(forStream: true) { try $0.lastSequence() }
        try await say([
            "type": "hello", "version": 1, "name": .string(call.caller.name),
            "scope": .string(call.caller.scope.rawValue), "last": .integer(last),
        ])
        await withDiscardingTaskGroup { group in
            group.addTask { await watch() }
            do {
                while let message = try await socket.receive() { try await handle(message, &group) }
            } catch {
                // The client is gone or takes nothing, or the server stops: all that serves it ends.
            }
            group.cancelAll()
        }
    }

    private func handle(_ message: WebSocketMessage, _ group: inout DiscardingTaskGroup) async throws {
        do {
            switch try SocketRequest.read(message) {
            case .followEvents(let filter, let after): try await followEvents(filter, after, &group)
            case .followOutput(let output, let attempt, let offset):
                try await followOutput(output, attempt, offset, &group)
            case .leaveEvents:
                let bell = subscriptions.state.withLock { state in
                    defer { state.events = nil }
                    return state.events
                }
                bell?.ring()
                try await say(["type": "unsubscribed", "to": "events"])
            case .leaveOutput(let output):
                subscriptions.state.withLock { $0.outputs.removeValue(forKey: output) }?.ring()
                try await say(output.document("unsubscribed"))
            }
        } catch let error as HTTPError {
            try await say(error)
        }
    }

    private func say(_ document: JSONObject) async throws {
        try await socket.send(WebSocketMessage.text(JSONWriter.bytes(.object(document))).frame)
    }

    private func say(_ error: HTTPError, about output: SocketRequest.Output? = nil) async throws {
        var document = output?.document("error") ?? ["type": "error"]
        document["code"] = .string(error.code)
        document["detail"] = .string(error.detail)
        try await say(document)
    }
}

// MARK: - The connection itself

extension EventSocket {
    /// Says from time to time that all is well, and ends the connection when the caller may not listen any more.
    private func watch() async {
        var admission = call.admission
        while !Task.isCancelled {
            let hasChanged = await admission.change(within: Self.heartbeat)
            if Task.isCancelled { return }
            do {
                guard try await admission.holds() else {
                    return await socket.close(.policyViolation, "the token was revoked, or the session has ended")
                }
                guard !hasChanged else { continue }
                let last = subscriptions.state.withLock { $0.last }
                try await say(["type": "heartbeat", "last": last.map { .integer($0) } ?? .null])
            } catch is WebSocketEnded {
                return await lag()
            } catch {
                return await socket.close(.internalError, "the server's log says why")
            }
        }
    }

    /// Tells a client that takes nothing where it can go on; nothing when it is gone.
    private func lag() async {
        let last = subscriptions.state.withLock { $0.last }
        await socket.close(.tryAgainLater, "lagged" + (last.map { ", resume from \($0)" } ?? ""))
    }

    /// Does what serves a subscription until its bell rings; says what keeps it from going on.
    private func serve(
        _ bell: ChangeBell,
        _ output: SocketRequest.Output?,
        _ group: inout DiscardingTaskGroup,
        _ body: @escaping @Sendable () async throws -> Void
    ) {
        group.addTask {
            await withTaskGroup { race in
                race.addTask { await attempt(output, body) }
                race.addTask { while !Task.isCancelled, await !bell.wait(since: 0, for: .seconds(3600)) {} }
                await race.next()
                race.cancelAll()
            }
        }
    }

    private func attempt(_ output: SocketRequest.Output?, _ body: () async throws -> Void) async {
        do { try await body() } catch is CancellationError {} catch is WebSocketEnded {
            await lag()
        } catch {
            call.context.logger.error("stream broke off", metadata: ["error": "\(error)"])
            let known = error as? HTTPError ?? .internalError
            // Who is gone needs no word.
            try? await say(known, about: output)
        }
    }
}

// MARK: - Subscriptions

extension EventSocket {
    private func followEvents(
        _ filter: EventFilter,
        _ after: Int64?,
        _ group: inout DiscardingTaskGroup
    ) async throws {
        let bell = ChangeBell(reactor: call.desk.reactor)
        let isNew = subscriptions.state.withLock { state in
            defer { state.events = state.events ?? bell }
            return state.events == nil
        }
        guard isNew else { throw HTTPError.subscribed }
        let first: Int64
        if let after {
            first = after
        } else {
            first = try await call.perform(forStream: true) { try $0.lastSequence() }
        }
        subscriptions.state.withLock { $0.last = first }
        try await say(["type": "subscribed", "to": "events", "after": .integer(first)])
        serve(bell, nil, &group) {
            defer { subscriptions.state.withLock { if $0.events === bell { $0.events = nil } } }
            try await sendEvents(filter, after: first)
        }
    }

    private func sendEvents(_ filter: EventFilter, after first: Int64) async throws {
        var last = first
        while true {
            let entries = try await call.desk.tail.next(after: last, waiting: .seconds(3600))
            guard let newest = entries.last else { continue }
            let frames = entries.filter { filter.includes($0.event) }.flatMap(\.frame)
            if !frames.isEmpty { try await socket.send(frames) }
            last = newest.event.sequence
            let done = last
            subscriptions.state.withLock { $0.last = done }
        }
    }

    private func followOutput(
        _ output: SocketRequest.Output,
        _ attempt: Int?,
        _ offset: Int64,
        _ group: inout DiscardingTaskGroup
    ) async throws {
        var query = LogQuery(output.task, limit: 0)
        (query.isError, query.attempt) = (output.isError, attempt)
        let wanted = query
        let bell = ChangeBell(reactor: call.desk.reactor)
        try subscriptions.state.withLock { state throws(HTTPError) in
            guard state.outputs[output] == nil else { throw .subscribed }
            guard state.outputs.count < Self.mostOutputs else { throw .tooManyOutputs }
            state.outputs[output] = bell
        }
        do {
            let place = try await call.perform(forStream: true) { try $0.outputPlace(wanted) }
            try await say(output.document("subscribed", ["attempt": .integer(place.attempt)]))
            serve(bell, output, &group) {
                defer { forget(output, bell) }
                try await send(place, output, from: offset)
            }
        } catch {
            forget(output, bell)
            guard let known = error as? HTTPError else { throw error }
            try await say(known, about: output)
        }
    }

    private func forget(_ output: SocketRequest.Output, _ bell: ChangeBell) {
        subscriptions.state.withLock { if $0.outputs[output] === bell { $0.outputs[output] = nil } }
    }

    private func send(_ place: OutputPlace, _ output: SocketRequest.Output, from offset: Int64) async throws {
        var pieces = TextPieces()
        var size = offset
        try await OutputFeed(call: call).run(place, from: offset) { start, bytes in
            if start < size { pieces = TextPieces() }
            let first = start - Int64(pieces.heldBytes)
            size = start + Int64(bytes.count)
            let text = pieces.take(bytes)
            guard !text.isEmpty else { return }
            try await say(output.document("log", ["offset": .integer(first), "text": .string(text)]))
        }
        let (start, rest) = (size - Int64(pieces.heldBytes), pieces.end())
        if !rest.isEmpty { try await say(output.document("log", ["offset": .integer(start), "text": .string(rest)])) }
        try await say(output.document("log_end", ["attempt": .integer(place.attempt), "size": .integer(size)]))
    }
}

extension SocketRequest.Output {
    /// A message about it.
    fileprivate func document(_ type: String, _ more: JSONObject = [:]) -> JSONObject {
        var document: JSONObject = [
            "type": .string(type), "to": "log", "task": .string(task.string), "stream": .string(stream),
        ]
        for (name, value) in more.members { document[name] = value }
        return document
    }
}

extension HTTPError {
    fileprivate static let subscribed = HTTPError(.conflict, code: "subscribed", "this is being sent already")
    fileprivate static let tooManyOutputs = HTTPError(
        .conflict,
        code: "too_many_subscriptions",
        "too many outputs are being followed; unsubscribe from one"
    )
}
