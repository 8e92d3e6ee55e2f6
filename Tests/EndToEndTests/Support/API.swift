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
