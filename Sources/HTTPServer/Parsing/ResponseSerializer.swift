// SPDX-License-Identifier: Apache-2.0
// Responses as bytes.

/// Writes responses as bytes.
package enum ResponseSerializer {
    /// What the connection adds to a response.
    package struct Framing: Sendable, Equatable {
        /// Whether the request was HEAD, whose response ends after the header section.
        package var isHead: Bool
        /// Whether the connection closes after the response.
        package var closes: Bool
        /// The version of the request; HTTP/1.0 clients are told when the connection stays open.
        package var version: HTTPVersion

        /// Creates a framing.
        ///
        /// - Parameters:
        ///   - isHead: Whether the request was HEAD.
        ///   - closes: Whether the connection closes after the response.
        ///   - version: The version of the request.
        package init(isHead: Bool = false, closes: Bool = false, version: HTTPVersion = .http11) {
            self.isHead = isHead
            self.closes = closes
            self.version = version
        }
    }

    /// The interim response that asks for the body (RFC 9110, 15.2.1).
    static let continueResponse = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// The names that the connection decides on, whatever a handler says.
    private static let reserved = ["connection", "content-length", "date", "transfer-encoding", "keep-alive"]

    /// Writes a response.
    ///
    /// - Parameters:
    ///   - response: The response; a status outside 200 to 599 is written as 500.
    ///   - framing: What the connection adds.
    ///   - unixSeconds: The time of the `Date` field, in seconds since 1970.
    /// - Returns: The bytes to send. No header value can break out of its line.
    package static func bytes(for response: HTTPResponse, framing: Framing, unixSeconds: Int64) -> [UInt8] {
        let isUpgrade = response.webSocket != nil && response.status == .switchingProtocols
        let isLegal = isUpgrade || (200...599).contains(response.status.code)
        let status = isLegal ? response.status : .internalServerError
        var head: [UInt8] = []
        head.append(contentsOf: "HTTP/1.1 \(status.code) ".utf8)
        appendText(status.reason, to: &head)
        head.append(contentsOf: "\r\nDate: \(HTTPDate.string(unixSeconds: unixSeconds))\r\n".utf8)
        for field in response.headers.fields {
            let isOwn = reserved.contains { ASCII.equalIgnoringCase($0, field.name) }
            guard !isOwn, !field.name.isEmpty, field.name.utf8.allSatisfy(ASCII.isToken) else { continue }
            head.append(contentsOf: field.name.utf8)
            head.append(contentsOf: ": ".utf8)
            appendText(field.value, to: &head)
            head.append(contentsOf: "\r\n".utf8)
        }
        if status.allowsContent { appendLength(of: response, framing, to: &head) }
        if isUpgrade {
            head.append(contentsOf: "Connection: Upgrade\r\n".utf8)
        } else if framing.closes {
            head.append(contentsOf: "Connection: close\r\n".utf8)
        } else if framing.version == .http10 {
            head.append(contentsOf: "Connection: keep-alive\r\n".utf8)
        }
        head.append(contentsOf: "\r\n".utf8)
        if status.allowsContent, !framing.isHead, response.stream == nil { head.append(contentsOf: response.body) }
        return head
    }

    /// Appends how the end of the body is told: by its length, by chunks, or by the end of the connection.
    private static func appendLength(of response: HTTPResponse, _ framing: Framing, to head: inout [UInt8]) {
        if response.stream == nil {
            head.append(contentsOf: "Content-Length: \(response.body.count)\r\n".utf8)
        } else if framing.version == .http11 {
            head.append(contentsOf: "Transfer-Encoding: chunked\r\n".utf8)
        }
    }

    /// A piece of a body that is sent in chunks (RFC 9112, 7.1); an empty one ends it.
    static func chunk(_ bytes: [UInt8]) -> [UInt8] {
        Array((String(bytes.count, radix: 16) + "\r\n").utf8) + bytes + [0x0D, 0x0A]
    }

    /// Appends text of a header line; control characters become spaces, as they could end the line.
    private static func appendText(_ text: String, to bytes: inout [UInt8]) {
        for byte in text.utf8 { bytes.append(ASCII.isFieldValue(byte) ? byte : ASCII.space) }
    }
}
