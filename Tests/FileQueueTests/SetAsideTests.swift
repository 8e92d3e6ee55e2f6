// SPDX-License-Identifier: Apache-2.0
// The reason of a refused file tells what is in it, also when that could not be read at first.

import FileQueue
import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Files that were set aside")
struct SetAsideTests {
    private func letter(_ name: FileName, in fixture: QueueFixture) throws -> DeadLetterRecord {
        let bytes = try #require(try fixture.bytes("dlq/marie/\(name)"))
        return try DeadLetterRecord.decode(bytes, for: WorkerID("marie"))
    }

    @Test func reasonWaitsUntilTheFileCanBeRead() async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        try fixture.drop(fixture.task("a"), as: "a.json")
        let rejection = TaskRejection(reason: .duplicateTaskID, message: "taken")
        let file = try #require(try queue.setAside("a.json", now: fixture.now))
        let raws = try fixture.names(in: "dlq/marie")
        let holder = try queue.deadLetters.leasedFile(FileName(raws[0]))
        let error = await #expect(throws: SystemCallError.self) {
            try await queue.explain(file, rejection, now: fixture.now)
        }
        #expect(error?.errno == .again)
        #expect(try fixture.names(in: "dlq/marie") == raws)
        try holder.close()
        try await queue.explain(file, rejection, now: fixture.now)
        let record = try letter(file.letter, in: fixture)
        #expect(record.reason == .duplicateTaskID)
        #expect(record.taskID?.string == "a")
    }

    @Test func fileThatCannotBeReadIsLeftForTheNextStart() async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        for id in ["a", "b"] {
            try fixture.drop(fixture.task(id), as: FileName(id + ".json"))
            _ = try queue.setAside(FileName(id + ".json"), now: fixture.now)
        }
        let holder = try queue.deadLetters.leasedFile("a_1800000000.raw")
        let first = try await queue.repairDeadLetters(now: fixture.now)
        #expect(first.written == ["b_1800000000.json"])
        #expect(first.unread.map(\.errno) == [.again])
        try holder.close()
        let second = try await queue.repairDeadLetters(now: fixture.now)
        #expect(second.written == ["a_1800000000.json"])
        #expect(second.unread.isEmpty)
        #expect(try letter("a_1800000000.json", in: fixture).taskID?.string == "a")
    }

    @Test(arguments: ["link", "pipe", "directory", "huge"])
    func fileThatNeverCanBeReadGetsItsReason(kind: String) async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let path = queue.deadLetters.path + "/a_17.raw"
        switch kind {
        case "link": #expect(symlink("/etc/hostname", path) == 0)
        case "pipe": #expect(mkfifo(path, 0o600) == 0)
        case "directory": #expect(mkdir(path, 0o700) == 0)
        default:
            let file = try queue.deadLetters.createFile("a_17.raw")
            #expect(ftruncate(file.rawValue, 2 << 30) == 0)
        }
        #expect(try await queue.repairDeadLetters(now: fixture.now).written == ["a_17.json"])
        #expect(try letter("a_17.json", in: fixture).reason == (kind == "huge" ? .tooLarge : .unsafeFile))
    }
}
