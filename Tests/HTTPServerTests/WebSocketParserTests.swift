// SPDX-License-Identifier: Apache-2.0
// What is taken of a client's frames, and what is refused.

import HTTPServer
import TestSupport
import Testing

@Suite struct WebSocketParserTests {
    private static let limits = WebSocketLimits(messageBytes: 1 << 17, fragments: 8)

    /// Everything that the bytes amount to, and the code of the failure that ends it.
    static func parse(_ bytes: [UInt8], by count: Int = .max) -> ([WebSocketParser.Input], UInt16?) {
        var parser = WebSocketParser(limits: limits)
        var inputs: [WebSocketParser.Input] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            parser.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
            do {
                while let input = try parser.next() { inputs.append(input) }
            } catch { return (inputs, error.code.number) }
        }
        return (inputs, nil)
    }

    private static func fields(_ change: (inout ClientFrame) -> Void) -> [UInt8] {
        var frame = ClientFrame.text("hello")
        change(&frame)
        return frame.bytes
    }

    @Test(arguments: [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 17])
    func messageOfEveryLengthComesWhole(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let (inputs, failure) = Self.parse(ClientFrame(2, bytes).bytes, by: 1000)
        #expect(inputs == [.message(.binary(bytes))])
        #expect(failure == nil)
    }

    @Test func fragmentsBecomeOneMessageAndControlFramesComeBetween() {
        let euro = Array("€".utf8)
        let frames = [
            ClientFrame(1, [euro[0]]).open, ClientFrame(9, [7]), ClientFrame(0, [euro[1]]).open, ClientFrame(10),
            ClientFrame(0).open, ClientFrame(0, [euro[2]]), ClientFrame.text("next"), ClientFrame.close(1000, "bye"),
        ]
        let (inputs, failure) = Self.parse(frames.flatMap(\.bytes), by: 1)
        #expect(
            inputs == [
                .ping([7]), .pong([]), .message(.text(euro)), .message(.text(Array("next".utf8))), .close(.normal),
            ]
        )
        #expect(failure == nil)
    }

    @Test func everyFrameThatBreaksTheRulesIsRefused() {
        let cases: [(String, [UInt8], UInt16)] = [
            ("no mask", Self.fields { $0.isMasked = false }, 1002),
            ("a reserved bit", Self.fields { $0.reserved = 1 }, 1002),
            ("another one", Self.fields { $0.reserved = 2 }, 1002),
            ("the third one, of compression", Self.fields { $0.reserved = 4 }, 1002),
            ("a continuation of nothing", ClientFrame(0).bytes, 1002),
            ("a message within a message", ClientFrame.text("a").open.bytes + ClientFrame.text("b").bytes, 1002),
            ("a long control frame", ClientFrame(9, [UInt8](repeating: 0, count: 126)).bytes, 1002),
            ("a control frame in fragments", ClientFrame(9).open.bytes, 1002),
            ("a close frame in fragments", ClientFrame.close(1000).open.bytes, 1002),
            ("a length in two bytes that needs none", Self.fields { $0.width = 2 }, 1002),
            ("a length in eight bytes that needs none", Self.fields { $0.width = 8 }, 1002),
            ("a length beyond all", Self.fields { ($0.width, $0.length) = (8, 1 << 63) }, 1002),
            ("a gigabyte", Self.fields { ($0.width, $0.length) = (8, 1 << 30) }, 1009),
            ("one byte too many", ClientFrame(2, [UInt8](repeating: 0, count: 1 << 17 + 1)).bytes, 1009),
            ("half a close code", ClientFrame(8, [3]).bytes, 1002),
            ("text that is none", ClientFrame(1, [0xFF]).bytes, 1007),
            ("text that ends within a character", ClientFrame(1, [0xE2, 0x82]).bytes, 1007),
            ("a reason that is no text", ClientFrame(8, [3, 232, 0xFF]).bytes, 1007),
            ("a reason that ends within a character", ClientFrame(8, [3, 232, 0xE2]).bytes, 1007),
        ]
        for (name, bytes, code) in cases {
            for count in [1, 2, 7, Int.max] {
                #expect(Self.parse(bytes, by: count).1 == code, "\(name), by \(count)")
            }
        }
    }

    @Test(arguments: [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
    func unknownOpcodeIsRefused(opcode: UInt8) {
        #expect(Self.parse(ClientFrame(opcode).bytes).1 == 1002)
    }

    @Test(
        arguments: [
            (1000, true), (1001, true), (1002, true), (1003, true), (1007, true), (1011, true), (1012, true),
            (1014, true), (3000, true), (4999, true), (0, false), (999, false), (1004, false), (1005, false),
            (1006, false), (1015, false), (1016, false), (2999, false), (5000, false), (65_535, false),
        ] as [(UInt16, Bool)]
    )
    func closeCodesAreThoseOfTheStandard(code: UInt16, isLegal: Bool) {
        let (inputs, failure) = Self.parse(ClientFrame.close(code).bytes)
        #expect(inputs == (isLegal ? [.close(WebSocketCloseCode(code))] : []))
        #expect(failure == (isLegal ? nil : 1002))
    }

    @Test func closeWithoutACodeIsAClose() {
        #expect(Self.parse(ClientFrame(8).bytes).0 == [.close(nil)])
    }

    @Test func wrongTextIsRefusedBeforeItsMessageIsWhole() {
        // Far from complete: the length says so, and further fragments would follow.
        var frame = ClientFrame(1, Array("ok".utf8) + [0xC0]).open
        frame.length = 100
        #expect(Self.parse(frame.bytes).1 == 1007)
        let second = ClientFrame(0, [0x41]).open
        #expect(Self.parse(ClientFrame(1, [0xE2, 0x82]).open.bytes + second.bytes).1 == 1007)
    }

    @Test func fragmentsAreBounded() {
        let endless = ClientFrame.text("").open.bytes + (0..<8).flatMap { _ in ClientFrame(0).open.bytes }
        #expect(Self.parse(endless).1 == 1009)
        let part = [UInt8](repeating: 97, count: 1 << 16)
        let large = ClientFrame(1, part).open.bytes + ClientFrame(0, part).open.bytes + ClientFrame(0, [97]).bytes
        #expect(Self.parse(large).1 == 1009)
    }

    @Test func resultDoesNotDependOnHowTheBytesAreSplit() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<3000 {
            var bytes = (0..<4).flatMap { _ in Self.randomFrame(using: &generator).bytes }
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            let whole = Self.parse(bytes)
            let pieces = Self.parse(bytes, by: Int.random(in: 1...9, using: &generator))
            #expect(whole.0 == pieces.0, "\(bytes)")
            #expect(whole.1 == pieces.1, "\(bytes)")
        }
    }

    private static func randomFrame(using generator: inout SeededGenerator) -> ClientFrame {
        let opcode = UInt8([0, 1, 1, 2, 8, 9, 10, 3].randomElement(using: &generator) ?? 1)
        let text = Array("aé€𝄞".utf8)
        var frame = ClientFrame(opcode, Array(text.prefix(Int.random(in: 0...10, using: &generator))))
        frame.isFinal = .random(using: &generator)
        return frame
    }
}

