// SPDX-License-Identifier: Apache-2.0
// The opening handshake of a WebSocket (RFC 6455, 4.2).

extension HTTPRequest {
    /// Whether the client asks for a WebSocket; other protocols that it would rather have are passed over.
    package var wantsWebSocket: Bool {
        method == .get && version == .http11 && headers.lists("upgrade", in: "connection")
            && headers.lists("websocket", in: "upgrade")
    }

    /// What the client offers to speak within a WebSocket, in its order.
    package var webSocketProtocols: [String] {
        headers.values(of: "sec-websocket-protocol").flatMap { field in
            field.utf8.split(separator: ASCII.comma).map { String(decoding: ASCII.trimmed($0), as: UTF8.self) }
        }
    }
}

/// A WebSocket that takes a request's connection over.
package struct WebSocketUpgrade: Sendable, Equatable {
    /// Two upgrades are the same only when one is a copy of the other.
    private final class Identity: Sendable {}

    private let identity = Identity()
    let limits: WebSocketLimits
    let handle: @Sendable (WebSocket) async throws -> Void

    init(limits: WebSocketLimits, handle: @escaping @Sendable (WebSocket) async throws -> Void) {
        self.limits = limits
        self.handle = handle
    }

    /// Whether one is a copy of the other.
    package static func == (left: WebSocketUpgrade, right: WebSocketUpgrade) -> Bool {
        left.identity === right.identity
    }
}

extension HTTPResponse {
    /// What is added to a client's key.
    private static let suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// The answer that makes a connection a WebSocket.
    ///
    /// - Parameters:
    ///   - request: A request that wants one.
    ///   - protocols: What is spoken here; the first of them that the client offers is agreed on.
    ///   - limits: How much it takes, and for how long.
    ///   - handle: Serves the WebSocket, which closes when it returns, and with 1011 when it throws. It is cancelled when
    ///     the client is gone or the server stops.
    /// - Returns: The answer.
    /// - Throws: 400 when the handshake is wrong, 426 for another version of the protocol.
    package static func webSocket(
        answering request: HTTPRequest,
        protocols: [String] = [],
        limits: WebSocketLimits = WebSocketLimits(),
        handle: @escaping @Sendable (WebSocket) async throws -> Void
    ) throws(HTTPError) -> HTTPResponse {
        guard request.headers.values(of: "sec-websocket-version") == ["13"] else {
            throw HTTPError(
                .upgradeRequired,
                code: "websocket_version",
                "the version of the WebSocket protocol is 13",
                headers: ["Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"]
            )
        }
        let keys = request.headers.values(of: "sec-websocket-key")
        guard keys.count == 1, Base64.decoded(keys[0].utf8, .standard)?.count == 16 else {
            throw .badRequest("Sec-WebSocket-Key is not one key of 16 bytes")
        }
        guard request.body.isEmpty else { throw .badRequest("a WebSocket does not begin with a body") }
        var response = HTTPResponse(status: .switchingProtocols)
        response.headers["Upgrade"] = "websocket"
        response.headers["Sec-WebSocket-Accept"] = Base64.encoded(SHA1.digest(Array((keys[0] + suffix).utf8)))
        let offered = request.webSocketProtocols
        response.headers["Sec-WebSocket-Protocol"] = protocols.first(where: offered.contains)
        response.webSocket = WebSocketUpgrade(limits: limits, handle: handle)
        return response
    }
}
