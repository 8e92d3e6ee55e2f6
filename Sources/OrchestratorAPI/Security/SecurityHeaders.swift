// SPDX-License-Identifier: Apache-2.0
// Tells browsers to make nothing of an answer but what it is.

package import HTTPServer

/// Adds the fields that keep a browser from guessing types, framing, storing and running what it gets.
package struct SecurityHeaders: RouterMiddleware {
    private static let fields: [(String, String)] = [
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "no-referrer"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    ]

    /// Creates the middleware.
    package init() {}

    /// Adds the fields to every answer that does not have them.
    /// - Parameters:
    ///   - request: The request.
    ///   - context: What is known beside the request.
    ///   - next: The rest of the chain.
    /// - Returns: The response of the chain with the fields.
    /// - Throws: What the chain throws.
    package func handle(
        _ request: HTTPRequest,
        context: RequestContext,
        next: RouteHandler
    ) async throws -> HTTPResponse {
        var response = try await next(request, context)
        for (name, value) in Self.fields where response.headers[name] == nil { response.headers[name] = value }
        return response
    }
}
