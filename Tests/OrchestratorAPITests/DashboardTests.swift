// SPDX-License-Identifier: Apache-2.0
// How the page for people is served.

import HTTPServer
import OrchestratorAPI
import SystemKit
import TestSupport
import Testing

@Suite struct DashboardTests {
    private let respond: RouteHandler = {
        var router = Router(middleware: [SecurityHeaders(), ProblemMiddleware()])
        Dashboard.add(to: &router)
        return router.responder()
    }()

    private func get(
        _ path: String,
        _ headers: HTTPHeaders = [:],
        method: HTTPMethod = .get
    ) async throws
        -> HTTPResponse
    {
        let context = RequestContext(requestNumber: 1, logger: RecordingLog().logger())
        return try await respond(HTTPRequest(method: method, path: path, headers: headers), context)
    }

    @Test func pageMayRunAndReachNothingForeign() async throws {
        let page = try await get("/")
        #expect(page.status == .ok)
        #expect(page.headers["content-type"] == "text/html; charset=utf-8")
        #expect(
            page.headers["content-security-policy"]
                == "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                + "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; "
                + "require-trusted-types-for 'script'; trusted-types 'none'"
        )
        #expect(page.headers["x-content-type-options"] == "nosniff")
        #expect(page.headers["referrer-policy"] == "no-referrer")
        #expect(page.headers["x-frame-options"] == "DENY")
        #expect(page.headers["cross-origin-resource-policy"] == "same-origin")
    }

    @Test(
        arguments: [
            ("base.css", "text/css; charset=utf-8"), ("app.js", "text/javascript; charset=utf-8"),
            ("icon.svg", "image/svg+xml"),
        ]
    )
    func fileSaysWhatItIs(name: String, type: String) async throws {
        let file = try await get("/assets/\(name)")
        #expect(file.status == .ok)
        #expect(file.headers["content-type"] == type)
        #expect(file.body == DashboardAsset.all[name]?.bytes)
    }

    @Test func fileThatTheClientHasIsNotSentAgain() async throws {
        let tag = try #require(try await get("/assets/base.css").headers["etag"])
        for field in [tag, "\"x\", \(tag)", "*"] {
            let again = try await get("/assets/base.css", ["if-none-match": field])
            #expect(again.status == .notModified)
            #expect(again.body.isEmpty)
            #expect(again.headers["etag"] == tag)
            #expect(again.headers["cache-control"] == "no-cache")
        }
        #expect(try await get("/assets/base.css", ["if-none-match": "\"x\""]).status == .ok)
        let tags = Set(DashboardAsset.all.values.map(\.tag))
        #expect(tags.count == DashboardAsset.all.count)
    }

    @Test(arguments: ["/assets/none.js", "/assets/", "/assets", "/assets/..%2findex.html", "/index.html"])
    func unknownFileIsNotFound(path: String) async throws {
        #expect(try await get(path).status == .notFound)
    }

    @Test func pageTakesNoOrders() async throws {
        #expect(try await get("/", method: .post).status == .methodNotAllowed)
        #expect(try await get("/", method: .head).status == .ok)
    }

    @Test func everyFileOfTheSourceIsInTheProgramAsItIs() throws {
        let source =
            #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/Sources/CDashboard/assets"
        let directory = try Directory.open(source)
        var names: [String] = []
        try directory.names { name in
            names.append(name.description)
            return true
        }
        #expect(Set(names) == Set(DashboardAsset.all.keys))
        for name in names {
            let bytes = try directory.read(FileName(name), limit: 1 << 20)
            let isSame = bytes == DashboardAsset.all[name]?.bytes
            #expect(isSame, "\(name) is not what was compiled")
        }
    }

    @Test func pageNamesEveryFileSoThatNoneWaitsForAnother() throws {
        let page = String(decoding: try #require(DashboardAsset.all["index.html"]).bytes, as: UTF8.self)
        for name in DashboardAsset.all.keys where name != "index.html" {
            #expect(page.contains("\"/assets/\(name)\""), "\(name)")
        }
    }

    @Test func pageHasNoCodeAndNoStyleOfItsOwn() throws {
        let page = String(decoding: try #require(DashboardAsset.all["index.html"]).bytes, as: UTF8.self)
        #expect(!page.contains("<style"))
        #expect(!page.contains("style=\""))
        #expect(!page.contains("javascript:"))
        for script in page.split(separator: "<script").dropFirst() {
            #expect(script.contains(" src=\"/assets/"))
            #expect(script.contains("></script>"))
        }
        #expect(page.firstMatch(of: #/\son[a-z]+=/#) == nil)
    }
}
