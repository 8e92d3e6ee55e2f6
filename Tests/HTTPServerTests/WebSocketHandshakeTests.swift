// SPDX-License-Identifier: Apache-2.0
// Which requests become WebSockets.

import HTTPServer
import Testing

@Suite struct WebSocketHandshakeTests {
    /// The request of RFC 6455, 1.2.
    private static let request = HTTPRequest(
        authority: "server.example.com",
        headers: [
            "upgrade": "websocket", "connection": "Upgrade", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
            "sec-websocket-version": "13", "sec-websocket-protocol": "chat, superchat",
        ]
    )

    private func answer(_ request: HTTPRequest, _ protocols: [String] = []) throws -> HTTPResponse {
        try HTTPResponse.webSocket(answering: request, protocols: protocols) { _ in }
    }

    @Test func answerIsThatOfTheStandard() throws {
        let response = try answer(Self.request, ["superchat", "chat"])
        #expect(response.status.code == 101)
        #expect(response.headers["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(response.headers["Sec-WebSocket-Protocol"] == "superchat")
        let bytes = ResponseSerializer.bytes(for: response, framing: .init(), unixSeconds: 0)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(text.contains("\r\nConnection: Upgrade\r\n"))
        #expect(!text.lowercased().contains("content-length"))
    }

    @Test func protocolThatWasNotOfferedIsNotAgreedOn() throws {
        #expect(try answer(Self.request, ["other"]).headers["Sec-WebSocket-Protocol"] == nil)
        var request = Self.request
        request.headers["sec-websocket-protocol"] = nil
        #expect(try answer(request, ["chat"]).headers["Sec-WebSocket-Protocol"] == nil)
    }

    @Test(
        arguments: [
            ("upgrade", "h2c", false), ("upgrade", "WebSocket", true), ("upgrade", "h2c, websocket", true),
            ("connection", "keep-alive", false), ("connection", "keep-alive, upgrade", true), ("upgrade", nil, false),
        ] as [(String, String?, Bool)]
    )
    func wishIsSeenWhateverItsForm(name: String, value: String?, isWanted: Bool) {
        var request = Self.request
        request.headers[name] = value
        #expect(request.wantsWebSocket == isWanted)
    }

    @Test func onlyGetOfTheNewVersionUpgrades() {
        var request = Self.request
        request.version = .http10
        #expect(!request.wantsWebSocket)
        request = Self.request
        request.method = .post
        #expect(!request.wantsWebSocket)
    }

    @Test(
        arguments: [
            ("sec-websocket-version", "8", 426), ("sec-websocket-version", nil, 426),
            ("sec-websocket-version", "13, 8", 426), ("sec-websocket-key", nil, 400), ("sec-websocket-key", "", 400),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25j", 400), ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ", 400),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZR==", 400),
            ("sec-websocket-key", "not base64 at all!!!!!==", 400),
        ] as [(String, String?, Int)]
    )
    func wrongHandshakeIsRefused(name: String, value: String?, status: Int) {
        var request = Self.request
        request.headers[name] = value
        let error = #expect(throws: HTTPError.self) { try answer(request) }
        #expect(error?.status.code == status)
        if status == 426 { #expect(error?.headers["Sec-WebSocket-Version"] == "13") }
    }

    @Test func twoKeysAndABodyAreRefused() {
        var request = Self.request
        request.headers.append("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        #expect(throws: HTTPError.self) { try answer(request) }
        request = Self.request
        request.body = [1]
        #expect(throws: HTTPError.self) { try answer(request) }
    }
}

@Suite struct Base64Tests {
    @Test(
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
    )
    func textIsThatOfTheStandard(plain: String, text: String) {
        #expect(Base64.encoded(Array(plain.utf8)) == text)
        #expect(Base64.decoded(text.utf8, .standard) == Array(plain.utf8))
        let url = text.filter { $0 != "=" }
        #expect(Base64.decoded(url.utf8, .url) == Array(plain.utf8))
    }

    @Test(arguments: ["Zg=", "Z", "Zg", "Zh==", "Zm9", "====", "Zg===", "Zm9v=", "Zm 9v", "Zm9v\n", "-_-_"])
    func whatIsNotOfTheAlphabetIsRefused(text: String) {
        #expect(Base64.decoded(text.utf8, .standard) == nil)
    }

    @Test func alphabetsDiffer() {
        #expect(Base64.encoded([0xFB, 0xFF]) == "+/8=")
        #expect(Base64.decoded("-_8".utf8, .url) == [0xFB, 0xFF])
        #expect(Base64.decoded("+/8".utf8, .url) == nil)
        #expect(Base64.decoded("Zg==".utf8, .url) == nil)
    }
}
