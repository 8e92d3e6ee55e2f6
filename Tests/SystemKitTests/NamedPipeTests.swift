// SPDX-License-Identifier: Apache-2.0
// FIFOs without a reader, with one, and after one.

import Glibc
import SystemKit
import TestSupport
import Testing

@Suite struct NamedPipeTests {
    private func reader(of path: String) throws -> OwnedDescriptor {
        let opened = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard opened >= 0 else { throw SystemCallError(call: "open", errno: Errno(rawValue: errno), path: path) }
        return OwnedDescriptor(adopting: opened)
    }

    @Test func nobodyReadsUntilSomebodyOpensIt() throws {
        SignalSource.ignorePipe()
        try withTemporaryDirectory { directory in
            let pipe = try NamedPipe("events", in: directory.directory)
            let none = try pipe.openForWriting() == nil
            #expect(none)
            let reader = try reader(of: directory.path(of: "events"))
            guard let output = try pipe.openForWriting() else { return #expect(Bool(false), "there is a reader") }
            let written = try output.write(Array("line\n".utf8))
            #expect(written == 5)
            let read = try reader.read(count: 99)
            #expect(read == Array("line\n".utf8))
        }
    }

    @Test func slowReaderAndDeadReaderAreErrorsAndNoWaits() throws {
        SignalSource.ignorePipe()
        try withTemporaryDirectory { directory in
            let pipe = try NamedPipe("events", in: directory.directory)
            let reader = try reader(of: directory.path(of: "events"))
            guard let output = try pipe.openForWriting() else { return #expect(Bool(false), "there is a reader") }
            let line = [UInt8](repeating: 7, count: NonblockingOutput.atomicBytes)
            var errno: Errno?
            while errno == nil {
                do throws(SystemCallError) { _ = try output.write(line) } catch { errno = error.errno }
            }
            #expect(errno == .again)
            try reader.close()
            let error = #expect(throws: SystemCallError.self) { _ = try output.write(line) }
            #expect(error?.errno == .brokenPipe)
        }
    }

    @Test func existingPipeIsTakenAndAnythingElseRefused() throws {
        try withTemporaryDirectory { directory in
            _ = try NamedPipe("events", in: directory.directory)
            _ = try NamedPipe("events", in: directory.directory)
            _ = try directory.directory.createFile("file")
            let error = #expect(throws: SystemCallError.self) { _ = try NamedPipe("file", in: directory.directory) }
            #expect(error?.errno == .exists)
        }
    }
}
