// SPDX-License-Identifier: Apache-2.0
// What stands between the server and the handlers.

/// Answers a request or throws; an `HTTPError` becomes its response, any other error a bare 500.
package typealias RouteHandler = @Sendable (HTTPRequest, RequestContext) async throws -> HTTPResponse

/// Something between the server and the handlers: it may answer itself, pass on, or change either way.
package protocol RouterMiddleware: Sendable {
    /// Handles a request.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - context: What is known beside the request.
    ///   - next: The rest of the chain.
    /// - Returns: The response.
    /// - Throws: What the chain throws, or an error of its own.
    func handle(
        _ request: HTTPRequest,
        context: RequestContext,
        next: RouteHandler
    ) async throws -> HTTPResponse
}

extension [any RouterMiddleware] {
    /// The handler behind this chain; the first element is outermost.
    func wrapping(_ handler: @escaping RouteHandler) -> RouteHandler {
        var chain = handler
        for middleware in reversed() {
            let next = chain
            chain = { request, context in try await middleware.handle(request, context: context, next: next) }
        }
        return chain
    }
}
