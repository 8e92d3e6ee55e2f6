// SPDX-License-Identifier: Apache-2.0
// Descriptors, their locks, and who else has a file open.

import Glibc
import SystemKit
import Synchronization
import TestSupport
import Testing

@Suite("Descriptors")
struct DescriptorTests {
    @Test func aDescriptorIsClosedWithItsOwner() throws {
        let (read, write) = try pipeEnds()
        let reader = OwnedDescriptor(adopting: read)
        do {
            let writer = OwnedDescriptor(adopting: write)
            let copy = try writer.duplicated()
            #expect(fcntl(copy.rawValue, F_GETFD) == FD_CLOEXEC)
            try copy.write(all: [1])
        }
        // A pipe ends for its reader when the last descriptor of the other end is closed; until then this would wait.
        #expect(try reader.readAll(limit: 9) == [1])
    }

    @Test func aReleasedDescriptorStaysOpen() throws {
        let (read, write) = try pipeEnds()
        _ = OwnedDescriptor(adopting: read).release()
        #expect(fcntl(read, F_GETFD) >= 0)
        for number in [read, write] { try OwnedDescriptor(adopting: number).close() }
    }

    @Test func aFileIsReadFromAnyPlace() throws {
        let file = try MemoryFile.make(Array(0..<100))
        #expect(try file.read(at: 90, count: 50) == Array(90..<100))
        #expect(try file.read(at: 100, count: 50) == [])
        #expect(try file.read(count: 3) == [0, 1, 2])
        #expect(try file.readAll(limit: 97) == Array(3..<100))
        #expect(try file.read(count: 0) == [])
    }

    @Test func aMemoryFileIsPositionedAtItsStart() throws {
        let file = try MemoryFile.make([4, 5, 6])
        #expect(try file.readAll(limit: 3) == [4, 5, 6])
        #expect(try file.status().kind == .regular)
    }

    @Test func writingToAPipeTakesAsManyCallsAsNeeded() async throws {
        let (read, number) = try pipeEnds()
        let reader = OwnedDescriptor(adopting: read)
        async let written: Void = blocking {
            let writer = OwnedDescriptor(adopting: number)
            try writer.write(all: [UInt8](repeating: 9, count: 300_000))
        }
        #expect(try reader.readAll(limit: 300_000).count == 300_000)
        try await written
    }

    @Test func closingReportsWhatTheKernelReports() throws {
        let file = try MemoryFile.make([])
        try file.close()
    }
}

@Suite("Locks and leases")
struct LockTests {
    @Test func anExclusiveLockKeepsOtherOpenDescriptionsOut() throws {
        try withTemporaryDirectory { scratch in
            let first = try scratch.directory.createFile("lock")
            let second = try scratch.directory.openFile("lock")
            #expect(try first.tryLockExclusive())
            #expect(try first.tryLockExclusive())
            #expect(try !second.tryLockExclusive())
            #expect(try !second.tryLockShared())
            try first.unlock()
            #expect(try second.tryLockExclusive())
        }
    }

    @Test func sharersKeepOutOnlyTheExclusive() throws {
        try withTemporaryDirectory { scratch in
            let first = try scratch.directory.createFile("lock")
            let second = try scratch.directory.openFile("lock")
            #expect(try first.tryLockShared())
            #expect(try second.tryLockShared())
            #expect(try !second.tryLockExclusive())
        }
    }

    @Test func aLockLivesAsLongAsTheLastDuplicate() throws {
        try withTemporaryDirectory { scratch in
            let other: OwnedDescriptor
            let copy: OwnedDescriptor
            do {
                let first = try scratch.directory.createFile("lock")
                #expect(try first.tryLockExclusive())
                copy = try first.duplicated()
            }
            other = try scratch.directory.openFile("lock")
            #expect(try !other.tryLockExclusive())
            try copy.close()
            #expect(try other.tryLockExclusive())
        }
    }

    @Test func aWriterIsSeenAsLongAsItHasTheFileOpen() throws {
        try withTemporaryDirectory { scratch in
            let writer = try scratch.directory.createFile("a")
            let reader = try scratch.directory.openFile("a")
            #expect(reader.hasWriter() == true)
            try writer.close()
            #expect(reader.hasWriter() == false)
            // The question leaves no lease behind.
            let again = try scratch.directory.createFile("a", exclusive: false)
            #expect(reader.hasWriter() == true)
            try again.close()
            #expect(reader.hasWriter() == false)
        }
    }

    @Test func whereTheQuestionIsNotAllowedThereIsNoAnswer() throws {
        try withTemporaryDirectory { scratch in
            // A lease is for regular files that are open for reading only, see fcntl(2).
            let writer = try scratch.directory.createFile("a")
            #expect(writer.hasWriter() == nil || writer.hasWriter() == true)
            #expect(OwnedDescriptor(adopting: dup(scratch.directory.descriptor)).hasWriter() == nil)
        }
    }

    @Test func askingWhileWritersComeAndGoHarmsNobody() async throws {
        try await withTemporaryDirectory { scratch in
            let directory = scratch.directory
            _ = try directory.createFile("a")
            let isDone = Atomic<Bool>(false)
            async let writers: Void = blocking {
                defer { isDone.store(true, ordering: .relaxed) }
                for _ in 0..<3000 {
                    let path = "\(directory.path)/a"
                    // Without O_NONBLOCK the open waits for the end of a lease, and the kernel signals its holder.
                    let opened = open(path, O_WRONLY | O_CLOEXEC)
                    if opened >= 0 { close(opened) }
                }
            }
            let answers = try await blocking {
                let reader = try directory.openFile("a")
                var answers: Set<Bool?> = []
                while !isDone.load(ordering: .relaxed) { answers.insert(reader.hasWriter()) }
                return answers
            }
            try await writers
            #expect(!answers.contains(nil))
        }
    }
}

/// The reading and the writing end of a pipe.
func pipeEnds() throws -> (Int32, Int32) {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    return (ends[0], ends[1])
}
