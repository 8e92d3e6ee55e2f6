// SPDX-License-Identifier: Apache-2.0
// A client that sends raw bytes and waits for bytes or the end, on the server's reactor.

import HTTPServer
import SystemKit

/// A raw client.
actor TestClient {
    /// One response taken apart.
    struct Response: Equatable, Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: String
    }

    struct Ended: Error {}

    private let reactor: Reactor
    private var connection: Connection?
    private var received: [UInt8] = []
    private var isAtEnd = false
    private var waiter: CheckedContinuation<Void, Never>?

    nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    init(reactor: Reactor) { self.reactor = reactor }

    func connect(to address: SocketAddress, sending text: String = "") async throws {
        let connection = try Connection(to: address)
        try reactor.watch(connection.socket.descriptor, for: .read) { _ in self.assumeIsolated { $0.read() } }
        self.connection = connection
        try await send(text)
    }

    /// Sends text whole.
    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    /// Sends bytes whole; waits when the server does not read.
    func send(_ bytes: [UInt8]) async throws {
        var sent = 0
        while sent < bytes.count {
            let count = try sendOnce(bytes[sent...])
            if count == 0 { await wake() }
            sent += count
        }
    }

    private func sendOnce(_ bytes: ArraySlice<UInt8>) throws -> Int {
        guard let connection else { throw Ended() }
        do {
            return try connection.socket.send(bytes)
        } catch {
            guard error.errno == .again else { throw error }
            try reactor.change(connection.socket.descriptor, to: [.read, .write])
            return 0
        }
    }

    func finishWriting() { connection?.socket.finishWriting() }

    func close() {
        guard let connection else { return }
        reactor.unwatch(connection.socket.descriptor)
        self.connection = nil
    }

    /// The next response; for HEAD without a body, whatever the length says.
    func response(toHead: Bool = false) async throws -> Response {
        let head = try await text(through: "\r\n\r\n")
        let lines = head.utf8.split(separator: 10).map { String($0.dropLast()) ?? "" }
        guard let line = lines.first, line.hasPrefix("HTTP/1.1 "), let status = Int(line.dropFirst(9).prefix(3)) else {
            throw Ended()
        }
        var headers = HTTPHeaders()
        for line in lines.dropFirst() where !line.isEmpty {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers.append(String(parts[0]), String(parts[1].dropFirst()))
        }
        let length = toHead ? 0 : Int(headers["Content-Length"] ?? "") ?? 0
        return Response(status: status, headers: headers, body: try await text(count: length))
    }

    /// Sends a request and returns its response.
    func get(_ path: String) async throws -> Response {
        try await send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return try await response()
    }

    /// Waits for the end and returns what came before it.
    func end() async -> String {
        while !isAtEnd { await wake() }
        defer { received = [] }
        return String(decoding: received, as: UTF8.self)
    }

    /// Stops reading, so that the server cannot send on.
    func pauseReading() throws {
        guard let connection else { throw Ended() }
        try reactor.change(connection.socket.descriptor, to: [])
    }

    /// Reads on.
    func resumeReading() throws {
        guard let connection else { throw Ended() }
        try reactor.change(connection.socket.descriptor, to: .read)
    }

    /// Waits for bytes and returns what came until their end.
    func read(through end: String) async throws -> String { try await text(through: end) }

    /// Waits for so many bytes.
    func bytes(_ count: Int) async throws -> [UInt8] {
        while received.count < count {
            if isAtEnd { throw Ended() }
            await wake()
        }
        defer { received.removeFirst(count) }
        return Array(received[..<count])
    }

    private func text(count: Int) async throws -> String {
        String(decoding: try await bytes(count), as: UTF8.self)
    }

    private func text(through end: String) async throws -> String {
        let end = Array(end.utf8)
        while true {
            if let range = received.firstRange(of: end) { return try await text(count: range.upperBound) }
            if isAtEnd { throw Ended() }
            await wake()
        }
    }

    /// Waits until something happened on the socket.
    private func wake() async { await withCheckedContinuation { waiter = $0 } }

    private func read() {
        guard let connection else { return }
        do {
            let bytes = try connection.socket.receive(limit: 1 << 16)
            received += bytes
            if bytes.isEmpty { isAtEnd = true }
        } catch {
            // Writable again without input: whoever sends goes on. A change that fails would show as the end.
            if error.errno == .again { try? reactor.change(connection.socket.descriptor, to: .read) }
            isAtEnd = error.errno != .again
        }
        if isAtEnd { close() }
        waiter?.resume()
        waiter = nil
    }
}

/// Many clients that connect before the server has its turn, and say nothing.
actor Crowd {
    private let reactor: Reactor
    private var connections: [Connection] = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    init(reactor: Reactor) { self.reactor = reactor }

    func connect(_ count: Int, to address: SocketAddress) throws {
        for _ in 0..<count { connections.append(try Connection(to: address)) }
    }

    func leave() { connections = [] }
}

/// Holds a socket, which cannot be copied.
private final class Connection {
    let socket: StreamSocket
    init(to address: SocketAddress) throws { socket = try StreamSocket.connect(to: address) }
}
