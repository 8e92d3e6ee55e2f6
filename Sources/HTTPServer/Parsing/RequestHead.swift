// SPDX-License-Identifier: Apache-2.0
// The lines of a request head, and what they say about the body.

/// Reads the lines of a request head.
enum RequestHead {
    /// How the body is delimited (RFC 9112, 6.3).
    enum BodyFraming: Equatable {
        /// There is no body.
        case none
        /// A body of that many bytes, at least one.
        case length(Int)
        /// Chunks until an empty one.
        case chunked
    }

    /// The longest method, in bytes.
    private static let methodBytes = 32

    /// Reads a request line.
    ///
    /// - Parameters:
    ///   - line: The line without its end.
    ///   - request: Receives method, target and version.
    ///   - limits: The sizes a request may have.
    /// - Throws: 400, 414, 501 or 505.
    static func readRequestLine(
        _ line: ArraySlice<UInt8>,
        into request: inout HTTPRequest,
        limits: HTTPSizeLimits
    ) throws(HTTPError) {
        var index = line.startIndex
        while index < line.endIndex, ASCII.isToken(line[index]) { index += 1 }
        let method = line[..<index]
        guard !method.isEmpty, method.count <= methodBytes, index < line.endIndex, line[index] == ASCII.space else {
            throw .badRequest("the request line does not start with a method and a space")
        }
        let targetStart = index + 1
        index = targetStart
        while index < line.endIndex, line[index] != ASCII.space { index += 1 }
        let target = line[targetStart..<index]
        guard !target.isEmpty, index < line.endIndex else {
            throw .badRequest("the request line is not a method, a target and a version")
        }
        guard target.count <= limits.targetBytes else { throw targetTooLong }
        request.version = try version(line[(index + 1)...])
        request.method = HTTPMethod(rawValue: String(decoding: method, as: UTF8.self))
        guard request.method != .connect else {
            throw HTTPError(.notImplemented, code: "method_not_implemented", "this server opens no tunnels")
        }
        let parts = try RequestTarget(target, method: request.method)
        request.path = parts.path
        request.query = parts.query
        request.authority = parts.authority
    }

    /// Reads a field line.
    ///
    /// - Parameter line: The line without its end.
    /// - Returns: The field, its name in small letters.
    /// - Throws: 400 for a bad name, space before the colon, a folded line or a control character.
    static func readField(_ line: ArraySlice<UInt8>) throws(HTTPError) -> HTTPHeaders.Field {
        var name: [UInt8] = []
        var index = line.startIndex
        while index < line.endIndex, ASCII.isToken(line[index]) {
            name.append(ASCII.lowercased(line[index]))
            index += 1
        }
        guard !name.isEmpty, index < line.endIndex, line[index] == ASCII.colon else {
            throw .badRequest("a header line is not a name, a colon and a value")
        }
        index += 1
        var first = line.endIndex
        var end = line.endIndex
        while index < line.endIndex {
            let byte = line[index]
            guard ASCII.isFieldValue(byte) else {
                throw .badRequest("a header value holds a control character")
            }
            if byte != ASCII.space, byte != ASCII.tab {
                if first == line.endIndex { first = index }
                end = index + 1
            }
            index += 1
        }
        return HTTPHeaders.Field(
            name: String(decoding: name, as: UTF8.self),
            value: String(decoding: line[first..<end], as: UTF8.self)
        )
    }

    /// Checks a whole header section and says how the body is delimited.
    ///
    /// - Parameters:
    ///   - request: The request without its body; receives the authority from Host.
    ///   - limits: The sizes a request may have.
    /// - Returns: The framing of the body.
    /// - Throws: 400, 413, 417 or 501.
    static func bodyFraming(
        of request: inout HTTPRequest,
        limits: HTTPSizeLimits
    ) throws(HTTPError) -> BodyFraming {
        try readHost(&request)
        for value in request.headers.values(of: "expect") where request.version == .http11 {
            guard ASCII.equalIgnoringCase(value, "100-continue") else {
                throw HTTPError(.expectationFailed, code: "unknown_expectation", "the only expectation is 100-continue")
            }
        }
        let codings = request.headers.values(of: "transfer-encoding")
        let lengths = request.headers.values(of: "content-length")
        if let coding = codings.first {
            guard lengths.isEmpty, request.version == .http11 else {
                throw .badRequest("Transfer-Encoding stands beside Content-Length or in HTTP/1.0")
            }
            guard codings.count == 1, ASCII.equalIgnoringCase(coding, "chunked") else {
                throw HTTPError(.notImplemented, code: "coding_not_implemented", "the only transfer coding is chunked")
            }
            return .chunked
        }
        guard let text = lengths.first else { return .none }
        guard lengths.count == 1, let length = ASCII.decimal(text.utf8) else {
            throw .badRequest("Content-Length is not one number")
        }
        guard length <= limits.bodyBytes else { throw bodyTooLarge(limits) }
        return length == 0 ? .none : .length(length)
    }

    private static func readHost(_ request: inout HTTPRequest) throws(HTTPError) {
        let hosts = request.headers.values(of: "host")
        guard hosts.count == 1 || hosts.isEmpty && request.version == .http10 else {
            throw .badRequest("the request does not have one Host field")
        }
        guard let host = hosts.first else { return }
        guard Authority(host) != nil else { throw .badRequest("the Host field is not a host with an optional port") }
        // An absolute target outranks the field (RFC 9112, 3.2.2).
        if request.authority == nil { request.authority = host }
    }

    private static func version(_ bytes: ArraySlice<UInt8>) throws(HTTPError) -> HTTPVersion {
        let start = bytes.startIndex
        guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8), ASCII.isDigit(bytes[start + 5]),
            bytes[start + 6] == ASCII.dot, ASCII.isDigit(bytes[start + 7])
        else { throw .badRequest("the request line does not end with a version") }
        switch (bytes[start + 5], bytes[start + 7]) {
        case (0x31, 0x31): return .http11
        case (0x31, 0x30): return .http10
        default:
            throw HTTPError(.versionNotSupported, code: "version_not_supported", "the versions are HTTP/1.1 and 1.0")
        }
    }

    static let targetTooLong = HTTPError(.uriTooLong, code: "target_too_long", "the request target is too long")
    static let headTooLarge = HTTPError(
        .headerFieldsTooLarge,
        code: "head_too_large",
        "the header section is too large"
    )
    static let tooManyFields = HTTPError(
        .headerFieldsTooLarge,
        code: "too_many_fields",
        "the request has too many header fields"
    )

    /// The refusal of a body over the limit.
    static func bodyTooLarge(_ limits: HTTPSizeLimits) -> HTTPError {
        HTTPError(
            .contentTooLarge,
            code: "content_too_large",
            "the body is larger than the \(limits.bodyBytes) bytes that are taken"
        )
    }
}
