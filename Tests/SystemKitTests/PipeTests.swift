// SPDX-License-Identifier: Apache-2.0
// Named pipes: made once, opened without waiting, and nothing else in their place.

import SystemKit
import TestSupport
import Testing

@Suite("Named pipes")
struct PipeTests {
    @Test func writerNeedsAReaderAndNeverWaits() throws {
        SignalSource.ignorePipe()
        let scratch = try TemporaryDirectory(for: "pipe")
        let directory = scratch.directory
        #expect(try directory.makePipe("p", mode: 0o600))
        #expect(try !directory.makePipe("p", mode: 0o600))
        #expect(try directory.status(of: "p")?.permissions == 0o600)
        let alone = #expect(throws: SystemCallError.self) { _ = try directory.openPipe("p", for: .writing) }
        #expect(alone?.errno == .noDeviceOrAddress)
        let reader = try directory.openPipe("p", for: .reading)
        let writer = try directory.openPipe("p", for: .writing)
        try writer.write(all: Array("hello".utf8))
        #expect(try reader.read(count: 100) == Array("hello".utf8))
        let line = [UInt8](repeating: 1, count: 4096)
        let full = #expect(throws: SystemCallError.self) {
            for _ in 0..<1000 { try writer.write(all: line) }
        }
        #expect(full?.errno == .again)
        // All that is in it is whole lines.
        var count = 0
        // Empty at last, it has nothing to read for now.
        while let bytes = try? reader.read(count: 1 << 20), !bytes.isEmpty { count += bytes.count }
        #expect(count % 4096 == 0 && count > 0)
        try reader.close()
        let broken = #expect(throws: SystemCallError.self) { try writer.write(all: line) }
        #expect(broken?.errno == .brokenPipe)
    }

    @Test func existingPipeIsTakenAndAnythingElseRefused() throws {
        let scratch = try TemporaryDirectory(for: "pipe")
        try scratch.directory.ensurePipe("events", mode: 0o640)
        try scratch.directory.ensurePipe("events", mode: 0o640)
        _ = try scratch.directory.createFile("file")
        let error = #expect(throws: SystemCallError.self) { try scratch.directory.ensurePipe("file", mode: 0o640) }
        #expect(error?.errno == .exists)
    }

    @Test func pipeThatIsOpenForBothHasNoEnd() throws {
        let scratch = try TemporaryDirectory(for: "pipe")
        _ = try scratch.directory.makePipe("p", mode: 0o600)
        let both = try scratch.directory.openPipe("p", for: .both)
        do {
            let writer = try scratch.directory.openPipe("p", for: .writing)
            try writer.write(all: [1])
        }
        #expect(try both.read(count: 10) == [1])
        let error = #expect(throws: SystemCallError.self) { _ = try both.read(count: 10) }
        #expect(error?.errno == .again)
    }

    @Test func whatIsNoPipeIsNotOpened() throws {
        let scratch = try TemporaryDirectory(for: "pipe")
        try scratch.directory.createFile("f").close()
        _ = try scratch.directory.subdirectory("d", create: 0o700)
        for (name, errno) in [("f", Errno.invalidArgument), ("d", .invalidArgument), ("none", .noEntry)] {
            for access in [PipeAccess.reading, .writing, .both] {
                let error = #expect(throws: SystemCallError.self) {
                    _ = try scratch.directory.openPipe(FileName(name), for: access)
                }
                #expect(error?.errno == errno)
            }
        }
        #expect(try !scratch.directory.makePipe("f", mode: 0o600))
        #expect(try scratch.directory.status(of: "f")?.kind == .regular)
    }
}
