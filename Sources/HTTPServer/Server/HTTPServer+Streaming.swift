// SPDX-License-Identifier: Apache-2.0
// Sends bodies while they come to be.

import Logging
import SystemKit

extension HTTPServer {
    /// Writes the body of a response whose head was sent.
    ///
    /// - Returns: Whether it is complete.
    func write(_ stream: HTTPBodyStream, to connectionNumber: UInt64, _ number: UInt64) async -> Bool {
        let writer = HTTPBodyWriter { bytes in try await self.send(bytes, to: connectionNumber, number) }
        do {
            try await stream.write(writer)
            return true
        } catch is CancellationError {
            // The server stops, and what was sent until now is whole; or the client is gone, and nobody asks.
            return true
        } catch {
            logger.error("stream broke off", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// Takes the end of a body that was streamed.
    func streamEnded(
        _ isComplete: Bool,
        _ requestNumber: UInt64,
        of connectionNumber: UInt64,
        _ number: UInt64
    ) {
        guard let connection = connections[connectionNumber] else { return }
        handlers[requestNumber] = nil
        if connection.request == requestNumber { connection.request = nil }
        perform(connection.machine.streamEnded(number, isComplete: isComplete, at: now), on: connection)
    }

    /// Sends a piece of a body, and returns when the kernel has taken it.
    private func send(_ bytes: [UInt8], to connectionNumber: UInt64, _ number: UInt64) async throws {
        try Task.checkCancellation()
        guard let connection = connections[connectionNumber] else { throw CancellationError() }
        guard connection.machine.streamed(number, bytes, at: now) else { throw CancellationError() }
        perform(.none, on: connection)
        guard connections[connectionNumber] != nil else { throw CancellationError() }
        guard connection.hasOutput else { return }
        await withTaskCancellationHandler {
            await connection.waitToWrite()
        } onCancel: {
            reactor.perform { self.assumeIsolated { $0.connections[connectionNumber]?.wakeWriter() } }
        }
        try Task.checkCancellation()
    }
}
