// SPDX-License-Identifier: Apache-2.0
// The API of the built program, over real sockets.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("The API", .takesTurns, .guardedAgainstHangs)
struct APITests {
    @Test("a task goes from submission to its result")
    func lifeOfATask() async throws {
        try await DaemonFixture.serving { daemon, api in
            let made = try await api.post("/tasks", #"{"worker":"marie","task_id":"t1","description":"echo out"}"#)
            #expect(made.status == 201)
            #expect(made["Location"] == "/api/v1/tasks/t1")
            #expect(try made.document["outcome"] == "accepted")
            let again = try await api.post("/tasks", #"{"worker":"marie","task_id":"t1","description":"echo out"}"#)
            #expect(again.status == 200)
            #expect(try again.document["outcome"] == "repeated")
            let other = try await api.post("/tasks", #"{"worker":"marie","task_id":"t1","description":"echo no"}"#)
            #expect(other.status == 409)
            _ = try await daemon.result(of: "t1")

            let shown = try await daemon.run("show", "t1", "--json")
            #expect(try await api.get("/tasks/t1").body == shown.output)
            let why = try await api.get("/tasks/t1/why")
            #expect(try why.document["cause"] == "completed")
            let log = try await api.get("/tasks/t1/logs")
            #expect(log.body == "out\n")
            #expect(log["X-Content-Type-Options"] == "nosniff")
            #expect(log["Content-Type"] == "text/plain; charset=utf-8")
            let part = try await api.get("/tasks/t1/logs", ["Range": "bytes=1-1"])
            #expect(part.status == 206)
            #expect(part.body == "u")
            #expect(part["Content-Range"] == "bytes 1-1/4")
            #expect(try await api.get("/tasks/t1/logs", ["Range": "bytes=4-"]).status == 416)
            #expect(try await api.get("/tasks/t1/logs?stream=stderr").body.isEmpty)
        }
    }

    @Test("pages of the list hold every task once")
    func pages() async throws {
        try await DaemonFixture.serving { daemon, api in
            for number in 1...5 {
                let group = number > 3 ? #","group":"late""# : ""
                let body = #"{"worker":"marie","task_id":"t\#(number)","description":"true"\#(group)}"#
                #expect(try await api.post("/tasks", body).status == 201)
                _ = try await daemon.result(of: "t\(number)")
            }
            try daemon.submit("later", "true", ["not_before": "2999-01-01T00:00:00Z"])
            try await daemon.notifications("all ends") { all in
                all.count { $0.eventType == .taskCompleted } == 5
            }
            var ids: [String] = []
            var cursor: String? = ""
            while let place = cursor {
                let page = try await api.get("/tasks?limit=2" + (place.isEmpty ? "" : "&cursor=\(place)")).document
                let rows = page["tasks"]?.arrayValue ?? []
                #expect(rows.count == 2 || page["next_cursor"]?.isNull == true)
                ids += rows.compactMap { $0.objectValue?["task_id"]?.stringValue }
                cursor = page["next_cursor"]?.stringValue
            }
            #expect(ids.count == 6)
            #expect(Set(ids) == ["later", "t1", "t2", "t3", "t4", "t5"])
            let late = try await api.get("/tasks?group=late&state=completed&state=failed").document
            #expect(late["tasks"]?.arrayValue?.count == 2)
            let group = try await api.get("/groups/late").document
            #expect(group["completed"] == 2)
            let stats = try await api.get("/stats").document
            #expect(stats["states"]?.objectValue?["completed"] == 5)
            let events = try await api.get("/events?limit=1").document
            let first = try #require(events["last"]?.intValue)
            let rest = try await api.get("/events?after=\(first)").document
            #expect(rest["events"]?.arrayValue?.first?.objectValue?["sequence"]?.intValue ?? 0 > first)
        }
    }

    @Test("workers are paused, resumed and scaled, and tasks cancelled and retried")
    func control() async throws {
        try await DaemonFixture.serving { daemon, api in
            #expect(try await api.post("/workers/marie/pause").status == 202)
            _ = try await daemon.heartbeat { $0.status == .paused }
            try daemon.submit("t1", "exit 3", ["max_retries": 0])
            let cancelled = try await api.post("/tasks/t1/cancel")
            #expect(cancelled.status == 202)
            #expect(try cancelled.document["outcome"] == "pending")
            #expect(try await daemon.result(of: "t1").status == .cancelled)
            #expect(try await api.post("/tasks/t1/cancel").status == 409)
            #expect(try await api.post("/tasks/t1/retry").status == 202)
            #expect(try await api.post("/workers/marie/resume").status == 202)
            let letters = ["\(daemon.root)/dlq/marie"]
            let file = try await eventually("dead letter", in: letters) {
                try daemon.names(in: "dlq/marie").first { $0.hasPrefix("t1_") }
            }
            let listed = try await api.get("/dead-letters").document
            #expect(listed["dead_letters"]?.arrayValue?.count == 1)
            #expect(try await api.get("/dead-letters/marie/\(file)").document["task_id"] == "t1")
            #expect(try await api.send("DELETE", "/dead-letters/marie/\(file)").status == 200)
            #expect(try await api.get("/dead-letters/marie/\(file)").status == 404)
            let scaled = try await api.send(
                "POST",
                "/workers/marie/scale",
                ["Vigil-Reason": "the night is short"],
                body: #"{"max_concurrent":3}"#
            )
            #expect(scaled.status == 202)
            _ = try await daemon.heartbeat { $0.maxConcurrent == 3 }
            #expect(try await api.get("/workers/marie").document["max_concurrent"] == 3)
            let change = try await daemon.logEntry("API change") { $0["path"] == "/api/v1/workers/marie/scale" }
            #expect(change["caller"] == "tester")
            #expect(change["outcome"] == "202")
            #expect(change["reason"] == "the night is short")
        }
    }

    @Test("dead letters of a choice are retried and removed together")
    func deadLettersTogether() async throws {
        try await DaemonFixture.serving { daemon, api in
            @Sendable func files() throws -> [String] {
                try daemon.names(in: "dlq/marie").filter { $0.hasSuffix(".json") }
            }
            for id in ["t1", "t2"] {
                try daemon.submit(id, "exit 3", ["max_retries": 0])
                try await daemon.notification(.taskDeadLettered, of: id)
            }
            #expect(try await api.post("/dead-letters/retry").status == 400)
            #expect(try await api.send("DELETE", "/dead-letters").status == 400)
            let young = try await api.send("DELETE", "/dead-letters?older_than=86400&worker=marie")
            #expect(try young.document["done"]?.arrayValue?.isEmpty == true)
            let reason = try await api.get("/dead-letters").document["dead_letters"]?.arrayValue?.first
            let word = try #require(reason?.objectValue?["reason"]?.stringValue)
            let retried = try await api.post("/dead-letters/retry?worker=marie&reason=\(word)&limit=1")
            #expect(retried.status == 202)
            #expect(try retried.document["done"]?.arrayValue?.count == 1)
            _ = try await eventually("two dead letters again", in: ["\(daemon.root)/dlq/marie"]) {
                try files().count == 2 ? true : nil
            }
            let removed = try await api.send("DELETE", "/dead-letters?worker=marie")
            #expect(try removed.document["done"]?.arrayValue?.count == 2)
            #expect(try removed.document["failed"]?.arrayValue?.isEmpty == true)
            #expect(try files().isEmpty)
        }
    }

    @Test(
        "what is asked wrongly is refused with a problem",
        arguments: [
            ("GET", "/tasks/nobody", nil, 404), ("GET", "/tasks?limit=0", nil, 400), ("GET", "/tasks?limt=1", nil, 400),
            ("GET", "/tasks?cursor=x", nil, 400), ("GET", "/tasks/..%2fx", nil, 404), ("GET", "/tasks/.x", nil, 400),
            ("PUT", "/tasks", "{}", 405), ("POST", "/tasks", "[", 400), ("POST", "/tasks", "{}", 422),
            ("POST", "/tasks", #"{"worker":"marie"}"#, 422), ("POST", "/workers/nobody/pause", nil, 404),
            ("POST", "/workers/marie/scale", #"{"max_concurrent":0}"#, 422), ("GET", "/workers/nobody", nil, 404),
            ("GET", "/groups/nothing", nil, 404), ("POST", "/tasks/nobody/retry", nil, 404),
            ("POST", "/tasks/nobody/cancel", nil, 404), ("GET", "/tasks/nobody/logs", nil, 404),
            ("DELETE", "/dead-letters/marie/none.json", nil, 404),
        ] as [(String, String, String?, Int)]
    )
    func refusals(method: String, path: String, body: String?, status: Int) async throws {
        try await DaemonFixture.serving { _, api in
            let page = try await api.send(method, path, body: body)
            #expect(page.status == status)
            #expect(page["Content-Type"] == "application/problem+json")
            #expect(try page.document["status"]?.intValue == status)
        }
    }

    @Test("nobody gets in without a token that allows it, and no foreign page with one")
    func tokens() async throws {
        try await DaemonFixture.serving { daemon, api in
            #expect(try await api.send("GET", "/tasks", ["Authorization": ""]).status == 401)
            #expect(try await api.send("GET", "/tasks", ["Authorization": "Bearer vigil_0"]).status == 401)
            let foreign = ["Origin": "http://evil.example"]
            #expect(try await api.send("POST", "/workers/marie/pause", foreign).status == 403)
            #expect(try await api.send("GET", "/tasks", ["Host": "evil.example"]).status == 421)
            let plain = ["Content-Type": "text/plain"]
            #expect(try await api.send("POST", "/tasks", plain, body: "{}").status == 415)

            let reader = try await daemon.run("token", "create", "looker")
            let own = ["Authorization": "Bearer \(reader.output.dropLast())"]
            #expect(try await api.send("GET", "/tasks", own).status == 200)
            #expect(try await api.send("GET", "/config", own).status == 403)
            #expect(try await api.send("POST", "/workers/marie/pause", own).status == 403)
            #expect(try await daemon.run("token", "create", "looker").status == .exited(1))
            #expect(try await daemon.run("token", "list").output.contains("looker  read"))
            #expect(try await daemon.run("token", "revoke", "looker").status == .exited(0))
            #expect(try await api.send("GET", "/tasks", own).status == 401)

            let config = try await api.get("/config")
            #expect(config.status == 200)
            #expect(!config.body.contains("hunter2"))
            var last = 0
            for _ in 0..<10 {
                last = try await api.send("GET", "/tasks", ["Authorization": "Bearer vigil_1"]).status
            }
            #expect(last == 429)
            #expect(try await api.get("/tasks").status == 200)
        }
    }

    @Test("an address that others can reach is refused at start", arguments: ["0.0.0.0", "192.0.2.1", "::"])
    func publicAddress(address: String) async throws {
        try await DaemonFixture.withRoot { options in
            options.arguments = ["up"]
            options.environment = ["API_BIND": address, "WORKERS": "marie"]
        } _: { daemon in
            let status = try await daemon.launch().waitForExit()
            #expect(status == .exited(78))
            #expect(daemon.logText.contains("API_BIND=\(address): other machines could reach the API"))
        }
    }

    @Test("the file of a socket is the owner's alone, and needs no token")
    func socketFile() async throws {
        try await DaemonFixture.idle(["WORKERS": "marie"]) { options in
            options.arguments = ["up"]
        } _: { daemon in
            let file = daemon.scratch.path(of: "api.sock")
            let root = try Directory.open(daemon.root)
            try root.createFile("vigil.json5").write(all: Array("{API_BIND: \"unix:\(file)\"}".utf8))
            try await daemon.start()
            _ = try await daemon.logEntry("API ready")
            #expect(try HostPath.status(of: file)?.permissions == 0o600)
            #expect(try await Page.get("/api/v1/config", file: file).status == 200)
            try await daemon.expectCleanEnd()
            #expect(try HostPath.status(of: file) == nil)
        }
    }

    @Test("events come as they happen, and go on behind the last one that a client has")
    func eventStream() async throws {
        try await DaemonFixture.serving { daemon, api in
            let stream = try await api.stream("/events/stream")
            let head = try await stream.read(through: "retry: 1000\n\n")
            #expect(head.contains("HTTP/1.1 200 OK\r\n"))
            #expect(head.contains("Content-Type: text/event-stream\r\n"))
            #expect(head.contains("Cache-Control: no-store\r\n"))
            try daemon.submit("t1", "true")
            let first = try await stream.read(through: "\"task_id\":\"t1\"")
            #expect(first.contains("\nevent: task_completed\ndata: {\"schema_version\":1,"))
            try daemon.submit("t2", "true")
            _ = try await stream.read(through: "\"task_id\":\"t2\"")

            let start = try #require(first.firstRange(of: "id: "))
            let id = first[start.upperBound...].prefix { $0.isNumber }
            let later = try await api.stream("/events/stream?after=0", ["Last-Event-ID": "\(id)"])
            let rest = try await later.read(through: "\"task_id\":\"t2\"")
            #expect(!rest.contains("\"task_id\":\"t1\""))
            let all = try await api.stream("/events/stream?after=0")
            _ = try await all.read(through: "\"task_id\":\"t1\"")
            #expect(try await api.get("/events/stream", ["Last-Event-ID": "x"]).status == 400)

            // Streams that are open do not keep the daemon from its end.
            try daemon.daemon.send(SIGTERM)
            try await stream.end()
            try await later.end()
        }
    }

    @Test("output comes while the attempt runs, and ends with it")
    func outputStream() async throws {
        try await DaemonFixture.serving { daemon, api in
            let (first, second) = (try daemon.makeGate("first"), try daemon.makeGate("second"))
            try daemon.submit("t1", "echo one; say here; pass first; echo two; pass second; echo three")
            try await daemon.witness(1)
            let stream = try await api.stream("/tasks/t1/logs/stream")
            let beginning = try await stream.read(through: "one\n")
            #expect(beginning.contains("Vigil-Attempt: 1\r\n"))
            #expect(!beginning.contains("two"))
            try first.pass()
            #expect(try await !stream.read(through: "two\n").contains("three"))
            try second.pass()
            _ = try await stream.read(through: "three\n")
            _ = try await stream.read(through: "\r\n0\r\n\r\n")
            let rest = try await api.stream("/tasks/t1/logs/stream?from=4")
            #expect(try await !rest.read(through: "\r\n0\r\n\r\n").contains("one\n"))
            #expect(try await api.get("/tasks/t1/logs/stream?from=-1").status == 400)
            #expect(try await api.get("/tasks/nobody/logs/stream").status == 404)
        }
    }

    @Test("the examples of the page work as they are written")
    func examples() async throws {
        let docs = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/docs"
        let page = String(
            decoding: try #require(try Directory.open(docs).read("api.md", limit: 1 << 20)),
            as: UTF8.self
        )
        let blocks = page.split(separator: "```").filter { $0.hasPrefix("sh\napi=") }.map { String($0.dropFirst(3)) }
        #expect(blocks.count == 3)
        try await DaemonFixture.serving(agent: "echo done") { daemon, api in
            var answers: [String] = []
            for (index, block) in blocks.enumerated() {
                let name = "example-\(index)"
                let process = try ChildProcess(
                    ["/bin/sh", "-euc", block],
                    environment: daemon.environment.merging(
                        ["TOKEN": api.token, "VIGIL_API": "http://127.0.0.1:\(api.port)"]
                    ) { _, own in own },
                    output: daemon.scratch.path(of: name)
                )
                let status = try await process.waitForExit()
                let answer = String(
                    decoding: try daemon.scratch.directory.read(FileName(name), limit: 1 << 20) ?? [],
                    as: UTF8.self
                )
                #expect(status == .exited(0), "\(answer)")
                answers.append(answer)
                _ = try await daemon.result(of: "report-17")
                try await daemon.notification(.taskCompleted, of: "report-17")
            }
            #expect(answers[0].contains(#""outcome":"accepted""#))
            #expect(answers[0].contains(#""next_cursor":null"#))
            #expect(answers[1].hasPrefix("done\ndonedone\n{"))
            #expect(answers[2].contains(#""order":"scale""#))
        }
    }

    @Test("tokens are changed by one at a time, so that none is lost")
    func tokensAreLocked() async throws {
        try await DaemonFixture.idle { daemon in
            let lock = try Directory.open(daemon.root).createFile(".api-tokens.lock", exclusive: false)
            #expect(try lock.tryLockExclusive())
            let refused = try await daemon.run("token", "create", "ci")
            #expect(refused.status == .exited(69))
            #expect(refused.errors.contains("try again"))
            try lock.unlock()
            #expect(try await daemon.run("token", "create", "ci").status == .exited(0))
            #expect(try await daemon.run("token", "list").output.contains("ci    read"))
        }
    }

    @Test("a port that is taken keeps no task from running")
    func portThatIsTaken() async throws {
        try await DaemonFixture.serving { _, api in
            try await DaemonFixture.working(["WORKERS": "marie", "API_PORT": "\(api.port)"]) { options in
                options.arguments = ["up"]
            } _: { daemon in
                _ = try await daemon.logEntry("the API is not served; set API_PORT to a free port, or to 0")
                try daemon.submit("t1", "true")
                #expect(try await daemon.result(of: "t1").status == .completed)
            }
        }
    }
}
