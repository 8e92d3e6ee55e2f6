// SPDX-License-Identifier: Apache-2.0
// Takes the frames of a client apart, however they arrive.

/// Why a connection fails, with the code that the client is told.
package struct WebSocketFailure: Error, Sendable, Equatable {
    /// The code of the close frame.
    package let code: WebSocketCloseCode
    /// The same for people.
    package let reason: String

    /// Names a failure.
    /// - Parameters:
    ///   - code: The code of the close frame.
    ///   - reason: The same for people.
    package init(_ code: WebSocketCloseCode, _ reason: String) {
        self.code = code
        self.reason = reason
    }
}

/// An incremental parser of a client's frames: bytes in, whole messages out.
///
/// It keeps one read's worth of bytes and one message, which is refused by the length that a frame announces. Text is
/// checked while it comes.
package struct WebSocketParser: Sendable {
    /// What a client has sent.
    package enum Input: Sendable, Equatable {
        /// A whole message.
        case message(WebSocketMessage)
        /// A ping, to be answered.
        case ping([UInt8])
        /// An answer to a ping.
        case pong([UInt8])
        /// The end, and why; nil when the client did not say.
        case close(WebSocketCloseCode?)
    }

    /// A frame whose header has come.
    private struct Frame {
        let opcode: WebSocketOpcode
        let isFinal: Bool
        let mask: [UInt8]
        /// How many bytes of the payload have come, and how many it has.
        var count = 0
        let length: Int
    }

    private let limits: WebSocketLimits
    private var buffer: [UInt8] = []
    private var start = 0
    private var frame: Frame?
    private var control: [UInt8] = []
    /// The message under way: what it is, its bytes, and how many frames it has had.
    private var kind: WebSocketOpcode?
    private var message: [UInt8] = []
    private var fragments = 0
    private var text = UTF8Check()

    /// Creates a parser.
    /// - Parameter limits: The sizes of a message.
    package init(limits: WebSocketLimits = WebSocketLimits()) { self.limits = limits }

    /// How many bytes have come that are not taken apart yet.
    var bufferedBytes: Int { buffer.count - start }

    /// Takes bytes that have arrived.
    /// - Parameter bytes: The bytes.
    package mutating func append(_ bytes: [UInt8]) {
        if start == buffer.count {
            buffer = bytes
        } else {
            buffer.removeFirst(start)
            buffer += bytes
        }
        start = 0
    }

    /// The next thing that the client has sent whole.
    /// - Returns: Nil when more has to come.
    /// - Throws: ``WebSocketFailure``; nothing that follows can be understood.
    package mutating func next() throws(WebSocketFailure) -> Input? {
        while true {
            if frame == nil {
                guard let header = try readHeader() else { return nil }
                frame = header
            }
            try takePayload()
            guard let current = frame, current.count == current.length else { return nil }
            frame = nil
            if let input = try end(of: current) { return input }
        }
    }
}

// MARK: - Headers

extension WebSocketParser {
    private mutating func readHeader() throws(WebSocketFailure) -> Frame? {
        let bytes = buffer[start...]
        guard bytes.count >= 2 else { return nil }
        let (first, second) = (bytes[start], bytes[start + 1])
        guard first & 0x70 == 0 else { throw .protocolError("a reserved bit is set") }
        guard let opcode = WebSocketOpcode(rawValue: first & 0x0F) else { throw .protocolError("an unknown opcode") }
        guard second & 0x80 != 0 else { throw .protocolError("a frame without a mask") }
        let (isFinal, short) = (first & 0x80 != 0, Int(second & 0x7F))
        try check(opcode, isFinal: isFinal, length: short)
        let width = short == 126 ? 2 : short == 127 ? 8 : 0
        guard bytes.count >= 2 + width + 4 else { return nil }
        let length = try width == 0 ? UInt64(short) : long(bytes[(start + 2)..<(start + 2 + width)])
        guard opcode.isControl || length <= UInt64(max(0, limits.messageBytes - message.count)) else {
            throw WebSocketFailure(.tooBig, "a message is larger than \(limits.messageBytes) bytes")
        }
        let mask = Array(bytes[(start + 2 + width)..<(start + 6 + width)])
        start += 6 + width
        return Frame(opcode: opcode, isFinal: isFinal, mask: mask, length: Int(length))
    }

    private mutating func check(
        _ opcode: WebSocketOpcode,
        isFinal: Bool,
        length: Int
    ) throws(WebSocketFailure) {
        switch opcode {
        case .close, .ping, .pong:
            guard isFinal else { throw .protocolError("a control frame in fragments") }
            guard length <= WebSocketFrame.controlBytes else { throw .protocolError("a control frame is too long") }
        case .continuation:
            guard kind != nil else { throw .protocolError("a continuation of nothing") }
        case .text, .binary:
            guard kind == nil else { throw .protocolError("a message within a message") }
        }
    }

    /// A length of two or eight bytes, which has to need so many.
    private func long(_ bytes: ArraySlice<UInt8>) throws(WebSocketFailure) -> UInt64 {
        let length = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length >> 63 == 0 else { throw .protocolError("a length with its highest bit set") }
        guard length > (bytes.count == 2 ? 125 : 0xFFFF) else { throw .protocolError("a length in too many bytes") }
        return length
    }
}

// MARK: - Payloads

extension WebSocketParser {
    /// Takes what has come of the payload, without its mask.
    private mutating func takePayload() throws(WebSocketFailure) {
        guard var current = frame else { return }
        let count = min(current.length - current.count, buffer.count - start)
        guard count > 0 else { return }
        var (phase, mask) = (current.count & 3, current.mask)
        if phase > 0 { mask = Array(mask[phase...] + mask[..<phase]) }
        phase = 0
        for index in start..<(start + count) {
            buffer[index] ^= mask[phase]
            phase = (phase + 1) & 3
        }
        let part = buffer[start..<(start + count)]
        if current.opcode.isControl {
            control += part
        } else {
            message += part
            if (kind ?? current.opcode) == .text, !text.accept(part) { throw .notText }
        }
        current.count += count
        start += count
        frame = current
    }

    private mutating func end(of frame: Frame) throws(WebSocketFailure) -> Input? {
        guard !frame.opcode.isControl else {
            defer { control = [] }
            switch frame.opcode {
            case .ping: return .ping(control)
            case .pong: return .pong(control)
            default: return try .close(closeCode())
            }
        }
        kind = kind ?? frame.opcode
        fragments += 1
        guard frame.isFinal else {
            guard fragments < limits.fragments else {
                throw WebSocketFailure(.tooBig, "a message has more than \(limits.fragments) fragments")
            }
            return nil
        }
        guard text.isComplete else { throw .notText }
        defer { (kind, message, fragments) = (nil, [], 0) }
        return .message(kind == .text ? .text(message) : .binary(message))
    }

    private func closeCode() throws(WebSocketFailure) -> WebSocketCloseCode? {
        guard !control.isEmpty else { return nil }
        guard control.count >= 2 else { throw .protocolError("half a close code") }
        let code = WebSocketCloseCode(UInt16(control[0]) << 8 | UInt16(control[1]))
        guard code.isLegal else { throw .protocolError("a close code that no frame may have") }
        var reason = UTF8Check()
        guard reason.accept(control[2...]), reason.isComplete else { throw .notText }
        return code
    }
}

extension WebSocketFailure {
    fileprivate static func protocolError(_ reason: String) -> WebSocketFailure {
        WebSocketFailure(.protocolError, reason)
    }

    fileprivate static let notText = WebSocketFailure(.invalidText, "text that is not UTF-8")
}
