// SPDX-License-Identifier: Apache-2.0
// What the built program serves to a browser.

import TestSupport
import Testing

@Suite("The dashboard", .takesTurns, .guardedAgainstHangs)
struct DashboardServingTests {
    @Test("everyone gets the page, and nobody gets data with it")
    func page() async throws {
        try await DaemonFixture.serving { daemon, api in
            try daemon.submit("hidden-task", "true")
            _ = try await daemon.result(of: "hidden-task")
            let page = try await Page.get("/", port: api.port)
            #expect(page.status == 200)
            #expect(page["Content-Security-Policy"]?.hasPrefix("default-src 'none'; script-src 'self';") == true)
            #expect(page["X-Content-Type-Options"] == "nosniff")
            #expect(page["Referrer-Policy"] == "no-referrer")
            #expect(!page.body.contains("hidden-task"))
            #expect(!page.body.contains("marie"))
            let tag = try #require(page["ETag"])
            let again = try await Page.send("GET", "/", ["If-None-Match": tag], port: api.port)
            #expect(again.status == 304)
            #expect(try await Page.get("/assets/app.js", port: api.port).status == 200)
            #expect(try await Page.get("/assets/none.js", port: api.port).status == 404)
            #expect(try await Page.get("/api/v1/tasks", port: api.port).status == 401)
            #expect(try await Page.send("GET", "/", ["Host": "evil.example"], port: api.port).status == 421)
        }
    }
}
