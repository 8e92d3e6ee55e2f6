// SPDX-License-Identifier: Apache-2.0
// Scans of directories, small and large, quiet and busy.

import Glibc
import SystemKit
import TestSupport
import Testing

@Suite("Listing a directory")
struct ListingTests {
    static func names(_ directory: Directory) throws -> [FileName] {
        var names: [FileName] = []
        try directory.names {
            names.append($0)
            return true
        }
        return names
    }

    @Test func everyNameIsSeenOnceAndNoDots() throws {
        try withTemporaryDirectory { scratch in
            #expect(try Self.names(scratch.directory) == [])
            let odd = FileName(bytes: [0x80, 0x0a, 0xff])
            let made: [FileName] = [".hidden", "...", "\u{e9}", "e\u{301}", odd]
            for name in made { _ = try scratch.directory.createFile(name) }
            #expect(try Self.names(scratch.directory).sorted() == made.sorted())
            #expect(try scratch.directory.status(of: odd)?.kind == .regular)
        }
    }

    @Test func tenThousandNamesAreSeenInOneScan() throws {
        try withTemporaryDirectory { scratch in
            _ = try scratch.directory.createFile("original")
            // Links are cheaper to make than files.
            for number in 1..<10_000 {
                try scratch.directory.link("original", to: scratch.directory, as: FileName("name-\(number)"))
            }
            let names = try Self.names(scratch.directory)
            #expect(names.count == 10_000)
            #expect(Set(names).count == 10_000)
        }
    }

    @Test func aScanEndsWhenItsBodySaysSo() throws {
        try withTemporaryDirectory { scratch in
            for number in 0..<10 { _ = try scratch.directory.createFile(FileName("\(number)")) }
            var seen = 0
            try scratch.directory.names { _ in
                seen += 1
                return seen < 3
            }
            #expect(seen == 3)
        }
    }

    @Test func scansDoNotDisturbEachOther() throws {
        try withTemporaryDirectory { scratch in
            for number in 0..<5 { _ = try scratch.directory.createFile(FileName("\(number)")) }
            var inner = 0
            try scratch.directory.names { _ in
                do { inner += try Self.names(scratch.directory).count } catch { Issue.record(error) }
                return true
            }
            #expect(inner == 25)
            #expect(try Self.names(scratch.directory).count == 5)
        }
    }

    @Test func namesThatStayAreSeenOnceWhileOthersComeAndGo() throws {
        try withTemporaryDirectory { scratch in
            let directory = scratch.directory
            _ = try directory.createFile("stay-0")
            for number in 1..<500 { try directory.link("stay-0", to: directory, as: FileName("stay-\(number)")) }
            for number in 0..<500 { try directory.link("stay-0", to: directory, as: FileName("go-\(number)")) }
            var stayed: [FileName] = []
            var visits = 0
            try directory.names { name in
                do {
                    if name.hasPrefix("stay-") {
                        stayed.append(name)
                        if visits < 500 { try directory.link("stay-0", to: directory, as: FileName("come-\(visits)")) }
                    } else {
                        try directory.remove(name)
                    }
                } catch {
                    Issue.record(error)
                }
                visits += 1
                return true
            }
            #expect(stayed.count == 500)
            #expect(Set(stayed).count == 500)
        }
    }

    @Test func kindsComeWithTheNames() throws {
        try withTemporaryDirectory { scratch in
            _ = try scratch.directory.createFile("file")
            _ = try scratch.directory.subdirectory("directory", create: 0o700)
            #expect(symlink("file", scratch.path(of: "link")) == 0)
            var kinds: [FileName: FileStatus.Kind?] = [:]
            try scratch.directory.entries { name, kind in
                kinds[name] = kind
                return true
            }
            // A file system may leave the kind open, and then says nothing wrong.
            #expect([.regular, nil].contains(kinds["file"] ?? nil))
            #expect([.directory, nil].contains(kinds["directory"] ?? nil))
            #expect([.symbolicLink, nil].contains(kinds["link"] ?? nil))
        }
    }

    @Test func aRemovedDirectoryHasNoNames() throws {
        try withTemporaryDirectory { scratch in
            let inner = try scratch.directory.subdirectory("inner", create: 0o700)
            try scratch.directory.removeDirectory("inner")
            let error = #expect(throws: SystemCallError.self) { try Self.names(inner) }
            #expect(error?.errno == .noEntry)
        }
    }
}
