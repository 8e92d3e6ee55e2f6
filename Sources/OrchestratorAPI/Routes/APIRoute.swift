// SPDX-License-Identifier: Apache-2.0
// One route of the API, as data.

package import HTTPServer
import QueueModel

/// A request that was let in, with what is needed to answer it.
struct APICall: Sendable {
    let request: HTTPRequest
    let context: RequestContext
    let operations: any APIOperations
    let lane: BlockingLane

    /// Has something done beside the loop.
    func perform<Value: Sendable>(
        _ work: @escaping @Sendable (any APIOperations) throws -> Value
    ) async throws -> Value {
        let operations = operations
        return try await lane.run { try work(operations) }
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
    let handler: @Sendable (APICall) async throws -> HTTPResponse

    /// What all paths begin with.
    package static let prefix = "/api/v1"
    /// All routes.
    package static let all = tasks + workers + deadLetters + history

    init(
        _ method: HTTPMethod,
        _ path: String,
        _ scope: AccessScope,
        handler: @escaping @Sendable (APICall) async throws -> HTTPResponse
    ) {
        self.method = method
        self.path = path
        self.scope = scope
        self.handler = handler
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
