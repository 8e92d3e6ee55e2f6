// SPDX-License-Identifier: Apache-2.0
// What the JSON reader promises.

import QueueModel
import Testing

@Suite struct JSONParserTests {
    @Test(arguments: JSONAcceptedCases.all)
    func acceptsWhatTheStandardAllows(_ row: JSONCase) {
        #expect(row.actualOutcome() == row.outcome)
    }

    @Test(arguments: JSONRefusedCases.all)
    func refusesWhatTheStandardForbids(_ row: JSONCase) {
        #expect(row.actualOutcome() == row.outcome)
    }

    @Test(arguments: JSONChoiceCases.all)
    func decidesWhatTheStandardLeavesOpen(_ row: JSONCase) {
        #expect(row.actualOutcome() == row.outcome)
    }

    @Test func everyCodeHasARow() {
        let limits: Set<JSONParseError.Code> = [.tooDeep, .tooLarge, .tooManyMembers]
        let codes = (JSONRefusedCases.all + JSONChoiceCases.all).compactMap { row in
            if case .refused(let code, _) = row.outcome { code } else { nil }
        }
        #expect(limits.union(codes) == Set(JSONParseError.Code.allCases))
    }

    // MARK: Text of numbers

    @Test(arguments: ["0", "-0", "1.10", "1E+2", "1e-400", "123456789012345678901234567890", "0.30000000000000004"])
    func numbersKeepTheirText(_ text: String) throws {
        let value = try JSONParser.parse(Array(text.utf8), limits: .task)
        #expect(value.numberValue?.text == text)
        #expect(JSONWriter.text(value) == text)
    }

    @Test func numbersOfAThousandCharactersAreAccepted() {
        let digits = "0." + String(repeating: "1", count: 998)
        #expect(outcome(digits) == nil)
        #expect(outcome(digits + "1") == .numberOutOfRange)
    }

    @Test func longIntegersBeyondADoubleAreRefused() {
        #expect(outcome(String(repeating: "9", count: 308)) == nil)
        #expect(outcome(String(repeating: "9", count: 309)) == .numberOutOfRange)
    }

    // MARK: Limits

