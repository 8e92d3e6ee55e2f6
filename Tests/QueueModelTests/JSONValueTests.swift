// SPDX-License-Identifier: Apache-2.0
// What JSON values, numbers and objects promise.

import QueueModel
import Testing

@Suite struct JSONNumberTests {
    @Test(arguments: [
        ("0", 0), ("-0", 0), ("7", 7), ("-7", -7), ("5.0", 5), ("5.000", 5), ("5e0", 5), ("1e2", 100), ("1E+2", 100),
        ("1.5e1", 15), ("120e-1", 12), ("-2.50e2", -250), ("0e5", 0), ("0.0e-5", 0), ("0.0005e4", 5),
        ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min),
        ("9223372036854775807.0", Int64.max), ("-92233720368547758080e-1", Int64.min),
        ("9007199254740993.0", 9_007_199_254_740_993), ("1e18", 1_000_000_000_000_000_000),
    ])
    func wholeNumbersAreExact(_ text: String, _ value: Int64) {
        #expect(number(text)?.exactInt == value)
    }

    @Test(arguments: [
        "0.5", "1e-1", "1.5", "5.0000000000000000000000001", "4503599627370497.5", "9223372036854775808",
        "-9223372036854775809", "1e19", "1e308", "123456789012345678901234567890", "5e-324",
    ])
    func otherNumbersAreNoIntegers(_ text: String) {
        #expect(number(text)?.exactInt == nil)
        #expect(number(text)?.double != nil)
    }

    @Test(arguments: [
        (0.0, 6, "0"), (-0.0, 6, "0"), (1.0, 6, "1"), (45.2, 3, "45.2"), (0.1 + 0.2, 6, "0.3"), (2.0 / 3, 3, "0.667"),
        (-2.0 / 3, 6, "-0.666667"), (0.0000004, 6, "0"), (0.0000005, 6, "0.000001"), (1e-300, 6, "0"),
        (123_456.789, 2, "123456.79"), (0.05, 1, "0.1"), (12.0, 0, "12"), (12.6, -3, "13"), (0.125, 3, "0.125"),
        (1e15, 6, "1000000000000000"), (1e18, 6, "1000000000000000000"), (1e21, 6, "1000000000000000000000"),
        (-1.5e25, 3, "-15000000000000000000000000"),
    ])
    func decimalsAreRoundedAndHaveNoExponent(_ value: Double, _ digits: Int, _ text: String) {
        #expect(JSONNumber(rounding: value, fractionDigits: digits)?.text == text)
        #expect(JSONWriter.text(.decimal(value, fractionDigits: digits)) == text)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func numbersThatAreNotFiniteBecomeNull(_ value: Double) {
        #expect(JSONNumber(value) == nil)
        #expect(JSONValue.decimal(value) == .null)
    }

    @Test(arguments: [Double.greatestFiniteMagnitude, .leastNonzeroMagnitude, 0.1, 1e16, 5, -2.5e-7])
    func doublesReadBackExactly(_ value: Double) throws {
        let text = try #require(JSONNumber(value)?.text)
        let again = try JSONParser.parse(Array(text.utf8), limits: .task)
        #expect(again.doubleValue == value)
    }

    @Test func largestDoubleIsWrittenInFull() throws {
        let text = JSONWriter.text(.decimal(.greatestFiniteMagnitude))
        #expect(text.utf8.count == 309)
        #expect(Double(text) == .greatestFiniteMagnitude)
    }

    private func number(_ text: String) -> JSONNumber? {
        JSONValue.exactly(text).numberValue
    }
}

@Suite struct JSONValueTests {
    @Test func booleansAreNotNumbers() {
        #expect(JSONValue.bool(true).intValue == nil)
        #expect(JSONValue.bool(true).doubleValue == nil)
        #expect(JSONValue.integer(1).boolValue == nil)
        #expect(JSONValue.string("1").intValue == nil)
        #expect(JSONValue.null.boolValue == nil)
    }

    @Test func valuesOfOneKindReadAsNoOther() {
        let values: [JSONValue] = [nil, true, 1, "a", [1], ["a": 1]]
        #expect(values.map(\.isNull) == [true, false, false, false, false, false])
        #expect(values.map { $0.boolValue != nil } == [false, true, false, false, false, false])
        #expect(values.map { $0.numberValue != nil } == [false, false, true, false, false, false])
        #expect(values.map { $0.stringValue != nil } == [false, false, false, true, false, false])
        #expect(values.map { $0.arrayValue != nil } == [false, false, false, false, true, false])
        #expect(values.map { $0.objectValue != nil } == [false, false, false, false, false, true])
    }

    @Test func composedAndDecomposedStringsDiffer() {
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        #expect(composed == decomposed, "Swift itself sees no difference")
        #expect(JSONValue.string(composed) != .string(decomposed))
        #expect(Set([JSONValue.string(composed), .string(decomposed)]).count == 2)
    }

    @Test func valuesOfDifferentKindsDiffer() {
        let values: [JSONValue] = [nil, false, 0, "", [], [:], "null", "0", [nil]]
        #expect(Set(values).count == values.count)
    }

