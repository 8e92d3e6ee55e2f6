// SPDX-License-Identifier: Apache-2.0
// Servers for validators and for load: an echo, and the API over a history in memory.

import APITestSupport
import Glibc
import HTTPServer
import Logging
import OrchestratorAPI
import QueueModel
import ServiceLifecycle
import SystemKit

@main
enum APIStand {
    static func main() throws {
        let words = CommandLine.arguments.dropFirst()
        let reactor = try Reactor()
        signal(SIGPIPE, SIG_IGN)
        let status: Int32
        switch (words.first, words.count) {
        case ("echo", 1): status = reactor.runUntilComplete { await serve { try await echo(reactor) } }
        case ("events", 3):
            let (file, rate) = (words[words.startIndex + 1], Int(words[words.startIndex + 2]) ?? 0)
            status = reactor.runUntilComplete { await serve { try await events(reactor, file, rate) } }
        default:
            say("usage: api-stand echo | api-stand events SOCKET-FILE EVENTS-A-SECOND")
            status = 64
        }
        exit(status)
    }

    private static func serve(_ body: () async throws -> Void) async -> Int32 {
        do { try await body() } catch {
            say("api-stand: \(error)")
            return 1
        }
        return 0
    }

    private static func say(_ line: String) {
        // Who does not listen needs no word.
        try? OwnedDescriptor(adopting: dup(1)).write(all: Array((line + "\n").utf8))
    }

    /// Sends back what comes over any WebSocket, and tells its port.
    private static func echo(_ reactor: Reactor) async throws {
        var router = Router()
        router.get("/") { request, _ in
            let limits = WebSocketLimits(messageBytes: 16 << 20, fragments: .max)
            return try HTTPResponse.webSocket(answering: request, limits: limits) { socket in
                while let message = try await socket.receive() { try await socket.send(message.frame) }
            }
        }
        let server = HTTPServer(
            configuration: HTTPServerConfiguration(address: .loopback(0)),
            router: router,
            reactor: reactor,
            logger: Logger(label: "api-stand"),
            onBound: { say("\($0)") }
        )
        try await server.run()
    }

    /// Serves the API at a socket file, with so many events a second.
    private static func events(_ reactor: Reactor, _ file: String, _ rate: Int) async throws {
        let (journal, bell) = (JournalOperations(), ChangeBell(reactor: reactor))
        let server = APIServer(
            configuration: APIServerConfiguration(address: .unix(path: file), root: "/", bodyBytes: 4096),
            operations: journal,
            environment: APIEnvironment(
                reactor: reactor,
                logger: Logger(label: "api-stand"),
                bell: bell,
                tokenBell: ChangeBell(reactor: reactor),
                watcher: nil,
                makeSecret: { "" },
                convert: { _ in nil }
            )
        )
        let source = EventSource(journal: journal, bell: bell, rate: rate)
        source.schedule(ContinuousClock.now, done: 0)
        say("serving")
        try await server.run()
    }
}

/// Adds events at a rate, fifty times a second.
private struct EventSource: Sendable {
    let journal: JournalOperations
    let bell: ChangeBell
    let rate: Int

    func schedule(_ start: ContinuousClock.Instant, done: Int) {
        guard rate > 0 else { return }
        let due = start + .milliseconds(20)
        _ = bell.reactor.schedule(at: due) {
            let count = max(1, rate / 50)
            for number in 0..<count {
                var time = timespec()
                clock_gettime(CLOCK_MONOTONIC, &time)
                let now = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
                journal.add(
                    .taskCompleted,
                    [
                        "task_id": .string("task-\(done + number)"), "worker": "marie", "status": "completed",
                        "sent_ns": .integer(now),
                    ]
                )
            }
            bell.ring()
            schedule(due, done: done + count)
        }
    }
}
