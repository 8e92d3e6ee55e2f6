// SPDX-License-Identifier: Apache-2.0
// The life of one connection as a value, on a clock that the test moves.

import HTTPServer
import Testing

/// A connection whose clock and socket are the test's.
private struct Bench {
    var connection: HTTPConnection
    var now = HTTPMoment(instant: ContinuousClock().now, unixSeconds: 784_111_777)
    let start: ContinuousClock.Instant

    init(_ address: HTTPServerAddress = .loopback(80), sizes: HTTPSizeLimits = HTTPSizeLimits()) {
        let deadlines = HTTPDeadlines(
            head: .seconds(10),
            body: .seconds(30),
            handling: .seconds(60),
            writing: .seconds(20),
            idle: .seconds(50),
            lingering: .seconds(2)
        )
        let configuration = HTTPServerConfiguration(
            address: address,
            allowedHosts: ["Vigil.example", "[fe80::1]"],
            sizes: sizes,
            deadlines: deadlines
        )
        connection = HTTPConnection(configuration: configuration, at: now)
        start = now.instant
    }

    /// The time until the deadline.
    var left: Duration { connection.deadline - now.instant }

    var output: String { String(decoding: connection.output, as: UTF8.self) }

    mutating func receive(_ text: String) -> HTTPConnection.Action {
        connection.received(Array(text.utf8), at: now)
    }

    /// Feeds a request that has to reach the handler.
    mutating func request(_ text: String = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n") throws -> UInt64 {
        guard case .handle(_, let number) = receive(text) else { throw Unexpected() }
        return number
    }

    mutating func answer(_ number: UInt64, _ response: HTTPResponse = HTTPResponse(text: "hi")) {
        connection.answered(number, response, at: now)
    }

    /// Takes all output.
    mutating func take() -> (text: String, action: HTTPConnection.Action) {
        let text = output
        return (text, connection.sent(connection.output.count, at: now))
    }

    mutating func wait(_ duration: Duration) -> HTTPConnection.Action {
        now.instant += duration
        return connection.deadlinePassed(at: now)
    }

    struct Unexpected: Error {}
}

@Suite struct HTTPConnectionTests {
    @Test func requestIsHandledAndAnsweredAndTheConnectionKept() throws {
        var bench = Bench()
        let first = try bench.request()
        #expect(!bench.connection.wantsInput)
        bench.answer(first)
        let (text, action) = bench.take()
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n") && text.hasSuffix("\r\n\r\nhi"))
        #expect(action == .none)
        #expect(bench.connection.wantsInput)
        #expect(try bench.request() == first + 1)
    }

