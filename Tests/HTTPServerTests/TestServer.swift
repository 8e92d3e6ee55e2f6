// SPDX-License-Identifier: Apache-2.0
// A server on a reactor of its own, for one test.

import HTTPServer
import Logging
import SystemKit
import Testing

/// A running server and the reactor that it and its clients share.
struct TestServer: Sendable {
    let reactor: Reactor
    let address: SocketAddress
    private let service: Task<Void, any Error>

    /// Runs a server while a test talks to it, then cancels it and waits for its end.
    static func with(
        _ configuration: HTTPServerConfiguration = HTTPServerConfiguration(address: .loopback(0)),
        router: Router = .forTests(),
        logger: Logger = Logger(label: "test"),
        _ body: (TestServer) async throws -> Void
    ) async throws {
        let reactor = try Reactor()
        let (bound, continuation) = AsyncStream.makeStream(
            of: HTTPServerAddress.self,
            bufferingPolicy: .bufferingOldest(1)
        )
        let server = HTTPServer(
            configuration: configuration,
            router: router,
            reactor: reactor,
            logger: logger
        ) { continuation.yield($0) }
        let service = Task(executorPreference: reactor) {
            defer { continuation.finish() }
            try await server.run()
        }
        try startThread { reactor.run() }
        defer { reactor.stop() }
        var addresses = bound.makeAsyncIterator()
        guard let address = await addresses.next() else { return try await service.value }
        let running = TestServer(reactor: reactor, address: address.socket, service: service)
        do {
            // On the reactor, so that no deadline of the server runs out while a busy machine keeps the test waiting.
            try await withTaskExecutorPreference(reactor) { try await body(running) }
        } catch {
            service.cancel()
            throw error
        }
        service.cancel()
        try await service.value
    }

    /// Begins the shutdown that the cancellation of the service means.
    func stop() { service.cancel() }

    /// Waits until the server has stopped.
    func stopped() async throws { try await service.value }

    /// Connects a client, which sends something before the server has its turn.
    func connect(sending text: String = "") async throws -> TestClient {
        let client = TestClient(reactor: reactor)
        try await client.connect(to: address, sending: text)
        return client
    }
}

extension HTTPServerAddress {
    /// The address for a client.
    var socket: SocketAddress {
        switch self {
        case .loopback(let port): .internet(host: "127.0.0.1", port: port)
        case .tcp(let host, let port): .internet(host: host, port: port)
        case .unix(let path): .file(path: path)
        }
    }
}

/// A gate that handlers wait at until a test opens it.
actor Gate {
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var arrivals = 0
    private var watchers: [(count: Int, CheckedContinuation<Void, Never>)] = []

    /// Waits at the gate.
    func pass() async {
        arrivals += 1
        for watcher in watchers where watcher.count <= arrivals { watcher.1.resume() }
        watchers.removeAll { $0.count <= arrivals }
        if !isOpen { await withCheckedContinuation { waiting.append($0) } }
    }

    /// Returns when so many have come to the gate.
    func arrived(_ count: Int) async {
        if arrivals < count { await withCheckedContinuation { watchers.append((count, $0)) } }
    }

    /// Lets all pass.
    func open() {
        isOpen = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}

extension Router {
    /// The routes of the tests; `/gate` waits at the gate.
    static func forTests(gate: Gate = Gate()) -> Router {
        var router = Router()
        router.get("/healthz") { _, _ in HTTPResponse(text: "ok\n") }
        router.get("/number/{n}") { _, context in HTTPResponse(text: try context.parameters.require("n")) }
        router.post("/echo") { request, _ in HTTPResponse(contentType: "application/octet-stream", body: request.body) }
        router.get("/large") { _, _ in
            HTTPResponse(contentType: "text/plain", body: [UInt8](repeating: 97, count: 8 << 20))
        }
        router.get("/gate") { _, _ in
            await gate.pass()
            return HTTPResponse(text: "passed")
        }
        router.get("/fail") { _, _ in throw Failure() }
        return router
    }

    private struct Failure: Error {}
}
