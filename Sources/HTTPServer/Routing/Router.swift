// SPDX-License-Identifier: Apache-2.0
// Routes with the middleware around them.

/// Routes with the middleware around them.
///
/// A path is matched segment by segment on decoded bytes; `{name}` takes one segment. Literal segments win over
/// parameters, HEAD falls back to GET, a slash at the end counts. Two routes for one method and path are a mistake of
/// the program and stop it.
package struct Router: Sendable {
    private var table = RouteTable()
    private var middleware: [any RouterMiddleware]
    private var groups: [(prefix: String, middleware: [any RouterMiddleware])] = []

    /// Creates a router without routes.
    ///
    /// - Parameter middleware: The chain around every request, unmatched ones included; the first is outermost.
    package init(middleware: [any RouterMiddleware] = [ProblemMiddleware()]) { self.middleware = middleware }

    /// Adds a route.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The path, with `{name}` for a segment that is a parameter.
    ///   - handler: What answers.
    package mutating func on(_ method: HTTPMethod, _ path: String, handler: @escaping RouteHandler) {
        var prefix = ""
        var chain: [any RouterMiddleware] = []
        for group in groups {
            prefix += group.prefix
            chain += group.middleware
        }
        table.add(method, prefix + path, handler: chain.wrapping(handler))
    }

    /// Adds a GET route, which answers HEAD too.
    ///
    /// - Parameters:
    ///   - path: The path, with `{name}` for a segment that is a parameter.
    ///   - handler: What answers.
    package mutating func get(_ path: String, handler: @escaping RouteHandler) { on(.get, path, handler: handler) }

    /// Adds a POST route.
    ///
    /// - Parameters:
    ///   - path: The path, with `{name}` for a segment that is a parameter.
    ///   - handler: What answers.
    package mutating func post(_ path: String, handler: @escaping RouteHandler) { on(.post, path, handler: handler) }

    /// Adds a PUT route.
    ///
    /// - Parameters:
    ///   - path: The path, with `{name}` for a segment that is a parameter.
    ///   - handler: What answers.
    package mutating func put(_ path: String, handler: @escaping RouteHandler) { on(.put, path, handler: handler) }

    /// Adds a PATCH route.
    ///
    /// - Parameters:
    ///   - path: The path, with `{name}` for a segment that is a parameter.
    ///   - handler: What answers.
    package mutating func patch(_ path: String, handler: @escaping RouteHandler) { on(.patch, path, handler: handler) }

    /// Adds a DELETE route.
    ///
    /// - Parameters:
    ///   - path: The path, with `{name}` for a segment that is a parameter.
    ///   - handler: What answers.
    package mutating func delete(_ path: String, handler: @escaping RouteHandler) {
        on(.delete, path, handler: handler)
    }

    /// Adds routes under a common path with middleware of their own, within that of the router.
    ///
    /// - Parameters:
    ///   - prefix: The common path, without a slash at its end.
    ///   - middleware: The chain around these routes; the first is outermost.
    ///   - addRoutes: Adds the routes; their paths are relative to the prefix.
    package mutating func group(
        _ prefix: String,
        middleware: [any RouterMiddleware] = [],
        addRoutes: (inout Router) -> Void
    ) {
        groups.append((prefix, middleware))
        addRoutes(&self)
        groups.removeLast()
    }

    /// The handler of all routes with the middleware around them.
    ///
    /// - Returns: A handler that throws 404 and 405 unless the middleware turns them into responses.
    package func responder() -> RouteHandler {
        let table = table
        return middleware.wrapping { request, context in
            switch table.match(request.method, request.path) {
            case .handler(let handler, let parameters):
                var context = context
                context.parameters = parameters
                return try await handler(request, context)
            case .otherMethods(let methods):
                let list = methods.map(\.rawValue).joined(separator: ", ")
                throw HTTPError(
                    .methodNotAllowed,
                    code: "method_not_allowed",
                    "the methods here are \(list)",
                    headers: ["Allow": list]
                )
            case .nothing: throw HTTPError.notFound
            }
        }
    }
}
