// SPDX-License-Identifier: Apache-2.0
// The request method: a case-sensitive token.

/// A request method.
package struct HTTPMethod: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
    /// The token on the request line.
    package let rawValue: String

    /// Creates a method from its token.
    ///
    /// - Parameter rawValue: The token; methods are case-sensitive.
    package init(rawValue: String) { self.rawValue = rawValue }

    /// Creates a method from a literal.
    ///
    /// - Parameter value: The token.
    package init(stringLiteral value: String) { rawValue = value }

    /// Reads a resource.
    package static let get: HTTPMethod = "GET"
    /// Reads a resource's header fields alone.
    package static let head: HTTPMethod = "HEAD"
    /// Lets a resource process the body.
    package static let post: HTTPMethod = "POST"
    /// Creates or replaces a resource.
    package static let put: HTTPMethod = "PUT"
    /// Changes a part of a resource.
    package static let patch: HTTPMethod = "PATCH"
    /// Removes a resource.
    package static let delete: HTTPMethod = "DELETE"
    /// Asks what a resource allows.
    package static let options: HTTPMethod = "OPTIONS"
    /// Asks for a tunnel, which this server never gives.
    package static let connect: HTTPMethod = "CONNECT"
}
