// SPDX-License-Identifier: Apache-2.0
// Raw requests and the strict answers to them.

import HTTPServer
import Testing

/// Raw bytes and what a strict server makes of them.
struct WireCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    /// `METHOD path` for each request that is served, then the status of the refusal, if any.
    let outcome: [String]

    init(_ description: String, _ text: String, _ outcome: String...) {
        self.init(description, bytes: Array(text.utf8), outcome)
    }

    init(_ description: String, bytes: [UInt8], _ outcome: [String]) {
        testDescription = description
        self.bytes = bytes
        self.outcome = outcome
    }

    /// The sizes that the cases are written for.
    static let limits = HTTPSizeLimits(headBytes: 2048, headerCount: 20, targetBytes: 512, bodyBytes: 64)

    static let all = requestLines + fields + framing + sizes + sequences
}

/// A GET with the given field lines after a Host field.
private func get(_ fields: String) -> String { "GET / HTTP/1.1\r\nHost: x\r\n\(fields)\r\n" }

/// A POST with the given field lines after a Host field, and a body.
private func post(_ fields: String, _ body: String = "") -> String {
    "POST /t HTTP/1.1\r\nHost: x\r\n\(fields)\r\n\(body)"
}

extension WireCase {
    fileprivate static let requestLines = [
        WireCase("plain request", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "GET /healthz"),
        WireCase("HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", "GET /"),
        WireCase("query kept apart from path", "GET /a?b=/c HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a"),
        WireCase("absolute-form target", "GET http://x/a?b HTTP/1.1\r\nHost: y\r\n\r\n", "GET /a"),
        WireCase("absolute-form without a path", "GET HTTP://x HTTP/1.1\r\nHost: x\r\n\r\n", "GET /"),
        WireCase("absolute-form of another scheme", "GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        WireCase("absolute-form with user information", "GET http://a@x/ HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        WireCase("absolute-form without a host", "GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        WireCase("asterisk for OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS *"),
        WireCase("asterisk for GET", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        WireCase("CONNECT", "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", "501"),
        WireCase("method of another protocol is a token", "PURGE / HTTP/1.1\r\nHost: x\r\n\r\n", "PURGE /"),
        WireCase("bad method token", "G@T / HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        WireCase("method too long", String(repeating: "M", count: 33) + " / HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        WireCase("no method", " / HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        WireCase("two spaces", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        WireCase("tab for a space", "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        WireCase("space in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        WireCase("relative target", "GET a HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        WireCase("fragment in the target", "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        WireCase("carriage return in the target", "GET /a\rb HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        WireCase("byte beyond ASCII in the target", "GET /\u{E9} HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        WireCase("HTTP/0.9", "GET /\r\n", "400"),
        WireCase("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
        WireCase("HTTP/3.1", "GET / HTTP/3.1\r\nHost: x\r\n\r\n", "505"),
        WireCase("HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", "505"),
        WireCase("lower-case version", "GET / http/1.1\r\nHost: x\r\n\r\n", "400"),
        WireCase("version with two digits", "GET / HTTP/1.10\r\nHost: x\r\n\r\n", "400"),
        WireCase("no version", "GET / \r\nHost: x\r\n\r\n", "400"),
        WireCase("one empty line before", "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET /"),
        WireCase("many empty lines before", "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        WireCase("TLS greeting", bytes: [0x16, 0x03, 0x01, 0x02, 0x00, 0x01], ["400"]),
    ]

    fileprivate static let fields = [
        WireCase("no Host", "GET / HTTP/1.1\r\n\r\n", "400"),
        WireCase("two Hosts", get("Host: x\r\n"), "400"),
        WireCase("Host with a path", "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", "400"),
        WireCase("Host with a port too large", "GET / HTTP/1.1\r\nHost: x:70000\r\n\r\n", "400"),
        WireCase("Host list", "GET / HTTP/1.1\r\nHost: x, y\r\n\r\n", "400"),
        WireCase("IPv6 Host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET /"),
        WireCase("IPv6 Host not closed", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "400"),
        WireCase("empty value", get("A:\r\n"), "GET /"),
        WireCase("value with a tab and bytes beyond ASCII", get("A: \u{E9}\tb\r\n"), "GET /"),
        WireCase("space before the colon", get("A : b\r\n"), "400"),
        WireCase("no colon", get("A\r\n"), "400"),
        WireCase("empty name", get(": b\r\n"), "400"),
        WireCase("bad name byte", get("A(b): c\r\n"), "400"),
        WireCase("folded header", get("A: b\r\n c\r\n"), "400"),
        WireCase("space before the first header", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", "400"),
        WireCase("bare line feeds", "GET / HTTP/1.1\nHost: x\n\n", "400"),
        WireCase("bare line feed in the header section", "GET / HTTP/1.1\r\nHost: x\n\r\n", "400"),
        WireCase("bare carriage return", get("A: b\rC: d\r\n"), "400"),
        WireCase("NUL in a value", get("A: b\0c\r\n"), "400"),
        WireCase("DEL in a value", get("A: \u{7F}\r\n"), "400"),
        WireCase("unknown expectation", get("Expect: tea\r\n"), "417"),
        WireCase("upgrade to h2c is not taken", get("Connection: upgrade\r\nUpgrade: h2c\r\n"), "GET /"),
        WireCase("range to the end of the integers", get("Range: bytes=0-9223372036854775807\r\n"), "GET /"),
    ]

    fileprivate static let framing = [
        WireCase("fixed body", post("Content-Length: 3\r\n", "abc"), "POST /t abc"),
        WireCase("no body", post("Content-Length: 0\r\n"), "POST /t"),
        WireCase("length with leading zeros", post("Content-Length: 003\r\n", "abc"), "POST /t abc"),
        WireCase("incomplete body", post("Content-Length: 3\r\n", "ab")),
        WireCase("two equal lengths", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), "400"),
        WireCase("two different lengths", post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), "400"),
        WireCase("length list", post("Content-Length: 3, 3\r\n", "abc"), "400"),
        WireCase("signed length", post("Content-Length: +7\r\n", "abcdefg"), "400"),
        WireCase("negative length", post("Content-Length: -1\r\n"), "400"),
        WireCase("hexadecimal length", post("Content-Length: 0x3\r\n", "abc"), "400"),
        WireCase("empty length", post("Content-Length:\r\n"), "400"),
        WireCase("length beyond integers", post("Content-Length: 100000000000000000000\r\n"), "400"),
        WireCase("length and chunked", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400"),
        WireCase(
            "chunked body",
            post("Transfer-Encoding: Chunked\r\n", "3\r\nabc\r\n2;x=\"y\"\r\nde\r\n0\r\nT: v\r\n\r\n"),
            "POST /t abcde"
        ),
        WireCase("chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
        WireCase("gzip coding", post("Transfer-Encoding: gzip\r\n"), "501"),
        WireCase("gzip and chunked", post("Transfer-Encoding: gzip, chunked\r\n"), "501"),
        WireCase("chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "501"),
        WireCase("coding with a control character", post("Transfer-Encoding: \u{B}chunked\r\n"), "400"),
        WireCase("chunk size overflow", post("Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFFF\r\n"), "400"),
        WireCase("signed chunk size", post("Transfer-Encoding: chunked\r\n", "+3\r\nabc\r\n"), "400"),
        WireCase("hexadecimal prefix", post("Transfer-Encoding: chunked\r\n", "0x3\r\nabc\r\n"), "400"),
        WireCase("empty chunk size", post("Transfer-Encoding: chunked\r\n", "\r\nabc\r\n"), "400"),
        WireCase("space after chunk size", post("Transfer-Encoding: chunked\r\n", "3 \r\nabc\r\n"), "400"),
        WireCase("bare line feed after chunk size", post("Transfer-Encoding: chunked\r\n", "3\nabc\r\n"), "400"),
        WireCase("chunk longer than its size", post("Transfer-Encoding: chunked\r\n", "2\r\nabc\r\n"), "400"),
        WireCase("malformed trailer", post("Transfer-Encoding: chunked\r\n", "0\r\nbad\r\n\r\n"), "400"),
    ]

    fileprivate static let sizes = [
        WireCase("header section too large", get("A: " + String(repeating: "a", count: 4000) + "\r\n"), "431"),
        WireCase(
            "header section never ending",
            "GET / HTTP/1.1\r\nHost: x\r\nA: " + String(repeating: "a", count: 4000),
            "431"
        ),
        WireCase("too many fields", get(String(repeating: "A: b\r\n", count: 20)), "431"),
        WireCase(
            "target too long",
            "GET /" + String(repeating: "a", count: 512) + " HTTP/1.1\r\nHost: x\r\n\r\n",
            "414"
        ),
        WireCase("target never ending", "GET /" + String(repeating: "a", count: 4000), "414"),
        WireCase("body announced too large", post("Content-Length: 65\r\n"), "413"),
        WireCase("chunk too large", post("Transfer-Encoding: chunked\r\n", "41\r\n"), "413"),
        WireCase(
            "chunks together too large",
            post("Transfer-Encoding: chunked\r\n", String(repeating: "a\r\n0123456789\r\n", count: 7)),
            "413"
        ),
        WireCase(
            "chunk extension too long",
            post("Transfer-Encoding: chunked\r\n", "1;" + String(repeating: "e", count: 300) + "\r\na\r\n"),
            "400"
        ),
        WireCase(
            "trailers too large",
            post("Transfer-Encoding: chunked\r\n", "0\r\n" + String(repeating: "T: 0123456789\r\n", count: 200)),
            "431"
        ),
    ]

    fileprivate static let sequences = [
        WireCase(
            "pipelined requests",
            get("") + post("Content-Length: 1\r\n", "a") + get(""),
            "GET /",
            "POST /t a",
            "GET /"
        ),
        WireCase("garbage after a request", get("") + "\u{1}\u{2}", "GET /", "400"),
        WireCase("body where none was announced", get("") + "abc def\r\n", "GET /", "400"),
        WireCase(
            "empty line after a body",
            post("Content-Length: 1\r\n", "a") + "\r\n" + get(""),
            "POST /t a",
            "GET /"
        ),
        WireCase("nothing", ""),
    ]
}
