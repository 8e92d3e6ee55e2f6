// SPDX-License-Identifier: Apache-2.0
// One connection as a pure value: what happened goes in, what to do comes out.

/// The state machine of one connection.
///
/// The owner tells it what happened and performs the returned action; it then sends `output`, listens for input while
/// `wantsInput`, and calls back at `deadline`. One request is handled at a time and its response is sent whole before
/// the next begins, so answers keep the order of the requests, and a client that sends without reading holds one
/// response and one read of input in memory, never more.
package struct HTTPConnection: Sendable {
    /// What the owner has to do, beside sending output and keeping the deadline.
    package enum Action: Sendable, Equatable {
        /// Nothing.
        case none
        /// Have the request answered and report it under the number.
        case handle(HTTPRequest, number: UInt64)
        /// Cancel the handler; its answer is not wanted any more.
        case cancelHandler
        /// Close the sending side and go on reading.
        case finishWriting
        /// Close the socket; nothing more happens.
        case close
    }

    private enum State: Sendable, Equatable {
        case reading
        case handling(number: UInt64, framing: ResponseSerializer.Framing)
        case streaming(number: UInt64, framing: ResponseSerializer.Framing)
        case writing(closes: Bool)
        case lingering(discarded: Int)
        case closed
    }

    /// The most input that is thrown away after the last response, in bytes.
    private static let lingeringBytes = 1 << 20
    /// How far away the deadline of a stream is that has nothing to send.
    private static let quiet = Duration.seconds(3600)

    private let sizes: HTTPSizeLimits
    private let deadlines: HTTPDeadlines
    private let hosts: HostAllowList
    private var parser: RequestParser
    private var state = State.reading
    private var requests: UInt64 = 0
    /// Whether a deadline for the head being read is set.
    private var isHeadTimed = true
    private var isShuttingDown = false
    /// Whether something arrived while a body was being streamed; it waits for the end of the stream.
    private var hasEarlyInput = false
    /// Since when the client has been given time for a head; the longest waiting one may be let go for a newcomer.
    private var waitingFrom: ContinuousClock.Instant
    /// The bytes to send, of which the first `sentCount` are gone.
    private var outgoing: [UInt8] = []
    private var sentCount = 0

    /// When to call `deadlinePassed`.
    package private(set) var deadline: ContinuousClock.Instant

    /// Creates a connection that was just accepted.
    ///
    /// - Parameters:
    ///   - configuration: The limits, deadlines and hosts of the server.
    ///   - now: The present moment.
    package init(configuration: HTTPServerConfiguration, at now: HTTPMoment) {
        sizes = configuration.sizes
        deadlines = configuration.deadlines
        hosts = configuration.hosts
        parser = RequestParser(limits: configuration.sizes)
        waitingFrom = now.instant
        deadline = now.instant + configuration.deadlines.head
    }

    /// The bytes to send now; tell how many went by `sent`.
    package var output: ArraySlice<UInt8> { outgoing[sentCount...] }

    /// Whether reading makes sense now; otherwise the client has to wait.
    package var wantsInput: Bool {
        switch state {
        case .reading: outgoing.isEmpty
        case .lingering: true
        // So that the end of a client that only listens is noticed.
        case .streaming: !hasEarlyInput
        case .handling, .writing, .closed: false
        }
    }

    /// Since when the connection has been waiting for a head; nil while it works on a request.
    package var waitingSince: ContinuousClock.Instant? {
        guard state == .reading, parser.phase != .body else { return nil }
        return waitingFrom
    }
}

// MARK: - Events

extension HTTPConnection {
    /// Bytes arrived.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - now: The present moment.
    /// - Returns: What to do.
    package mutating func received(_ bytes: [UInt8], at now: HTTPMoment) -> Action {
        switch state {
        case .reading:
            parser.append(bytes)
            return readRequest(at: now)
        case .lingering(let discarded):
            guard discarded + bytes.count <= Self.lingeringBytes else { return close() }
            state = .lingering(discarded: discarded + bytes.count)
            return .none
        case .streaming:
            hasEarlyInput = hasEarlyInput || !bytes.isEmpty
            parser.append(bytes)
            return .none
        case .handling, .writing:
            parser.append(bytes)
            return .none
        case .closed: return .none
        }
    }

