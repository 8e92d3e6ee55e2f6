// SPDX-License-Identifier: Apache-2.0
// Lines to a named pipe without a reader, with one, with a slow one, and after one.

import SystemKit
import TestSupport
import Testing

@Suite struct PipeWriterTests {
    private static let line = [UInt8](repeating: 7, count: NonblockingOutput.atomicBytes)

    init() { SignalSource.ignorePipe() }

    @Test func nobodyReadsUntilSomebodyOpensIt() throws {
        try withTemporaryDirectory { directory in
            try directory.directory.ensurePipe("events", mode: 0o640)
            let writer = PipeWriter("events")
            var made = 0
            func line() -> [UInt8] {
                made += 1
                return Array("line\n".utf8)
            }
            // Not within the macro, which would make the line itself.
            let isHeardByNobody = writer.send(line(), in: directory.directory)
            #expect(!isHeardByNobody)
            #expect(made == 0)
            let reader = try directory.directory.openPipe("events", for: .reading)
            let isHeard = writer.send(line(), in: directory.directory)
            #expect(isHeard)
            #expect(made == 1)
            let read = try reader.read(count: 99)
            #expect(read == Array("line\n".utf8))
        }
    }

    @Test func slowReaderAndDeadReaderMissLinesAndTheNextOneIsHeard() throws {
        try withTemporaryDirectory { directory in
            try directory.directory.ensurePipe("events", mode: 0o640)
            let writer = PipeWriter("events")
            let reader = try directory.directory.openPipe("events", for: .reading)
            var sent = 0
            while writer.send(Self.line, in: directory.directory) { sent += 1 }
            #expect(sent > 0)
            // What was missed is missed whole.
            #expect(try reader.read(count: 1 << 20).count == sent * Self.line.count)
            #expect(writer.send(Self.line, in: directory.directory))
            try reader.close()
            #expect(!writer.send(Self.line, in: directory.directory))
            let next = try directory.directory.openPipe("events", for: .reading)
            #expect(writer.send(Self.line, in: directory.directory))
            #expect(try next.read(count: 1 << 20) == Self.line)
        }
    }

    @Test func lineThatNoPipeTakesInOnePieceIsMissed() throws {
        try withTemporaryDirectory { directory in
            try directory.directory.ensurePipe("events", mode: 0o640)
            let writer = PipeWriter("events")
            let reader = try directory.directory.openPipe("events", for: .reading)
            #expect(!writer.send(Self.line + [7], in: directory.directory))
            #expect(writer.send([8], in: directory.directory))
            #expect(try reader.read(count: 1 << 20) == [8])
        }
    }
}
