// SPDX-License-Identifier: Apache-2.0
// A task that was read before its turn is claimed as it is then, and read no second time.

import FileQueue
import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

/// Counts how often the files of a directory are opened, see inotify(7).
private struct Opens: ~Copyable {
    private let events: OwnedDescriptor

    init(in directory: Directory) throws {
        let descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard descriptor >= 0, inotify_add_watch(descriptor, directory.path, UInt32(IN_OPEN)) >= 0 else {
            throw FixtureError("the directory cannot be watched")
        }
        events = OwnedDescriptor(adopting: descriptor)
    }

    /// The names that were opened since the last call.
    func take() -> [String] {
        var names: [String] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        let length = read(events.rawValue, &buffer, buffer.count)
        var offset = 0
        while offset + 16 <= length {
            let size = buffer[(offset + 12)..<(offset + 16)].reversed().reduce(0) { $0 << 8 | Int($1) }
            names.append(String(decoding: buffer[(offset + 16)...].prefix(size).prefix { $0 != 0 }, as: UTF8.self))
            offset += 16 + size
        }
        return names
    }
}

@Suite("Reading ahead")
struct ReadAheadTests {
    private func queued(_ id: String, _ fixture: QueueFixture, _ queue: WorkerQueue) throws -> QueuedTask {
        try fixture.drop(fixture.task(id), as: FileName(id + ".json"))
        guard case .task(let task, _) = try queue.inspect(FileName(id + ".json")) else {
            throw FixtureError("\(id) is no task")
        }
        return task
    }

    @Test func taskIsOpenedOnceForItsClaim() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let first = try queued("a", fixture, queue)
        let second = try queued("b", fixture, queue)
        let opens = try Opens(in: queue.inbox)
        for _ in 1...3 { queue.readAhead(first.fileName) }
        #expect(opens.take() == ["a.json"])
        // The last look has this one open.
        queue.readAhead(second.fileName)
        #expect(opens.take() == [])
        queue.readAhead(first.fileName)
        #expect(opens.take() == ["a.json"])
        for task in [first, second] {
            guard case .claimed(let claim) = try queue.claim(task, runID: "r", now: fixture.now) else {
                throw FixtureError("\(task.id) was not claimed")
            }
            #expect(claim.id == task.id)
        }
        #expect(opens.take() == [])
    }

    @Test func taskThatWasChangedAfterwardsIsReadAgain() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let task = try queued("a", fixture, queue)
        _ = try queued("b", fixture, queue)
        queue.readAhead(task.fileName)
        try fixture.drop(fixture.task("a", "do another thing"), as: task.fileName)
        guard case .claimed(let claim) = try queue.claim(task, runID: "r", now: fixture.now) else {
            throw FixtureError("not claimed")
        }
        #expect(claim.task.description == "do another thing")
    }

    @Test(arguments: ["gone", "no task"])
    func whatIsNoTaskIsLeftToTheClaim(what: String) throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let task = try queued("a", fixture, queue)
        _ = try queued("b", fixture, queue)
        if what == "gone" { try queue.inbox.remove(task.fileName) } else { try fixture.drop("{", as: task.fileName) }
        let opens = try Opens(in: queue.inbox)
        for _ in 1...3 { queue.readAhead(task.fileName) }
        #expect(opens.take().count == (what == "gone" ? 0 : 1))
        switch (what, try queue.claim(task, runID: "r", now: fixture.now)) {
        case ("gone", .gone), ("no task", .changed): break
        case (_, let outcome): Issue.record("\(outcome)")
        }
        #expect(try fixture.names(in: "tasks/.claims").isEmpty)
    }

    @Test func oneFileIsHeldOpenAndNoneThatIsForgotten() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let tasks = try ["a", "b", "c"].map { try queued($0, fixture, queue) }
        // A lease for writing is refused while somebody else has the file open.
        func leased(_ task: QueuedTask) -> Bool { (try? queue.inbox.leasedFile(task.fileName)) != nil }
        queue.readAhead(tasks[0].fileName)
        queue.readAhead(tasks[1].fileName)
        #expect(tasks.map(leased) == [true, false, false])
        queue.readAhead(nil)
        #expect(tasks.map(leased) == [true, true, false])
        queue.readAhead(tasks[0].fileName)
        for task in tasks { queue.forget(task.fileName) }
        #expect(tasks.map(leased) == [true, true, true])
    }
}
