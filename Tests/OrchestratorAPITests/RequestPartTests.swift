// SPDX-License-Identifier: Apache-2.0
// The parts of a request that clients write by hand.

import HTTPServer
import OrchestratorAPI
import Testing

@Suite struct RequestPartTests {
    @Test(arguments: [(0, "t1"), (1_700_000_000_123_456_789, "a~b"), (Int64.max, ""), (-1, "x")])
    func cursorComesBackAsItWas(nanoseconds: Int64, key: String) throws {
        let cursor = TaskCursor(nanoseconds: nanoseconds, key: key)
        #expect(TaskCursor(cursor.text) == cursor)
    }

    @Test(arguments: [
        "", "~", "x", "01~a", "+1~a", "zzzzzzzzzzzzzzz~a", "1A~a", "1~" + String(repeating: "a", count: 301),
    ])
    func foreignCursorIsRefused(text: String) {
        #expect(TaskCursor(text) == nil)
    }

    @Test func cursorOrdersByTimeThenName() {
        let cursor = TaskCursor(nanoseconds: 5, key: "m")
        #expect(cursor.precedes(4, "a"))
        #expect(cursor.precedes(5, "n"))
        #expect(!cursor.precedes(5, "m"))
        #expect(!cursor.precedes(5, "a"))
        #expect(!cursor.precedes(6, "z"))
    }

    @Test(
        arguments: [
            ("bytes=0-", 10, 100, 0, 10), ("bytes=2-3", 10, 100, 2, 2), ("bytes=2-", 10, 3, 2, 3),
            ("bytes=-4", 10, 100, 6, 4), ("bytes=-40", 10, 100, 0, 10), ("bytes=9-9", 10, 100, 9, 1),
            ("bytes=0-9223372036854775807", 10, 100, 0, 10), ("bytes=1-99999999999999999999", 10, 100, 1, 9),
        ] as [(String, Int64, Int, Int64, Int)]
    )
    func rangeMeansBytes(field: String, size: Int64, limit: Int, offset: Int64, count: Int) throws {
        let range = try #require(ByteRange(field))
        let found = try #require(range.resolved(size: size, limit: limit))
        #expect(found.offset == offset)
        #expect(found.count == count)
    }

    @Test(arguments: ["bytes=10-", "bytes=-0", "bytes=9223372036854775807-", "bytes=99999999999999999999-"])
    func rangeOutsideHasNoBytes(field: String) throws {
        let range = try #require(ByteRange(field))
        #expect(range.resolved(size: 10, limit: 100) == nil)
    }

    @Test(arguments: [
        "", "bytes=", "bytes=-", "bytes=1", "bytes=3-2", "bytes=0-1,3-4", "lines=0-1", "bytes=+1-2", "bytes=a-",
    ])
    func otherRangesAreNone(field: String) {
        #expect(ByteRange(field) == nil)
    }
}
