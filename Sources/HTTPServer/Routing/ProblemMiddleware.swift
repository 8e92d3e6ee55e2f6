// SPDX-License-Identifier: Apache-2.0
// The one place where errors become responses.

import Logging

/// Turns every error into a problem document (RFC 9457).
///
/// Cancellation becomes 503, an error nobody knows a bare 500 with a log line: its text may hold what clients must not see.
package struct ProblemMiddleware: RouterMiddleware {
    private let convert: @Sendable (any Error) -> HTTPError?

    /// Creates the middleware.
    ///
    /// - Parameter convert: Gives the response of errors that are not `HTTPError`; nil for those it does not know.
    package init(convert: @escaping @Sendable (any Error) -> HTTPError? = { _ in nil }) { self.convert = convert }

    /// Passes the request on and answers errors with their problem document.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - context: What is known beside the request.
    ///   - next: The rest of the chain.
    /// - Returns: The response of the chain or the problem document of its error.
    package func handle(
        _ request: HTTPRequest,
        context: RequestContext,
        next: RouteHandler
    ) async -> HTTPResponse {
        do {
            return try await next(request, context)
        } catch {
            return response(for: error, logger: context.logger)
        }
    }

    /// The problem document of an error.
    func response(for error: any Error, logger: Logger) -> HTTPResponse {
        if let known = error as? HTTPError ?? convert(error) { return known.response }
        if error is CancellationError { return HTTPError.stopping.response }
        logger.error("request failed", metadata: ["error": "\(error)"])
        return HTTPError.internalError.response
    }
}

extension HTTPError {
    /// A 503 for work that was given up.
    static let stopping = HTTPError(
        .serviceUnavailable,
        code: "given_up",
        "the server gave the request up; it may be tried again"
    )
}
