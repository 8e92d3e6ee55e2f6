// SPDX-License-Identifier: Apache-2.0
// Whatever lies in an inbox is looked at without blocking, following or changing anything.

import FileQueue
import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Inbox")
struct InboxTests {
    private func rejection(_ name: FileName, _ queue: WorkerQueue) throws -> TaskRejection {
        switch try queue.inspect(name) {
        case .rejected(let rejection), .unfinished(_, let rejection, _): return rejection
        case .task, .gone: throw FixtureError("\(name) was accepted")
        }
    }

    @Test func pipeLinkAndDirectoryAreUnsafeAndNotOpened() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        try fixture.drop(fixture.task("secret"), as: "secret.txt")
        #expect(mkfifo(queue.inbox.path + "/pipe.json", 0o600) == 0)
        #expect(symlink(queue.inbox.path + "/secret.txt", queue.inbox.path + "/link.json") == 0)
        #expect(symlink("/nowhere", queue.inbox.path + "/dangling.json") == 0)
        #expect(mkdir(queue.inbox.path + "/directory.json", 0o700) == 0)
        for name: FileName in ["pipe.json", "link.json", "dangling.json", "directory.json"] {
            #expect(try rejection(name, queue).reason == .unsafeFile)
        }
    }

    @Test(arguments: ["pipe.json", "link.json", "directory.json"])
    func unsafeFileGoesToTheDeadLettersAsItIs(name: String) async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let path = queue.inbox.path + "/" + name
        switch name {
        case "pipe.json": #expect(mkfifo(path, 0o600) == 0)
        case "link.json": #expect(symlink("/etc/hostname", path) == 0)
        default: #expect(mkdir(path, 0o700) == 0)
        }
        let reason = try rejection(FileName(name), queue)
        #expect(try await queue.reject(FileName(name), reason, now: fixture.now) != nil)
        #expect(try fixture.names(in: "tasks/marie").isEmpty)
        let letters = try DeadLetterBox(locations: fixture.locations).list(worker: nil)
        #expect(letters.map(\.record.reason) == [.unsafeFile])
    }

    @Test func fileWithTwoNamesIsUnsafeUntilOneIsGone() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        try fixture.drop(fixture.task("a"), as: "a.tmp")
        try queue.inbox.link("a.tmp", to: queue.inbox, as: "a.json")
        #expect(try rejection("a.json", queue).reason == .unsafeFile)
        try queue.inbox.remove("a.tmp")
        guard case .task = try queue.inspect("a.json") else { throw FixtureError("not accepted") }
    }

    @Test func hugeSparseFileIsTooLargeWithoutBeingRead() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let file = try queue.inbox.createFile("huge.json")
        #expect(ftruncate(file.rawValue, 2 << 30) == 0)
        #expect(try rejection("huge.json", queue).reason == .tooLarge)
    }

    @Test func fileThatAWriterHasOpenIsKnownToHaveOne() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let writer = try queue.inbox.createFile("slow.json")
        try writer.write(all: Array(#"{"task_id":"#.utf8))
        guard case .unfinished(_, let rejection, let hasWriter) = try queue.inspect("slow.json") else {
            throw FixtureError("judged too early")
        }
        #expect(rejection.reason == .invalidJSON)
        #expect(hasWriter)
        try writer.write(all: Array(#""a","description":"d"}"#.utf8))
        try writer.close()
        guard case .task = try queue.inspect("slow.json") else { throw FixtureError("not accepted") }
    }

    @Test func nameThatIsNotUTF8IsAFileLikeOthers() async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let name = FileName(bytes: [0x62, 0xFF, 0xFE] + Array(".json".utf8))
        try fixture.drop("{nope", as: name)
        #expect(WorkerQueue.isTaskFileName(name))
        #expect(try await queue.reject(name, rejection(name, queue), now: fixture.now) != nil)
        #expect(try fixture.names(in: "tasks/marie").isEmpty)
        #expect(try fixture.names(in: "dlq/marie").count == 2)
    }

    @Test func hiddenAndTemporaryNamesAreNotTaskFiles() {
        for name: FileName in [".a.json", ".tmp-1-1", "a.tmp", "a.json.lock", "json", "a.JSON"] {
            #expect(!WorkerQueue.isTaskFileName(name))
        }
    }

    @Test func replacedInboxIsOpenedAnewAndALinkIsNot() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        #expect(try !queue.reopenInbox())
        let path = queue.inbox.path
        #expect(rename(path, path + "-old") == 0)
        #expect(throws: SystemCallError.self) { try queue.reopenInbox() }
        let elsewhere = fixture.scratch.path(of: "elsewhere")
        #expect(mkdir(elsewhere, 0o700) == 0)
        #expect(symlink(elsewhere, path) == 0)
        #expect(throws: SystemCallError.self) { try queue.reopenInbox() }
        #expect(unlink(path) == 0)
        try fixture.drop(fixture.task("a"), as: "a.json")
        #expect(try queue.reopenInbox())
        guard case .task = try queue.inspect("a.json") else { throw FixtureError("old directory") }
    }
}
