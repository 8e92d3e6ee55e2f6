// SPDX-License-Identifier: Apache-2.0
// Responses as bytes on the wire.

import HTTPServer
import Testing

@Suite struct ResponseSerializerTests {
    /// Sunday, 6 November 1994, the example of RFC 9110.
    private static let time: Int64 = 784_111_777

    private func text(
        _ response: HTTPResponse,
        _ framing: ResponseSerializer.Framing = .init(),
        at unixSeconds: Int64 = time
    ) -> String {
        String(
            decoding: ResponseSerializer.bytes(for: response, framing: framing, unixSeconds: unixSeconds),
            as: UTF8.self
        )
    }

    @Test func responseHasStatusDateFieldsLengthAndBody() {
        let expected = """
            HTTP/1.1 200 OK\r
            Date: Sun, 06 Nov 1994 08:49:37 GMT\r
            Content-Type: text/plain; charset=utf-8\r
            Content-Length: 2\r
            \r
            hi
            """
        #expect(text(HTTPResponse(text: "hi")) == expected)
    }

    @Test func headHasTheLengthButNotTheBody() {
        let bytes = text(HTTPResponse(text: "hi"), .init(isHead: true))
        #expect(bytes.utf8.elementsEqual(text(HTTPResponse(text: "hi")).utf8.dropLast(2)))
    }

    @Test(arguments: [HTTPStatus.noContent, .notModified])
    func statusWithoutContentHasNeitherLengthNorBody(_ status: HTTPStatus) {
        let response = HTTPResponse(status: status, body: Array("hi".utf8))
        #expect(
            text(response)
                == "HTTP/1.1 \(status.code) \(status.reason)\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
        )
    }

    @Test func closingIsAnnounced() {
        #expect(text(HTTPResponse(text: ""), .init(closes: true)).contains("\r\nConnection: close\r\n"))
        #expect(!text(HTTPResponse(text: "")).contains("Connection"))
        #expect(text(HTTPResponse(text: ""), .init(version: .http10)).contains("\r\nConnection: keep-alive\r\n"))
    }

    @Test func valuesCannotBreakOutOfTheirLine() {
        let headers: HTTPHeaders = ["X-One": "a\r\nX-Two: b", "Bad Name": "c", "Bad\r\nName": "d", "": "e"]
        let status = HTTPStatus(code: 200, reason: "O\r\nK: v")
        let bytes = text(HTTPResponse(status: status, headers: headers))
        #expect(bytes.hasPrefix("HTTP/1.1 200 O  K: v\r\n"))
        #expect(bytes.contains("\r\nX-One: a  X-Two: b\r\n"))
        #expect(!bytes.contains("\r\nBad"))
        #expect(!bytes.contains("\r\n: e"))
    }

    @Test func fieldsOfTheConnectionAreNotTheHandlers() {
        let headers: HTTPHeaders = [
            "content-length": "99", "Transfer-Encoding": "chunked", "DATE": "never", "Connection": "keep-alive",
        ]
        let bytes = text(HTTPResponse(status: .ok, headers: headers, body: [0x61]))
        #expect(
            bytes == "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 1\r\n\r\na"
        )
    }

    @Test(arguments: [0, 100, 101, 199, 600, -1, Int.max])
    func impossibleStatusIsAFaultOfTheServer(_ code: Int) {
        let bytes = text(HTTPResponse(status: HTTPStatus(code: code, reason: "What")))
        #expect(bytes.hasPrefix("HTTP/1.1 500 Internal Server Error\r\n"))
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"), (1_709_251_200, "Fri, 01 Mar 2024 00:00:00 GMT"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (1_767_225_599, "Wed, 31 Dec 2025 23:59:59 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (Int64.max, "Fri, 31 Dec 9999 23:59:59 GMT"), (Int64.min, "Thu, 01 Jan 1970 00:00:00 GMT"),
    ])
    func dateIsThatOfTheCalendar(_ unixSeconds: Int64, _ date: String) {
        #expect(text(HTTPResponse(text: ""), at: unixSeconds).contains("\r\nDate: \(date)\r\n"))
    }

    @Test func problemDocumentIsJSONWhateverTheText() {
        let error = HTTPError(.conflict, code: "a\"b", "c\\d\ne\u{1}\u{2028}\u{E9}", headers: ["X-One": "a"])
        let response = error.response
        #expect(response.status == .conflict)
        #expect(response.headers["content-type"] == "application/problem+json")
        #expect(response.headers["x-one"] == "a")
        let body =
            #"{"type":"about:blank","title":"Conflict","status":409,"code":"a\"b","detail":"c\\d\ne\u0001\u2028é"}"#
            + "\n"
        #expect(String(decoding: response.body, as: UTF8.self) == body)
    }
}
