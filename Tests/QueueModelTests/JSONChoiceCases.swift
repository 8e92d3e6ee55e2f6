// SPDX-License-Identifier: Apache-2.0
// Documents that RFC 8259 leaves to the reader; the choice stands in each row's name.

import QueueModel

enum JSONChoiceCases {
    private static let mark: Piece = "\u{FEFF}"

    static let all: [JSONCase] = [
        .accept(mark, "{}", as: [:], "one leading byte-order mark is skipped"),
        .accept(mark, " 1", as: 1, "space may follow a byte-order mark"),
        .refuse(mark, as: .empty, at: 3, "a byte-order mark alone is an empty document"),
        .refuse(mark, mark, "{}", as: .unexpectedCharacter, at: 3, "a second byte-order mark is refused"),
        .refuse(" ", mark, "{}", as: .unexpectedCharacter, at: 1, "a byte-order mark after a space is refused"),
        .refuse(0xEF, 0xBB, as: .unexpectedCharacter, at: 0, "a cut byte-order mark is refused"),
        .accept("1", as: 1, "a scalar is a document"),
        .accept("-0", as: .exactly("-0"), "minus zero keeps its sign"),
        .accept("-0.0", as: .exactly("-0.0"), "minus zero with a fraction keeps its sign"),
        .accept("1e-400", as: .exactly("1e-400"), "what rounds to zero keeps its text"),
        .accept(
            "123456789012345678901234567890",
            as: .exactly("123456789012345678901234567890"),
            "an integer beyond 64 bits keeps its text"
        ),
        .accept(
            "0.1000000000000000055511151231257827",
            as: .exactly("0.1000000000000000055511151231257827"),
            "more digits than a double has are kept"
        ),
        .accept("{\"b\":1,\"a\":2}", as: ["a": 2, "b": 1], "the order of members does not matter for equality"),
        .accept(
            "{\"caf\u{E9}\":1,\"cafe\u{301}\":2}",
            as: ["caf\u{E9}": 1, "cafe\u{301}": 2],
            "composed and decomposed forms are different keys"
        ),
        .accept("{\"\u{212B}\":1,\"\u{C5}\":2}", as: ["\u{212B}": 1, "\u{C5}": 2], "singletons are not folded"),
        .accept("\"\\ufffe\\uffff\"", as: "\u{FFFE}\u{FFFF}", "noncharacters are accepted as escapes"),
        .accept("\"\\u007f\"", as: "\u{7F}", "delete is accepted as an escape"),
        .refuse("{}", 0x1A, as: .trailingData, at: 2, "an end-of-file character is refused"),
        .refuse(0x1E, "{}\n", as: .unexpectedCharacter, at: 0, "a record separator is refused"),
        .refuse("1", 0x00, as: .unsupportedEncoding, at: 0, "a zero second byte reads as UTF-16"),
    ]
}
