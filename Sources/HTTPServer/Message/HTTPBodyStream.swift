// SPDX-License-Identifier: Apache-2.0
// A body that is sent while it comes to be.

/// A body that is written piece by piece after the response's head was sent.
package struct HTTPBodyStream: Sendable, Equatable {
    /// Two streams are the same only when one is a copy of the other.
    private final class Identity: Sendable {}

    private let identity = Identity()
    let write: @Sendable (HTTPBodyWriter) async throws -> Void

    /// Creates a stream.
    ///
    /// - Parameter write: Writes the body; the body ends when it returns, and the connection breaks when it throws, so
    ///   that the client sees that something is missing. It is cancelled when the client is gone or the server stops.
    package init(_ write: @escaping @Sendable (HTTPBodyWriter) async throws -> Void) { self.write = write }

    /// Whether one is a copy of the other.
    package static func == (left: HTTPBodyStream, right: HTTPBodyStream) -> Bool { left.identity === right.identity }
}

/// Sends the pieces of a streamed body.
package struct HTTPBodyWriter: Sendable {
    private let send: @Sendable ([UInt8]) async throws -> Void

    init(send: @escaping @Sendable ([UInt8]) async throws -> Void) { self.send = send }

    /// Sends a piece.
    ///
    /// - Parameter bytes: The piece; an empty one is nothing.
    /// - Throws: `CancellationError` when the client is gone, or the server stops. It returns when the kernel has taken
    ///   all of the piece, so that a client that reads slowly holds up this stream and nothing else; one that takes
    ///   longer than the deadline for writing is cut off.
    package func write(_ bytes: [UInt8]) async throws {
        if !bytes.isEmpty { try await send(bytes) }
    }
}
