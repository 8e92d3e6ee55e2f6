// SPDX-License-Identifier: Apache-2.0
// Frames of a WebSocket, written as a client does and read as it gets them; wrong ones can be written too.

/// A frame that a client sends.
package struct ClientFrame: Sendable, Equatable {
    /// The mask of all frames; no secret is needed here.
    private static let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

    /// The first byte's upper half but for the final bit: the reserved bits.
    package var reserved: UInt8 = 0
    /// The number that says what it is.
    package var opcode: UInt8
    /// Whether the message ends with it.
    package var isFinal = true
    /// Whether the payload is masked, as a client's has to be.
    package var isMasked = true
    /// The length that is told; nil: the payload's.
    package var length: UInt64?
    /// In how many bytes the length is told, 0, 2 or 8; nil: as few as it needs.
    package var width: Int?
    /// The payload.
    package var payload: [UInt8]

    /// A whole frame.
    ///
    /// - Parameters:
    ///   - opcode: What it is: 1 text, 2 binary, 8 close, 9 ping, 10 pong, 0 continuation.
    ///   - payload: The payload.
    package init(_ opcode: UInt8, _ payload: [UInt8] = []) {
        self.opcode = opcode
        self.payload = payload
    }

    /// A text.
    ///
    /// - Parameter text: The text.
    /// - Returns: The frame.
    package static func text(_ text: String) -> ClientFrame { ClientFrame(1, Array(text.utf8)) }

    /// A close frame.
    ///
    /// - Parameters:
    ///   - code: The code.
    ///   - reason: The reason.
    /// - Returns: The frame.
    package static func close(_ code: UInt16, _ reason: String = "") -> ClientFrame {
        ClientFrame(8, [UInt8(code >> 8), UInt8(code & 0xFF)] + Array(reason.utf8))
    }

    /// The frame as one that another one follows.
    package var open: ClientFrame {
        var frame = self
        frame.isFinal = false
        return frame
    }

    /// The bytes to send.
    package var bytes: [UInt8] {
        let length = length ?? UInt64(payload.count)
        let width = width ?? (length < 126 ? 0 : length < 1 << 16 ? 2 : 8)
        let short = width == 0 ? UInt8(truncatingIfNeeded: length) : width == 2 ? 126 : 127
        var bytes = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode, (isMasked ? 0x80 : 0) | short]
        for place in (0..<width).reversed() { bytes.append(UInt8(truncatingIfNeeded: length >> (8 * UInt64(place)))) }
        guard isMasked else { return bytes + payload }
        return bytes + Self.mask + payload.enumerated().map { $1 ^ Self.mask[$0 % 4] }
    }
}

/// A frame that a server has sent.
package struct ServerFrame: Sendable, Equatable {
    /// What it is.
    package let opcode: UInt8
    /// The payload.
    package let payload: [UInt8]

    /// A frame.
    ///
    /// - Parameters:
    ///   - opcode: What it is.
    ///   - payload: The payload.
    package init(_ opcode: UInt8, _ payload: [UInt8]) {
        self.opcode = opcode
        self.payload = payload
    }

    /// The payload as text.
    package var text: String { String(decoding: payload, as: UTF8.self) }

    /// The code of a close frame; nil without one.
    package var closeCode: UInt16? {
        opcode == 8 && payload.count >= 2 ? UInt16(payload[0]) << 8 | UInt16(payload[1]) : nil
    }

    /// Takes the first frame out of what has come.
    ///
    /// - Parameter bytes: What has come; the frame is gone from it.
    /// - Returns: Nil when it is not whole yet.
    package static func take(from bytes: inout [UInt8]) -> ServerFrame? {
        guard bytes.count >= 2 else { return nil }
        let short = Int(bytes[1] & 0x7F)
        let width = short == 126 ? 2 : short == 127 ? 8 : 0
        guard bytes.count >= 2 + width else { return nil }
        let length = width == 0 ? short : bytes[2..<(2 + width)].reduce(0) { $0 << 8 | Int($1) }
        guard bytes.count >= 2 + width + length else { return nil }
        defer { bytes.removeFirst(2 + width + length) }
        return ServerFrame(bytes[0] & 0x0F, Array(bytes[(2 + width)..<(2 + width + length)]))
    }
}
