// SPDX-License-Identifier: Apache-2.0
// A client of the API with a token that allows everything.

import QueueModel
import Synchronization
import SystemKit
import TestSupport
import Testing

extension DaemonFixture {
    /// Runs a test with `vigil up` of the worker marie and a client of its API, and checks that it ends as it should.
    static func serving(
        _ settings: [String: String] = [:],
        agent: String = Options.scripted,
        _ body: (DaemonFixture, APIClient) async throws -> Void
    ) async throws {
        let usual = ["WORKERS": "marie", "REDIS_URL": "redis://:hunter2@localhost:6379/0"]
        try await idle(usual.merging(settings) { _, own in own }) { options in
            options.arguments = ["up"]
            options.agent = agent
        } _: { daemon in
            let made = try await daemon.run("token", "create", "tester", "--scope", "admin")
            #expect(made.status == .exited(0))
            try await daemon.start()
            let ready = try await daemon.logEntry("API ready")
            let digits = ready["address"]?.stringValue?.split(separator: ":").last
            let port = try #require(digits.flatMap { UInt16($0) })
            try await body(daemon, APIClient(port: port, token: String(made.output.dropLast())))
            try await daemon.expectCleanEnd()
        }
    }
}

/// Sends requests to the API.
struct APIClient {
    /// The API's port.
    let port: UInt16
    /// The token that requests show.
    let token: String
    /// The cookie that they have in its place.
    var cookie: String?

    /// What tells who asks.
    private var credential: [String: String] {
        cookie.map { ["Cookie": $0] } ?? ["Authorization": "Bearer \(token)"]
    }

    /// Sends a request; the path is that behind `/api/v1`.
    func send(
        _ method: String,
        _ path: String,
        _ headers: [String: String] = [:],
        body: String? = nil
    ) async throws -> Page {
        var fields = credential
        if body != nil { fields["Content-Type"] = "application/json" }
        return try await Page.send(
            method,
            "/api/v1" + path,
            fields.merging(headers) { _, own in own },
            body: body,
            port: port
        )
    }

    /// Asks for something.
    func get(_ path: String, _ headers: [String: String] = [:]) async throws -> Page {
        try await send("GET", path, headers)
    }

    /// Has something done.
    func post(_ path: String, _ body: String? = nil) async throws -> Page { try await send("POST", path, body: body) }
}

extension APIClient {
    /// Begins a stream; the path is that behind `/api/v1`.
    func stream(_ path: String, _ headers: [String: String] = [:]) async throws -> StreamClient {
        let fields = ["Host": "localhost"].merging(credential) { $1 }.merging(headers) { _, own in own }
        let lines = fields.map { "\($0.key): \($0.value)\r\n" }.joined()
        return try await blocking {
            let socket = try Page.connection(to: port)
            try socket.write(all: Array("GET /api/v1\(path) HTTP/1.1\r\n\(lines)\r\n".utf8))
            return StreamClient(socket)
        }
    }
}

extension APIClient {
    /// Asks for a WebSocket; the path is that behind `/api/v1`.
    /// - Returns: The head of the answer, and the WebSocket, which is one when the status is 101.
    func socket(
        _ path: String = "/events",
        _ headers: [String: String] = [:]
    ) async throws -> (head: String, socket: SocketClient) {
        let upgrade = [
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        ]
        let stream = try await stream(path, upgrade.merging(headers) { _, own in own })
        let socket = SocketClient(stream)
        return (try await socket.head(), socket)
    }
}

/// Speaks over a WebSocket.
final class SocketClient: Sendable {
    private let stream: StreamClient
    private let received = Mutex<[UInt8]>([])

    init(_ stream: StreamClient) { self.stream = stream }

    /// Waits for the head of the answer.
    func head() async throws -> String {
        while true {
            let head = received.withLock { bytes -> String? in
                guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
                defer { bytes.removeFirst(end.upperBound) }
                return String(decoding: bytes[..<end.upperBound], as: UTF8.self)
            }
            if let head { return head }
            try await readMore()
        }
    }

    /// Sends a frame.
    func send(_ frame: ClientFrame) async throws { try await send(frame.bytes) }

    /// Sends bytes.
    func send(_ bytes: [UInt8]) async throws { try await stream.send(bytes) }

    /// Sends a text, and waits for the answer.
    func ask(_ text: String) async throws -> JSONObject {
        try await send(.text(text))
        return try await message()
    }

    /// Waits for a frame; pings are answered and passed over.
    func frame() async throws -> ServerFrame {
        while true {
            guard let frame = received.withLock({ ServerFrame.take(from: &$0) }) else {
                try await readMore()
                continue
            }
            guard frame.opcode == 9 else { return frame }
            try await send(ClientFrame(10, frame.payload))
        }
    }

    /// Waits for a message; heartbeats are passed over.
    func message() async throws -> JSONObject {
        while true {
            let frame = try await frame()
            guard frame.opcode == 1 else { throw NoPage("no text but \(frame.opcode): \(frame.text)") }
            let document = try JSONParser.parse(frame.payload, limits: .file(frame.payload.count)).objectValue
            guard let document, document["type"] != "heartbeat" else { continue }
            return document
        }
    }

    private func readMore() async throws {
        let bytes = try await stream.read()
        if bytes.isEmpty { throw NoPage("the WebSocket ended") }
        received.withLock { $0 += bytes }
    }
}

/// Reads a stream as it comes.
final class StreamClient: Sendable {
    private let socket: OwnedDescriptor
    private let received = Mutex("")

    init(_ socket: consuming OwnedDescriptor) { self.socket = socket }

    /// Waits until something has come.
    /// - Returns: All that came until now, with the marks of chunks.
    func read(through text: String) async throws -> String {
        try await blocking { [self] in
            while true {
                let all = received.withLock { $0 }
                if all.contains(text) { return all }
                let bytes = try socket.read(count: 1 << 16)
                if bytes.isEmpty { throw NoPage("the stream ended: \(all)") }
                received.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
            }
        }
    }

    /// Waits for the next bytes; none at the end.
    func read() async throws -> [UInt8] { try await blocking { [self] in try socket.read(count: 1 << 16) } }

    /// Sends bytes.
    func send(_ bytes: [UInt8]) async throws { try await blocking { [self] in try socket.write(all: bytes) } }

    /// Waits for the end of the connection.
    func end() async throws { try await blocking { [self] in _ = try socket.readAll(limit: 1 << 20) } }
}

extension Page {
    /// The body as a JSON object.
    var document: JSONObject {
        get throws {
            try #require(try JSONParser.parse(Array(body.utf8), limits: .file(body.utf8.count)).objectValue)
        }
    }
}
