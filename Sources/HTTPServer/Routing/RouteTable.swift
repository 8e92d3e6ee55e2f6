// SPDX-License-Identifier: Apache-2.0
// Routes as a tree of path segments.

/// Routes as a tree of path segments, compared as bytes.
struct RouteTable: Sendable {
    /// A path in a request with more segments than this matches nothing.
    private static let maxSegments = 32

    /// What a path and method lead to.
    enum Match: Sendable {
        /// A route.
        case handler(RouteHandler, PathParameters)
        /// Routes for other methods alone, sorted.
        case otherMethods([HTTPMethod])
        /// No route.
        case nothing
    }

    private struct Node: Sendable {
        var literals: [[UInt8]: Node] = [:]
        /// The node behind a parameter; at most one element, as an array can hold its own kind.
        var parameter: [Node] = []
        var handlers: [HTTPMethod: Route] = [:]
    }

    private struct Route: Sendable {
        var parameterNames: [String]
        var handler: RouteHandler
    }

    private var root = Node()

    /// Adds a route.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The path, with `{name}` for a segment that is a parameter.
    ///   - handler: What answers.
    mutating func add(_ method: HTTPMethod, _ path: String, handler: @escaping RouteHandler) {
        precondition(path.utf8.first == ASCII.slash, "a route's path starts with a slash")
        var names: [String] = []
        let segments = Self.segments(of: path.utf8)
        precondition(segments.count <= Self.maxSegments, "a route has more segments than any request may have")
        let keys = segments.map { segment -> [UInt8]? in
            guard segment.first == UInt8(ascii: "{"), segment.last == UInt8(ascii: "}") else { return Array(segment) }
            names.append(String(decoding: segment.dropFirst().dropLast(), as: UTF8.self))
            return nil
        }
        let route = Route(parameterNames: names, handler: handler)
        Self.insert(route, method: method, at: keys[...], into: &root)
    }

    /// Finds the route of a request.
    ///
    /// - Parameters:
    ///   - method: The method; HEAD falls back to GET.
    ///   - path: The percent-encoded path.
    /// - Returns: The route, the methods that the path has, or nothing.
    func match(_ method: HTTPMethod, _ path: String) -> Match {
        guard path.utf8.first == ASCII.slash else { return .nothing }
        let encoded = Self.segments(of: path.utf8)
        guard encoded.count <= Self.maxSegments else { return .nothing }
        var segments: [[UInt8]] = []
        for segment in encoded {
            guard let segment = PercentEncoding.decoded(segment), Self.isPlain(segment) else { return .nothing }
            segments.append(segment)
        }
        var search = Search(method: method, segments: segments)
        search.visit(root, depth: 0, values: [])
        if let (route, values) = search.found {
            let pairs = zip(route.parameterNames, values)
            return .handler(route.handler, PathParameters(Dictionary(pairs, uniquingKeysWith: { $1 })))
        }
        guard !search.allowed.isEmpty else { return .nothing }
        if search.allowed.contains(.get) { search.allowed.insert(.head) }
        return .otherMethods(search.allowed.sorted { $0.rawValue < $1.rawValue })
    }

    private static func segments(of path: String.UTF8View) -> [Substring.UTF8View] {
        path.dropFirst().split(separator: ASCII.slash, omittingEmptySubsequences: false)
    }

    /// Whether a decoded segment is one path component that can neither climb nor hide anything.
    private static func isPlain(_ segment: [UInt8]) -> Bool {
        if segment == [ASCII.dot] || segment == [ASCII.dot, ASCII.dot] { return false }
        for byte in segment where byte < 0x20 || byte == 0x7F || byte == ASCII.slash { return false }
        return true
    }

    private static func insert(
        _ route: Route,
        method: HTTPMethod,
        at keys: ArraySlice<[UInt8]?>,
        into node: inout Node
    ) {
        guard let key = keys.first else {
            precondition(node.handlers[method] == nil, "a method and path have two routes")
            node.handlers[method] = route
            return
        }
        if let key {
            insert(route, method: method, at: keys.dropFirst(), into: &node.literals[key, default: Node()])
        } else {
            if node.parameter.isEmpty { node.parameter.append(Node()) }
            insert(route, method: method, at: keys.dropFirst(), into: &node.parameter[0])
        }
    }

    /// A walk down the tree, literal segments before parameters.
    private struct Search {
        let method: HTTPMethod
        let segments: [[UInt8]]
        var found: (Route, [String])?
        var allowed: Set<HTTPMethod> = []

        init(method: HTTPMethod, segments: [[UInt8]]) {
            self.method = method
            self.segments = segments
        }

        mutating func visit(_ node: Node, depth: Int, values: [String]) {
            guard depth < segments.count else {
                if let route = node.handlers[method] ?? (method == .head ? node.handlers[.get] : nil) {
                    found = (route, values)
                } else {
                    allowed.formUnion(node.handlers.keys)
                }
                return
            }
            let segment = segments[depth]
            if let child = node.literals[segment] { visit(child, depth: depth + 1, values: values) }
            guard found == nil, !segment.isEmpty, let child = node.parameter.first,
                let value = String(validating: segment, as: UTF8.self)
            else { return }
            visit(child, depth: depth + 1, values: values + [value])
        }
    }
}