    @Test func pipelinedRequestWaitsUntilTheAnswerBeforeItIsTaken() throws {
        var bench = Bench()
        let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
        let first = try bench.request(get + get)
        bench.answer(first)
        let part = bench.connection.sent(10, at: bench.now)
        #expect(part == .none)
        guard case .handle(_, let second) = bench.take().action else { throw Bench.Unexpected() }
        #expect(second == first + 1)
        #expect(bench.output.isEmpty)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
    ])
    func connectionClosesAfterTheAnswerWhenTheClientSaysSo(_ text: String) throws {
        var bench = Bench()
        bench.answer(try bench.request(text))
        #expect(bench.output.contains("\r\nConnection: close\r\n"))
        #expect(bench.take().action == .finishWriting)
        let action = bench.connection.inputEnded()
        #expect(action == .close)
    }

    @Test func handlerMayCloseTheConnection() throws {
        var bench = Bench()
        bench.answer(try bench.request(), HTTPResponse(status: .ok, headers: ["connection": "close"]))
        #expect(bench.take().action == .finishWriting)
    }

    @Test func headGetsNoBody() throws {
        var bench = Bench()
        bench.answer(try bench.request("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        #expect(bench.output.hasSuffix("\r\nContent-Length: 2\r\n\r\n"))
    }

    @Test func malformedRequestIsRefusedAndTheRestThrownAway() {
        var bench = Bench()
        #expect(bench.receive("GET / HTTP/1.1\r\n\r\n") == .none)
        #expect(bench.output.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(bench.output.contains("application/problem+json"))
        #expect(bench.take().action == .finishWriting)
        #expect(bench.receive("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") == .none)
        #expect(bench.output.isEmpty)
        #expect(bench.left == .seconds(2))
        #expect(bench.wait(.seconds(2)) == .close)
    }

    @Test func clientThatNeverStopsSendingIsCut() {
        var bench = Bench()
        _ = bench.receive("\0")
        _ = bench.take()
        var action = HTTPConnection.Action.none
        var rounds = 0
        while action == .none, rounds < 1000 {
            action = bench.connection.received([UInt8](repeating: 0, count: 16384), at: bench.now)
            rounds += 1
        }
        #expect(action == .close)
        #expect(rounds == 65)
    }

    @Test func oversizedAnswerIsAFaultOfTheServer() throws {
        var bench = Bench(sizes: HTTPSizeLimits(responseBytes: 10))
        bench.answer(try bench.request(), HTTPResponse(text: "0123456789"))
        #expect(bench.take().text.hasPrefix("HTTP/1.1 200 "))
        bench.answer(try bench.request(), HTTPResponse(text: "0123456789a"))
        #expect(bench.output.hasPrefix("HTTP/1.1 500 "))
    }
}

// MARK: - Expectation

extension HTTPConnectionTests {
    private static let expecting =
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"

    @Test func bodyIsAskedForWhenTheClientWaits() throws {
        var bench = Bench()
        #expect(bench.receive(Self.expecting) == .none)
        let (text, action) = bench.take()
        #expect(text == "HTTP/1.1 100 Continue\r\n\r\n")
        #expect(action == .none)
        #expect(bench.connection.wantsInput)
        bench.answer(try bench.request("ok"))
        #expect(bench.output.hasPrefix("HTTP/1.1 200 "))
    }

    @Test func bodyThatCameIsNotAskedFor() throws {
        var bench = Bench()
        _ = try bench.request(Self.expecting + "ok")
        #expect(bench.output.isEmpty)
    }

    @Test func bodyOfARefusedRequestIsNotAskedFor() {
        var bench = Bench()
        _ = bench.receive(Self.expecting.replacing("localhost", with: "evil.example"))
        #expect(bench.output.hasPrefix("HTTP/1.1 421 "))
    }
}

// MARK: - Hosts

extension HTTPConnectionTests {
    @Test(arguments: [
        "localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:9100", "[::1]", "[::1]:9100", "vigil.EXAMPLE",
        "[fe80::1]:1",
    ])
    func ownHostIsAnswered(_ host: String) throws {
        var bench = Bench()
        _ = try bench.request("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
    }

    @Test(arguments: [
        "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.2", "", "localhost.", "[::2]",
    ])
    func foreignHostIsRefused(_ host: String) {
        var bench = Bench()
        _ = bench.receive("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        #expect(bench.output.hasPrefix("HTTP/1.1 421 Misdirected Request\r\n"))
        #expect(bench.take().action == .finishWriting)
    }

    @Test func foreignTargetIsRefusedWhateverTheHostField() {
        var bench = Bench()
        _ = bench.receive("GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(bench.output.hasPrefix("HTTP/1.1 421 "))
    }

    @Test func everyHostIsAnsweredOnASocketFile() throws {
        var bench = Bench(.unix(path: "/x"))
        _ = try bench.request("GET / HTTP/1.1\r\nHost: any\r\n\r\n")
    }

    @Test(arguments: [("0.0.0.0", "0.0.0.0"), ("::", "[::]")])
    func addressThatMeansAnyIsNoHost(_ address: String, _ host: String) {
        var bench = Bench(.tcp(host: address, port: 80))
        _ = bench.receive("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        #expect(bench.output.hasPrefix("HTTP/1.1 421 "))
    }

    @Test(arguments: [("10.0.0.1", "10.0.0.1:80"), ("fe80::2", "[fe80::2]:80")])
    func addressOfTheServerIsAnswered(_ address: String, _ host: String) throws {
        var bench = Bench(.tcp(host: address, port: 80))
        _ = try bench.request("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
    }
}

// MARK: - Deadlines

extension HTTPConnectionTests {
    @Test func silentClientIsClosedWithoutAWord() {
        var bench = Bench()
        #expect(bench.left == .seconds(10))
        #expect(bench.wait(.seconds(9)) == .none)
        #expect(bench.wait(.seconds(1)) == .close)
        #expect(bench.output.isEmpty)
    }

    @Test func drippedHeadIsCutAtTheTotal() {
        var bench = Bench()
        for byte in "GET / HTT" {
            #expect(bench.receive(String(byte)) == .none)
            #expect(bench.wait(.seconds(1)) == .none)
        }
        #expect(bench.left == .seconds(1))
        #expect(bench.wait(.seconds(1)) == .none)
        #expect(bench.output.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        #expect(bench.take().action == .finishWriting)
    }

    @Test func drippedBodyIsCutAtTheTotal() {
        var bench = Bench()
        _ = bench.receive("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n")
        for _ in 0..<29 {
            #expect(bench.receive("a") == .none)
            #expect(bench.wait(.seconds(1)) == .none)
        }
        #expect(bench.left == .seconds(1))
        #expect(bench.wait(.seconds(1)) == .none)
        #expect(bench.output.hasPrefix("HTTP/1.1 408 "))
    }

    @Test func idleConnectionHasItsOwnDeadlineAndTheNextHeadAnother() throws {
        var bench = Bench()
        bench.answer(try bench.request())
        _ = bench.take()
        #expect(bench.left == .seconds(50))
        #expect(bench.wait(.seconds(30)) == .none)
        #expect(bench.receive("G") == .none)
        #expect(bench.left == .seconds(10))
        #expect(bench.wait(.seconds(1)) == .none)
        #expect(bench.receive("E") == .none)
        #expect(bench.left == .seconds(9))
    }

    @Test func slowHandlerIsCancelledAndAnsweredFor() throws {
        var bench = Bench()
        let number = try bench.request()
        #expect(bench.wait(.seconds(60)) == .cancelHandler)
        #expect(bench.output.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        let before = bench.output
        bench.answer(number)
        #expect(bench.output == before)
        #expect(bench.take().action == .finishWriting)
    }

    @Test func slowReaderIsCutAtTheTotal() throws {
        var bench = Bench()
        bench.answer(try bench.request(), HTTPResponse(text: String(repeating: "a", count: 100)))
        for _ in 0..<19 {
            let action = bench.connection.sent(1, at: bench.now)
            #expect(action == .none)
            #expect(bench.wait(.seconds(1)) == .none)
        }
        #expect(bench.wait(.seconds(1)) == .close)
    }

    @Test func earlyWakeUpChangesNothing() {
        var bench = Bench()
        _ = bench.receive("GET ")
        #expect(bench.wait(.seconds(5)) == .none)
        #expect(bench.connection.wantsInput)
        #expect(bench.output.isEmpty)
    }
}

// MARK: - Ends

extension HTTPConnectionTests {
    @Test func endOfInputClosesAConnectionThatOwesNothing() {
        var bench = Bench()
        _ = bench.receive("GET / HT")
        let action = bench.connection.inputEnded()
        #expect(action == .close)
        #expect(bench.receive("TP/1.1\r\nHost: localhost\r\n\r\n") == .none)
    }

    @Test func clientThatClosedItsSideGetsItsAnswer() throws {
        var bench = Bench()
        let number = try bench.request()
        #expect(bench.connection.inputEnded() == .none)
        bench.answer(number)
        #expect(bench.output.hasPrefix("HTTP/1.1 200 "))
    }

    @Test func shutdownClosesAnIdleConnection() throws {
        var bench = Bench()
        bench.answer(try bench.request())
        _ = bench.take()
        #expect(bench.connection.shutDown() == .close)
    }

    @Test func shutdownLetsARunningRequestFinish() throws {
        var bench = Bench()
        let number = try bench.request()
        #expect(bench.connection.shutDown() == .none)
        bench.answer(number)
        #expect(bench.output.contains("\r\nConnection: close\r\n"))
        #expect(bench.take().action == .finishWriting)
    }

    @Test func shutdownLetsARequestThatIsArrivingFinish() throws {
        var bench = Bench()
        _ = bench.receive("GET / HTTP/1.1\r\n")
        #expect(bench.connection.shutDown() == .none)
        bench.answer(try bench.request("Host: localhost\r\n\r\n"))
        #expect(bench.output.contains("\r\nConnection: close\r\n"))
    }

    @Test func shutdownWhileAnAnswerIsSentClosesAfterIt() throws {
        var bench = Bench()
        bench.answer(try bench.request())
        #expect(bench.connection.shutDown() == .none)
        #expect(bench.take().action == .finishWriting)
    }

    @Test func onlyAConnectionWithoutARequestMayBeLetGo() throws {
        var bench = Bench()
        #expect(bench.connection.waitingSince == bench.start)
        _ = bench.wait(.seconds(1))
        _ = bench.receive("POST / HTTP/1.1\r\n")
        #expect(bench.connection.waitingSince == bench.start)
        _ = bench.receive("Host: localhost\r\nContent-Length: 1\r\n\r\n")
        #expect(bench.connection.waitingSince == nil)
        let number = try bench.request("a")
        #expect(bench.connection.waitingSince == nil)
        bench.answer(number)
        #expect(bench.connection.waitingSince == nil)
        _ = bench.take()
        #expect(bench.connection.waitingSince == bench.now.instant)
    }
}
