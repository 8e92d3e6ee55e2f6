// SPDX-License-Identifier: Apache-2.0
// Keeps pages of foreign origins out: a browser tells which page has made a request.

package import HTTPServer

/// Refuses requests that a page of another origin has made.
///
/// Programs send no Origin. A browser sends it with everything that could change something, and a page of ours has
/// exactly the origin that the request is for, since `Host` is checked before.
package struct OriginCheck: RouterMiddleware {
    /// Whether the server is reached by TLS.
    let isSecure: Bool

    /// Creates the check.
    /// - Parameter isSecure: Whether the server is reached by TLS.
    package init(isSecure: Bool = false) { self.isSecure = isSecure }

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
        guard accepts(request) else { throw HTTPError.foreignOrigin }
        return try await next(request, context)
    }

    /// Whether a request may come from where it says it does.
    /// - Parameter request: The request.
    /// - Returns: True without an Origin field, and with one that is the server's own, compared whole.
    package func accepts(_ request: HTTPRequest) -> Bool {
        let origins = request.headers.values(of: "origin")
        if origins.isEmpty { return true }
        guard origins.count == 1, let authority = request.authority, !authority.isEmpty else { return false }
        return origins[0] == "\(isSecure ? "https" : "http")://\(authority)"
    }

    /// Whether a request that has a cookie was made by a page of ours.
    ///
    /// A browser sends cookies with what a page of another port of the host asks for, too. It names the page's origin
    /// with everything that changes something and with a WebSocket, and says of the rest where it comes from.
    /// - Parameter request: The request.
    /// - Returns: False where the origin has to be named and is not, and for a page of another origin.
    package func isOwnPage(_ request: HTTPRequest) -> Bool {
        let isLook = [.get, .head].contains(request.method) && !request.headers.lists("upgrade", in: "connection")
        guard isLook || request.headers["origin"] != nil, accepts(request) else { return false }
        return request.headers.values(of: "sec-fetch-site").allSatisfy { $0 == "same-origin" || $0 == "none" }
    }
}

extension HTTPError {
    /// The refusal of what a page of another origin asks for.
    static let foreignOrigin = HTTPError(
        .forbidden,
        code: "foreign_origin",
        "requests of pages of another origin are refused"
    )
}
