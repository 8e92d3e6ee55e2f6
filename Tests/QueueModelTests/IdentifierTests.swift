// SPDX-License-Identifier: Apache-2.0
// What identifiers let through, byte by byte.

import QueueModel
import Testing

@Suite struct IdentifierTests {
    @Test(arguments: [
        "a", "0", "A-1", "demo-001", "a.b", "a.b.c", "a_b", "a-", "a.", "a_", "task.2026-01-02", "orchestrator",
        String(repeating: "x", count: 128),
    ])
    func taskIDsAreAccepted(_ text: String) throws {
        #expect(try TaskID(text).string == text)
        #expect(TaskID(bytes: text.utf8)?.description == text)
        #expect(try GroupName(text).string == text)
    }

    @Test(arguments: [
        "a.json", "demo.001.json",
        "", ".", "..", "../x", "../../etc/passwd", "/etc/x", "a/b", "a\\b", "a..b", "a..", ".a", "-a", "_a",
        "a b", " a", "a ", "a\n", "a\r", "a\t", "a\u{0}", "a\u{0}/../b", "\u{0}", "a\u{1B}", "a\u{7F}", "a:b", "a*",
        "a?", "a%00", "a+b", "a,b", "a;b", "a'b", "a\"b", "a$b", "a~", "é", "caf\u{E9}", "cafe\u{301}", "a\u{301}",
        "../\u{301}x", "a\u{202E}b", "a\u{200B}b", "a\u{FEFF}", "\u{FEFF}a", "ａ", "٣", "\u{131}", "\u{212A}",
        String(repeating: "x", count: 129),
    ])
    func otherTaskIDsAreRefused(_ text: String) {
        #expect(throws: IdentifierError.self) { try TaskID(text) }
        #expect(TaskID(bytes: text.utf8) == nil)
        #expect(throws: IdentifierError.self) { try GroupName(text) }
    }

    @Test func bytesThatAreNotTextAreRefused() {
        #expect(TaskID(bytes: [0x61, 0xFF]) == nil)
        #expect(WorkerID(bytes: [0xC0, 0xAF]) == nil)
    }

    @Test func everyByteIsDecidedByTheAllowList() {
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        let lowerCase = "abcdefghijklmnopqrstuvwxyz0123456789"
        for byte in UInt8.min ... .max {
            let (alone, second) = ([byte], [UInt8(ascii: "a"), byte])
            #expect((TaskID(bytes: alone) != nil) == letters.utf8.contains(byte))
            #expect((TaskID(bytes: second) != nil) == (letters + "._-").utf8.contains(byte))
            #expect((WorkerID(bytes: alone) != nil) == letters.utf8.contains(byte))
            #expect((WorkerID(bytes: second) != nil) == (letters + "_-").utf8.contains(byte))
            #expect((AgentName(bytes: alone) != nil) == lowerCase.utf8.contains(byte))
            #expect((AgentName(bytes: second) != nil) == (lowerCase + "_-").utf8.contains(byte))
        }
    }

    @Test(arguments: ["marie", "Anga", "w-1", "w_2", "0", "orchestrators", "Orchestrator"])
    func workerNamesAreAccepted(_ text: String) throws {
        #expect(try WorkerID(text).string == text)
    }

    @Test(arguments: ["orchestrator", "a.b", "", "-a", "../a"])
    func otherWorkerNamesAreRefused(_ text: String) {
        #expect(throws: IdentifierError.self) { try WorkerID(text) }
    }

    @Test func workerAndAgentNamesHaveAtMost64Bytes() {
        let longest = String(repeating: "a", count: 64)
        #expect(WorkerID(bytes: longest.utf8) != nil)
        #expect(AgentName(bytes: longest.utf8) != nil)
        #expect(WorkerID(bytes: longest.utf8 + [0x61]) == nil)
        #expect(AgentName(bytes: longest.utf8 + [0x61]) == nil)
    }

    @Test func messageNamesValueAndRule() throws {
        let error = try #require(throws: IdentifierError.self) { try TaskID("../\u{1B}[31mx") }
        #expect(
            error.description == """
                task id "../\\u001b[31mx" is not allowed; give 1 to 128 letters, digits, ".", "_" or "-", \
                the first a letter or digit, without "..", not ending in ".json"
                """
        )
    }

    @Test func orderIsByBytes() throws {
        let ids = try ["b", "B", "a-", "a", "a.b", "0"].map { try TaskID($0) }
        #expect(ids.sorted().map(\.string) == ["0", "B", "a", "a-", "a.b", "b"])
    }
}
