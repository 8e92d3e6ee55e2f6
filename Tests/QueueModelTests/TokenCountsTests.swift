// SPDX-License-Identifier: Apache-2.0
// Numbers of tokens, from the names that agents give them to ours.

import QueueModel
import Testing

@Suite struct TokenCountsTests {
    @Test func everyAgentsNamesAreKnown() {
        let claude = TokenCounts(usage: [
            "input_tokens": 1, "output_tokens": 2, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 4,
            "other": 5,
        ])
        #expect(TokenCounts.Kind.allCases.map { claude[$0] } == [1, 2, 3, 4])
        #expect(claude.total == 10)
        #expect(TokenCounts(usage: ["cached_input_tokens": 6])[.cacheRead] == 6)
    }

    @Test func whatIsNoCountIsNone() {
        #expect(TokenCounts(usage: ["input_tokens": -1, "output_tokens": "2"]).isEmpty)
        #expect(TokenCounts(usage: nil).isEmpty)
    }

    @Test func sumsAreWrittenAndReadBack() throws {
        let first = TokenCounts(usage: ["input_tokens": 1, "output_tokens": 2])
        let sum = first + TokenCounts(usage: ["output_tokens": 3, "cache_read_input_tokens": 4])
        #expect(JSONWriter.text(sum.json) == #"{"input":1,"output":5,"cache_read":4}"#)
        #expect(TokenCounts(json: sum.json) == sum)
        #expect(TokenCounts(json: 3) == nil)
    }
}
