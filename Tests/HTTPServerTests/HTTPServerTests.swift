// SPDX-License-Identifier: Apache-2.0
// The server over real sockets.

import Glibc
import HTTPServer
import Logging
import ServiceLifecycle
import SystemKit
import TestSupport
import Testing

/// A request that is refused before any handler sees it.
struct Refusal: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let request: String
    let status: Int

    init(_ description: String, _ request: String, _ status: Int) {
        testDescription = description
        self.request = request
        self.status = status
    }

    static let all = [
        Refusal("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
        Refusal("foreign Host", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        Refusal("unknown version", "GET / HTTP/3.1\r\nHost: localhost\r\n\r\n", 505),
        Refusal("TLS greeting", "\u{16}\u{3}", 400),
        Refusal("large body", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", 413),
        Refusal("coding", "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        Refusal("long target", "GET /\(String(repeating: "a", count: 65536)) HTTP/1.1\r\n\r\n", 414),
        Refusal("large head", "GET / HTTP/1.1\r\nA: \(String(repeating: "a", count: 65536))\r\n\r\n", 431),
    ]
}

@Suite(.timeLimit(.minutes(1))) struct HTTPServerTests {
    private static func configuration(
        _ deadlines: HTTPDeadlines = HTTPDeadlines(),
        maxConnections: Int = 256
    ) -> HTTPServerConfiguration {
        HTTPServerConfiguration(address: .loopback(0), deadlines: deadlines, maxConnections: maxConnections)
    }

    @Test func requestsAreAnsweredOverOneConnection() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            for number in 0..<100 {
                let response = try await client.get("/number/\(number)")
                #expect(response.status == 200)
                #expect(response.body == "\(number)")
                #expect(response.headers["Date"]?.hasSuffix(" GMT") == true)
            }
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            let requests = (0..<500).map { "GET /number/\($0) HTTP/1.1\r\nHost: localhost\r\n\r\n" }.joined()
            try await client.send(requests)
            for number in 0..<500 {
                let response = try await client.response()
                #expect(response.body == "\(number)")
            }
        }
    }

    @Test func pipelinedRequestWaitsForTheSlowOneBeforeIt() async throws {
        let gate = Gate()
        try await TestServer.with(router: .forTests(gate: gate)) { server in
            let client = try await server.connect()
            try await client.send(
                "GET /gate HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
            )
            await gate.arrived(1)
            let other = try await server.connect()
            #expect(try await other.get("/healthz").status == 200)
            await gate.open()
            #expect(try await client.response().body == "passed")
            #expect(try await client.response().body == "ok\n")
        }
    }

    @Test func headHasTheHeadersOfGet() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            try await client.send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let response = try await client.response(toHead: true)
            #expect(response.status == 200)
            #expect(response.headers["Content-Length"] == "3")
            #expect(try await client.get("/healthz").body == "ok\n")
        }
    }

    @Test func errorsAreProblems() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            let missing = try await client.get("/nothing")
            #expect(missing.status == 404)
            #expect(missing.headers["Content-Type"] == "application/problem+json")
            try await client.send("DELETE /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let refused = try await client.response()
            #expect(refused.status == 405)
            #expect(refused.headers["Allow"] == "GET, HEAD")
            #expect(try await client.get("/fail").status == 500)
            #expect(try await client.get("/healthz").status == 200)
        }
    }

    @Test func errorsWithoutMiddlewareAreProblemsToo() async throws {
        var router = Router(middleware: [])
        router.get("/conflict") { _, _ in throw HTTPError(.conflict, code: "taken", "taken") }
        try await TestServer.with(router: router) { server in
            let client = try await server.connect()
            #expect(try await client.get("/conflict").status == 409)
            #expect(try await client.get("/nothing").status == 404)
        }
    }

    @Test func bodiesArriveWhole() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            let body = String(repeating: "0123456789", count: 50_000)
            try await client.send(
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body
            )
            #expect(try await client.response().body == body)
            let chunks = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
            try await client.send(
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
            )
            #expect(try await client.response().body == "hello world")
        }
    }

    @Test func bodyIsAskedForWhenTheClientWaits() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            try await client.send(
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
            )
            #expect(try await client.response().status == 100)
            try await client.send("hi")
            #expect(try await client.response().body == "hi")
        }
    }

    @Test(arguments: Refusal.all)
    func refusedRequestIsAnsweredAndTheConnectionClosed(_ refusal: Refusal) async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            try await client.send(refusal.request)
            let response = try await client.response()
            #expect(response.status == refusal.status)
            #expect(response.headers["Connection"] == "close")
            #expect(await client.end() == "")
        }
    }

    @Test func garbageHarmsNobody() async throws {
        var generator = SeededGenerator.fromEnvironment()
        let seed = generator.seed
        try await TestServer.with { server in
            for _ in 0..<200 {
                let client = try await server.connect()
                let bytes = RequestParserPropertyTests.mutatedSample(&generator)
                // The server may have closed the connection already.
                try? await client.send(bytes)
                await client.finishWriting()
                _ = await client.end()
            }
            let client = try await server.connect()
            #expect(try await client.get("/healthz").status == 200, "seed \(seed)")
        }
    }

    @Test func clientThatClosedItsSideIsAnswered() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            try await client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await client.finishWriting()
            #expect(await client.end().hasSuffix("\r\n\r\nok\n"))
        }
    }
}

