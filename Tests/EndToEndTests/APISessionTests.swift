// SPDX-License-Identifier: Apache-2.0
// Sessions of the built program, as a browser uses them.

import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Sessions of the API", .takesTurns, .guardedAgainstHangs)
struct APISessionTests {
    private let own = ["Origin": "http://localhost"]
    private let foreign = ["Origin": "http://localhost:8000"]

    /// Begins a session.
    /// - Returns: The answer, and a client that has the cookie in place of the token.
    private func begin(_ api: APIClient) async throws -> (page: Page, browser: APIClient) {
        let page = try await api.post("/session")
        var browser = api
        browser.cookie = String(try #require(page["Set-Cookie"]?.split(separator: ";").first))
        return (page, browser)
    }

    @Test("a cookie takes the place of the token until its session is ended")
    func lifeOfASession() async throws {
        try await DaemonFixture.serving { _, api in
            let (page, browser) = try await begin(api)
            #expect(page.status == 201)
            #expect(page["Set-Cookie"]?.hasSuffix("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict") == true)
            #expect(try page.document["name"] == "tester")
            #expect(try page.document["expires_at"]?.stringValue?.hasSuffix("Z") == true)
            #expect(try await browser.get("/tasks").status == 200)
            #expect(try await browser.get("/session").document["by"] == "session")
            #expect(try await api.get("/session").document["by"] == "token")
            let stream = try await browser.stream("/events/stream")
            #expect(try await stream.read(through: "retry: 1000\n\n").contains("HTTP/1.1 200 OK\r\n"))

            #expect(try await browser.send("DELETE", "/session").status == 403)
            let end = try await browser.send("DELETE", "/session", own)
            #expect(end.status == 200)
            #expect(end["Set-Cookie"]?.contains("Max-Age=0") == true)
            #expect(try await browser.get("/tasks").status == 401)
            #expect(try await api.send("DELETE", "/session").status == 409)
        }
    }

    @Test("only a page of ours changes something by a cookie")
    func pagesOfOthers() async throws {
        try await DaemonFixture.serving { _, api in
            let browser = try await begin(api).browser
            for path in ["/workers/marie/pause", "/workers/marie/resume"] {
                #expect(try await browser.post(path).status == 403)
                #expect(try await browser.send("POST", path, foreign).status == 403)
                #expect(try await browser.send("POST", path, own).status == 202)
            }
            #expect(try await browser.get("/tasks", foreign).status == 403)
            #expect(try await browser.get("/tasks", ["Sec-Fetch-Site": "same-site"]).status == 403)
            #expect(try await browser.get("/tasks", ["Sec-Fetch-Site": "same-origin"]).status == 200)
            // A session that could begin another one would never end.
            #expect(try await browser.send("POST", "/session", own).status == 403)
        }
    }

    @Test("a session ends with its token, and allows no more than that")
    func revokedToken() async throws {
        try await DaemonFixture.serving { daemon, api in
            let made = try await daemon.run("token", "create", "looker")
            let looker = APIClient(port: api.port, token: String(made.output.dropLast()))
            let browser = try await begin(looker).browser
            #expect(try await browser.get("/tasks").status == 200)
            #expect(try await browser.get("/config").status == 403)
            #expect(try await browser.send("POST", "/workers/marie/pause", own).status == 403)
            // A wrong token is not made right by a cookie.
            #expect(try await browser.get("/tasks", ["Authorization": "Bearer vigil_0"]).status == 401)
            #expect(try await daemon.run("token", "revoke", "looker").status == .exited(0))
            #expect(try await browser.get("/tasks").status == 401)
        }
    }
}
