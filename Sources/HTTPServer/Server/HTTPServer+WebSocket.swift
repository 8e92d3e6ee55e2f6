// SPDX-License-Identifier: Apache-2.0
// Connections that have become WebSockets.

import Logging
import SystemKit

extension HTTPServer {
    /// Makes a connection a WebSocket.
    ///
    /// - Returns: False when the request was given up, or the server stops.
    func start(
        _ upgrade: WebSocketUpgrade,
        _ response: HTTPResponse,
        on connection: ServerConnection,
        _ number: UInt64
    ) -> Bool {
        guard let (head, input) = connection.machine.upgraded(number, response, at: now) else { return false }
        connection.webSocket = WebSocketConnection(limits: upgrade.limits, head: head, at: now.instant)
        perform(connection.received(input, at: now), on: connection)
        return true
    }

    /// Serves a WebSocket until its handler returns.
    func serve(_ upgrade: WebSocketUpgrade, on number: UInt64) async {
        do {
            try await upgrade.handle(WebSocket(server: self, number: number))
            endWebSocket(number, .normal, "")
        } catch is CancellationError {
            // The client is gone, or the server stops; whoever has ended it has said why.
            endWebSocket(number, .goingAway, "")
        } catch is WebSocketEnded {
            endWebSocket(number, .tryAgainLater, "too slow")
        } catch {
            logger.error("WebSocket broke off", metadata: ["error": "\(error)"])
            endWebSocket(number, .internalError, "the server's log says why")
        }
    }

    /// Takes the end of a WebSocket's handler; the connection ends by itself.
    func webSocketEnded(_ requestNumber: UInt64, of number: UInt64) {
        guard let connection = connections[number] else { return }
        handlers[requestNumber] = nil
        if connection.request == requestNumber { connection.request = nil }
    }

    /// Begins the end of a WebSocket; nothing when it has begun.
    func endWebSocket(_ number: UInt64, _ code: WebSocketCloseCode, _ reason: String) {
        guard let connection = connections[number] else { return }
        connection.webSocket?.close(code, reason, at: now.instant)
        perform(.none, on: connection)
    }

    /// Wakes the handler of a WebSocket when there is something for it, and cancels it when the end has begun.
    func wake(_ connection: ServerConnection, _ webSocket: WebSocketConnection) {
        if webSocket.hasEnded {
            if let request = connection.request { handlers[request]?.cancel() }
            connection.wakeReader()
            connection.wakeWriter()
        } else {
            if webSocket.hasMessage { connection.wakeReader() }
            if webSocket.isLagging { connection.wakeWriter() }
        }
    }

    /// The next message of a WebSocket; nil at its end.
    func nextMessage(_ number: UInt64) async throws -> WebSocketMessage? {
        while true {
            try Task.checkCancellation()
            guard let connection = connections[number], let (message, action) = connection.takeMessage(at: now) else {
                return nil
            }
            perform(action, on: connection)
            if let message { return message }
            guard let webSocket = connections[number]?.webSocket, !webSocket.hasEnded else { return nil }
            guard !webSocket.hasMessage else { continue }
            await withTaskCancellationHandler {
                await withCheckedContinuation { connection.reader = $0 }
            } onCancel: {
                reactor.perform { self.assumeIsolated { $0.connections[number]?.wakeReader() } }
            }
        }
    }

    /// Sends frames, and returns when the kernel has taken them.
    func send(_ frames: [UInt8], to number: UInt64) async throws {
        try Task.checkCancellation()
        guard let connection = connections[number], connection.webSocket?.send(frames, at: now.instant) == true else {
            throw WebSocketEnded()
        }
        perform(.none, on: connection)
        while connections[number] != nil, connection.hasOutput {
            guard connection.webSocket?.isOpen == true else { throw WebSocketEnded() }
            await withTaskCancellationHandler {
                await connection.waitToWrite()
            } onCancel: {
                reactor.perform { self.assumeIsolated { $0.connections[number]?.wakeWriter() } }
            }
            try Task.checkCancellation()
        }
        guard connections[number] != nil else { throw WebSocketEnded() }
    }
}