// MARK: - Slow and many clients

extension HTTPServerTests {
    @Test func silentClientIsCutWithoutAWord() async throws {
        try await TestServer.with(Self.configuration(HTTPDeadlines(head: .milliseconds(50)))) { server in
            let client = try await server.connect()
            #expect(await client.end() == "")
        }
    }

    @Test func unfinishedHeadIsCut() async throws {
        try await TestServer.with(Self.configuration(HTTPDeadlines(head: .milliseconds(50)))) { server in
            let client = try await server.connect(sending: "GET / HTTP/1.1\r\nHost: ")
            #expect(try await client.response().status == 408)
            #expect(await client.end() == "")
        }
    }

    @Test func unfinishedBodyIsCut() async throws {
        try await TestServer.with(Self.configuration(HTTPDeadlines(body: .milliseconds(50)))) { server in
            let client = try await server.connect()
            try await client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc")
            #expect(try await client.response().status == 408)
            #expect(await client.end() == "")
        }
    }

    @Test func idleConnectionIsClosed() async throws {
        try await TestServer.with(Self.configuration(HTTPDeadlines(idle: .milliseconds(50)))) { server in
            let client = try await server.connect()
            #expect(try await client.get("/healthz").status == 200)
            #expect(await client.end() == "")
        }
    }

    @Test func slowHandlerIsAnsweredFor() async throws {
        let gate = Gate()
        let configuration = Self.configuration(HTTPDeadlines(handling: .milliseconds(50)))
        try await TestServer.with(configuration, router: .forTests(gate: gate)) { server in
            let client = try await server.connect()
            #expect(try await client.get("/gate").status == 503)
            #expect(await client.end() == "")
            await gate.open()
        }
    }

    @Test func slowReaderIsCut() async throws {
        let gate = Gate()
        let configuration = Self.configuration(HTTPDeadlines(writing: .milliseconds(50)), maxConnections: 1)
        try await TestServer.with(configuration, router: .forTests(gate: gate)) { server in
            let client = try await server.connect()
            try await client.pauseReading()
            let large = String(repeating: "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n", count: 100)
            try await client.send("GET /gate HTTP/1.1\r\nHost: localhost\r\n\r\n" + large)
            // Before its first request has been read, it would give way to the other at once.
            await gate.arrived(1)
            await gate.open()
            // There is room for another client only when the first is gone.
            let other = try await server.connect()
            #expect(try await other.get("/healthz").status == 200)
            try await client.resumeReading()
            #expect(await client.end().utf8.count < 8 << 20)
        }
    }

