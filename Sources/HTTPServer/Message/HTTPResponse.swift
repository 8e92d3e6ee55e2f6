// SPDX-License-Identifier: Apache-2.0
// One response.

/// One response, with its whole body or with one that is sent while it comes to be.
///
/// The server adds `Date`, `Content-Length` and `Connection`; a handler that sets `Connection: close` ends the connection.
package struct HTTPResponse: Sendable, Equatable {
    /// The status.
    package var status: HTTPStatus
    /// The handler's header fields.
    package var headers: HTTPHeaders
    /// The body; not sent in answer to HEAD or with a status that has no content.
    package var body: [UInt8]
    /// A body that is sent piece by piece in place of ``body``; nil for a whole one.
    package var stream: HTTPBodyStream?
    /// What takes the connection over once the response is sent; nil when it goes on with requests.
    package internal(set) var webSocket: WebSocketUpgrade?

    /// Creates a response.
    ///
    /// - Parameters:
    ///   - status: The status.
    ///   - headers: The header fields.
    ///   - body: The body.
    package init(status: HTTPStatus, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Creates a response with a body of a given type.
    ///
    /// - Parameters:
    ///   - status: The status.
    ///   - contentType: The body's media type.
    ///   - body: The body.
    package init(status: HTTPStatus = .ok, contentType: String, body: [UInt8]) {
        self.init(status: status, headers: ["Content-Type": contentType], body: body)
    }

    /// Creates a plain text response.
    ///
    /// - Parameters:
    ///   - status: The status.
    ///   - text: The body.
    package init(status: HTTPStatus = .ok, text: String) {
        self.init(status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    /// Creates a response whose body is sent while it comes to be.
    ///
    /// - Parameters:
    ///   - contentType: The body's media type.
    ///   - stream: The body.
    package init(contentType: String, stream: HTTPBodyStream) {
        self.init(status: .ok, headers: ["Content-Type": contentType])
        self.stream = stream
    }
}