    @Test(arguments: ["[", "{\"a\":"])
    func nestingIsLimited(_ opening: String) throws {
        let closing = opening == "[" ? "]" : "}"
        func document(_ depth: Int) -> String {
            let inner = opening == "[" ? "[]" : "{}"
            return String(repeating: opening, count: depth - 1) + inner + String(repeating: closing, count: depth - 1)
        }
        #expect(outcome(document(64)) == nil)
        let error = try #require(throws: JSONParseError.self) {
            try JSONParser.parse(Array(document(65).utf8), limits: .task)
        }
        #expect(error.code == .tooDeep)
        #expect(error.offset == 64 * opening.utf8.count)
    }

    @Test(arguments: ["[", "{\"a\":", "[{\"a\":"])
    func endlessNestingIsRefusedWithoutOverflow(_ opening: String) {
        #expect(outcome(String(repeating: opening, count: 100_000)) == .tooDeep)
    }

    @Test func depthLimitCannotBeSetBeyondTheStack() {
        #expect(JSONLimits(maxDepth: .max).maxDepth == 512)
        #expect(JSONLimits(maxDepth: -1).maxDepth == 1)
    }

    @Test func siblingsDoNotAddToTheDepth() {
        let limits = JSONLimits(maxDepth: 2)
        #expect(outcome("[[],[],{},{}]", limits: limits) == nil)
        #expect(outcome("[[],[[]]]", limits: limits) == .tooDeep)
    }

    @Test func bytesAreLimited() {
        let limits = JSONLimits(maxBytes: 4)
        #expect(outcome("1234", limits: limits) == nil)
        #expect(outcome("12345", limits: limits) == .tooLarge)
        #expect(outcome("1234 ", limits: limits) == .tooLarge)
    }

    @Test(arguments: ["[1,2,3]", "{\"a\":1,\"b\":2,\"c\":3}", "[[1,2]]", "[{\"a\":1},0]"])
    func membersAreLimitedOverTheWholeDocument(_ text: String) {
        #expect(outcome(text, limits: JSONLimits(maxMembers: 3)) == nil)
        #expect(outcome(text, limits: JSONLimits(maxMembers: 2)) == .tooManyMembers)
    }

    @Test func duplicatesAreFoundAmongManyKeys() {
        let keys = (0..<40).map { "\"key\($0)\":\($0)" }
        for count in [2, 15, 16, 17, 18, 40] {
            let members = keys.prefix(count).joined(separator: ",")
            #expect(outcome("{\(members)}") == nil)
            for repeated in [0, count / 2, count - 1] {
                #expect(outcome("{\(members),\(keys[repeated])}") == .duplicateKey, "\(count) keys, \(repeated) again")
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func hundredThousandKeysAreReadInLinearTime() throws {
        // The same length and the same ends, so that nothing short of comparing or hashing all of them helps.
        let members = (0..<100_000).map { "\"k\(100_000 + $0)k\":1" }
        let text = "{" + members.joined(separator: ",") + "}"
        let limits = JSONLimits(maxBytes: 1 << 24)
        #expect(try JSONParser.parse(Array(text.utf8), limits: limits).objectValue?.count == 100_000)
    }

    @Test(.timeLimit(.minutes(1)))
    func canonicallyEqualKeysDoNotCollide() throws {
        // Every key is canonically equal to every other and as long: hashing as Swift compares would be quadratic.
        let (composed, decomposed) = ("\u{E9}e\u{301}", "e\u{301}\u{E9}")
        let members = (0..<1 << 14).map { number in
            let key = (0..<14).map { number >> $0 & 1 == 0 ? composed : decomposed }.joined()
            return "\"\(key)\":1"
        }
        let text = "{" + members.joined(separator: ",") + "}"
        let limits = JSONLimits(maxBytes: 1 << 24)
        #expect(try JSONParser.parse(Array(text.utf8), limits: limits).objectValue?.count == 1 << 14)
    }

    // MARK: Messages

    @Test(arguments: [
        ("{\"a\": 1,\n \"a\": 2}", "line 2, column 2: duplicate key \"a\""),
        ("[1,\r\n2,\r\n]", "line 2, column 2: comma before a closing bracket"),
        ("{\"é😀\" x}", "line 1, column 7: unexpected \"x\", expected \":\""),
        ("\u{FEFF}x", "line 1, column 1: unexpected \"x\", expected a value"),
        ("[1 2]", "line 1, column 4: unexpected \"2\", expected \",\" or \"]\""),
        ("{\"a\":1 2}", "line 1, column 8: unexpected \"2\", expected \",\" or \"}\""),
        ("{a:1}", "line 1, column 2: unexpected \"a\", expected a key in double quotes"),
        ("\u{1B}", "line 1, column 1: unexpected byte 0x1B, expected a value"),
        ("nul ", "line 1, column 4: unexpected space, expected null"),
        ("{", "line 1, column 2: the document ends too early"),
        ("", "line 1, column 1: the document is empty"),
        ("{\"\\u001b[31m\":1,\"\\u001b[31m\":1}", "line 1, column 17: duplicate key \"\\u001b[31m\""),
        ("[1] // x", "line 1, column 5: comments are not allowed"),
        ("[1e999]", "line 1, column 2: a number is too large or too long"),
    ])
    func messagesNamePlaceAndRule(_ text: String, _ message: String) throws {
        let error = try #require(throws: JSONParseError.self) {
            try JSONParser.parse(Array(text.utf8), limits: .task)
        }
        #expect(error.description == message)
    }

    @Test func longKeysAreCutInMessages() throws {
        let key = String(repeating: "k", count: 1000)
        let error = try #require(throws: JSONParseError.self) {
            try JSONParser.parse(Array("{\"\(key)\":1,\"\(key)\":2}".utf8), limits: .task)
        }
        #expect(error.message == "duplicate key \"" + String(repeating: "k", count: 64) + "\"…")
    }

    private func outcome(_ text: String, limits: JSONLimits = .task) -> JSONParseError.Code? {
        do throws(JSONParseError) {
            _ = try JSONParser.parse(Array(text.utf8), limits: limits)
            return nil
        } catch {
            return error.code
        }
    }
}
