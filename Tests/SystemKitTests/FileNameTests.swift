// SPDX-License-Identifier: Apache-2.0
// Names as bytes.

import SystemKit
import TestSupport
import Testing

@Suite("File names")
struct FileNameTests {
    @Test func bytesThatAreNotTextSurvive() {
        let name = FileName(bytes: [0x61, 0xff, 0x62])
        #expect(name.bytes == [0x61, 0xff, 0x62])
        #expect(name.string == nil)
        #expect(name.description == "a\u{fffd}b")
    }

    @Test func composedAndDecomposedLettersAreTwoNames() {
        let composed: FileName = "\u{e9}"
        let decomposed: FileName = "e\u{301}"
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
    }

    @Test func namesAreOrderedByBytes() {
        let names: [FileName] = ["b", "a", "Z", "aa", FileName(bytes: [0xff])]
        #expect(names.sorted() == ["Z", "a", "aa", "b", FileName(bytes: [0xff])])
    }

    @Test func prefixesAndSuffixesAreComparedByBytes() {
        let name: FileName = "task-1.json"
        #expect(name.hasPrefix("task-"))
        #expect(name.hasSuffix(".json"))
        #expect(!name.hasSuffix("a longer text than task-1.json"))
        // A combining mark hides the slash from String, but not from bytes.
        #expect(FileName("/\u{301}x").hasPrefix("/"))
    }

    @Test(arguments: ["", ".", "..", "a/b", "../a", "/\u{301}a", "a\0b"])
    func whatIsNotOnePlainNameIsRefusedByEveryCall(_ text: String) throws {
        try withTemporaryDirectory { scratch in
            let directory = scratch.directory
            let name = FileName(text)
            func expectRefusal(_ body: () throws -> Void) {
                let error = #expect(throws: SystemCallError.self) { try body() }
                #expect(error?.errno == .invalidArgument)
            }
            expectRefusal { _ = try directory.status(of: name) }
            expectRefusal { _ = try directory.openFile(name) }
            expectRefusal { _ = try directory.createFile(name) }
            expectRefusal { _ = try directory.read(name, limit: 1) }
            expectRefusal { _ = try directory.subdirectory(name, create: 0o700) }
            expectRefusal { try directory.rename(name, to: directory, as: "x") }
            expectRefusal { try directory.rename("x", to: directory, as: name, replacing: true) }
            expectRefusal { try directory.link("x", to: directory, as: name) }
            expectRefusal { try directory.remove(name) }
            expectRefusal { try directory.removeDirectory(name) }
            expectRefusal { try directory.removeTree(name) }
        }
    }

    @Test func aNameThatIsTooLongIsAnErrorOfItsOwn() throws {
        try withTemporaryDirectory { scratch in
            let longest = FileName(String(repeating: "x", count: 255))
            _ = try scratch.directory.createFile(longest)
            let error = #expect(throws: SystemCallError.self) {
                _ = try scratch.directory.createFile(FileName(String(repeating: "x", count: 256)))
            }
            #expect(error?.errno == .nameTooLong)
        }
    }
}
