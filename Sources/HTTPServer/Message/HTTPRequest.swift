// SPDX-License-Identifier: Apache-2.0
// One request with its whole body, as handlers see it.

/// The protocol versions that are served.
package enum HTTPVersion: Sendable, Equatable {
    /// HTTP/1.0: no chunked bodies, connections close unless asked to stay.
    case http10
    /// HTTP/1.1.
    case http11
}

/// One request with its whole body.
package struct HTTPRequest: Sendable, Equatable {
    /// The method.
    package var method: HTTPMethod
    /// The path as it came, percent-encoded, starting with a slash; `*` for a request to the server itself.
    package var path: String
    /// What follows the question mark, percent-encoded; nil without one.
    package var query: String?
    /// The host and port the request is for, from the target or the Host field; nil when it named none.
    package var authority: String?
    /// The protocol version.
    package var version: HTTPVersion
    /// The header fields, names lowercased.
    package var headers: HTTPHeaders
    /// The decoded body.
    package var body: [UInt8]

    /// Creates a request.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The percent-encoded path.
    ///   - query: The percent-encoded query.
    ///   - authority: The host and port it is for.
    ///   - version: The protocol version.
    ///   - headers: The header fields.
    ///   - body: The body.
    package init(
        method: HTTPMethod = .get,
        path: String = "/",
        query: String? = nil,
        authority: String? = nil,
        version: HTTPVersion = .http11,
        headers: HTTPHeaders = [:],
        body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.authority = authority
        self.version = version
        self.headers = headers
        self.body = body
    }

    /// Whether the client lets the connection stay open after the response (RFC 9112, 9.3).
    package var allowsKeepAlive: Bool {
        if headers.lists("close", in: "connection") { return false }
        return version == .http11 || headers.lists("keep-alive", in: "connection")
    }

    /// The port that the request is for; nil when it named none.
    package var authorityPort: UInt16? { authority.flatMap { Authority($0) }?.port }

    /// Whether the client waits for a go-ahead before it sends the body (RFC 9110, 10.1.1).
    package var expectsContinue: Bool {
        version == .http11 && headers.lists("100-continue", in: "expect")
    }

    /// The first value of a query parameter, decoded.
    ///
    /// - Parameter name: The parameter's decoded name.
    /// - Returns: The value, empty when it has no equals sign; nil when absent or not decodable to UTF-8.
    package func queryValue(_ name: String) -> String? {
        guard let query else { return nil }
        for pair in query.utf8.split(separator: ASCII.ampersand) {
            let halves = pair.split(separator: ASCII.equals, maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = halves.first, let key = PercentEncoding.decodedForm(key), key == Array(name.utf8) else {
                continue
            }
            guard halves.count == 2 else { return "" }
            return PercentEncoding.decodedForm(halves[1]).flatMap { String(validating: $0, as: UTF8.self) }
        }
        return nil
    }
}

extension HTTPRequest {
    /// All query parameters in order, decoded.
    ///
    /// - Returns: Names and values, the value empty without an equals sign; nil when one cannot be decoded to UTF-8.
    package func queryPairs() -> [(name: String, value: String)]? {
        guard let query else { return [] }
        var pairs: [(name: String, value: String)] = []
        for pair in query.utf8.split(separator: ASCII.ampersand) {
            let halves = pair.split(separator: ASCII.equals, maxSplits: 1, omittingEmptySubsequences: false)
            let texts = halves.compactMap { half in
                PercentEncoding.decodedForm(half).flatMap { String(validating: $0, as: UTF8.self) }
            }
            guard texts.count == halves.count, let name = texts.first else { return nil }
            pairs.append((name, texts.count == 2 ? texts[1] : ""))
        }
        return pairs
    }
}