    @Test func durationsAreSecondsWithThreeDecimals() {
        #expect(JSONWriter.text(.seconds(.milliseconds(45_200))) == "45.2")
        #expect(JSONWriter.text(.seconds(.milliseconds(1))) == "0.001")
        #expect(JSONWriter.text(.seconds(.microseconds(1499))) == "0.001")
        #expect(JSONWriter.text(.seconds(.microseconds(1500))) == "0.002")
        #expect(JSONWriter.text(.seconds(.microseconds(-1500))) == "-0.002")
        #expect(JSONWriter.text(.seconds(.zero)) == "0")
        #expect(JSONWriter.text(.seconds(.seconds(3600))) == "3600")
        #expect(JSONWriter.text(.seconds(.seconds(Int64.max))) == "9223372036854775.807")
        #expect(JSONWriter.text(.seconds(.seconds(Int64.min))) == "-9223372036854775.808")
    }
}

@Suite struct JSONObjectTests {
    @Test func membersKeepTheirOrder() {
        var object: JSONObject = ["z": 1, "a": 2]
        object["m"] = 3
        object["z"] = 4
        #expect(object.keys == ["z", "a", "m"])
        #expect(object["z"] == 4)
    }

    @Test func settingNilRemoves() {
        var object: JSONObject = ["a": 1, "b": 2]
        object["a"] = nil
        object["c"] = nil
        #expect(object.keys == ["b"])
        #expect(object.count == 1)
    }

    @Test func settingNullKeepsTheMember() {
        var object: JSONObject = [:]
        object["a"] = .null
        #expect(object.keys == ["a"])
        #expect(object["a"] == .null)
    }

    @Test func keysAreFoundByBytes() {
        let object: JSONObject = ["caf\u{E9}": 1]
        #expect(object["caf\u{E9}"] == 1)
        #expect(object["cafe\u{301}"] == nil)
    }

    @Test func orderDoesNotMatterForEquality() {
        let (first, second): (JSONObject, JSONObject) = (["a": 1, "b": [2], "c": 3], ["c": 3, "a": 1, "b": [2]])
        #expect(first == second)
        #expect(first.hashValue == second.hashValue)
        #expect(first != ["a": 1, "b": [2]])
        #expect(first != ["a": 1, "b": [2], "d": 3])
        #expect(first != ["c": 3, "a": 1, "b": [3]])
    }

    @Test func theLastOfRepeatedKeysCounts() {
        #expect(JSONObject([("a", 1), ("b", 2), ("a", 3)]) == ["a": 3, "b": 2])
    }
}

@Suite struct JSONWriterTests {
    @Test func controlCharactersAndSeparatorsAreEscaped() {
        let text = "\u{0}\u{8}\t\n\u{B}\u{C}\r\u{1B}\u{1F}\"\\/\u{7F}\u{80}\u{9B}\u{9F}\u{2028}\u{2029}"
        let expected =
            #""\u0000\b\t\n\u000b\f\r\u001b\u001f\"\\/\u007f\u0080\u009b\u009f\u2028\u2029""#
        #expect(JSONWriter.text(.string(text)) == expected)
    }

    @Test func otherTextIsKept() {
        let text = "é\u{A0}\u{2027}\u{202A}€\u{E000}😀\u{10FFFF}e\u{301}"
        #expect(JSONWriter.bytes(.string(text)) == [0x22] + Array(text.utf8) + [0x22])
        #expect(JSONWriter.bytes(.string("\n" + text)) == [0x22, 0x5C, 0x6E] + Array(text.utf8) + [0x22])
    }

    @Test func scalarsOfEveryPlaneReadBack() throws {
        // The letters of most scripts in full, then the first and last scalars of every plane.
        let edges = (0...16).flatMap { plane in [plane << 16, plane << 16 + 0xD700, plane << 16 + 0xFF00] }
        for block in Array(stride(from: UInt32(0), to: 0x3000, by: 0x100)) + edges.map({ UInt32($0) }) {
            let scalars = (block..<block + 0x100).compactMap(UnicodeScalar.init)
            let value = JSONValue.string(String(String.UnicodeScalarView(scalars)))
            let bytes = JSONWriter.bytes(value)
            #expect(try JSONParser.parse(bytes, limits: .task) == value, "block \(block)")
        }
    }

    @Test func compactHasNoSpace() {
        #expect(JSONWriter.text(["b": [1, 2, []], "a": [:]]) == #"{"b":[1,2,[]],"a":{}}"#)
    }

    @Test func prettyHasOneMemberPerLine() {
        let text = String(decoding: JSONWriter.bytes(["b": [1, 2], "a": [:], "c": []], pretty: true), as: UTF8.self)
        #expect(
            text == """
                {
                  "b": [
                    1,
                    2
                  ],
                  "a": {},
                  "c": []
                }

                """
        )
    }

    @Test func canonicalSortsKeysByBytesAtEveryDepth() {
        let value: JSONValue = ["b": ["z": 1, "A": 2], "a": 1, "\u{E9}": 2, "e\u{301}": 3]
        let text = String(decoding: JSONWriter.canonicalBytes(value), as: UTF8.self)
        #expect(Array(text.utf8) == Array("{\"a\":1,\"b\":{\"A\":2,\"z\":1},\"e\u{301}\":3,\"\u{E9}\":2}".utf8))
    }
}
