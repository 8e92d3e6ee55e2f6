// SPDX-License-Identifier: Apache-2.0
// A client of the API with a token that allows everything.

import QueueModel
import SystemKit
import TestSupport
import Testing

extension DaemonFixture {
    /// Runs a test with `vigil up` of the worker marie and a client of its API, and checks that it ends as it should.
    static func serving(
        _ settings: [String: String] = [:],
        _ body: (DaemonFixture, APIClient) async throws -> Void
    ) async throws {
        let usual = ["WORKERS": "marie", "REDIS_URL": "redis://:hunter2@localhost:6379/0"]
        try await idle(usual.merging(settings) { _, own in own }) { options in
            options.arguments = ["up"]
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

    /// Sends a request; the path is that behind `/api/v1`.
    func send(
        _ method: String,
        _ path: String,
        _ headers: [String: String] = [:],
        body: String? = nil
    ) async throws -> Page {
        var fields = ["Authorization": "Bearer \(token)"]
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

extension Page {
    /// The body as a JSON object.
    var document: JSONObject {
        get throws {
            try #require(try JSONParser.parse(Array(body.utf8), limits: .file(body.utf8.count)).objectValue)
        }
    }
}
