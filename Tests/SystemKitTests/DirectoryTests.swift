// SPDX-License-Identifier: Apache-2.0
// Files and directories of the real kernel.

import Glibc
import SystemKit
import TestSupport
import Testing

@Suite("Directories")
struct DirectoryTests {
    @Test func missingParentsAreMadeAndExistingOnesKept() throws {
        try withTemporaryDirectory { scratch in
            let path = scratch.path(of: "a/b//c/")
            let made = try Directory.create(path, mode: 0o700)
            #expect(try made.status().permissions == 0o700)
            #expect(try Directory.create(path).identity == made.identity)
            #expect(made.isOnPath())
        }
    }

    @Test func aFileInTheWayIsReported() throws {
        try withTemporaryDirectory { scratch in
            _ = try scratch.directory.createFile("a")
            let error = #expect(throws: SystemCallError.self) { try Directory.create(scratch.path(of: "a/b")) }
            #expect(error?.errno == .notDirectory)
        }
    }

    @Test func aPathWithAZeroByteIsRefused() throws {
        let error = #expect(throws: SystemCallError.self) { try Directory.open("/tmp\0/x") }
        #expect(error?.errno == .invalidArgument)
    }

    @Test func aSubdirectoryIsMadeOnceAndNeverThroughALink() throws {
        try withTemporaryDirectory { scratch in
            let inner = try scratch.directory.subdirectory("inner", create: 0o750)
            #expect(try scratch.directory.subdirectory("inner", create: 0o750).identity == inner.identity)
            #expect(inner.path == scratch.path(of: "inner"))
            #expect(symlink("inner", scratch.path(of: "link")) == 0)
            #expect(throws: SystemCallError.self) { try scratch.directory.subdirectory("link") }
            #expect(throws: SystemCallError.self) { try scratch.directory.subdirectory("link", create: 0o750) }
            let error = #expect(throws: SystemCallError.self) { try scratch.directory.subdirectory("missing") }
            #expect(error?.errno == .noEntry)
        }
    }

    @Test func aReplacedDirectoryIsNoLongerOnItsPath() throws {
        try withTemporaryDirectory { scratch in
            let queue = try scratch.directory.subdirectory("queue", create: 0o750)
            #expect(queue.isOnPath())
            try scratch.directory.rename("queue", to: scratch.directory, as: "old")
            #expect(!queue.isOnPath())
            _ = try scratch.directory.subdirectory("queue", create: 0o750)
            #expect(!queue.isOnPath())
            try scratch.directory.removeDirectory("queue")
            try scratch.directory.rename("old", to: scratch.directory, as: "queue")
            #expect(queue.isOnPath())
        }
    }

    @Test func aDirectoryWhoseNameIsNotTextKnowsItsPath() throws {
        try withTemporaryDirectory { scratch in
            let odd = try scratch.directory.subdirectory(FileName(bytes: [0x61, 0xfe]), create: 0o700)
            #expect(odd.isOnPath())
            #expect(odd.path == scratch.path(of: "a\u{fffd}"))
        }
    }

    @Test func statusDescribesTheNameItselfAndNotWhatALinkLeadsTo() throws {
        try withTemporaryDirectory { scratch in
            let directory = scratch.directory
            try directory.createFile("file", mode: 0o600).write(all: [1, 2, 3])
            #expect(symlink("file", scratch.path(of: "link")) == 0)
            #expect(mkfifo(scratch.path(of: "fifo"), 0o600) == 0)
            let file = try #require(try directory.status(of: "file"))
            #expect(file.kind == .regular && file.size == 3 && file.permissions == 0o600 && file.linkCount == 1)
            #expect(file.owner == getuid())
            #expect(abs(file.modifiedNanoseconds / 1_000_000 - WallClock.system.nowMilliseconds) < 60000)
            #expect(try directory.status(of: "link")?.kind == .symbolicLink)
            #expect(try directory.status(of: "fifo")?.kind == .fifo)
            #expect(try directory.status(of: "missing") == nil)
            #expect(try directory.openFile("file").status().identity == file.identity)
        }
    }

    @Test func errorsSayWhichCallFailedOnWhatAndWhy() throws {
        try withTemporaryDirectory { scratch in
            let error = #expect(throws: SystemCallError.self) {
                try scratch.directory.rename("a", to: scratch.directory, as: "b")
            }
            let text = "rename \(scratch.path)/a to \(scratch.path)/b: No such file or directory"
            #expect(error?.description == text)
        }
    }
}

