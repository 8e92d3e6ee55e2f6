// SPDX-License-Identifier: Apache-2.0
// One route of the API, as data.

package import HTTPServer
import QueueModel

/// A request that was let in, with what is needed to answer it.
struct APICall: Sendable {
    let route: APIRoute
    let request: HTTPRequest
    let context: RequestContext
    let caller: Caller
    let desk: APIDesk

    /// The query, of which only what the route has may be there.
    func query() throws(HTTPError) -> QueryReader { try QueryReader(request, known: route.query) }

    /// Has something done beside the loop; what is done for a stream waits for its turn however long that takes.
    func perform<Value: Sendable>(
        forStream isPatient: Bool = false,
        _ work: @escaping @Sendable (any APIOperations) throws -> Value
    ) async throws -> Value {
        let operations = desk.operations
        return try await desk.lane.run(isPatient: isPatient) { try work(operations) }
    }

    /// Has something done beside the loop, and answers with its document.
    func answer(
        _ status: HTTPStatus = .ok,
        _ work: @escaping @Sendable (any APIOperations) throws -> JSONValue
    ) async throws -> HTTPResponse {
        HTTPResponse(status: status, document: try await perform(work))
    }
}

/// One route of the API.
package struct APIRoute: Sendable {
    /// The method.
    package let method: HTTPMethod
    /// The path below ``prefix``, with `{name}` for a segment that is a parameter.
    package let path: String
    /// What a token has to allow.
    package let scope: AccessScope
    /// What it does, in one line.
    package let summary: String
    /// What its query may have.
    package var query: [APIParameter] = []
    /// What its body has to be.
    package var body = APIBody.none
    /// The statuses of success.
    package var success: [HTTPStatus] = [.ok]
    /// The media type of the answer.
    package var contentType = "application/json"
    let handler: @Sendable (APICall) async throws -> HTTPResponse

    /// What all paths begin with.
    package static let prefix = "/api/v1"
    /// All routes.
    package static let all = tasks + workers + deadLetters + history + streams + sessions + [description]

    private static let description = APIRoute(.get, "/openapi.json", .read, "This description.") { call in
        _ = try call.query()
        return HTTPResponse(document: APIDocument.json)
    }

    init(
        _ method: HTTPMethod,
        _ path: String,
        _ scope: AccessScope,
        _ summary: String,
        handler: @escaping @Sendable (APICall) async throws -> HTTPResponse
    ) {
        self.method = method
        self.path = path
        self.scope = scope
        self.summary = summary
        self.handler = handler
    }

    /// The route with a query.
    func query(_ parameters: APIParameter...) -> APIRoute { with { $0.query += parameters } }

    /// The route with a choice of events in its query.
    func choosingEvents() -> APIRoute { with { $0.query += EventFilter.parameters } }

    /// The route with a body.
    func body(_ body: APIBody) -> APIRoute { with { $0.body = body } }

    /// The route with other statuses of success than 200.
    func success(_ statuses: HTTPStatus...) -> APIRoute { with { $0.success = statuses } }

    /// The route with answers of another media type than JSON.
    func answering(_ contentType: String) -> APIRoute { with { $0.contentType = contentType } }

    private func with(_ change: (inout APIRoute) -> Void) -> APIRoute {
        var route = self
        change(&route)
        return route
    }
}

extension HTTPResponse {
    /// An answer with a document.
    init(status: HTTPStatus = .ok, document: JSONValue) {
        self.init(
            status: status,
            contentType: "application/json",
            body: JSONWriter.bytes(document) + [UInt8(ascii: "\n")]
        )
    }
}
