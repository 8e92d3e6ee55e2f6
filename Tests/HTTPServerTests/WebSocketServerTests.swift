// SPDX-License-Identifier: Apache-2.0
// WebSockets over real sockets.

import HTTPServer
import TestSupport
import Testing

extension Router {
    /// Routes with `/ws`, which echoes, and what else a test needs.
    fileprivate static func withEcho(
        limits: WebSocketLimits = WebSocketLimits(),
        handle: (@Sendable (WebSocket) async throws -> Void)? = nil
    ) -> Router {
        var router = Router.forTests()
        router.get("/ws") { request, _ in
            try HTTPResponse.webSocket(answering: request, limits: limits) { socket in
                if let handle { return try await handle(socket) }
                while let message = try await socket.receive() { try await socket.send(message.frame) }
            }
        }
        return router
    }
}

extension TestClient {
    /// Asks for a WebSocket.
    fileprivate func upgrade(_ more: String = "") async throws -> Response {
        try await send(
            """
            GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(more)\r\n
            """
        )
        return try await response()
    }

    /// The next frame.
    fileprivate func frame() async throws -> ServerFrame {
        let head = try await bytes(2)
        let short = Int(head[1] & 0x7F)
        let width = short == 126 ? 2 : short == 127 ? 8 : 0
        let wide = try await bytes(width)
        let length = width == 0 ? short : wide.reduce(0) { $0 << 8 | Int($1) }
        return ServerFrame(head[0] & 0x0F, try await bytes(length))
    }
}

@Suite struct WebSocketServerTests {
    @Test func messagesGoBothWaysAndPingsBetween() async throws {
        try await TestServer.with(router: .withEcho()) { server in
            let client = try await server.connect()
            #expect(try await client.upgrade().status == 101)
            try await client.send(ClientFrame.text("hello").bytes + ClientFrame(9, [5]).bytes)
            #expect(try await client.frame() == ServerFrame(10, [5]))
            #expect(try await client.frame() == ServerFrame(1, Array("hello".utf8)))
            let large = [UInt8](repeating: 7, count: 60_000)
            try await client.send(ClientFrame(2, large).bytes)
            #expect(try await client.frame() == ServerFrame(2, large))
            try await client.send(ClientFrame.close(1000).bytes)
            #expect(try await client.frame().closeCode == 1000)
            #expect(await client.end().isEmpty)
        }
    }

    @Test func bytesBehindTheRequestArePartOfTheWebSocket() async throws {
        try await TestServer.with(router: .withEcho()) { server in
            let client = try await server.connect()
            let request = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            let rest = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            try await client.send(Array((request + rest).utf8) + ClientFrame.text("early").bytes)
            #expect(try await client.response().status == 101)
            #expect(try await client.frame().text == "early")
        }
    }

    @Test func refusedUpgradeLeavesTheConnectionToRequests() async throws {
        try await TestServer.with(router: .withEcho()) { server in
            let client = try await server.connect()
            try await client.send(
                "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            )
            let refusal = try await client.response()
            #expect(refusal.status == 426)
            #expect(refusal.headers["Sec-WebSocket-Version"] == "13")
            #expect(try await client.get("/healthz").status == 200)
        }
    }

    @Test func upgradeToAForeignHostIsRefused() async throws {
        try await TestServer.with(router: .withEcho()) { server in
            let client = try await server.connect()
            try await client.send("GET /ws HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\n\r\n")
            #expect(try await client.response().status == 421)
        }
    }

    @Test(arguments: [ClientFrame(3), ClientFrame(9).open, ClientFrame(1, [0xFF]), ClientFrame(0)])
    func clientThatBreaksTheRulesIsToldAndTheServerGoesOn(frame: ClientFrame) async throws {
        try await TestServer.with(router: .withEcho()) { server in
            let client = try await server.connect()
            _ = try await client.upgrade()
            try await client.send(frame.bytes)
            #expect([1002, 1007].contains(try await client.frame().closeCode))
            #expect(await client.end().isEmpty)
            #expect(try await server.connect().get("/healthz").status == 200)
        }
    }

    @Test func handlerThatReturnsEndsTheWebSocketAndOneThatFailsSaysSo() async throws {
        struct Failure: Error {}
        for (code, error) in [(1000, nil), (1011, Failure())] as [(UInt16, Failure?)] {
            let router = Router.withEcho { _ in if let error { throw error } }
            try await TestServer.with(router: router) { server in
                let client = try await server.connect()
                _ = try await client.upgrade()
                #expect(try await client.frame().closeCode == code)
            }
        }
    }

    @Test func clientThatTakesNothingIsEndedAndHoldsUpNobody() async throws {
        let (results, result) = AsyncStream.makeStream(of: Bool.self)
        let limits = WebSocketLimits(writing: .milliseconds(50), closing: .milliseconds(50))
        let router = Router.withEcho(limits: limits) { socket in
            let frame = WebSocketMessage.binary([UInt8](repeating: 0, count: 1 << 20)).frame
            do {
                while true { try await socket.send(frame) }
            } catch is WebSocketEnded { result.yield(true) }
        }
        try await TestServer.with(router: router) { server in
            let slow = try await server.connect()
            _ = try await slow.upgrade()
            try await slow.pauseReading()
            #expect(try await server.connect().get("/healthz").status == 200)
            var iterator = results.makeAsyncIterator()
            #expect(await iterator.next() == true)
        }
    }

    @Test func clientThatLeavesEndsTheHandler() async throws {
        let (results, result) = AsyncStream.makeStream(of: Bool.self)
        let router = Router.withEcho { socket in
            do { while try await socket.receive() != nil {} } catch {}
            result.yield(true)
        }
        try await TestServer.with(router: router) { server in
            let client = try await server.connect()
            _ = try await client.upgrade()
            await client.close()
            var iterator = results.makeAsyncIterator()
            #expect(await iterator.next() == true)
        }
    }

    @Test func serverThatStopsSaysSo() async throws {
        try await TestServer.with(router: .withEcho()) { server in
            let client = try await server.connect()
            _ = try await client.upgrade()
            server.stop()
            #expect(try await client.frame().closeCode == 1001)
            try await client.send(ClientFrame.close(1001).bytes)
            try await server.stopped()
        }
    }

    @Test func silentClientIsPingedAndCutOff() async throws {
        let limits = WebSocketLimits(pinging: .milliseconds(20), answering: .milliseconds(20))
        try await TestServer.with(router: .withEcho(limits: limits)) { server in
            let client = try await server.connect()
            _ = try await client.upgrade()
            #expect(try await client.frame().opcode == 9)
            #expect(await client.end().isEmpty)
        }
    }
}