    /// The client will send nothing more.
    ///
    /// A client that closed its side still gets the response to its last whole request, unless that is streamed: there
    /// it cannot be told from one that is gone.
    /// - Returns: What to do.
    package mutating func inputEnded() -> Action {
        switch state {
        case .reading, .lingering, .streaming: close()
        case .handling, .writing, .closed: .none
        }
    }

    /// A request was answered with the upgrade to a WebSocket, which has the connection from now on.
    ///
    /// - Parameters:
    ///   - number: The number that came with the request.
    ///   - response: The answer.
    ///   - now: The present moment.
    /// - Returns: The bytes of the answer, and what the client has sent behind its request; nil when the request was
    ///   given up or the server stops.
    package mutating func upgraded(
        _ number: UInt64,
        _ response: HTTPResponse,
        at now: HTTPMoment
    ) -> (head: [UInt8], input: [UInt8])? {
        guard case .handling(number, let framing) = state, !isShuttingDown else { return nil }
        state = .closed
        let head = ResponseSerializer.bytes(for: response, framing: framing, unixSeconds: now.unixSeconds)
        return (head, parser.takeBufferedBytes())
    }

    /// A request was answered.
    ///
    /// - Parameters:
    ///   - number: The number that came with the request; late answers to a request that was given up are dropped.
    ///   - response: The answer.
    ///   - now: The present moment.
    /// - Returns: Whether a streamed body is to follow by ``streamed(_:_:at:)``.
    @discardableResult
    package mutating func answered(_ number: UInt64, _ response: HTTPResponse, at now: HTTPMoment) -> Bool {
        guard case .handling(number, var framing) = state else { return false }
        framing.closes = framing.closes || isShuttingDown || response.headers.lists("close", in: "connection")
        if response.stream != nil, !framing.isHead, response.status.allowsContent {
            // Only the end of the connection tells an older client where the body ends.
            framing.closes = framing.closes || framing.version == .http10
            write(response, framing: framing, at: now)
            state = .streaming(number: number, framing: framing)
            return true
        }
        let isOversized = response.body.count > sizes.responseBytes
        write(isOversized ? HTTPError.internalError.response : response, framing: framing, at: now)
        return false
    }

    /// A piece of a streamed body came to be.
    ///
    /// - Parameters:
    ///   - number: The number that came with the request.
    ///   - bytes: The piece, not empty.
    ///   - now: The present moment.
    /// - Returns: Whether it goes to the client; false when the request was given up.
    package mutating func streamed(_ number: UInt64, _ bytes: [UInt8], at now: HTTPMoment) -> Bool {
        guard case .streaming(number, let framing) = state, !bytes.isEmpty else { return false }
        if output.isEmpty { deadline = now.instant + deadlines.writing }
        outgoing += framing.version == .http11 ? ResponseSerializer.chunk(bytes) : bytes
        return true
    }

    /// A streamed body is complete, or broke off.
    ///
    /// - Parameters:
    ///   - number: The number that came with the request.
    ///   - isComplete: Whether it is complete; else the connection closes, which tells the client that it is not.
    ///   - now: The present moment.
    /// - Returns: What to do.
    package mutating func streamEnded(_ number: UInt64, isComplete: Bool, at now: HTTPMoment) -> Action {
        guard case .streaming(number, let framing) = state else { return .none }
        guard isComplete else { return close() }
        if framing.version == .http11 { outgoing += ResponseSerializer.chunk([]) }
        state = .writing(closes: framing.closes)
        deadline = now.instant + deadlines.writing
        hasEarlyInput = false
        // Nothing is left to send when the connection's end is the body's.
        return output.isEmpty ? finishWriting(closes: framing.closes, at: now) : .none
    }

    /// Output was taken by the socket.
    ///
    /// - Parameters:
    ///   - count: How many bytes of `output`.
    ///   - now: The present moment.
    /// - Returns: What to do.
    package mutating func sent(_ count: Int, at now: HTTPMoment) -> Action {
        sentCount += min(max(count, 0), outgoing.count - sentCount)
        guard sentCount == outgoing.count, !outgoing.isEmpty else { return .none }
        outgoing = []
        sentCount = 0
        if case .streaming = state { deadline = now.instant + Self.quiet }
        guard case .writing(let closes) = state else { return .none }
        return finishWriting(closes: closes, at: now)
    }

