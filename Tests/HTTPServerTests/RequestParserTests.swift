// SPDX-License-Identifier: Apache-2.0
// What the parser makes of raw requests, however their bytes are split.

import HTTPServer
import Testing

@Suite struct RequestParserTests {
    @Test(arguments: WireCase.all)
    func rawRequestHasTheStrictOutcome(_ wire: WireCase) {
        let outcome = Transcript(of: wire.bytes, pieces: [wire.bytes.count]).summary
        #expect(outcome == wire.outcome)
    }

    @Test(arguments: WireCase.all)
    func outcomeIsTheSameByteByByte(_ wire: WireCase) {
        let outcome = Transcript(of: wire.bytes, pieces: Array(repeating: 1, count: wire.bytes.count)).summary
        #expect(outcome == wire.outcome)
    }

    @Test func requestIsUnderstoodWhole() throws {
        let text =
            "PUT /a%20b?c=d HTTP/1.1\r\nHost:\tExample.org:81 \r\nX-One:  a, b\t\r\nx-one: c\r\nContent-Length: 2\r\n\r\nhi"
        var parser = RequestParser(limits: WireCase.limits)
        parser.append(Array(text.utf8))
        guard case .head(let head) = try parser.next(), case .request(let request) = try parser.next() else {
            Issue.record("no request")
            return
        }
        #expect(head.body.isEmpty)
        #expect(request.method == .put)
        #expect(request.path == "/a%20b")
        #expect(request.query == "c=d")
        #expect(request.authority == "Example.org:81")
        #expect(request.version == .http11)
        #expect(request.headers["X-ONE"] == "a, b")
        #expect(request.headers.values(of: "x-one") == ["a, b", "c"])
        #expect(request.body == Array("hi".utf8))
        #expect(try parser.next() == .needsMore)
    }

    @Test func absoluteTargetOutranksHost() throws {
        var parser = RequestParser(limits: WireCase.limits)
        parser.append(Array("GET http://target:1/ HTTP/1.1\r\nHost: field\r\n\r\n".utf8))
        guard case .request(let request) = try parser.next() else {
            Issue.record("no request")
            return
        }
        #expect(request.authority == "target:1")
    }

    @Test func errorIsRepeatedAndNothingMoreIsTaken() throws {
        var parser = RequestParser(limits: WireCase.limits)
        parser.append([0])
        let first = try #require(throws: HTTPError.self) { try parser.next() }
        parser.append(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        #expect(throws: first) { try parser.next() }
        #expect(parser.bufferedBytes == 0)
    }

    @Test func phaseFollowsTheBytes() throws {
        var parser = RequestParser(limits: WireCase.limits)
        #expect(parser.phase == .idle)
        parser.append(Array("POST / HTTP/1.1\r\n".utf8))
        #expect(try parser.next() == .needsMore)
        #expect(parser.phase == .head)
        parser.append(Array("Host: x\r\nContent-Length: 1\r\n\r\n".utf8))
        _ = try parser.next()
        #expect(parser.phase == .body)
        parser.append(Array("a".utf8))
        _ = try parser.next()
        #expect(parser.phase == .idle)
    }

    @Test(arguments: [
        (HTTPVersion.http11, "", true), (.http11, "close", false), (.http11, "x, Close", false),
        (.http10, "", false), (.http10, "Keep-Alive", true), (.http10, "keep-alive, close", false),
    ])
    func connectionStaysOpenAsTheClientSays(_ version: HTTPVersion, _ connection: String, _ stays: Bool) {
        let request = HTTPRequest(version: version, headers: ["connection": connection])
        #expect(request.allowsKeepAlive == stays)
    }

    @Test(
        arguments: [
            ("a=1&b=2", "b", "2"), ("a=1&a=2", "a", "1"), ("a", "a", ""), ("b=2", "a", nil),
            ("a=x%20y+z", "a", "x y z"),
            ("%61=1", "a", "1"), ("a=%zz", "a", nil), ("a=%FF", "a", nil), ("a=b=c", "a", "b=c"), ("&&a=1", "a", "1"),
            ("a=%2", "a", nil), ("", "a", nil),
        ] as [(String, String, String?)]
    )
    func queryValueIsDecoded(_ query: String, _ name: String, _ value: String?) {
        #expect(HTTPRequest(query: query).queryValue(name) == value)
    }
}
