// SPDX-License-Identifier: Apache-2.0
// The error that knows its response, and its problem document (RFC 9457).

/// An error that knows the response it becomes.
package struct HTTPError: Error, Sendable, Equatable {
    /// The response's status.
    package var status: HTTPStatus
    /// A stable name of the case, for programs.
    package var code: String
    /// What was wrong, for people; it goes to the client.
    package var detail: String
    /// Further header fields of the response.
    package var headers: HTTPHeaders

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - status: The response's status.
    ///   - code: A stable name of the case.
    ///   - detail: What was wrong; it goes to the client.
    ///   - headers: Further header fields of the response.
    package init(_ status: HTTPStatus, code: String, _ detail: String, headers: HTTPHeaders = [:]) {
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
    }

    /// The problem document of this error (RFC 9457).
    package var response: HTTPResponse {
        var body = "{\"type\":\"about:blank\",\"title\":"
        body += Self.quoted(status.reason)
        body += ",\"status\":\(status.code),\"code\":"
        body += Self.quoted(code)
        body += ",\"detail\":"
        body += Self.quoted(detail)
        body += "}\n"
        var response = HTTPResponse(status: status, headers: headers, body: Array(body.utf8))
        response.headers["Content-Type"] = "application/problem+json"
        // Refusals before any route is found pass no middleware.
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
    }

    /// A JSON string literal.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\u{0}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension HTTPError {
    /// A 400 with the code `bad_request`.
    ///
    /// - Parameter detail: What was wrong.
    /// - Returns: The error.
    package static func badRequest(_ detail: String) -> HTTPError {
        HTTPError(.badRequest, code: "bad_request", detail)
    }

    /// A 404 with the code `not_found`.
    package static let notFound = HTTPError(.notFound, code: "not_found", "there is nothing at this path")

    /// A 500 that tells nothing about its cause.
    package static let internalError = HTTPError(
        .internalServerError,
        code: "internal_error",
        "the request could not be answered; the server's log says why"
    )
}
