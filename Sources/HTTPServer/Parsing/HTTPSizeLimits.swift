// SPDX-License-Identifier: Apache-2.0
// The sizes a request may have.

/// The sizes a request and its response may have; what is over a limit is refused, never stored.
package struct HTTPSizeLimits: Sendable, Equatable {
    /// The request line and header section together, in bytes; trailers have as much again.
    package var headBytes: Int
    /// The number of header fields.
    package var headerCount: Int
    /// The request target, in bytes.
    package var targetBytes: Int
    /// The decoded request body, in bytes.
    package var bodyBytes: Int
    /// The response body, in bytes; a larger one is answered as a fault of the server.
    package var responseBytes: Int

    /// Creates limits.
    ///
    /// - Parameters:
    ///   - headBytes: The request line and header section together, in bytes.
    ///   - headerCount: The number of header fields.
    ///   - targetBytes: The request target, in bytes.
    ///   - bodyBytes: The decoded request body, in bytes.
    ///   - responseBytes: The response body, in bytes.
    package init(
        headBytes: Int = 16 << 10,
        headerCount: Int = 100,
        targetBytes: Int = 8 << 10,
        bodyBytes: Int = 1 << 20,
        responseBytes: Int = 16 << 20
    ) {
        self.headBytes = headBytes
        self.headerCount = headerCount
        self.targetBytes = targetBytes
        self.bodyBytes = bodyBytes
        self.responseBytes = responseBytes
    }
}
