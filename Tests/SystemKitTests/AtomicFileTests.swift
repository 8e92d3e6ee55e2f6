// SPDX-License-Identifier: Apache-2.0
// Files that are there whole or not at all.

import Glibc
import SystemKit
import Synchronization
import TestSupport
import Testing

@Suite("Atomic writes")
struct AtomicFileTests {
    @Test(arguments: [Durability.full, .relaxed])
    func theFileIsThereWithItsModeAndNothingElse(_ durability: Durability) throws {
        try withTemporaryDirectory { scratch in
            try AtomicFile.write(
                [1, 2, 3],
                as: "a",
                in: scratch.directory,
                mode: 0o600,
                replacing: false,
                durability: durability
            )
            #expect(try scratch.directory.read("a", limit: 9) == [1, 2, 3])
            #expect(try scratch.directory.status(of: "a")?.permissions == 0o600)
            #expect(try ListingTests.names(scratch.directory) == ["a"])
        }
    }

    @Test func anExistingFileIsReplacedOrRefused() throws {
        try withTemporaryDirectory { scratch in
            func write(_ byte: UInt8, replacing: Bool) throws {
                try AtomicFile.write(
                    [byte],
                    as: "a",
                    in: scratch.directory,
                    replacing: replacing,
                    durability: .relaxed
                )
            }
            try write(1, replacing: true)
            try write(2, replacing: true)
            let error = #expect(throws: SystemCallError.self) { try write(3, replacing: false) }
            #expect(error?.errno == .exists)
            #expect(error?.path == scratch.path(of: "a"))
            #expect(try scratch.directory.read("a", limit: 9) == [2])
            #expect(try ListingTests.names(scratch.directory) == ["a"])
        }
    }

    @Test func aFailureLeavesNoTemporaryFile() throws {
        try withTemporaryDirectory { scratch in
            _ = try scratch.directory.subdirectory("a", create: 0o700)
            let error = #expect(throws: SystemCallError.self) {
                try AtomicFile.write([1], as: "a", in: scratch.directory, replacing: true, durability: .full)
            }
            #expect(error?.errno == .isDirectory)
            #expect(throws: SystemCallError.self) {
                try AtomicFile.write([1], as: "x/y", in: scratch.directory, replacing: true, durability: .full)
            }
            #expect(try ListingTests.names(scratch.directory) == ["a"])
        }
    }

    @Test func aFileComesFromItsStagingDirectory() throws {
        try withTemporaryDirectory { scratch in
            let staging = try scratch.directory.subdirectory("staging", create: 0o700)
            let before = try staging.status().changedNanoseconds
            for durability in [Durability.full, .relaxed] {
                try AtomicFile.write(
                    [7],
                    as: "a",
                    in: scratch.directory,
                    staging: staging,
                    replacing: true,
                    durability: durability
                )
            }
            #expect(try scratch.directory.read("a", limit: 9) == [7])
            #expect(try ListingTests.names(scratch.directory) == ["a", "staging"])
            #expect(try ListingTests.names(staging).isEmpty)
            #expect(try staging.status().changedNanoseconds > before)
        }
    }

    @Test func withoutItsStagingDirectoryAFileIsMadeInItsPlace() throws {
        try withTemporaryDirectory { scratch in
            let staging = try scratch.directory.subdirectory("staging", create: 0o700)
            try scratch.directory.removeDirectory("staging")
            try AtomicFile.write(
                [7],
                as: "a",
                in: scratch.directory,
                staging: staging,
                replacing: false,
                durability: .full
            )
            #expect(try scratch.directory.read("a", limit: 9) == [7])
            #expect(try ListingTests.names(scratch.directory) == ["a"])
        }
    }

    @Test func aFailureLeavesNothingInTheStagingDirectory() throws {
        try withTemporaryDirectory { scratch in
            let staging = try scratch.directory.subdirectory("staging", create: 0o700)
            _ = try scratch.directory.subdirectory("a", create: 0o700)
            let error = #expect(throws: SystemCallError.self) {
                try AtomicFile.write(
                    [1],
                    as: "a",
                    in: scratch.directory,
                    staging: staging,
                    replacing: true,
                    durability: .full
                )
            }
            #expect(error?.path == scratch.path(of: "a"))
            #expect(try ListingTests.names(staging).isEmpty)
        }
    }

    @Test func leftoversOfAnotherProcessWithOurNumberAreNoObstacle() throws {
        try withTemporaryDirectory { scratch in
            let prefix = ".tmp-\(SystemInfo.processID)-"
            for number in 1..<200 { _ = try scratch.directory.createFile(FileName("\(prefix)\(number)")) }
            try AtomicFile.write([5], as: "a", in: scratch.directory, replacing: false, durability: .relaxed)
            #expect(try scratch.directory.read("a", limit: 9) == [5])
        }
    }

    @Test func readersNeverSeeAPartOfAFile() async throws {
        try await withTemporaryDirectory { scratch in
            let directory = scratch.directory
            try AtomicFile.write(Self.page(0), as: "a", in: directory, replacing: true, durability: .relaxed)
            let isDone = Atomic<Bool>(false)
            async let writing: Void = blocking {
                defer { isDone.store(true, ordering: .relaxed) }
                for byte in 1..<200 {
                    let bytes = Self.page(UInt8(byte))
                    try AtomicFile.write(bytes, as: "a", in: directory, replacing: true, durability: .relaxed)
                }
            }
            let isWhole = try await blocking {
                while !isDone.load(ordering: .relaxed) {
                    let bytes = try directory.read("a", limit: 20_000) ?? []
                    guard bytes.count == 20_000, Set(bytes).count == 1 else { return false }
                }
                return true
            }
            try await writing
            #expect(isWhole)
        }
    }

    private static func page(_ byte: UInt8) -> [UInt8] {
        [UInt8](repeating: byte, count: 20_000)
    }
}
