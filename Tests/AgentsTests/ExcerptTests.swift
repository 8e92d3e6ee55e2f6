// SPDX-License-Identifier: Apache-2.0
// How much of a log becomes text, and where it is cut.

import Agents
import SystemKit
import TestSupport
import Testing

@Suite struct ExcerptTests {
    private func read(_ bytes: [UInt8], limit: Int) throws -> OutputExcerpt {
        let scratch = try TemporaryDirectory(for: "excerpt")
        try scratch.directory.createFile("log").write(all: bytes)
        return try OutputExcerpt.read(try scratch.directory.openFile("log"), limit: limit)
    }

    @Test func whatFitsIsTakenWhole() throws {
        for text in ["", "a", "héllo\n"] {
            let excerpt = try read(Array(text.utf8), limit: max(2, text.utf8.count))
            #expect(excerpt == OutputExcerpt(text))
            #expect(!excerpt.isTruncated)
            #expect(excerpt.totalBytes == Int64(text.utf8.count))
        }
    }

    @Test func oneByteMoreIsCutInTheMiddle() throws {
        let excerpt = try read(Array("abcdefghi".utf8), limit: 8)
        #expect(excerpt.text == "abcd\n… 1 bytes left out …\nfghi")
        #expect(excerpt.isTruncated)
        #expect(excerpt.totalBytes == 9)
    }

    @Test func theMarkerCountsWhatIsMissing() throws {
        let excerpt = try read([UInt8](repeating: UInt8(ascii: "x"), count: 1_000_000), limit: 1001)
        #expect(
            excerpt.text == String(repeating: "x", count: 500) + "\n… 998999 bytes left out …\n"
                + String(repeating: "x", count: 501)
        )
    }

    @Test(arguments: ["é", "€", "😀"])
    func noCutGoesThroughACharacter(_ character: String) throws {
        let width = character.utf8.count
        for shift in 0..<width {
            let text = String(repeating: "a", count: shift) + String(repeating: character, count: 100)
            for limit in 20..<28 {
                let excerpt = try read(Array(text.utf8), limit: limit)
                #expect(!excerpt.text.unicodeScalars.contains("\u{FFFD}"), "\(character) \(shift) \(limit)")
                let parts = excerpt.text.split(separator: "\n")
                let kept = parts[0].utf8.count + parts[2].utf8.count
                #expect(kept <= limit && kept > limit - 2 * width)
                #expect(parts[1] == "… \(text.utf8.count - kept) bytes left out …")
            }
        }
    }

    @Test func bytesThatAreNoTextAreReplaced() throws {
        #expect(try read([0x61, 0xFF, 0x62, 0xC3], limit: 10).text == "a\u{FFFD}b\u{FFFD}")
        let garbage = try read([UInt8](repeating: 0x80, count: 100), limit: 20)
        #expect(garbage.text.hasPrefix(String(repeating: "\u{FFFD}", count: 10) + "\n… 83 bytes"))
        #expect(garbage.totalBytes == 100)
    }

    @Test func aTinyLimitStillWorks() throws {
        #expect(try read(Array("abcdef".utf8), limit: -5).text == "a\n… 4 bytes left out …\nf")
    }
}
