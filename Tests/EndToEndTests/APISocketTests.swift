// SPDX-License-Identifier: Apache-2.0
// Events and output of the built program over a WebSocket.

import Glibc
import HTTPServer
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("The WebSocket of the API", .takesTurns, .guardedAgainstHangs)
struct APISocketTests {
    private let subscribe = #"{"op":"subscribe","to":"events"}"#

    /// Waits for an event, and returns what it is about.
    private func event(_ socket: SocketClient) async throws -> JSONObject {
        let message = try await socket.message()
        #expect(message["type"] == "event")
        return try #require(message["event"]?.objectValue)
    }

    @Test("events come as they happen, and go on behind the last one that a client has")
    func events() async throws {
        try await DaemonFixture.serving { daemon, api in
            let (head, socket) = try await api.socket()
            #expect(head.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
            #expect(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
            let hello = try await socket.message()
            #expect(hello["type"] == "hello")
            #expect(hello["scope"] == "admin")
            let start = try #require(hello["last"]?.intValue)
            #expect(try await socket.ask(subscribe)["after"]?.intValue == start)
            #expect(try await socket.ask(subscribe)["code"] == "subscribed")
            try daemon.submit("t1", "true")
            let first = try await event(socket)
            #expect(first["event_type"] == "task_completed")
            #expect(first["data"]?.objectValue?["task_id"] == "t1")
            try daemon.submit("t2", "true")
            let second = try await event(socket)
            #expect(second["data"]?.objectValue?["task_id"] == "t2")

            let later = try await api.socket().socket
            _ = try await later.message()
            let place = try #require(first["sequence"]?.intValue)
            _ = try await later.ask(#"{"op":"subscribe","to":"events","after":\#(place)}"#)
            #expect(try await event(later) == second)
            let choosy = try await api.socket().socket
            _ = try await choosy.message()
            _ = try await choosy.ask(#"{"op":"subscribe","to":"events","after":\#(start),"task":"t2"}"#)
            #expect(try await event(choosy) == second)

            #expect(try await socket.ask(#"{"op":"unsubscribe","to":"events"}"#)["type"] == "unsubscribed")
            #expect(try await socket.ask(subscribe)["type"] == "subscribed")
            #expect(try await socket.ask("nonsense")["code"] == "bad_request")
            // A daemon that stops says so.
            try daemon.daemon.send(SIGTERM)
            #expect(try await socket.frame().closeCode == 1001)
        }
    }

    @Test("events of a choice come as server-sent events, too")
    func chosenEvents() async throws {
        try await DaemonFixture.serving { daemon, api in
            let stream = try await api.stream("/events/stream?task=t2&type=task_completed&type=task_timeout")
            _ = try await stream.read(through: "retry: 1000\n\n")
            for id in ["t1", "t2"] {
                try daemon.submit(id, "true")
                _ = try await daemon.result(of: id)
            }
            #expect(try await !stream.read(through: "\"task_id\":\"t2\"").contains("\"t1\""))
            #expect(try await api.get("/events/stream?type=x").status == 400)
        }
    }

    @Test("output comes while the attempt runs, and its end is told")
    func output() async throws {
        try await DaemonFixture.serving { daemon, api in
            let gate = try daemon.makeGate("gate")
            try daemon.submit("t1", "echo one; say here; pass gate; printf 'zw\\303\\266i'; echo wrong >&2")
            try await daemon.witness(1)
            let socket = try await api.socket().socket
            _ = try await socket.message()
            let begun = try await socket.ask(#"{"op":"subscribe","to":"log","task":"t1"}"#)
            #expect(begun["type"] == "subscribed")
            #expect(begun["attempt"] == 1)
            let first = try await socket.message()
            #expect(first["text"] == "one\n")
            #expect(first["offset"] == 0)
            try gate.pass()
            let second = try await socket.message()
            #expect(second["text"] == "zwöi")
            #expect(second["offset"] == 4)
            let end = try await socket.message()
            #expect(end["type"] == "log_end")
            #expect(end["size"] == 9)
            // From where a client was, and the other stream.
            _ = try await socket.ask(#"{"op":"subscribe","to":"log","task":"t1","attempt":1,"offset":6}"#)
            #expect(try await socket.message()["text"] == "öi")
            #expect(try await socket.message()["type"] == "log_end")
            _ = try await socket.ask(#"{"op":"subscribe","to":"log","task":"t1","stream":"stderr"}"#)
            #expect(try await socket.message()["text"] == "wrong\n")
            #expect(try await socket.message()["type"] == "log_end")
            #expect(try await socket.ask(#"{"op":"subscribe","to":"log","task":"t9"}"#)["code"] == "no_task")
        }
    }

    @Test("output that is unsubscribed from comes no more")
    func unsubscribe() async throws {
        try await DaemonFixture.serving { daemon, api in
            let gate = try daemon.makeGate("gate")
            try daemon.submit("t1", "echo one; say here; pass gate; echo two")
            try await daemon.witness(1)
            let socket = try await api.socket().socket
            _ = try await socket.message()
            _ = try await socket.ask(#"{"op":"subscribe","to":"log","task":"t1"}"#)
            #expect(try await socket.message()["text"] == "one\n")
            #expect(try await socket.ask(#"{"op":"unsubscribe","to":"log","task":"t1"}"#)["type"] == "unsubscribed")
            try gate.pass()
            _ = try await daemon.result(of: "t1")
            #expect(try await socket.ask(subscribe)["type"] == "subscribed")
        }
    }

    @Test("who shows no token, and pages of others, get no WebSocket")
    func refusals() async throws {
        try await DaemonFixture.serving { daemon, api in
            let made = try await daemon.run("token", "create", "looker")
            let token = String(made.output.dropLast())
            var nobody = api
            nobody.cookie = ""
            #expect(try await nobody.socket().head.hasPrefix("HTTP/1.1 401 "))
            let offer = "vigil.v1, vigil.token." + Base64.encoded(Array(token.utf8)).filter { $0 != "=" }
            let (head, socket) = try await nobody.socket("/events", ["Sec-WebSocket-Protocol": offer])
            #expect(head.hasPrefix("HTTP/1.1 101 "))
            #expect(head.contains("Sec-WebSocket-Protocol: vigil.v1\r\n"))
            #expect(!head.contains("vigil.token"))
            #expect(try await socket.message()["name"] == "looker")
            let wrong = ["Sec-WebSocket-Protocol": "vigil.v1, vigil.token.eA"]
            #expect(try await nobody.socket("/events", wrong).head.hasPrefix("HTTP/1.1 401 "))
            for origin in ["http://evil.example", "null", "http://localhost:1"] {
                #expect(try await api.socket("/events", ["Origin": origin]).head.hasPrefix("HTTP/1.1 403 "))
            }
            #expect(try await api.socket("/events", ["Host": "evil.example"]).head.hasPrefix("HTTP/1.1 421 "))
            #expect(try await api.socket("/events?after=1").head.hasPrefix("HTTP/1.1 400 "))
            // A token in the offer is for a WebSocket alone.
            #expect(try await nobody.get("/tasks", ["Sec-WebSocket-Protocol": offer]).status == 401)

            // The page of a session, and then the token is revoked.
            var browser = looker(api, token)
            let page = try await browser.post("/session")
            browser.cookie = String(try #require(page["Set-Cookie"]?.split(separator: ";").first))
            #expect(try await browser.socket().head.hasPrefix("HTTP/1.1 403 "))
            let (_, mine) = try await browser.socket("/events", ["Origin": "http://localhost"])
            #expect(try await mine.message()["name"] == "looker")
            #expect(try await daemon.run("token", "revoke", "looker").status == .exited(0))
            #expect(try await mine.frame().closeCode == 1008)
            #expect(try await socket.frame().closeCode == 1008)
        }
    }

    private func looker(_ api: APIClient, _ token: String) -> APIClient { APIClient(port: api.port, token: token) }
}