@Suite struct UTF8Tests {
    @Test(
        arguments: [
            [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
            [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80], [0xFE], [0xC2],
            [0xE2, 0x82], [0xF0, 0x9D, 0x84], [0xC2, 0x41], [0xF8, 0x88, 0x80, 0x80, 0x80],
        ] as [[UInt8]]
    )
    func wrongTextIsFoundByWholeAndByByte(bytes: [UInt8]) {
        for count in [1, 2, Int.max] {
            #expect(WebSocketParserTests.parse(ClientFrame(1, bytes).bytes, by: count).1 == 1007)
        }
    }

    @Test func everyCharacterIsTaken() {
        for value in UInt32(0)...0x10_FFFF where value % 97 == 0 || value < 0x900 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let bytes = Array(String(Character(scalar)).utf8)
            #expect(WebSocketParserTests.parse(ClientFrame(1, bytes).bytes).0 == [.message(.text(bytes))])
        }
    }

    @Test func randomBytesAreJudgedAsByTheStandardLibrary() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            let count = Int.random(in: 1...5, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0x70...0xFF, using: &generator) }
            let isText = String(validating: bytes, as: UTF8.self) != nil
            #expect((WebSocketParserTests.parse(ClientFrame(1, bytes).bytes).1 == nil) == isText, "\(bytes)")
        }
    }
}
