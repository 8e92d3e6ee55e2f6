// SPDX-License-Identifier: Apache-2.0
// A WebSocket as its handler sees it.

/// The other side of a WebSocket is gone, is going, or takes nothing.
package struct WebSocketEnded: Error, Sendable {
    /// Nothing more can be sent.
    package init() {}
}

/// A WebSocket as its handler sees it.
package struct WebSocket: Sendable {
    private let server: HTTPServer
    private let number: UInt64

    init(server: HTTPServer, number: UInt64) {
        self.server = server
        self.number = number
    }

    /// Waits for a message; one caller at a time.
    ///
    /// A handler has to take messages for as long as it serves: nothing more is read while one waits.
    /// - Returns: The message; nil when the client has said that it is over, or is gone.
    /// - Throws: `CancellationError` when the server stops.
    package func receive() async throws -> WebSocketMessage? { try await server.nextMessage(number) }

    /// Sends frames, as ``WebSocketMessage/frame`` makes them; any number of callers.
    ///
    /// It returns when the kernel has taken them, so that a client that reads slowly holds up this WebSocket alone, and
    /// nothing is kept for it but what was sent last.
    /// - Parameter frames: One frame, or several behind each other.
    /// - Throws: ``WebSocketEnded`` when the client takes nothing for too long, or is gone; `CancellationError` when the
    ///   server stops.
    package func send(_ frames: [UInt8]) async throws { try await server.send(frames, to: number) }

    /// Says that it is over; a client that has been told so before is not told again.
    /// - Parameters:
    ///   - code: Why.
    ///   - reason: The same for people.
    package func close(_ code: WebSocketCloseCode, _ reason: String) async {
        await server.endWebSocket(number, code, reason)
    }
}
