// SPDX-License-Identifier: Apache-2.0
// One WebSocket as a pure value: what happened goes in, what to do comes out.

/// The state machine of a connection that has become a WebSocket.
///
/// The owner drives it as it does an `HTTPConnection`. One message at a time is taken from the client, and nothing is
/// read while a message waits to be handled or an answer to be sent, so that a client that floods holds up itself alone.
package struct WebSocketConnection: Sendable {
    private enum State: Sendable, Equatable {
        case open
        /// A close frame was sent; the client's is waited for.
        case closing
        /// Nothing more is read or written, as soon as the output is gone.
        case ending
        /// All was sent; the client closes its side.
        case lingering
        case closed
    }

    /// The most input that is read while output waits, in bytes of output.
    private static let outputBytes = 64 << 10

    private let limits: WebSocketLimits
    private var parser: WebSocketParser
    private var state = State.open
    private var message: WebSocketMessage?
    private var outgoing: [UInt8]
    private var sentCount = 0
    /// When the next ping is due, or the answer to the last one.
    private var heartbeat: ContinuousClock.Instant
    private var pings: UInt64 = 0
    private var isAnswerDue = false
    private var controlFrames = 0
    /// When the client has to have taken the output, or answered the close frame.
    private var limit: ContinuousClock.Instant?

    /// Whether the client has taken nothing for too long; it is told so by the close frame that follows.
    package private(set) var isLagging = false

    /// A connection that was just upgraded.
    /// - Parameters:
    ///   - limits: How much it takes, and for how long.
    ///   - head: The response that upgrades it, to be sent.
    ///   - now: The present moment.
    package init(limits: WebSocketLimits, head: [UInt8], at now: ContinuousClock.Instant) {
        self.limits = limits
        parser = WebSocketParser(limits: limits)
        outgoing = head
        heartbeat = now + limits.pinging
        limit = head.isEmpty ? nil : now + limits.writing
    }

    /// The bytes to send now; tell how many went by `sent`.
    package var output: ArraySlice<UInt8> { outgoing[sentCount...] }

    /// Whether reading makes sense now; otherwise the client has to wait.
    package var wantsInput: Bool {
        switch state {
        case .open: message == nil && output.count < Self.outputBytes
        case .closing, .lingering: true
        case .ending, .closed: false
        }
    }

    /// Whether messages go both ways.
    package var isOpen: Bool { state == .open && !isLagging }

    /// Whether a message waits to be taken.
    var hasMessage: Bool { message != nil }

    /// Whether one side has said that it is over.
    package var hasEnded: Bool { state != .open }

    /// When to call `deadlinePassed`.
    package var deadline: ContinuousClock.Instant {
        guard state == .open, !isLagging else { return limit ?? heartbeat }
        return min(limit ?? heartbeat, heartbeat)
    }
}

// MARK: - What the client does

extension WebSocketConnection {
    /// Bytes arrived.
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - now: The present moment.
    /// - Returns: What to do.
    package mutating func received(_ bytes: [UInt8], at now: ContinuousClock.Instant) -> HTTPConnection.Action {
        guard state == .open || state == .closing else { return .none }
        parser.append(bytes)
        return read(at: now)
    }

    /// Takes a message.
    /// - Parameter now: The present moment.
    /// - Returns: The message, nil when none has come; and what to do.
    package mutating func takeMessage(
        at now: ContinuousClock.Instant
    ) -> (message: WebSocketMessage?, action: HTTPConnection.Action) {
        let taken = message
        message = nil
        return (taken, state == .open ? read(at: now) : .none)
    }

    /// The client will send nothing more.
    /// - Returns: What to do.
    package mutating func inputEnded() -> HTTPConnection.Action { close() }

    private mutating func read(at now: ContinuousClock.Instant) -> HTTPConnection.Action {
        do {
            while state == .closing || wantsInput, let input = try parser.next() {
                switch input {
                case .message(let whole):
                    if state == .open { message = whole }
                case .ping(let payload):
                    try count()
                    if state == .open { append(WebSocketFrame.bytes(.pong, payload), at: now) }
                case .pong(let payload):
                    try count()
                    if isAnswerDue, payload == pingPayload {
                        isAnswerDue = false
                        heartbeat = now + limits.pinging
                    }
                case .close(let code): return answerClose(code, at: now)
                }
            }
        } catch {
            if state == .open { append(WebSocketFrame.close(error.code, error.reason), at: now) }
            return end(at: now)
        }
        return .none
    }

