// SPDX-License-Identifier: Apache-2.0
// Status codes and their reason phrases.

/// The status of a response.
package struct HTTPStatus: Hashable, Sendable, CustomStringConvertible {
    /// The three-digit code.
    package let code: Int
    /// The phrase that follows the code on the status line.
    package let reason: String

    /// Creates a status.
    ///
    /// - Parameters:
    ///   - code: The code, 200 to 599 in a handler's response; others are answered as 500.
    ///   - reason: The reason phrase.
    package init(code: Int, reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The code and the reason phrase.
    package var description: String { "\(code) \(reason)" }

    /// Statuses are the same when their codes are.
    package static func == (left: HTTPStatus, right: HTTPStatus) -> Bool { left.code == right.code }

    /// Hashes the code.
    package func hash(into hasher: inout Hasher) { hasher.combine(code) }

    /// Whether a response of this status carries content (RFC 9110, 6.4.1).
    var allowsContent: Bool { code >= 200 && code != 204 && code != 304 }

    /// 101: the connection goes on with another protocol; the only interim status that a handler may answer with.
    package static let switchingProtocols = HTTPStatus(code: 101, reason: "Switching Protocols")
    /// 200: the request succeeded.
    package static let ok = HTTPStatus(code: 200, reason: "OK")
    /// 201: a resource was created.
    package static let created = HTTPStatus(code: 201, reason: "Created")
    /// 202: the work was taken but is not done.
    package static let accepted = HTTPStatus(code: 202, reason: "Accepted")
    /// 204: success without content.
    package static let noContent = HTTPStatus(code: 204, reason: "No Content")
    /// 206: a part of the resource.
    package static let partialContent = HTTPStatus(code: 206, reason: "Partial Content")
    /// 304: what the client has is current.
    package static let notModified = HTTPStatus(code: 304, reason: "Not Modified")
    /// 400: the request is malformed.
    package static let badRequest = HTTPStatus(code: 400, reason: "Bad Request")
    /// 401: credentials are missing or wrong.
    package static let unauthorized = HTTPStatus(code: 401, reason: "Unauthorized")
    /// 403: the client may not do this.
    package static let forbidden = HTTPStatus(code: 403, reason: "Forbidden")
    /// 404: there is nothing here.
    package static let notFound = HTTPStatus(code: 404, reason: "Not Found")
    /// 405: the resource does not allow the method.
    package static let methodNotAllowed = HTTPStatus(code: 405, reason: "Method Not Allowed")
    /// 408: the request did not arrive in time.
    package static let requestTimeout = HTTPStatus(code: 408, reason: "Request Timeout")
    /// 409: the request conflicts with the resource's state.
    package static let conflict = HTTPStatus(code: 409, reason: "Conflict")
    /// 413: the body is over the limit.
    package static let contentTooLarge = HTTPStatus(code: 413, reason: "Content Too Large")
    /// 414: the target is over the limit.
    package static let uriTooLong = HTTPStatus(code: 414, reason: "URI Too Long")
    /// 415: the content type is not one the resource takes.
    package static let unsupportedMediaType = HTTPStatus(code: 415, reason: "Unsupported Media Type")
    /// 416: the resource has nothing of the range.
    package static let rangeNotSatisfiable = HTTPStatus(code: 416, reason: "Range Not Satisfiable")
    /// 417: an expectation other than 100-continue.
    package static let expectationFailed = HTTPStatus(code: 417, reason: "Expectation Failed")
    /// 421: the request is for a host that this server does not speak for.
    package static let misdirectedRequest = HTTPStatus(code: 421, reason: "Misdirected Request")
    /// 422: well-formed content that makes no sense.
    package static let unprocessableContent = HTTPStatus(code: 422, reason: "Unprocessable Content")
    /// 426: the resource needs another protocol.
    package static let upgradeRequired = HTTPStatus(code: 426, reason: "Upgrade Required")
    /// 429: the client asks too often.
    package static let tooManyRequests = HTTPStatus(code: 429, reason: "Too Many Requests")
    /// 431: the header section is over a limit.
    package static let headerFieldsTooLarge = HTTPStatus(code: 431, reason: "Request Header Fields Too Large")
    /// 500: a fault of the server.
    package static let internalServerError = HTTPStatus(code: 500, reason: "Internal Server Error")
    /// 501: a method or coding that the server does not implement.
    package static let notImplemented = HTTPStatus(code: 501, reason: "Not Implemented")
    /// 503: the server cannot answer now.
    package static let serviceUnavailable = HTTPStatus(code: 503, reason: "Service Unavailable")
    /// 505: neither HTTP/1.1 nor HTTP/1.0.
    package static let versionNotSupported = HTTPStatus(code: 505, reason: "HTTP Version Not Supported")
}
