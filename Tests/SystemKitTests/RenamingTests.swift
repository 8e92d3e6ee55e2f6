// SPDX-License-Identifier: Apache-2.0
// Renaming, linking, removing.

import Glibc
import SystemKit
import TestSupport
import Testing

@Suite("Renaming and removing")
struct RenamingTests {
    @Test func aTakenNameIsRefusedAndBothFilesAreKept() throws {
        try withTemporaryDirectory { scratch in
            let directory = scratch.directory
            try directory.createFile("old").write(all: [1])
            try directory.createFile("new").write(all: [2])
            let error = #expect(throws: SystemCallError.self) {
                try directory.rename("old", to: directory, as: "new")
            }
            #expect(error?.errno == .exists)
            #expect(try directory.read("old", limit: 9) == [1])
            #expect(try directory.read("new", limit: 9) == [2])
        }
    }

    @Test func aTakenNameIsReplacedWhenThatIsAskedFor() throws {
        try withTemporaryDirectory { scratch in
            let directory = scratch.directory
            let other = try directory.subdirectory("other", create: 0o700)
            try directory.createFile("old").write(all: [1])
            try other.createFile("new").write(all: [2])
            try directory.rename("old", to: other, as: "new", replacing: true)
            #expect(try directory.status(of: "old") == nil)
            #expect(try other.read("new", limit: 9) == [1])
        }
    }

    @Test func twoNamesOfOneFileAreToldApartFromASuccessfulRename() throws {
        try withTemporaryDirectory { scratch in
            let directory = scratch.directory
            try directory.createFile("a").write(all: [1])
            try directory.link("a", to: directory, as: "b")
            #expect(try directory.status(of: "a")?.linkCount == 2)
            // rename(2) would report success here and do nothing.
            let error = #expect(throws: SystemCallError.self) { try directory.rename("a", to: directory, as: "b") }
            #expect(error?.errno == .exists)
        }
    }

    @Test func aFileIsClaimedByOneOfManyOnly() async throws {
        try await withTemporaryDirectory { scratch in
            let directory = scratch.directory
            let claims = try directory.subdirectory("claims", create: 0o700)
            for number in 0..<50 { _ = try directory.createFile(FileName("task-\(number)")) }
            let wins = try await withThrowingTaskGroup(of: Int.self) { group in
                for claimant in 0..<4 {
                    group.addTask {
                        try await blocking {
                            try (0..<50).count { number throws in
                                do {
                                    try directory.rename(
                                        FileName("task-\(number)"),
                                        to: claims,
                                        as: FileName("task-\(number).by-\(claimant)")
                                    )
                                    return true
                                } catch let error as SystemCallError where error.errno == .noEntry {
                                    return false
                                }
                            }
                        }
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(wins == 50)
        }
    }

    @Test func removingSaysWhetherThereWasSomething() throws {
        try withTemporaryDirectory { scratch in
            _ = try scratch.directory.createFile("a")
            #expect(try scratch.directory.remove("a"))
            #expect(try !scratch.directory.remove("a"))
            #expect(try !scratch.directory.removeDirectory("a"))
            #expect(try !scratch.directory.removeTree("a"))
        }
    }

    @Test func aTreeIsRemovedWithoutFollowingLinks() throws {
        try withTemporaryDirectory { scratch in
            let precious = try scratch.directory.subdirectory("precious", create: 0o700)
            _ = try precious.createFile("kept")
            let tree = try scratch.directory.subdirectory("tree", create: 0o700)
            let inner = try tree.subdirectory("inner", create: 0o700)
            #expect(symlink("../../precious", scratch.path(of: "tree/inner/link")) == 0)
            #expect(symlink("../precious", scratch.path(of: "tree/link")) == 0)
            #expect(mkfifo(scratch.path(of: "tree/inner/fifo"), 0o600) == 0)
            _ = try inner.createFile(FileName(bytes: [0xff, 0xfe]))
            // Named as the moved directories are, to be in their way.
            _ = try tree.subdirectory(".moved-1", create: 0o700).subdirectory("x", create: 0o700)
            #expect(try scratch.directory.removeTree("tree"))
            #expect(try scratch.directory.status(of: "tree") == nil)
            #expect(try precious.status(of: "kept") != nil)
        }
    }

    @Test func aLinkInPlaceOfATreeIsRemovedAlone() throws {
        try withTemporaryDirectory { scratch in
            let precious = try scratch.directory.subdirectory("precious", create: 0o700)
            _ = try precious.createFile("kept")
            #expect(symlink("precious", scratch.path(of: "tree")) == 0)
            #expect(try scratch.directory.removeTree("tree"))
            #expect(try precious.status(of: "kept") != nil)
        }
    }

    @Test func aTreeDeeperThanAnyPathIsRemoved() throws {
        try withTemporaryDirectory { scratch in
            var directory = try scratch.directory.subdirectory("tree", create: 0o700)
            // 5000 bytes; a path ends at 4096.
            let name = FileName(String(repeating: "x", count: 250))
            for _ in 0..<20 { directory = try directory.subdirectory(name, create: 0o700) }
            _ = try directory.createFile("bottom")
            #expect(try scratch.directory.removeTree("tree"))
            #expect(try scratch.directory.status(of: "tree") == nil)
        }
    }
}

extension Range where Bound == Int {
    fileprivate func count(where isCounted: (Int) throws -> Bool) rethrows -> Int {
        try reduce(0) { try $0 + (isCounted($1) ? 1 : 0) }
    }
}
