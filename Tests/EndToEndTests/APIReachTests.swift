// SPDX-License-Identifier: Apache-2.0
// Who can reach the API of the built program at all, and clients that go away in the middle.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("The reach of the API", .takesTurns, .guardedAgainstHangs)
struct APIReachTests {
    private static let setpriv = "/usr/bin/setpriv"
    private static let curl = "/usr/bin/curl"
    /// Whether somebody else can be played: root may, with the programs for it.
    private static let canPlayOthers = geteuid() == 0 && access(setpriv, X_OK) == 0 && access(curl, X_OK) == 0

    @Test("without an address of its own the API listens on loopback alone")
    func loopback() async throws {
        try await DaemonFixture.serving { daemon, api in
            let addresses = try daemon.daemon.listeningAddresses(of: api.port)
            #expect(addresses == ["0100007F"])
        }
    }

    /// What curl says of a connection to a socket file as somebody else; 7: there was none.
    private func exitCodeOfAStranger(_ file: String, in daemon: DaemonFixture) async throws -> SystemKit.ExitStatus {
        let stranger = try ChildProcess(
            [
                Self.setpriv, "--reuid=65534", "--regid=65534", "--clear-groups",
                Self.curl, "--silent", "--unix-socket", file, "http://localhost/api/v1/stats",
            ],
            environment: ["PATH": "/usr/bin:/bin"],
            output: daemon.scratch.path(of: "stranger")
        )
        return try await stranger.waitForExit()
    }

    @Test("another user of the machine cannot connect to the socket file", .enabled(if: canPlayOthers))
    func otherUser() async throws {
        let place = try TemporaryDirectory(for: "socket")
        #expect(chmod(place.path, 0o755) == 0)
        try await DaemonFixture.idle(["WORKERS": "marie"]) { options in
            options.arguments = ["up"]
        } _: { daemon in
            let file = place.path(of: "api.sock")
            try Directory.open(daemon.root).createFile("vigil.json5")
                .write(all: Array("{API_BIND: \"unix:\(file)\"}".utf8))
            try await daemon.start()
            _ = try await daemon.logEntry("API ready")
            #expect(try await exitCodeOfAStranger(file, in: daemon) == .exited(7))
            // It is the mode of the file that keeps others out.
            #expect(chmod(file, 0o666) == 0)
            #expect(try await exitCodeOfAStranger(file, in: daemon) == .exited(0))
            try await daemon.expectCleanEnd()
        }
    }

    @Test("a client that goes away while it submits can ask again, and the task runs once")
    func goneWhileSubmitting() async throws {
        try await DaemonFixture.serving { daemon, api in
            let body = #"{"worker":"marie","task_id":"t1","description":"say ran"}"#
            let head = """
                POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(api.token)\r\n\
                Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n
                """
            for part in [head, head + body.dropLast(5), head + body] {
                try await blocking {
                    let socket = try Page.connection(to: api.port)
                    try socket.write(all: Array(part.utf8))
                }
            }
            // The whole request may have been heard, or not: the answer is another one, the task is not.
            let again = try await api.post("/tasks", body)
            #expect([200, 201].contains(again.status))
            #expect(try await daemon.result(of: "t1").status == .completed)
            #expect(try await api.post("/tasks", body).status == 200)
            #expect(try daemon.witness() == ["t1 1 ran"])
        }
    }

    @Test("a stop ends streams, WebSockets and half of a request within its time")
    func stopWithClients() async throws {
        try await DaemonFixture.serving { daemon, api in
            let events = try await api.stream("/events/stream")
            _ = try await events.read(through: "retry: 1000\n\n")
            let (head, socket) = try await api.socket()
            #expect(head.hasPrefix("HTTP/1.1 101 "))
            let half = try await blocking {
                let connection = try Page.connection(to: api.port)
                try connection.write(all: Array("GET /api/v1/stats HTTP/1.1\r\nHost:".utf8))
                return StreamClient(connection)
            }
            #expect(try await daemon.stop() == .exited(0))
            try await events.end()
            try await half.end()
            var frame = try await socket.frame()
            while frame.opcode != 8 { frame = try await socket.frame() }
            #expect(frame.closeCode == 1001)
            try await daemon.start()
        }
    }
}
