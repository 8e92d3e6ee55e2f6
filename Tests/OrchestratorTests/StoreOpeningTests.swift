// SPDX-License-Identifier: Apache-2.0
// Databases that are missing, broken, foreign or of another version.

import Orchestrator
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite struct StoreOpeningTests {
    private func names(in location: HistoryLocation) throws -> [String] {
        var found: [String] = []
        try Directory.open(location.directory).names { name in
            found.append(name.description)
            return true
        }
        return found.sorted()
    }

    /// Overwrites a part of the database's file.
    private func overwrite(_ location: HistoryLocation, _ change: (inout [UInt8]) -> Void) throws {
        let directory = try Directory.open(location.directory)
        var bytes = try #require(try directory.read(HistoryLocation.databaseName, limit: 1 << 24))
        change(&bytes)
        try AtomicFile.write(
            bytes,
            as: HistoryLocation.databaseName,
            in: directory,
            replacing: true,
            durability: .relaxed
        )
    }

    @Test func firstOpeningMakesIt() throws {
        try withStore { store, _ in #expect(store.opening == .made) }
    }

    @Test(arguments: ["no database at all", ""])
    func fileThatIsNoDatabaseIsMovedAsideOrFilled(text: String) throws {
        try withStore { store, location in
            try overwrite(location) { $0 = Array(text.utf8) }
            let again = try Store(location, sequencesAbove: 500, now: at(0))
            if text.isEmpty {
                #expect(again.opening == .made)
            } else if case .replaced(let aside, _) = again.opening {
                #expect(try names(in: location).contains { aside.hasSuffix($0) })
            } else {
                Issue.record("\(again.opening)")
            }
            try again.apply([.ended(ended("a"))], at: at(10), Patience())
            #expect(try again.unsent(limit: 1).first?.sequence == 501)
        }
    }

    @Test func damagedPagesAreFoundAtTheOpening() throws {
        try withStore { store, location in
            try store.apply((0..<200).map { .ended(try ended("t\($0)")) }, at: at(10), Patience())
            try overwrite(location) { bytes in
                for index in 4096 * 3..<min(bytes.count, 4096 * 8) { bytes[index] = 0xA5 }
            }
            let again = try Store(location, sequencesAbove: 0, now: at(0))
            guard case .replaced = again.opening else { throw WrongOpening(opening: again.opening) }
            #expect(try again.counts().total == 0)
        }
    }

    @Test func laterVersionIsRefusedAndLeftAlone() throws {
        try withStore { store, location in
            // The version is the number at byte 60 of the file's header.
            try overwrite(location) { $0[63] = 9 }
            let error = #expect(throws: DatabaseError.self) { try Store(location, sequencesAbove: 0, now: at(0)) }
            #expect(error?.code == .unknownVersion)
            #expect(error?.description.contains("schema 9, where 2 is known") == true)
            let reading = #expect(throws: DatabaseError.self) { _ = try HistoryReader(location) }
            #expect(reading?.code == .unknownVersion)
            #expect(try names(in: location) == [".orchestrator.db"])
        }
    }

    @Test func removedFileIsNoticed() throws {
        try withStore { store, location in
            #expect(store.isInPlace())
            try Directory.open(location.directory).remove(HistoryLocation.databaseName)
            #expect(!store.isInPlace())
        }
    }

    private struct WrongOpening: Error { let opening: Store.Opening }
}

@Suite struct HistoryReaderTests {
    @Test func readerSeesWhatTheWriterCommitted() throws {
        try withStore { store, location in
            var reader = try HistoryReader(location)
            #expect(try reader.recent(limit: 9).isEmpty)
            try store.apply(
                [
                    .ended(ended("a", at: 1)), .ended(ended("b", .failed, at: 3)), .ended(ended("c", at: 2)),
                    .submitted(submitted("open")),
                ],
                at: at(10),
                Patience()
            )
            #expect(try reader.recent(limit: 9).map(\.id.string) == ["b", "c", "a"])
            #expect(try reader.recent(limit: 1, states: [.completed]).map(\.id.string) == ["c"])
            #expect(try reader.recent(limit: 9, states: [.failed, .cancelled]).map(\.id.string) == ["b"])
            #expect(try reader.recent(limit: 9, worker: anga).isEmpty)
            #expect(try reader.recent(limit: 9, worker: marie).count == 3)
            #expect(try reader.task(TaskID("open"))?.state == .queued)
            #expect(try reader.task(TaskID("none")) == nil)
            #expect(try reader.counts().number(.completed) == 2)
            #expect(try reader.events(after: 0, limit: 2).map(\.sequence) == [101, 102])
            #expect(try reader.events(after: 102, limit: 9).map(\.data["task_id"]) == ["c"])
        }
    }

    @Test func historyIsServedOnlyWhileSomebodyHoldsTheLock() throws {
        try withStore { _, location in
            #expect(try HistoryReader.served(location) == nil)
            let directory = try Directory.open(location.directory)
            let lock = try directory.createFile(HistoryLocation.lockName)
            #expect(try lock.tryLockExclusive())
            #expect(try location.isServed())
            try lock.unlock()
            #expect(try !location.isServed())
        }
    }

    @Test func missingHistoryIsSaid() throws {
        try withTemporaryDirectory { directory in
            let location = HistoryLocation(stateFile: directory.path(of: "s.json"))
            let error = #expect(throws: DatabaseError.self) { _ = try HistoryReader(location) }
            #expect(error?.code == .missing)
        }
    }
}