    @Test func slowReaderKeepsNobodyWaiting() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            try await client.pauseReading()
            try await client.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let other = try await server.connect()
            for _ in 0..<10 { #expect(try await other.get("/healthz").status == 200) }
            try await client.resumeReading()
            #expect(try await client.response().body.utf8.count == 8 << 20)
        }
    }

    @Test func largeResponseArrivesWhole() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            #expect(try await client.get("/large").body.utf8.count == 8 << 20)
        }
    }

    @Test func newcomerTakesThePlaceOfTheLongestWaiting() async throws {
        try await TestServer.with(Self.configuration(maxConnections: 2)) { server in
            let first = try await server.connect()
            #expect(try await first.get("/healthz").status == 200)
            let second = try await server.connect()
            try await second.send("GET / HT")
            let third = try await server.connect()
            #expect(try await third.get("/healthz").status == 200)
            #expect(await first.end() == "")
            try await second.send("TP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(try await second.response().status == 404)
        }
    }

    @Test func newcomerWaitsWhileAllAreBusy() async throws {
        let gate = Gate()
        try await TestServer.with(Self.configuration(maxConnections: 2), router: .forTests(gate: gate)) { server in
            let busy = [try await server.connect(), try await server.connect()]
            for client in busy {
                try await client.send("GET /gate HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            }
            await gate.arrived(2)
            let newcomer = try await server.connect()
            try await newcomer.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await gate.open()
            for client in busy {
                #expect(try await client.response().body == "passed")
                #expect(await client.end() == "")
                await client.close()
            }
            #expect(try await newcomer.response().status == 200)
        }
    }

    @Test func floodOfHalfOpenConnectionsKeepsNobodyOut() async throws {
        try await TestServer.with(Self.configuration(maxConnections: 20)) { server in
            var flood: [TestClient] = []
            for _ in 0..<200 {
                let client = try await server.connect()
                try await client.send("GET /")
                flood.append(client)
            }
            let client = try await server.connect()
            #expect(try await client.get("/healthz").status == 200)
            for client in flood { await client.close() }
        }
    }
}

// MARK: - Shutdown

extension HTTPServerTests {
    @Test func shutdownLetsTheRunningRequestFinish() async throws {
        let gate = Gate()
        try await TestServer.with(router: .forTests(gate: gate)) { server in
            let idle = try await server.connect()
            #expect(try await idle.get("/healthz").status == 200)
            let client = try await server.connect()
            try await client.send("GET /gate HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await gate.arrived(1)
            server.stop()
            #expect(await idle.end() == "")
            await gate.open()
            let response = try await client.response()
            #expect(response.body == "passed")
            #expect(response.headers["Connection"] == "close")
            #expect(await client.end() == "")
            try await server.stopped()
            await #expect(throws: (any Error).self) { try await server.connect().get("/healthz") }
        }
    }

    @Test func gracefulShutdownOfTheGroupLetsTheRunningRequestFinish() async throws {
        let gate = Gate()
        let reactor = try Reactor()
        let (bound, continuation) = AsyncStream.makeStream(of: HTTPServerAddress.self)
        let server = HTTPServer(
            configuration: Self.configuration(),
            router: .forTests(gate: gate),
            reactor: reactor,
            logger: Logger(label: "test")
        ) { continuation.yield($0) }
        let configuration = ServiceGroupConfiguration(services: [server], logger: Logger(label: "test"))
        let group = ServiceGroup(configuration: configuration, reactor: reactor)
        let running = Task(executorPreference: reactor) { try await group.run() }
        try startThread { reactor.run() }
        defer { reactor.stop() }
        var addresses = bound.makeAsyncIterator()
        let address = try #require(await addresses.next())
        // As `TestServer` does, so that no deadline runs out on a busy machine.
        try await withTaskExecutorPreference(reactor) {
            let client = TestClient(reactor: reactor)
            try await client.connect(to: address.socket)
            try await client.send("GET /gate HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await gate.arrived(1)
            await group.triggerGracefulShutdown()
            await gate.open()
            #expect(try await client.response().body == "passed")
            #expect(await client.end() == "")
        }
        try await running.value
    }

    @Test func shutdownEndsAtItsDeadline() async throws {
        let gate = Gate()
        let configuration = Self.configuration(HTTPDeadlines(drain: .milliseconds(50)))
        try await TestServer.with(configuration, router: .forTests(gate: gate)) { server in
            let client = try await server.connect()
            try await client.send("GET /gate HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await gate.arrived(1)
            server.stop()
            #expect(await client.end() == "")
            try await server.stopped()
            await gate.open()
        }
    }

    @Test func handlerIsCancelledWhenItsClientIsGone() async throws {
        let gate = Gate()
        var router = Router()
        let (cancelled, continuation) = AsyncStream.makeStream(of: Void.self)
        router.get("/wait") { _, _ in
            await withTaskCancellationHandler {
                await gate.pass()
            } onCancel: {
                continuation.yield()
            }
            return HTTPResponse(text: "")
        }
        let directory = try TemporaryDirectory(for: "http")
        let address = HTTPServerAddress.unix(path: directory.path(of: "socket"))
        try await TestServer.with(HTTPServerConfiguration(address: address), router: router) { server in
            let client = try await server.connect()
            try await client.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await gate.arrived(1)
            await client.close()
            for await _ in cancelled { break }
            await gate.open()
        }
    }

    @Test func handlersOfClientsThatAreGoneDoNotPileUp() async throws {
        let gate = Gate()
        let directory = try TemporaryDirectory(for: "http")
        let address = HTTPServerAddress.unix(path: directory.path(of: "socket"))
        let configuration = HTTPServerConfiguration(address: address, maxConnections: 2)
        try await TestServer.with(configuration, router: .forTests(gate: gate)) { server in
            for number in 1...2 {
                let client = try await server.connect()
                try await client.send("GET /gate HTTP/1.1\r\nHost: localhost\r\n\r\n")
                await gate.arrived(number)
                await client.close()
            }
            let client = try await server.connect()
            #expect(try await client.get("/healthz").status == 503)
            await gate.open()
        }
    }
}

// MARK: - Socket files

extension HTTPServerTests {
    @Test func socketFileIsServedAndRemoved() async throws {
        let directory = try TemporaryDirectory(for: "http")
        let address = HTTPServerAddress.unix(path: directory.path(of: "socket"))
        try await TestServer.with(HTTPServerConfiguration(address: address)) { server in
            #expect(try directory.directory.status(of: "socket")?.permissions == 0o600)
            let client = try await server.connect()
            try await client.send("GET /healthz HTTP/1.1\r\nHost: any\r\n\r\n")
            #expect(try await client.response().body == "ok\n")
        }
        #expect(try directory.directory.status(of: "socket") == nil)
    }

    @Test func secondServerAtOneAddressFailsAndTheFirstServesOn() async throws {
        let directory = try TemporaryDirectory(for: "http")
        let configuration = HTTPServerConfiguration(address: .unix(path: directory.path(of: "socket")))
        try await TestServer.with(configuration) { server in
            let error = await #expect(throws: SystemCallError.self) {
                try await TestServer.with(configuration) { _ in }
            }
            #expect(error?.errno == .addressInUse)
            let client = try await server.connect()
            #expect(try await client.get("/healthz").status == 200)
        }
    }
}

// MARK: - Want of descriptors

extension HTTPServerTests {
    /// In a process of its own, because the limit of descriptors is one for all tests.
    @Test func wantOfDescriptorsTurnsClientsAwayAndEndsNothing() async {
        await #expect(processExitsWith: .success) {
            let log = RecordingLog()
            try await TestServer.with(logger: log.logger()) { server in
                let count = rlim_t(SystemInfo.openDescriptors() + 60)
                var limit = rlimit(rlim_cur: count, rlim_max: count)
                #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
                // They leave 20 descriptors for the server's ends.
                let crowd = Crowd(reactor: server.reactor)
                try await crowd.connect(40, to: server.address)
                let entry = await log.first("not accepting for a while")
                #expect(entry.metadata["error"]?.hasPrefix("accept: Too many open files") == true)
                #expect(Int(entry.metadata["turned_away"] ?? "") ?? 0 > 0)
                await crowd.leave()
                // Until the server has seen that they are gone, a newcomer may still be turned away.
                var status: Int?
                while status == nil {
                    let client = try await server.connect()
                    do { status = try await client.get("/healthz").status } catch is TestClient.Ended {}
                    await client.close()
                }
                #expect(status == 200)
            }
        }
    }
}
