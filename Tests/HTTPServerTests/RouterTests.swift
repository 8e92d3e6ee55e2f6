// SPDX-License-Identifier: Apache-2.0
// Which handler answers, what surrounds it, and what errors become.

import HTTPServer
import Logging
import Testing

@Suite struct RouterTests {
    private func respond(_ router: Router, _ method: HTTPMethod, _ path: String) async throws -> HTTPResponse {
        let context = RequestContext(requestNumber: 1, logger: Logger(label: "test"))
        return try await router.responder()(HTTPRequest(method: method, path: path), context)
    }

    private func text(_ response: HTTPResponse) -> String { String(decoding: response.body, as: UTF8.self) }

    private var router: Router {
        var router = Router()
        router.get("/") { _, _ in HTTPResponse(text: "root") }
        router.get("/metrics") { _, _ in HTTPResponse(text: "metrics") }
        router.get("/tasks/{id}") { _, context in HTTPResponse(text: "task \(context.parameters["id"] ?? "?")") }
        router.get("/tasks/all") { _, _ in HTTPResponse(text: "all") }
        router.post("/tasks/{id}") { _, _ in HTTPResponse(status: .accepted) }
        router.delete("/tasks/{id}/logs/{attempt}") { _, context in
            let parameters = context.parameters
            return HTTPResponse(text: try parameters.require("id") + " " + parameters.require("attempt"))
        }
        router.put("/tasks/all/more") { _, _ in HTTPResponse(text: "more") }
        return router
    }

    @Test(arguments: [
        ("/", "root"), ("/metrics", "metrics"), ("/tasks/7", "task 7"), ("/tasks/a%20b", "task a b"),
        ("/tasks/all", "all"), ("/%6Detrics", "metrics"), ("/tasks/%C3%A9", "task é"), ("/tasks/{id}", "task {id}"),
    ])
    func pathLeadsToItsHandler(_ path: String, _ body: String) async throws {
        let response = try await respond(router, .get, path)
        #expect(response.status == .ok)
        #expect(text(response) == body)
    }

    @Test(arguments: [
        "/metric", "/metrics/", "//metrics", "/metrics%00", "/metrics%00x", "/tasks/", "/tasks/..", "/tasks/%2e%2e",
        "/tasks/.", "/tasks/..%2f", "/tasks/%252e%252e/x", "/tasks/%c0%ae", "/tasks/a%0d%0ab", "/tasks/%zz", "/tasks/%",
        "/tasks/%2", "/../metrics", "/./metrics", "*", "", "/metrics\u{301}", "/tasks/7/logs",
        "/" + String(repeating: "a/", count: 4000),
    ])
    func otherPathLeadsNowhere(_ path: String) async throws {
        #expect(try await respond(router, .get, path).status == .notFound)
    }

    @Test func everyParameterHasItsName() async throws {
        #expect(text(try await respond(router, .delete, "/tasks/7/logs/2")) == "7 2")
    }

    @Test func literalThatLeadsNowhereGivesWayToTheParameter() async throws {
        let response = try await respond(router, .post, "/tasks/all")
        #expect(response.status == .accepted)
        #expect(text(try await respond(router, .delete, "/tasks/all/logs/1")) == "all 1")
    }

    @Test func headIsAnsweredByGet() async throws {
        #expect(text(try await respond(router, .head, "/metrics")) == "metrics")
    }

    @Test(arguments: [
        (HTTPMethod.put, "/tasks/7", "GET, HEAD, POST"), (.get, "/tasks/7/logs/1", "DELETE"),
        ("TRACE", "/metrics", "GET, HEAD"), (.delete, "/tasks/all", "GET, HEAD, POST"),
        (.head, "/tasks/all/more", "PUT"),
    ])
    func otherMethodIsToldWhatIsAllowed(_ method: HTTPMethod, _ path: String, _ allow: String) async throws {
        let response = try await respond(router, method, path)
        #expect(response.status == .methodNotAllowed)
        #expect(response.headers["Allow"] == allow)
        #expect(response.headers["Content-Type"] == "application/problem+json")
    }

    @Test func groupHasPrefixAndMiddlewareOfItsOwn() async throws {
        var router = Router(middleware: [Mark("a")])
        router.get("/x") { _, _ in HTTPResponse(text: "x") }
        router.group("/api", middleware: [Mark("b"), Mark("c")]) { router in
            router.get("/x") { _, _ in HTTPResponse(text: "api") }
            router.group("/{id}", middleware: [Mark("d")]) { router in
                router.get("/y") { _, context in HTTPResponse(text: try context.parameters.require("id")) }
            }
        }
        #expect(try await respond(router, .get, "/x").headers.values(of: "Mark") == ["a"])
        #expect(try await respond(router, .get, "/api/x").headers.values(of: "Mark") == ["c", "b", "a"])
        let nested = try await respond(router, .get, "/api/7/y")
        #expect(nested.headers.values(of: "Mark") == ["d", "c", "b", "a"])
        #expect(text(nested) == "7")
    }

    @Test func middlewareMayAnswerItself() async throws {
        var router = Router(middleware: [Refuse()])
        router.get("/x") { _, _ in
            Issue.record("the handler was reached")
            return HTTPResponse(text: "")
        }
        #expect(try await respond(router, .get, "/x").status == .unauthorized)
    }

    @Test func missingPathPassesTheMiddleware() async throws {
        let router = Router(middleware: [Mark("a"), ProblemMiddleware()])
        let response = try await respond(router, .get, "/x")
        #expect(response.status == .notFound)
        #expect(response.headers["Mark"] == "a")
    }

    @Test func errorsBecomeProblems() async throws {
        struct Known: Error {}
        struct Secret: Error { let text = "swordfish" }
        var router = Router(
            middleware: [ProblemMiddleware { $0 is Known ? HTTPError(.conflict, code: "known", "known") : nil }]
        )
        router.get("/http") { _, _ in throw HTTPError.badRequest("no") }
        router.get("/known") { _, _ in throw Known() }
        router.get("/cancelled") { _, _ in throw CancellationError() }
        router.get("/secret") { _, _ in throw Secret() }
        #expect(try await respond(router, .get, "/http").status == .badRequest)
        #expect(try await respond(router, .get, "/known").status == .conflict)
        #expect(try await respond(router, .get, "/cancelled").status == .serviceUnavailable)
        let secret = try await respond(router, .get, "/secret")
        #expect(secret.status == .internalServerError)
        #expect(!text(secret).contains("swordfish"))
    }

    @Test func routeGivenTwiceStopsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            var router = Router()
            router.get("/a/{b}") { _, _ in HTTPResponse(text: "") }
            router.get("/a/{c}") { _, _ in HTTPResponse(text: "") }
        }
    }
}

/// Adds a field to the response on its way out.
private struct Mark: RouterMiddleware {
    let name: String
    init(_ name: String) { self.name = name }

    func handle(_ request: HTTPRequest, context: RequestContext, next: RouteHandler) async throws -> HTTPResponse {
        var response = try await next(request, context)
        response.headers.append("Mark", name)
        return response
    }
}

/// Lets nobody pass.
private struct Refuse: RouterMiddleware {
    func handle(_ request: HTTPRequest, context: RequestContext, next: RouteHandler) async throws -> HTTPResponse {
        HTTPResponse(status: .unauthorized)
    }
}