    /// All of a response is sent.
    private mutating func finishWriting(closes: Bool, at now: HTTPMoment) -> Action {
        guard !closes, !isShuttingDown || parser.phase != .idle else {
            state = .lingering(discarded: 0)
            deadline = now.instant + deadlines.lingering
            return .finishWriting
        }
        state = .reading
        isHeadTimed = false
        waitingFrom = now.instant
        deadline = now.instant + deadlines.idle
        return readRequest(at: now)
    }

    /// The deadline passed.
    ///
    /// - Parameter now: The present moment.
    /// - Returns: What to do.
    package mutating func deadlinePassed(at now: HTTPMoment) -> Action {
        guard now.instant >= deadline else { return .none }
        switch state {
        case .reading:
            // A client that does not even take an interim response gets nothing else either.
            guard parser.phase != .idle, outgoing.isEmpty else { return close() }
            return refuse(.requestTimeout, at: now)
        case .handling(_, var framing):
            framing.closes = true
            write(HTTPError.handlerTimeout.response, framing: framing, at: now)
            return .cancelHandler
        case .streaming where output.isEmpty:
            deadline = now.instant + Self.quiet
            return .none
        case .streaming, .writing, .lingering: return close()
        case .closed: return .none
        }
    }

    /// The server stops: a request under way is still answered, then the connection closes; a stream is cancelled.
    ///
    /// - Returns: What to do.
    package mutating func shutDown() -> Action {
        isShuttingDown = true
        if case .streaming(let number, var framing) = state {
            framing.closes = true
            state = .streaming(number: number, framing: framing)
            return .cancelHandler
        }
        guard state == .reading, parser.phase == .idle else { return .none }
        return close()
    }
}

// MARK: - Steps

extension HTTPConnection {
    /// Takes what has arrived as far as the next whole request.
    private mutating func readRequest(at now: HTTPMoment) -> Action {
        do {
            while true {
                switch try parser.next() {
                case .needsMore:
                    return waitForInput(at: now)
                case .head(let request):
                    try hosts.check(request)
                    deadline = now.instant + deadlines.body
                    if request.expectsContinue, parser.bufferedBytes == 0 {
                        outgoing += ResponseSerializer.continueResponse
                    }
                case .request(let request):
                    try hosts.check(request)
                    return start(request, at: now)
                }
            }
        } catch {
            return refuse(error, at: now)
        }
    }

    private mutating func waitForInput(at now: HTTPMoment) -> Action {
        switch parser.phase {
        case .head where !isHeadTimed:
            isHeadTimed = true
            deadline = now.instant + deadlines.head
        case .idle where isShuttingDown: return close()
        case .idle, .head, .body: break
        }
        return .none
    }

    private mutating func start(_ request: HTTPRequest, at now: HTTPMoment) -> Action {
        requests += 1
        let framing = ResponseSerializer.Framing(
            isHead: request.method == .head,
            closes: !request.allowsKeepAlive,
            version: request.version
        )
        state = .handling(number: requests, framing: framing)
        deadline = now.instant + deadlines.handling
        return .handle(request, number: requests)
    }

    /// Answers with an error and gives the connection up: what follows on it cannot be told apart any more.
    private mutating func refuse(_ error: HTTPError, at now: HTTPMoment) -> Action {
        write(error.response, framing: ResponseSerializer.Framing(closes: true), at: now)
        return .none
    }

    private mutating func write(_ response: HTTPResponse, framing: ResponseSerializer.Framing, at now: HTTPMoment) {
        outgoing += ResponseSerializer.bytes(for: response, framing: framing, unixSeconds: now.unixSeconds)
        state = .writing(closes: framing.closes)
        deadline = now.instant + deadlines.writing
    }

    private mutating func close() -> Action {
        state = .closed
        outgoing = []
        sentCount = 0
        return .close
    }
}

extension HTTPError {
    /// The refusal of a request that did not arrive in time.
    static let requestTimeout = HTTPError(
        .requestTimeout,
        code: "request_timeout",
        "the request did not arrive in time"
    )
    /// The answer in place of a handler that took too long.
    static let handlerTimeout = HTTPError(
        .serviceUnavailable,
        code: "handler_timeout",
        "the request could not be answered in time"
    )
}
