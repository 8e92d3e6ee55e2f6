// SPDX-License-Identifier: Apache-2.0
// The server's side of one TLS connection, between bytes as they travel and bytes as they are meant.

import COpenSSL

/// The server's side of one TLS connection; it does no I/O.
///
/// Bytes that arrived go in and those that were meant come out; bytes to send go in and those that travel come out. The
/// handshake happens by the way.
@safe package final class TLSSession {
    /// What came of bytes that arrived.
    package enum Input: Sendable, Equatable {
        /// What was meant; nothing when more has to come.
        case bytes([UInt8])
        /// What was meant last; the client sends nothing more.
        case end([UInt8])
        /// The client does not speak TLS, or not as it has to.
        case failed
    }

    /// The most bytes that are encrypted at once, so that a slow client has no more of them waiting.
    private static let recordBytes = 16 << 10

    private let session: OpaquePointer

    init(_ session: OpaquePointer) { unsafe self.session = session }

    deinit { unsafe SSL_free(session) }

    /// Takes bytes that arrived.
    /// - Parameter bytes: The bytes.
    /// - Returns: What was meant.
    package func received(_ bytes: [UInt8]) -> Input {
        if !bytes.isEmpty {
            let isFed = unsafe copenssl_feed(session, bytes, Int32(clamping: bytes.count))
            guard isFed != 0 else { return .failed }
        }
        var all: [UInt8] = []
        while true {
            var result: Int32 = 0
            let part = unsafe [UInt8](unsafeUninitializedCapacity: Self.recordBytes) { buffer, count in
                guard let address = buffer.baseAddress else { return }
                result = unsafe copenssl_read(session, address, Int32(buffer.count))
                count = Int(max(0, result))
            }
            all += part
            switch result {
            case 1...: continue
            case 0: return .bytes(all)
            case -1: return .end(all)
            default: return .failed
            }
        }
    }

    /// Encrypts bytes, a record at most.
    /// - Parameter bytes: The bytes, not empty.
    /// - Returns: How many of them; none during the handshake, nil when the connection has failed.
    package func seal(_ bytes: ArraySlice<UInt8>) -> Int? {
        let part = bytes.prefix(Self.recordBytes)
        let result = unsafe part.withUnsafeBytes { buffer -> Int32 in
            guard let address = buffer.baseAddress else { return 0 }
            return unsafe copenssl_write(session, address, Int32(buffer.count))
        }
        return result < 0 ? nil : Int(result)
    }

    /// Says that nothing more will be sent.
    package func finish() { unsafe copenssl_finish(session) }

    /// Takes the bytes that are to travel now.
    /// - Returns: The bytes; none when there is nothing to send.
    package func takeOutput() -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let part = unsafe [UInt8](unsafeUninitializedCapacity: Self.recordBytes) { buffer, count in
                guard let address = buffer.baseAddress else { return }
                count = Int(unsafe copenssl_take(session, address, Int32(buffer.count)))
            }
            if part.isEmpty { return all }
            all += part
        }
    }
}
