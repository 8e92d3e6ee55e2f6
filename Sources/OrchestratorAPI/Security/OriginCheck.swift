// SPDX-License-Identifier: Apache-2.0
// Keeps pages of foreign origins out: a browser tells which page has made a request.

package import HTTPServer

/// Refuses requests that a page of another origin has made.
///
/// Programs send no Origin. A browser sends it with everything that could change something, and a page of ours has
/// exactly the origin that the request is for, since `Host` is checked before.
package struct OriginCheck: RouterMiddleware {
    private let scheme: String

    /// Creates the check.
    /// - Parameter scheme: The scheme that the server is reached by.
    package init(scheme: String = "http") { self.scheme = scheme }

    /// Passes the request on unless it comes from a foreign page.
    /// - Parameters:
    ///   - request: The request.
    ///   - context: What is known beside the request.
    ///   - next: The rest of the chain.
    /// - Returns: The response of the chain.
    /// - Throws: 403 for a foreign origin, `null` included.
    package func handle(
        _ request: HTTPRequest,
        context: RequestContext,
        next: RouteHandler
    ) async throws -> HTTPResponse {
        guard accepts(request) else {
            throw HTTPError(.forbidden, code: "foreign_origin", "requests of pages of another origin are refused")
        }
        return try await next(request, context)
    }

    /// Whether a request may come from where it says it does.
    /// - Parameter request: The request.
    /// - Returns: True without an Origin field, and with one that is the server's own, compared whole.
    package func accepts(_ request: HTTPRequest) -> Bool {
        let origins = request.headers.values(of: "origin")
        if origins.isEmpty { return true }
        guard origins.count == 1, let authority = request.authority, !authority.isEmpty else { return false }
        return origins[0] == "\(scheme)://\(authority)"
    }
}