@Suite("Opening and reading files")
struct OpeningTests {
    @Test func nothingButARegularFileIsOpened() throws {
        try withTemporaryDirectory { scratch in
            let directory = scratch.directory
            try directory.createFile("file").write(all: [7])
            #expect(symlink("file", scratch.path(of: "link")) == 0)
            #expect(mkfifo(scratch.path(of: "fifo"), 0o600) == 0)
            _ = try directory.subdirectory("directory", create: 0o700)
            let opens = try OpenLog(scratch.path)
            for (name, errno) in [("link", Errno.loop), ("fifo", .invalidArgument), ("directory", .invalidArgument)] {
                let opening = #expect(throws: SystemCallError.self) { _ = try directory.openFile(FileName(name)) }
                #expect(opening?.errno == errno)
                let reading = #expect(throws: SystemCallError.self) { try directory.read(FileName(name), limit: 9) }
                #expect(reading?.errno == errno)
            }
            #expect(opens.names() == [])
            #expect(try directory.read("file", limit: 9) == [7])
            #expect(opens.names() == ["file"])
        }
    }

    @Test func creatingNeverWritesIntoWhatIsNotARegularFile() throws {
        try withTemporaryDirectory { scratch in
            #expect(mkfifo(scratch.path(of: "fifo"), 0o600) == 0)
            #expect(symlink("elsewhere", scratch.path(of: "link")) == 0)
            for name: FileName in ["fifo", "link"] {
                #expect(throws: SystemCallError.self) { _ = try scratch.directory.createFile(name, exclusive: false) }
                let error = #expect(throws: SystemCallError.self) { _ = try scratch.directory.createFile(name) }
                #expect(error?.errno == .exists)
            }
            let target = try scratch.directory.status(of: "elsewhere")
            #expect(target == nil)
        }
    }

    @Test func anExistingFileIsRefusedOrKeptAsItIs() throws {
        try withTemporaryDirectory { scratch in
            let directory = scratch.directory
            try directory.createFile("a").write(all: [1, 2, 3])
            let error = #expect(throws: SystemCallError.self) { _ = try directory.createFile("a") }
            #expect(error?.errno == .exists)
            try directory.createFile("a", exclusive: false, append: true).write(all: [4])
            #expect(try directory.read("a", limit: 9) == [1, 2, 3, 4])
        }
    }

    @Test func aFileAboveTheLimitIsRefusedAndOneAtTheLimitRead() throws {
        try withTemporaryDirectory { scratch in
            let bytes = [UInt8](repeating: 7, count: 100_000)
            try scratch.directory.createFile("a").write(all: bytes)
            #expect(try scratch.directory.read("a", limit: 100_000) == bytes)
            #expect(try scratch.directory.read("a", limit: .max - 1) == bytes)
            let error = #expect(throws: SystemCallError.self) { try scratch.directory.read("a", limit: 99_999) }
            #expect(error?.errno == .fileTooLarge)
            #expect(error?.path == scratch.path(of: "a"))
            #expect(try scratch.directory.read("missing", limit: 1) == nil)
            _ = try scratch.directory.createFile("empty")
            #expect(try scratch.directory.read("empty", limit: 0) == [])
        }
    }

    @Test func filesOfUnknownSizeAreReadToTheirEnd() throws {
        // The kernel reports a size of 0 for files in /proc.
        let maps = try Directory.open("/proc/self").read("maps", limit: 1 << 24)
        #expect(try #require(maps).count > 4096)
    }
}

/// The opens of files in a directory, as inotify(7) tells them.
private struct OpenLog: ~Copyable {
    private let instance: OwnedDescriptor

    init(_ path: String) throws {
        instance = OwnedDescriptor(adopting: inotify_init1(Int32(IN_NONBLOCK)))
        try #require(inotify_add_watch(instance.rawValue, path, UInt32(IN_OPEN)) >= 0)
    }

    func names() -> [String] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(instance.rawValue, &buffer, buffer.count)
        var names: [String] = []
        var offset = 0
        while offset < count {
            // struct inotify_event: 12 bytes of numbers, the name's length, the name.
            let length = Int(buffer[offset + 12]) | Int(buffer[offset + 13]) << 8
            let name = buffer[(offset + 16)..<(offset + 16 + length)].prefix { $0 != 0 }
            names.append(String(decoding: name, as: UTF8.self))
            offset += 16 + length
        }
        return names
    }
}
