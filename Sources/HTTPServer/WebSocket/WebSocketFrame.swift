// SPDX-License-Identifier: Apache-2.0
// Frames of the WebSocket protocol (RFC 6455, 5.2).

/// What a frame is.
enum WebSocketOpcode: UInt8, Sendable {
    case continuation = 0
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10

    /// Whether it is about the connection and no part of a message.
    var isControl: Bool { rawValue >= 8 }
}

/// Why a connection is closed (RFC 6455, 7.4).
package struct WebSocketCloseCode: Sendable, Equatable {
    /// The number in the close frame.
    package let number: UInt16

    /// Names a reason.
    /// - Parameter number: The number in the close frame.
    package init(_ number: UInt16) { self.number = number }

    /// All was done.
    package static let normal = WebSocketCloseCode(1000)
    /// The server stops.
    package static let goingAway = WebSocketCloseCode(1001)
    /// The other side broke the protocol.
    package static let protocolError = WebSocketCloseCode(1002)
    /// Text that is not UTF-8.
    package static let invalidText = WebSocketCloseCode(1007)
    /// The other side does what is not allowed.
    package static let policyViolation = WebSocketCloseCode(1008)
    /// A message is over the limit.
    package static let tooBig = WebSocketCloseCode(1009)
    /// A fault of the server.
    package static let internalError = WebSocketCloseCode(1011)
    /// The server has too much to do, or the client is too slow; it may try again.
    package static let tryAgainLater = WebSocketCloseCode(1013)

    /// Whether a frame may say so; some numbers stand for what no frame says, others for nothing yet.
    var isLegal: Bool {
        switch number {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}

/// A whole message.
package enum WebSocketMessage: Sendable, Equatable {
    /// UTF-8.
    case text([UInt8])
    /// Any bytes.
    case binary([UInt8])

    /// The message as one frame of a server.
    package var frame: [UInt8] {
        switch self {
        case .text(let bytes): WebSocketFrame.bytes(.text, bytes)
        case .binary(let bytes): WebSocketFrame.bytes(.binary, bytes)
        }
    }
}

/// Writes frames as a server sends them: whole and without a mask.
enum WebSocketFrame {
    /// The most bytes that a control frame has.
    static let controlBytes = 125

    /// Writes a frame.
    /// - Parameters:
    ///   - opcode: What it is.
    ///   - payload: What it says; at most 125 bytes in a control frame.
    /// - Returns: The frame.
    static func bytes(_ opcode: WebSocketOpcode, _ payload: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = []
        frame.reserveCapacity(payload.count + 10)
        frame.append(0x80 | opcode.rawValue)
        switch payload.count {
        case ...125: frame.append(UInt8(payload.count))
        case ...0xFFFF:
            frame.append(126)
            frame.append(UInt8(payload.count >> 8))
            frame.append(UInt8(payload.count & 0xFF))
        default:
            frame.append(127)
            for shift in stride(from: 56, through: 0, by: -8) {
                frame.append(UInt8(truncatingIfNeeded: payload.count >> shift))
            }
        }
        frame += payload
        return frame
    }

    /// Writes a close frame.
    /// - Parameters:
    ///   - code: Why; nil says nothing.
    ///   - reason: The same for people; what does not fit is cut off between characters.
    /// - Returns: The frame.
    static func close(_ code: WebSocketCloseCode?, _ reason: String = "") -> [UInt8] {
        guard let code else { return bytes(.close, []) }
        var payload = [UInt8(code.number >> 8), UInt8(code.number & 0xFF)]
        for scalar in reason.unicodeScalars {
            let encoded = UTF8.encode(scalar).map(Array.init) ?? []
            guard payload.count + encoded.count <= controlBytes else { break }
            payload += encoded
        }
        return bytes(.close, payload)
    }
}