    private mutating func count() throws(WebSocketFailure) {
        controlFrames += 1
        guard controlFrames <= limits.controlFrames else {
            throw WebSocketFailure(.policyViolation, "too many pings")
        }
    }

    private mutating func answerClose(
        _ code: WebSocketCloseCode?,
        at now: ContinuousClock.Instant
    ) -> HTTPConnection.Action {
        if state == .open { append(WebSocketFrame.close(code), at: now) }
        return end(at: now)
    }
}

// MARK: - What the server does

extension WebSocketConnection {
    /// Sends frames.
    /// - Parameters:
    ///   - frames: The frames, whole.
    ///   - now: The present moment.
    /// - Returns: Whether they go to the client; false when the connection ends.
    package mutating func send(_ frames: [UInt8], at now: ContinuousClock.Instant) -> Bool {
        guard isOpen else { return false }
        append(frames, at: now)
        return true
    }

    /// Ends the connection: the client is told, and answers.
    /// - Parameters:
    ///   - code: Why.
    ///   - reason: The same for people.
    ///   - now: The present moment.
    package mutating func close(_ code: WebSocketCloseCode, _ reason: String, at now: ContinuousClock.Instant) {
        guard state == .open else { return }
        outgoing += WebSocketFrame.close(code, reason)
        state = .closing
        limit = now + limits.closing
    }

    /// The server stops.
    /// - Parameter now: The present moment.
    /// - Returns: What to do.
    package mutating func shutDown(at now: ContinuousClock.Instant) -> HTTPConnection.Action {
        close(.goingAway, "the server stops", at: now)
        return .cancelHandler
    }

    /// Output was taken by the socket.
    /// - Parameters:
    ///   - count: How many bytes of `output`.
    ///   - now: The present moment.
    /// - Returns: What to do.
    package mutating func sent(_ count: Int, at now: ContinuousClock.Instant) -> HTTPConnection.Action {
        sentCount += min(max(count, 0), outgoing.count - sentCount)
        guard sentCount == outgoing.count else { return .none }
        outgoing = []
        sentCount = 0
        switch state {
        case .open:
            if !isLagging { limit = nil }
            return read(at: now)
        case .ending: return linger(at: now)
        case .closing, .lingering, .closed: return .none
        }
    }

    /// The deadline passed.
    /// - Parameter now: The present moment.
    /// - Returns: What to do.
    package mutating func deadlinePassed(at now: ContinuousClock.Instant) -> HTTPConnection.Action {
        guard now >= deadline else { return .none }
        guard state == .open else { return close() }
        if let limit, now >= limit {
            guard !isLagging else { return close() }
            // Whoever sends says how far the client has come; if nobody does, that was all.
            isLagging = true
            self.limit = now + limits.closing
            return .none
        }
        guard !isAnswerDue else {
            // An answer behind a message that nobody has taken yet cannot be seen.
            guard message != nil else { return close() }
            heartbeat = now + limits.answering
            return .none
        }
        pings += 1
        isAnswerDue = true
        controlFrames = 0
        append(WebSocketFrame.bytes(.ping, pingPayload), at: now)
        heartbeat = now + limits.answering
        return .none
    }
}

// MARK: - Steps

extension WebSocketConnection {
    private var pingPayload: [UInt8] { Array("\(pings)".utf8) }

    private mutating func append(_ bytes: [UInt8], at now: ContinuousClock.Instant) {
        if output.isEmpty { limit = now + limits.writing }
        outgoing += bytes
    }

    /// Both sides have said that it is over, or nothing that the client says can be understood.
    private mutating func end(at now: ContinuousClock.Instant) -> HTTPConnection.Action {
        state = .ending
        limit = now + limits.closing
        return output.isEmpty ? linger(at: now) : .cancelHandler
    }

    private mutating func linger(at now: ContinuousClock.Instant) -> HTTPConnection.Action {
        state = .lingering
        limit = now + limits.closing
        return .finishWriting
    }

    private mutating func close() -> HTTPConnection.Action {
        state = .closed
        outgoing = []
        sentCount = 0
        return .close
    }
}
