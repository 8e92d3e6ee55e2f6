// SPDX-License-Identifier: Apache-2.0
// Hostile clients of the API of the built program: refused or bounded, and others are served on.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Hostile clients of the API", .takesTurns, .guardedAgainstHangs)
struct APIAttackTests {
    /// What a request is, as it is sent, and which statuses refuse it; 0: the connection just ends.
    private static func attacks(_ token: String) -> [(name: String, bytes: String, statuses: Set<Int>)] {
        let own = "Host: localhost\r\nAuthorization: Bearer \(token)\r\n"
        let json = own + "Content-Type: application/json\r\n"
        let post = "POST /api/v1/tasks HTTP/1.1\r\n"
        let path = { (path: String) in "GET \(path) HTTP/1.1\r\n\(own)Connection: close\r\n\r\n" }
        let filler = String(repeating: "a", count: 2 << 20)
        let many = String(repeating: "a: b\r\n", count: 20_000)
        return [
            ("a head of two megabytes", "GET / HTTP/1.1\r\n\(own)x: \(filler)\r\n\r\n", [431, 0]),
            ("twenty thousand fields", "GET / HTTP/1.1\r\n\(own)\(many)\r\n", [431, 0]),
            ("a target of two megabytes", "GET /\(filler) HTTP/1.1\r\n\(own)\r\n", [414, 0]),
            ("a negative length", post + json + "Content-Length: -1\r\n\r\n", [400]),
            ("a length beyond all", post + json + "Content-Length: 100000000000000000000\r\n\r\n", [400]),
            ("two lengths", post + json + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", [400]),
            ("a length and chunks", post + json + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", [400]),
            (
                "a chunk beyond all", post + json + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
                [400, 413]
            ),
            ("a body of ten gigabytes", post + json + "Content-Length: 10737418240\r\n\r\n", [413]),
            ("a body that is compressed", post + json + "Transfer-Encoding: gzip\r\n\r\n", [501]),
            ("a path that climbs", path("/api/v1/../../etc/passwd"), [404]),
            ("an encoded climb", path("/api/v1/tasks/%2e%2e"), [400, 404]),
            ("a climb by an encoded slash", path("/api/v1/tasks/..%2f..%2fx"), [404]),
            ("a climb encoded twice", path("/api/v1/tasks/%252e%252e%252fx"), [400, 404]),
            ("an overlong climb", path("/api/v1/tasks/%c0%ae%c0%ae"), [400, 404]),
            ("a backslash", path("/api/v1/tasks/..%5cx"), [400, 404]),
            ("a NUL", path("/api/v1/status%00x"), [400, 404]),
            ("an empty segment", path("/api/v1//status"), [404]),
            ("a combining mark behind a slash", path("/api/v1/%CC%81status"), [404]),
            ("a line break in the path", path("/api/v1/status%0d%0aSet-Cookie:%20x"), [400, 404]),
            ("a bare line break", "GET /api/v1/status HTTP/1.1\n\(own)\n", [400]),
            ("a folded field", "GET /api/v1/status HTTP/1.1\r\n\(own)x: a\r\n b\r\n\r\n", [400]),
            ("a name with a space", "GET /api/v1/status HTTP/1.1\r\n\(own)x : a\r\n\r\n", [400]),
            ("a foreign host", "GET /api/v1/status HTTP/1.1\r\nHost: evil.example\r\n\r\n", [421]),
            (
                "a host that looks like ours", "GET /api/v1/status HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n",
                [421]
            ),
            ("no host", "GET /api/v1/status HTTP/1.1\r\n\r\n", [400]),
            ("a form of a page", post + own + "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", [415]),
            ("a token in the query", "GET /api/v1/status?token=\(token) HTTP/1.1\r\nHost: localhost\r\n\r\n", [401]),
            ("a proxy request", "CONNECT localhost:1 HTTP/1.1\r\n\(own)\r\n", [400, 501]),
            ("a trace", "TRACE /api/v1/status HTTP/1.1\r\n\(own)\r\n", [405, 501]),
            ("another protocol", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400, 505]),
            ("TLS on the plain port", "\u{16}\u{3}\u{1}\u{2}", [400, 0]),
            ("a task whose body is deep", deep(json, post), [400, 413, 422]),
        ]
    }

    private static func deep(_ json: String, _ post: String) -> String {
        let body = String(repeating: "[", count: 60_000)
        return post + json + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
    }

    /// Sends bytes, and reads what comes until the end.
    private func exchange(_ bytes: String, _ port: UInt16) async throws -> String {
        try await blocking {
            let socket = try Page.connection(to: port)
            send(Array(bytes.utf8), to: socket.rawValue)
            _ = shutdown(socket.rawValue, Int32(SHUT_WR))
            // A connection that was reset has told what it had to tell.
            let answer = (try? socket.readAll(limit: 1 << 20)) ?? []
            return String(decoding: answer, as: UTF8.self)
        }
    }

    private func expectHealthy(_ api: APIClient, _ after: String) async throws {
        let begun = ContinuousClock.now
        let page = try await api.get("/stats")
        #expect(page.status == 200, "after \(after)")
        #expect(ContinuousClock.now - begun < .seconds(30), "after \(after)")
    }

    @Test("what is malformed, too large or foreign is refused, and nothing is done")
    func requests() async throws {
        try await DaemonFixture.serving { daemon, api in
            for attack in Self.attacks(api.token) {
                let answer = try await exchange(attack.bytes, api.port)
                let status = answer.isEmpty ? 0 : Int(answer.dropFirst(9).prefix(3)) ?? -1
                #expect(attack.statuses.contains(status), "\(attack.name): \(answer.prefix(200))")
                if status > 0 { #expect(answer.contains("X-Content-Type-Options: nosniff\r\n"), "\(attack.name)") }
                #expect(!answer.contains("root:"))
            }
            try await expectHealthy(api, "all of them")
            #expect(try await api.get("/tasks").document["tasks"]?.arrayValue?.isEmpty == true)
        }
    }

    @Test("a range that ends nowhere is cut at the end of the output")
    func endlessRange() async throws {
        try await DaemonFixture.serving(agent: "echo done") { daemon, api in
            try daemon.submit("t1", "x")
            _ = try await daemon.result(of: "t1")
            for range in ["bytes=0-9223372036854775807", "bytes=-9223372036854775807"] {
                let page = try await api.get("/tasks/t1/logs", ["Range": range])
                #expect(page.status == 206)
                #expect(page.body == "done\n")
            }
            let beyond = try await api.get("/tasks/t1/logs", ["Range": "bytes=9223372036854775807-"])
            #expect(beyond.status == 416)
        }
    }

    @Test("hundreds of connections that say nothing, or half of something, keep nobody out")
    func idleConnections() async throws {
        try await DaemonFixture.serving { _, api in
            let crowd = try await blocking {
                try (0..<500).map { number in
                    let client = Idler(try Page.connection(to: api.port))
                    if number % 2 == 0 { send(Array("GET / HTTP/1.1\r\nHost: loc".utf8), to: client.socket.rawValue) }
                    return client
                }
            }
            try await expectHealthy(api, "\(crowd.count) connections")
        }
    }

    @Test("WebSockets have a limit, and those beyond it are refused in the open")
    func tooManyWebSockets() async throws {
        try await DaemonFixture.serving { _, api in
            var sockets: [SocketClient] = []
            var refusal = ""
            for _ in 0..<241 {
                let (head, socket) = try await api.socket()
                if head.hasPrefix("HTTP/1.1 101 ") { sockets.append(socket) } else { refusal = head }
            }
            #expect(sockets.count == 240)
            #expect(refusal.hasPrefix("HTTP/1.1 503 "))
            try await expectHealthy(api, "240 WebSockets")
            #expect(try await sockets[0].message()["type"] == "hello")
        }
    }

    @Test("frames that break the rules end their WebSocket alone")
    func frames() async throws {
        try await DaemonFixture.serving { _, api in
            var gigabyte = ClientFrame.text("x")
            (gigabyte.width, gigabyte.length) = (8, 1 << 30)
            var plain = ClientFrame.text("x")
            plain.isMasked = false
            let endless = (0..<2000).flatMap { _ in ClientFrame(0).open.bytes }
            let pings = (0..<1001).flatMap { _ in ClientFrame(9).bytes }
            let cases: [(String, [UInt8], UInt16)] = [
                ("a gigabyte", gigabyte.bytes, 1009), ("no mask", plain.bytes, 1002),
                ("endless fragments", ClientFrame.text("").open.bytes + endless, 1009),
                ("bad text", ClientFrame(1, [0xC0, 0x80]).bytes, 1007),
                ("a reserved opcode", ClientFrame(11).bytes, 1002),
                ("a flood of pings", pings, 1008),
                ("a long message", ClientFrame(1, .init(repeating: 97, count: 9000)).bytes, 1009),
            ]
            for (name, bytes, code) in cases {
                let socket = try await api.socket().socket
                try await socket.send(bytes)
                var frame = try await socket.frame()
                while frame.opcode != 8 { frame = try await socket.frame() }
                #expect(frame.closeCode == code, "\(name)")
                try await expectHealthy(api, name)
            }
        }
    }
}

/// Sends bytes until the other side takes no more, which is no error here: who refuses early does not take all.
private func send(_ bytes: [UInt8], to socket: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}

/// Holds a connection.
private final class Idler: Sendable {
    let socket: OwnedDescriptor
    init(_ socket: consuming OwnedDescriptor) { self.socket = socket }
}
