// SPDX-License-Identifier: Apache-2.0
// What a handler knows beside the request.

package import Logging

/// What a handler knows beside the request.
package struct RequestContext: Sendable {
    /// The number of the request on this server, for log lines.
    package let requestNumber: UInt64
    /// The logger for this request.
    package var logger: Logger
    /// The values of the path's parameters.
    package var parameters: PathParameters

    /// Creates a context.
    ///
    /// - Parameters:
    ///   - requestNumber: The number of the request on this server.
    ///   - logger: The logger for this request.
    ///   - parameters: The values of the path's parameters.
    package init(requestNumber: UInt64, logger: Logger, parameters: PathParameters = PathParameters()) {
        self.requestNumber = requestNumber
        self.logger = logger
        self.parameters = parameters
    }
}

/// The values that a path's parameters took.
package struct PathParameters: Sendable, Equatable {
    private var values: [String: String]

    /// Creates parameters.
    ///
    /// - Parameter values: The decoded values by name.
    package init(_ values: [String: String] = [:]) { self.values = values }

    /// The decoded value of a parameter; one path component without slashes or control characters.
    ///
    /// - Parameter name: The name between the braces of the route.
    package subscript(name: String) -> String? { values[name] }

    /// The decoded value of a parameter that the route has.
    ///
    /// - Parameter name: The name between the braces of the route.
    /// - Returns: The value.
    /// - Throws: 404 when the route has no such parameter.
    package func require(_ name: String) throws(HTTPError) -> String {
        guard let value = values[name] else { throw .notFound }
        return value
    }
}
