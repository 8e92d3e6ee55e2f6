// SPDX-License-Identifier: Apache-2.0
// Bodies that are sent while they come to be, over real sockets.

import HTTPServer
import SystemKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct StreamingTests {
    private struct BrokenOff: Error {}

    /// A source of pieces, and a gate that its stream passes when it was cancelled.
    private struct Source {
        let pieces: AsyncStream<[UInt8]>
        let feed: AsyncStream<[UInt8]>.Continuation
        let cancelled = Gate()

        init() { (pieces, feed) = AsyncStream.makeStream() }

        func send(_ text: String) { feed.yield(Array(text.utf8)) }

        /// `/pieces` streams what is fed; a piece `!` breaks the stream off.
        var router: Router {
            var router = Router.forTests()
            let (pieces, cancelled) = (pieces, cancelled)
            router.get("/pieces") { _, _ in
                HTTPResponse(
                    contentType: "text/plain",
                    stream: HTTPBodyStream { writer in
                        do {
                            for await piece in pieces {
                                if piece == [UInt8(ascii: "!")] { throw BrokenOff() }
                                try await writer.write(piece)
                            }
                            try Task.checkCancellation()
                        } catch let error as CancellationError {
                            await cancelled.open()
                            throw error
                        }
                    }
                )
            }
            return router
        }
    }

    private static let request = "GET /pieces HTTP/1.1\r\nHost: localhost\r\n\r\n"

    @Test func piecesArriveWhileTheBodyComesToBe() async throws {
        let source = Source()
        try await TestServer.with(router: source.router) { server in
            let client = try await server.connect(sending: Self.request)
            let head = try await client.response()
            #expect(head.status == 200)
            #expect(head.headers["Transfer-Encoding"] == "chunked")
            #expect(head.headers["Content-Length"] == nil)
            source.send("one")
            #expect(try await client.read(through: "one\r\n") == "3\r\none\r\n")
            source.send("and the second")
            #expect(try await client.read(through: "second\r\n") == "e\r\nand the second\r\n")
            source.feed.finish()
            #expect(try await client.read(through: "\r\n\r\n") == "0\r\n\r\n")
            #expect(try await client.get("/healthz").body == "ok\n")
        }
    }

    @Test func requestThatCameEarlyIsAnsweredAfterTheStream() async throws {
        let source = Source()
        try await TestServer.with(router: source.router) { server in
            let client = try await server.connect(sending: Self.request)
            _ = try await client.response()
            try await client.send("GET /number/7 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            source.send("one")
            source.feed.finish()
            #expect(try await client.read(through: "0\r\n\r\n") == "3\r\none\r\n0\r\n\r\n")
            #expect(try await client.response().body == "7")
        }
    }

    @Test func olderClientIsToldTheEndByTheConnection() async throws {
        let source = Source()
        try await TestServer.with(router: source.router) { server in
            let client = try await server.connect(sending: "GET /pieces HTTP/1.0\r\n\r\n")
            let head = try await client.response()
            #expect(head.headers["Transfer-Encoding"] == nil)
            source.send("plain")
            source.feed.finish()
            #expect(await client.end() == "plain")
        }
    }

    @Test func headOfAStreamHasNoBody() async throws {
        try await TestServer.with(router: Source().router) { server in
            let client = try await server.connect(sending: "HEAD /pieces HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(try await client.response(toHead: true).status == 200)
            #expect(try await client.get("/healthz").status == 200)
        }
    }

    @Test func streamIsCancelledWhenItsClientIsGone() async throws {
        let source = Source()
        try await TestServer.with(router: source.router) { server in
            let client = try await server.connect(sending: Self.request)
            _ = try await client.response()
            await client.close()
            await source.cancelled.pass()
        }
    }

    @Test func streamEndsWholeWhenTheServerStops() async throws {
        let source = Source()
        try await TestServer.with(router: source.router) { server in
            let client = try await server.connect(sending: Self.request)
            _ = try await client.response()
            source.send("one")
            #expect(try await client.read(through: "one\r\n") == "3\r\none\r\n")
            server.stop()
            #expect(await client.end() == "0\r\n\r\n")
        }
    }

    @Test func streamThatBreaksOffDoesNotLookComplete() async throws {
        let source = Source()
        try await TestServer.with(router: source.router) { server in
            let client = try await server.connect(sending: Self.request)
            _ = try await client.response()
            source.send("one")
            source.send("!")
            #expect(await client.end() == "3\r\none\r\n")
        }
    }

    @Test func clientThatTakesNothingIsCutOffAndHoldsUpNobody() async throws {
        let source = Source()
        let configuration = HTTPServerConfiguration(
            address: .loopback(0),
            deadlines: HTTPDeadlines(writing: .milliseconds(200))
        )
        try await TestServer.with(configuration, router: source.router) { server in
            let slow = try await server.connect(sending: Self.request)
            _ = try await slow.response()
            try await slow.pauseReading()
            for _ in 0..<16 { source.feed.yield([UInt8](repeating: 97, count: 1 << 20)) }
            let other = try await server.connect()
            #expect(try await other.get("/healthz").status == 200)
            await source.cancelled.pass()
        }
    }
}
