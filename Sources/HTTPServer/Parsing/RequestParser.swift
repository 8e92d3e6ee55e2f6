// SPDX-License-Identifier: Apache-2.0
// The incremental request parser: bytes in, requests out, no I/O.

/// An incremental HTTP/1.1 request parser, strict wherever RFC 9112 leaves a server the choice.
///
/// The events do not depend on how the bytes were split. After an error the parser only repeats that error: the
/// connection cannot be trusted any more and has to be closed after the response.
package struct RequestParser: Sendable {
    /// What the bytes so far amount to.
    package enum Event: Sendable, Equatable {
        /// Nothing more without further bytes.
        case needsMore
        /// The head of a request whose body follows; comes before its `request`.
        case head(HTTPRequest)
        /// A whole request.
        case request(HTTPRequest)
    }

    /// How far into a request the bytes reach.
    package enum Phase: Sendable, Equatable {
        /// Between requests.
        case idle
        /// Within a request line or header section.
        case head
        /// Within a body.
        case body
    }

    private enum State: Sendable {
        case requestLine
        case fields
        case body(remaining: Int)
        case chunkSize
        case chunk(remaining: Int)
        case chunkEnd
        case trailers
        case failed(HTTPError)
    }

    /// The longest chunk-size line with its extensions, in bytes.
    private static let chunkLineBytes = 256

    private let limits: HTTPSizeLimits
    private var state = State.requestLine
    private var buffer: [UInt8] = []
    /// The first byte not consumed.
    private var start = 0
    /// Bytes before this one were searched for a line end already.
    private var scanned = 0
    /// Bytes of the current head or trailer section.
    private var headBytes = 0
    private var sawEmptyLine = false
    private var request = HTTPRequest()

    /// Creates a parser at the start of a connection.
    ///
    /// - Parameter limits: The sizes a request may have.
    package init(limits: HTTPSizeLimits) { self.limits = limits }

    /// How far into a request the bytes reach.
    package var phase: Phase {
        switch state {
        case .requestLine: start < buffer.count ? .head : .idle
        case .fields: .head
        case .body, .chunkSize, .chunk, .chunkEnd, .trailers: .body
        case .failed: .idle
        }
    }

    /// The bytes that arrived and are not part of an event yet.
    package var bufferedBytes: Int { buffer.count - start }

    /// Takes those bytes out, for another protocol that goes on with them.
    mutating func takeBufferedBytes() -> [UInt8] {
        defer {
            buffer = []
            start = 0
            scanned = 0
        }
        return Array(buffer[start...])
    }

    /// Adds bytes as they came.
    ///
    /// - Parameter bytes: The bytes; as much as the caller reads at once bounds what is buffered beyond the limits.
    package mutating func append(_ bytes: [UInt8]) {
        if case .failed = state { return }
        if start == buffer.count {
            buffer = bytes
            scanned = 0
            start = 0
            return
        }
        if start > buffer.count / 2 {
            buffer.removeFirst(start)
            scanned -= start
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next event; call until it needs more.
    ///
    /// - Returns: A whole request, the head of one, or the wish for more bytes.
    /// - Throws: The response to send before the connection is closed: 400, 413, 414, 417, 431, 501 or 505.
    package mutating func next() throws(HTTPError) -> Event {
        do {
            while true {
                if let event = try step() { return event }
            }
        } catch {
            state = .failed(error)
            buffer = []
            start = 0
            scanned = 0
            request = HTTPRequest()
            throw error
        }
    }

    /// One step of the state machine; nil when the state changed and another step is due.
    private mutating func step() throws(HTTPError) -> Event? {
        switch state {
        case .requestLine: return try takeRequestLine()
        case .fields: return try takeField()
        case .body(let remaining):
            guard let rest = takeBody(remaining) else { return finished() }
            state = .body(remaining: rest)
            return .needsMore
        case .chunkSize: return try takeChunkSize()
        case .chunk(let remaining):
            if let rest = takeBody(remaining) {
                state = .chunk(remaining: rest)
                return .needsMore
            }
            state = .chunkEnd
            return nil
        case .chunkEnd: return try takeChunkEnd()
        case .trailers: return try takeTrailer()
        case .failed(let error): throw error
        }
    }
}

// MARK: - Lines

extension RequestParser {
    /// The range of the next line without its end, or nil when it has not all arrived.
    private mutating func takeLine(limit: Int, over error: HTTPError) throws(HTTPError) -> Range<Int>? {
        var index = scanned
        let end = buffer.count
        while index < end, buffer[index] != ASCII.lineFeed { index += 1 }
        scanned = index
        guard index - start <= limit else { throw error }
        guard index < end else { return nil }
        guard index > start, buffer[index - 1] == ASCII.carriageReturn else {
            throw .badRequest("a line does not end with carriage return and line feed")
        }
        let line = start..<(index - 1)
        consume(index + 1 - start)
        return line
    }

    private mutating func consume(_ count: Int) {
        start += count
        scanned = start
    }

    private mutating func takeRequestLine() throws(HTTPError) -> Event? {
        guard start < buffer.count else { return .needsMore }
        let first = buffer[start]
        guard ASCII.isToken(first) || first == ASCII.carriageReturn else {
            throw .badRequest("the request does not start with a method")
        }
        // The longest method, the version and the spaces come on top of the target.
        let limit = min(limits.headBytes, limits.targetBytes + 48)
        guard let line = try takeLine(limit: limit, over: RequestHead.targetTooLong) else { return .needsMore }
        if line.isEmpty {
            // RFC 9112, 2.2: an empty line before the request line is skipped.
            guard !sawEmptyLine else { throw .badRequest("there is more than one empty line before the request") }
            sawEmptyLine = true
            return nil
        }
        try RequestHead.readRequestLine(buffer[line], into: &request, limits: limits)
        headBytes = line.count + 2
        state = .fields
        return nil
    }

    private mutating func takeField() throws(HTTPError) -> Event? {
        let limit = limits.headBytes - headBytes
        guard let line = try takeLine(limit: limit, over: RequestHead.headTooLarge) else { return .needsMore }
        headBytes += line.count + 2
        guard line.isEmpty else {
            guard request.headers.fields.count < limits.headerCount else { throw RequestHead.tooManyFields }
            let field = try RequestHead.readField(buffer[line])
            request.headers.append(field.name, field.value)
            return nil
        }
        switch try RequestHead.bodyFraming(of: &request, limits: limits) {
        case .none: return finished()
        case .length(let length): state = .body(remaining: length)
        case .chunked: state = .chunkSize
        }
        return .head(request)
    }

    private mutating func takeTrailer() throws(HTTPError) -> Event? {
        let limit = limits.headBytes - headBytes
        guard let line = try takeLine(limit: limit, over: RequestHead.headTooLarge) else { return .needsMore }
        headBytes += line.count + 2
        guard !line.isEmpty else { return finished() }
        // Trailers are checked and dropped: none of them may change how a request is understood.
        _ = try RequestHead.readField(buffer[line])
        return nil
    }
}

// MARK: - Bodies

extension RequestParser {
    /// Moves what has arrived of a run of body bytes; the count still missing, or nil when the run is complete.
    private mutating func takeBody(_ remaining: Int) -> Int? {
        let count = min(remaining, buffer.count - start)
        request.body.append(contentsOf: buffer[start..<(start + count)])
        consume(count)
        return count < remaining ? remaining - count : nil
    }

    private mutating func takeChunkSize() throws(HTTPError) -> Event? {
        let malformed = HTTPError.badRequest("a chunk size is malformed")
        guard let line = try takeLine(limit: Self.chunkLineBytes, over: malformed) else { return .needsMore }
        var size = 0
        var index = line.lowerBound
        while index < line.upperBound, let digit = ASCII.hexValue(buffer[index]) {
            guard index - line.lowerBound < 8 else { throw malformed }
            size = size << 4 | Int(digit)
            index += 1
        }
        guard index > line.lowerBound else { throw malformed }
        if index < line.upperBound {
            guard buffer[index] == ASCII.semicolon else { throw malformed }
            while index < line.upperBound {
                guard ASCII.isFieldValue(buffer[index]) else { throw malformed }
                index += 1
            }
        }
        guard size <= limits.bodyBytes - request.body.count else { throw RequestHead.bodyTooLarge(limits) }
        headBytes = 0
        state = size == 0 ? .trailers : .chunk(remaining: size)
        return nil
    }

    private mutating func takeChunkEnd() throws(HTTPError) -> Event? {
        guard start < buffer.count else { return .needsMore }
        guard buffer[start] == ASCII.carriageReturn else { throw .badRequest("a chunk is longer than its size") }
        guard start + 1 < buffer.count else { return .needsMore }
        guard buffer[start + 1] == ASCII.lineFeed else { throw .badRequest("a chunk is longer than its size") }
        consume(2)
        state = .chunkSize
        return nil
    }

    private mutating func finished() -> Event {
        let whole = request
        request = HTTPRequest()
        state = .requestLine
        headBytes = 0
        sawEmptyLine = false
        if start == buffer.count {
            // An idle connection holds no buffer.
            buffer = []
            start = 0
            scanned = 0
        }
        return .request(whole)
    }
}
