// SPDX-License-Identifier: Apache-2.0
// Records are written into the files of earlier ones, and nobody takes one for the other.

import FileQueue
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Spare records")
struct SpareRecordTests {
    private let fixture: QueueFixture
    private let queue: WorkerQueue

    init() throws {
        fixture = try QueueFixture()
        queue = try fixture.open()
    }

    private func spares() throws -> [FileName] {
        var names: [FileName] = []
        try queue.claims.names { name in
            if name.hasPrefix(".spare-") { names.append(name) }
            return true
        }
        return names
    }

    private func finish(_ id: String) async throws {
        let claim = try fixture.claim(id, in: queue)
        #expect(try await queue.finish(claim, fixture.result(claim)) == nil)
    }

    private func inode(of name: FileName) throws -> UInt64? { try queue.claims.status(of: name)?.identity.inode }

    @Test func oneFileServesOneTaskAfterTheOther() async throws {
        try await finish("a-task-with-a-long-name")
        let spare = try #require(try spares().first)
        let inode = try inode(of: spare)
        let claim = try fixture.claim("b", in: queue)
        #expect(try self.inode(of: "b~state") == inode)
        #expect(try spares().isEmpty)
        // Shorter than the one before: nothing of that is left.
        let room = [UInt8](repeating: UInt8(ascii: " "), count: 511) + [10]
        #expect(try fixture.bytes("tasks/.claims/b~state") == claim.state.encoded() + room)
    }

    @Test func spareThatIsGoneIsMadeAgain() async throws {
        try await finish("a")
        for name in try spares() { try queue.claims.remove(name) }
        let claim = try fixture.claim("b", in: queue)
        #expect(try queue.recordedState(of: claim.id) == claim.state)
    }

    @Test func fileOfARecordThatWasReplacedIsNoSpare() async throws {
        let claim = try fixture.claim("a", in: queue)
        let first = try inode(of: "a~state")
        try queue.beginAttempt(claim, runID: "run-2", now: fixture.now)
        let second = try inode(of: "a~state")
        try #require(second != first)
        #expect(try await queue.finish(claim, fixture.result(claim)) == nil)
        let next = try fixture.claim("b", in: queue)
        #expect(try inode(of: "b~state") == second)
        #expect(try queue.recordedState(of: next.id) == next.state)
    }

    @Test func moreRecordsThanFilesStayOpenAreKept() async throws {
        let claims = try (0..<20).map { try fixture.claim("a-\($0)", in: queue) }
        for claim in claims { #expect(try await queue.finish(claim, fixture.result(claim)) == nil) }
        let kept = try spares().count
        #expect(kept == 20)
        for number in 0..<20 {
            let claim = try fixture.claim("b-\(number)", in: queue)
            #expect(try queue.recordedState(of: claim.id) == claim.state)
        }
        #expect(try spares().isEmpty)
    }

    @Test func takenNameCostsNoSpare() async throws {
        try await finish("a")
        let held = try fixture.claim("b", in: queue)
        let other = try fixture.open("anga")
        try fixture.drop(fixture.task("b"), as: "b.json", worker: "anga")
        guard case .repeated = try fixture.claimOutcome(of: "b.json", in: other) else {
            throw FixtureError("claimed twice")
        }
        #expect(try queue.recordedState(of: held.id) == held.state)
    }

    @Test func recordOfAnotherTaskIsNone() async throws {
        let claim = try fixture.claim("a", in: queue)
        // What a power cut leaves that kept the new name and lost the new contents.
        try queue.claims.link("a~state", to: queue.claims, as: "b~state")
        #expect(try queue.recordedState(of: claim.id) == claim.state)
        #expect(try queue.recordedState(of: TaskID("b")) == nil)
        #expect(try QueueView(locations: fixture.locations).claim(of: TaskID("b")) == nil)
    }

    @Test func exitRecordsServeAgainAndASpareIsGivenOnce() async throws {
        let claim = try fixture.claim("a", in: queue)
        // Of the first attempt it is written behind the claim's record.
        try queue.beginAttempt(claim, runID: "run-2", now: fixture.now)
        try queue.claims.createFile("a~exit", mode: 0o600).close()
        #expect(try await queue.finish(claim, fixture.result(claim)) == nil)
        let given = [queue.takeSpare(), queue.takeSpare()].compactMap { $0 }
        #expect(try Set(given) == Set(spares()))
        #expect(given.count == 2)
        #expect(queue.takeSpare() == nil)
        queue.giveBack(spare: given[0])
        #expect(queue.takeSpare() == given[0])
    }

    @Test func spareOfADeadDaemonOfOurNumberIsLeftToItsSupervisor() throws {
        // The numbers that come next; other tests take some of them meanwhile.
        let last = try #require(AtomicFile.uniqueName("").string?.split(separator: "-").last.flatMap { Int($0) })
        for number in last..<(last + 2_000) {
            try queue.claims.createFile(FileName(".spare-\(SystemInfo.processID)-\(number)")).close()
        }
        let before = try spares().count
        let claim = try fixture.claim("a", in: queue)
        #expect(try queue.recordedState(of: claim.id) == claim.state)
        #expect(try spares().count == before)
    }

    @Test func cleanEndLeavesNone() async throws {
        try await finish("a")
        #expect(try spares().count == 1)
        queue.close()
        #expect(try spares().isEmpty)
    }

    @Test func whatACrashLeavesIsRemovedWhenItIsADayOld() async throws {
        try queue.claims.createFile(".spare-1-1").close()
        _ = try queue.claims.subdirectory(".spare-other", create: 0o750)
        let places = try queue.claims.subdirectory(".logs", create: 0o750)
        let logs = try places.subdirectory("1", create: 0o750)
        for stream in OutputStream.allCases { try logs.createFile(stream.fileName).close() }
        try places.subdirectory("2", create: 0o750).createFile("something").close()
        let soon = Timestamp(millisecondsSince1970: WallClock.system.nowMilliseconds)
        try queue.removeJunk(now: soon)
        #expect(try spares().count == 2)
        #expect(try places.status(of: "1") != nil)
        try queue.removeJunk(now: soon.adding(.seconds(90_000)))
        #expect(try spares() == [".spare-other"])
        #expect(try places.status(of: "1") == nil)
        #expect(try places.status(of: "2") != nil)
    }
}
