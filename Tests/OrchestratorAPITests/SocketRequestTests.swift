// SPDX-License-Identifier: Apache-2.0
// What clients say over a WebSocket, and text that is cut into pieces.

import HTTPServer
import OrchestratorAPI
import QueueModel
import TestSupport
import Testing

@Suite struct SocketRequestTests {
    private func read(_ text: String) throws -> SocketRequest { try .read(.text(Array(text.utf8))) }

    @Test func requestsAreUnderstood() throws {
        var filter = EventFilter()
        #expect(try read(#"{"op":"subscribe","to":"events"}"#) == .followEvents(filter, after: nil))
        filter.types = [.taskCompleted]
        filter.worker = try WorkerID("marie")
        let choice = #"{"op":"subscribe","to":"events","after":7,"types":["task_completed"],"worker":"marie"}"#
        #expect(try read(choice) == .followEvents(filter, after: 7))
        var output = SocketRequest.Output(task: try TaskID("t1"))
        #expect(
            try read(#"{"op":"subscribe","to":"log","task":"t1"}"#)
                == .followOutput(output, attempt: nil, offset: 0)
        )
        output.isError = true
        let part = #"{"op":"subscribe","to":"log","task":"t1","stream":"stderr","attempt":2,"offset":9}"#
        #expect(try read(part) == .followOutput(output, attempt: 2, offset: 9))
        #expect(try read(#"{"op":"unsubscribe","to":"log","task":"t1","stream":"stderr"}"#) == .leaveOutput(output))
        #expect(try read(#"{"op":"unsubscribe","to":"events"}"#) == .leaveEvents)
    }

    @Test(
        arguments: [
            "", "[]", "1", "{}", #"{"op":"subscribe"}"#, #"{"op":"subscribe","to":"all"}"#, #"{"op":1,"to":"events"}"#,
            #"{"op":"subscribe","to":"events","after":-1}"#, #"{"op":"subscribe","to":"events","after":1.5}"#,
            #"{"op":"subscribe","to":"events","after":1e400}"#, #"{"op":"subscribe","to":"events","types":"x"}"#,
            #"{"op":"subscribe","to":"events","types":["x"]}"#, #"{"op":"subscribe","to":"events","types":[1]}"#,
            #"{"op":"subscribe","to":"events","worker":"../x"}"#, #"{"op":"subscribe","to":"events","limit":1}"#,
            #"{"op":"subscribe","to":"log"}"#, #"{"op":"subscribe","to":"log","task":"t1","attempt":0}"#,
            #"{"op":"subscribe","to":"log","task":"t1","stream":"x"}"#, #"{"op":"unsubscribe","to":"log"}"#,
            #"{"op":"subscribe","to":"log","task":".x"}"#, #"{"op":"unsubscribe","to":"events","after":1}"#,
        ]
    )
    func whatIsNoRequestIsRefused(text: String) {
        let error = #expect(throws: HTTPError.self) { try read(text) }
        #expect(error?.status == .badRequest)
    }

    @Test func requestsAreText() {
        #expect(throws: HTTPError.self) { try SocketRequest.read(.binary(Array("{}".utf8))) }
    }

    @Test func noCharacterIsCutInTwo() {
        let text = "aé€𝄞z"
        for size in 1...5 {
            var pieces = TextPieces()
            var result = ""
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let part = pieces.take(Array(rest.prefix(size)))
                #expect(!part.contains("\u{FFFD}"))
                result += part
                rest = rest.dropFirst(size)
            }
            #expect(result + pieces.end() == text)
        }
    }

    @Test func bytesThatAreNoTextAreReplacedAndNoneIsHeldForLong() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            let bytes = (0..<12).map { _ in UInt8.random(in: 0x60...0xFF, using: &generator) }
            var pieces = TextPieces()
            var result = ""
            for byte in bytes {
                result += pieces.take([byte])
                #expect(pieces.heldBytes <= 3)
            }
            #expect((result + pieces.end()).contains("\u{FFFD}") || String(validating: bytes, as: UTF8.self) != nil)
        }
        var whole = TextPieces()
        #expect(whole.take([0xFF, 0x61, 0xE2, 0x82]) == "\u{FFFD}a")
        #expect(whole.heldBytes == 2)
        #expect(whole.end() == "\u{FFFD}")
    }
}
