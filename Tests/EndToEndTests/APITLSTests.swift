// SPDX-License-Identifier: Apache-2.0
// The API of the built program over TLS, as curl sees it.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("TLS of the API", .takesTurns, .guardedAgainstHangs)
struct APITLSTests {
    /// Runs a program to its end.
    /// - Returns: How it ended, and what it printed.
    private func run(_ daemon: DaemonFixture, _ words: [String]) async throws -> (isSuccess: Bool, output: String) {
        let name = "tool-\(words.hashValue)"
        let process = try ChildProcess(
            words,
            environment: daemon.environment,
            output: daemon.scratch.path(of: name)
        )
        let status = try await process.waitForExit()
        let output = try daemon.scratch.directory.read(FileName(name), limit: 1 << 22) ?? []
        return (status == .exited(0), String(decoding: output, as: UTF8.self))
    }

    /// Makes a certificate for `localhost` and 127.0.0.1, and its key.
    private func makeCertificate(_ daemon: DaemonFixture, _ name: String, days: Int = 90) async throws {
        let made = try await run(
            daemon,
            [
                "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                "-days", "\(days)", "-keyout", daemon.scratch.path(of: "\(name).key"), "-out",
                daemon.scratch.path(of: "\(name).pem"),
            ]
        )
        #expect(made.isSuccess, "\(made.output)")
        #expect(chmod(daemon.scratch.path(of: "\(name).key"), 0o600) == 0)
    }

    private func configure(_ daemon: DaemonFixture, _ settings: [String: String]) throws {
        let lines = settings.map { "\($0.key): \"\($0.value)\"" }.joined(separator: ", ")
        try AtomicFile.write(
            Array("{\(lines)}".utf8),
            as: "vigil.json5",
            in: Directory.open(daemon.root),
            replacing: true,
            durability: .relaxed
        )
    }

    private func serving(
        _ days: Int = 90,
        bind: String = "0.0.0.0",
        _ body: (DaemonFixture, _ url: String, _ token: String) async throws -> Void
    ) async throws {
        try await DaemonFixture.idle(["WORKERS": "marie"]) {
            $0.arguments = ["up"]
        } _: { daemon in
            try await makeCertificate(daemon, "own", days: days)
            try configure(
                daemon,
                [
                    "API_BIND": bind, "API_TLS_CERT": daemon.scratch.path(of: "own.pem"),
                    "API_TLS_KEY": daemon.scratch.path(of: "own.key"),
                ]
            )
            let made = try await daemon.run("token", "create", "tester", "--scope", "write")
            try await daemon.start()
            let ready = try await daemon.logEntry("API ready")
            let port = try #require(ready["address"]?.stringValue?.split(separator: ":").last)
            try await body(daemon, "https://localhost:\(port)/api/v1", String(made.output.dropLast()))
            try await daemon.expectCleanEnd()
        }
    }

    @Test("requests, large bodies and streams go over TLS, on an address that others can reach")
    func requests() async throws {
        try await serving { daemon, url, token in
            let curl = [
                "/usr/bin/curl", "--silent", "--show-error", "--fail", "--cacert", daemon.scratch.path(of: "own.pem"),
                "--header", "Authorization: Bearer \(token)",
            ]
            let session = try await run(daemon, curl + ["--request", "POST", "--include", url + "/session"])
            #expect(session.output.contains("Set-Cookie: __Host-vigil_session_"))
            #expect(session.output.contains("; Secure"))
            let large = String(repeating: "true # ", count: 9000)
            let body = #"{"worker":"marie","task_id":"t1","description":"\#(large)"}"#
            try daemon.scratch.directory.createFile("body").write(all: Array(body.utf8))
            let submit = ["--json", "@" + daemon.scratch.path(of: "body"), url + "/tasks"]
            let submitted = try await run(daemon, curl + submit)
            #expect(submitted.isSuccess, "\(submitted.output)")
            _ = try await daemon.result(of: "t1")
            try await daemon.notification(.taskCompleted, of: "t1")
            #expect(try await run(daemon, curl + [url + "/tasks/t1"]).output.contains(large))
            let stream = curl + ["--no-buffer", "--max-time", "1", url + "/events/stream?after=0"]
            #expect(try await run(daemon, stream).output.contains("\"task_id\":\"t1\""))
            // Old versions, and clients that do not speak TLS at all, get nothing.
            let old = ["--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT:@SECLEVEL=0"]
            #expect(try await !run(daemon, curl + old + [url + "/session"]).isSuccess)
            #expect(try await run(daemon, curl + ["--tlsv1.2", "--tls-max", "1.2", url + "/session"]).isSuccess)
            let plain = "http" + url.dropFirst(5)
            #expect(try await !run(daemon, curl + [plain + "/session"]).isSuccess)
            #expect(try await run(daemon, curl + [url + "/session"]).isSuccess)
        }
    }

    @Test("what makes an address unsafe is said at start, in one line")
    func refusals() async throws {
        try await DaemonFixture.withRoot { options in
            options.arguments = ["up"]
            options.environment = ["WORKERS": "marie"]
        } _: { daemon in
            try await makeCertificate(daemon, "own")
            try await makeCertificate(daemon, "other")
            let (certificate, key) = (daemon.scratch.path(of: "own.pem"), daemon.scratch.path(of: "own.key"))
            let other = daemon.scratch.path(of: "other.key")
            func refusal(_ settings: [String: String]) async throws -> String {
                try configure(daemon, settings)
                let before = daemon.logText.utf8.count
                let status = try await daemon.launch().waitForExit()
                #expect(status == .exited(78))
                return String(decoding: daemon.logText.utf8.dropFirst(before), as: UTF8.self)
            }
            let both = ["API_BIND": "0.0.0.0", "API_TLS_CERT": certificate, "API_TLS_KEY": key]
            #expect(try await refusal(both).contains("there is no token yet"))
            _ = try await daemon.run("token", "create", "tester")
            #expect(try await refusal(["API_TLS_CERT": certificate]).contains("set both API_TLS_CERT and API_TLS_KEY"))
            let mismatch = both.merging(["API_TLS_KEY": other]) { $1 }
            #expect(try await refusal(mismatch).contains("does not belong to the certificate"))
            let absent = both.merging(["API_TLS_CERT": "/nowhere"]) { $1 }
            #expect(try await refusal(absent).contains("the certificate /nowhere cannot be used"))
            let swapped = both.merging(["API_TLS_CERT": key]) { $1 }
            #expect(try await refusal(swapped).contains("cannot be used"))
            #expect(chmod(key, 0o644) == 0)
            #expect(try await refusal(both).contains("others may read the key"))
        }
    }

    @Test("a certificate that expires soon is said aloud")
    func expiry() async throws {
        try await serving(3, bind: "127.0.0.1") { daemon, _, _ in
            let line = try await daemon.logEntry("the API's certificate expires soon")
            #expect(["2", "3"].contains(line["days_left"]?.stringValue))
        }
    }
}
