// SPDX-License-Identifier: Apache-2.0
// A connection under random events: order, bounds and endings hold whatever happens.

import HTTPServer
import TestSupport
import Testing

@Suite struct HTTPConnectionPropertyTests {
    fileprivate static let pieces = [
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\n", "\r\n", "G", "\0", "abc",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ].map { Array($0.utf8) }

    @Test func promisesHoldUnderRandomEvents() {
        var generator = SeededGenerator.fromEnvironment()
        let seed = generator.seed
        for round in 0..<2000 {
            var run = Run()
            for _ in 0..<60 where run.broken == nil { run.step(&generator) }
            if let broken = run.broken {
                Issue.record("seed \(seed), round \(round): \(broken)")
                return
            }
        }
    }

    private struct Run {
        private var now = HTTPMoment(instant: ContinuousClock().now, unixSeconds: 0)
        private var connection: HTTPConnection
        private var pending: UInt64?
        private var lastNumber: UInt64 = 0
        private var isClosed = false
        private var isFinished = false
        var broken: String?

        init() { connection = HTTPConnection(configuration: HTTPServerConfiguration(address: .loopback(1)), at: now) }

        mutating func step(_ generator: inout SeededGenerator) {
            switch generator.below(8) {
            case 0, 1, 2:
                guard connection.wantsInput else { return }
                perform(
                    connection.received(
                        HTTPConnectionPropertyTests.pieces[generator.below(HTTPConnectionPropertyTests.pieces.count)],
                        at: now
                    )
                )
            case 3: if connection.wantsInput, generator.below(8) == 0 { perform(connection.inputEnded()) }
            case 4:
                guard let number = pending ?? (lastNumber > 0 ? lastNumber : nil) else { return }
                connection.answered(number, HTTPResponse(text: "hello"), at: now)
                pending = nil
            case 5: perform(connection.sent(generator.below(connection.output.count + 1), at: now))
            case 6: perform(connection.sent(connection.output.count, at: now))
            default:
                if generator.below(20) == 0 { perform(connection.shutDown()) }
                now.instant += .seconds(generator.below(12))
                perform(connection.deadlinePassed(at: now))
            }
            if connection.output.count > 1000 { broken = "output grows" }
            if isClosed, connection.wantsInput || !connection.output.isEmpty { broken = "alive after its end" }
        }

        private mutating func perform(_ action: HTTPConnection.Action) {
            if isClosed, action != .none { broken = "\(action) after the end" }
            switch action {
            case .none: break
            case .handle(_, let number):
                if pending != nil { broken = "two requests at a time" }
                if number != lastNumber + 1 { broken = "request \(number) after \(lastNumber)" }
                if !connection.output.isEmpty { broken = "a request before the answer went out" }
                if isFinished { broken = "a request after the last answer" }
                (pending, lastNumber) = (number, number)
            case .cancelHandler:
                if pending == nil { broken = "cancelled nothing" }
                pending = nil
            case .finishWriting:
                if isFinished { broken = "finished twice" }
                isFinished = true
            case .close: isClosed = true
            }
        }
    }
}
