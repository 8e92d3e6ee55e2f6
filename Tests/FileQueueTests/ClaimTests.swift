// SPDX-License-Identifier: Apache-2.0
// One id is claimed by one process, whatever else happens to its file.

import FileQueue
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Claim")
struct ClaimTests {
    @Test func claimMovesTheFileAndRecordsTheAttempt() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let claim = try fixture.claim("a", in: queue)
        #expect(claim.state.attempt == 1)
        #expect(claim.state.phase == .running)
        #expect(try fixture.names(in: "tasks/marie").isEmpty)
        #expect(try fixture.names(in: "tasks/.claims") == ["a~state", "a~task@marie"])
        #expect(try fixture.bytes("tasks/.claims/a~task@marie") == Array(fixture.task("a").utf8))
    }

    @Test func secondDaemonOnTheSameDirectoryFindsNothingToClaim() throws {
        let fixture = try QueueFixture()
        let first = try fixture.open()
        let second = try fixture.open()
        try fixture.drop(fixture.task("a"), as: "a.json")
        guard case .task(let queued, _) = try second.inspect("a.json") else { throw FixtureError("no task") }
        let claim = try fixture.claim("b", in: first)
        _ = claim
        guard case .claimed = try fixture.claimOutcome(of: "a.json", in: first) else {
            throw FixtureError("not claimed")
        }
        guard case .gone = try second.claim(queued, runID: "run-2", now: fixture.now) else {
            throw FixtureError("claimed twice")
        }
    }

    @Test func recordOfAClaimAppearsWhole() async throws {
        let names = try await onReactor { reactor in
            let fixture = try QueueFixture()
            let queue = try fixture.open()
            let watcher = try DirectoryWatcher(reactor: reactor)
            defer { watcher.stop() }
            let (events, note) = AsyncStream.makeStream(of: DirectoryEvent.self)
            _ = try watcher.add(queue.claims) { note.yield($0) }
            _ = try fixture.claim("a", in: queue)
            var seen: [DirectoryEvent] = []
            for await event in events {
                seen.append(event)
                if event == .settled("a~task@marie") { break }
            }
            return seen
        }
        // A crash between the creation of a name and the last write would leave a record that nobody can read.
        #expect(!names.contains(.appeared("a~state")))
        #expect(names.contains(.settled("a~state")))
    }

    @Test func sameTaskUnderAnotherNameIsARepeat() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let claim = try fixture.claim("a", in: queue)
        try fixture.drop(fixture.task("a"), as: "again.json")
        guard case .repeated = try fixture.claimOutcome(of: "again.json", in: queue) else {
            throw FixtureError("not seen as a repeat")
        }
        #expect(claim.id.string == "a")
        #expect(try fixture.names(in: "tasks/marie") == ["again.json"])
    }

    @Test func otherTaskOfTheSameIDConflictsAlsoAcrossWorkers() throws {
        let fixture = try QueueFixture()
        let marie = try fixture.open("marie")
        let anga = try fixture.open("anga")
        let claim = try fixture.claim("a", in: marie)
        try fixture.drop(fixture.task("a", "something else"), as: "a.json", worker: "anga")
        guard case .conflicting = try fixture.claimOutcome(of: "a.json", in: anga) else {
            throw FixtureError("not seen as a conflict")
        }
        #expect(claim.state.worker.string == "marie")
        #expect(try fixture.names(in: "tasks/anga") == ["a.json"])
    }

    @Test func resultOfAnyWorkerKeepsTheIDTaken() async throws {
        let fixture = try QueueFixture()
        let marie = try fixture.open("marie")
        let claim = try fixture.claim("a", in: marie)
        #expect(try await marie.finish(claim, fixture.result(claim)) == nil)
        let anga = try fixture.open("anga")
        try fixture.drop(fixture.task("a"), as: "a.json", worker: "anga")
        guard case .repeated = try fixture.claimOutcome(of: "a.json", in: anga) else { throw FixtureError("ran again") }
        try fixture.drop(fixture.task("a", "other"), as: "a.json", worker: "anga")
        guard case .conflicting = try fixture.claimOutcome(of: "a.json", in: anga) else {
            throw FixtureError("conflict not seen")
        }
        #expect(try fixture.names(in: "tasks/.claims").isEmpty)
    }

    @Test func fileUnderBothNamesIsClaimedAndOnlyTheInboxNameGoes() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let claim = try fixture.claim("a", in: queue)
        // What a power cut between the two directory syncs can leave.
        try queue.claims.link("a~task@marie", to: queue.inbox, as: "a.json")
        guard case .unfinished = try queue.inspect("a.json") else { throw FixtureError("two names were accepted") }
        let queued = QueuedTask(claim.task, fileName: "a.json", queuedAt: fixture.now)
        // The lock is held by the claim itself, on the same inode.
        guard case .changed = try queue.claim(queued, runID: "run-2", now: fixture.now) else {
            throw FixtureError("claimed twice")
        }
        #expect(try fixture.names(in: "tasks/.claims") == ["a~state", "a~task@marie"])
    }

    @Test func recordWithoutTaskOfADeadDaemonGivesWay() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        do {
            let dead = try fixture.open()
            let claim = try fixture.claim("a", in: dead)
            // Back to just before the task was moved.
            try dead.claims.rename("a~task@marie", to: dead.inbox, as: "a.json")
            _ = claim
        }
        guard case .taken = try fixture.claimOutcome(of: "a.json", in: queue) else { throw FixtureError("no record") }
        guard case .claimed = try fixture.claimOutcome(of: "a.json", in: queue) else { throw FixtureError("blocked") }
    }

    @Test func recordWithoutTaskOfALivingDaemonIsLeftAlone() async throws {
        let fixture = try QueueFixture()
        let living = try fixture.open()
        let other = try fixture.open()
        let claim = try fixture.claim("a", in: living)
        try living.claims.rename("a~task@marie", to: living.inbox, as: "aside.tmp")
        _ = try await other.recover(isHeld: { _ in false }, now: fixture.now)
        #expect(try fixture.names(in: "tasks/.claims") == ["a~state"])
        _ = claim
    }

    @Test func replacedFileIsNotRunUnderTheOldIDsName() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        try fixture.drop(fixture.task("a"), as: "x.json")
        guard case .task(let queued, _) = try queue.inspect("x.json") else { throw FixtureError("no task") }
        try fixture.drop(fixture.task("b"), as: "x.json")
        guard case .changed = try queue.claim(queued, runID: "run-1", now: fixture.now) else {
            throw FixtureError("ran another task")
        }
        #expect(try fixture.names(in: "tasks/marie") == ["x.json"])
        #expect(try fixture.names(in: "tasks/.claims").isEmpty)
    }

    @Test func fileThatIsWrittenToAfterTheLookRunsAsItIsNow() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        try fixture.drop(fixture.task("a", "old"), as: "a.json")
        guard case .task(let queued, _) = try queue.inspect("a.json") else { throw FixtureError("no task") }
        let text = fixture.task("a", "new and longer")
        try queue.inbox.createFile("a.json", exclusive: false).write(all: Array(text.utf8))
        guard case .claimed(let claim) = try queue.claim(queued, runID: "run-1", now: fixture.now) else {
            throw FixtureError("not claimed")
        }
        #expect(claim.task.description == "new and longer")
    }

    @Test func fileThatIsReplacedAfterTheLookRunsAsItIsNow() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        try fixture.drop(fixture.task("a", "old"), as: "a.json")
        guard case .task(let queued, _) = try queue.inspect("a.json") else { throw FixtureError("no task") }
        try fixture.drop(fixture.task("a", "new"), as: "a.json")
        guard case .claimed(let claim) = try queue.claim(queued, runID: "run-1", now: fixture.now) else {
            throw FixtureError("not claimed")
        }
        #expect(claim.task.description == "new")
        #expect(try fixture.bytes("tasks/.claims/a~task@marie") == Array(fixture.task("a", "new").utf8))
    }

    @Test func directoryAndDeadLettersOnTwoFileSystemsAreRefused() throws {
        // Where there is no second file system, there is nothing to test.
        guard (try? SystemInfo.fileSystemKind(of: "/dev/shm")) == "tmpfs" else { return }
        let fixture = try QueueFixture()
        var locations = fixture.locations
        locations.deadLetters = "/dev/shm/vigil-test-\(SystemInfo.processID)"
        // Litter is no reason to fail.
        defer { _ = try? Directory.open("/dev/shm").removeTree(FileName("vigil-test-\(SystemInfo.processID)")) }
        guard try Directory.create(locations.deadLetters).identity.device != fixture.scratch.directory.identity.device
        else { return }
        let error = #expect(throws: SystemCallError.self) {
            _ = try WorkerQueue(
                worker: WorkerID("marie"),
                locations: locations,
                limits: TaskLimits(),
                committer: Committer(durability: .relaxed, reactor: Reactor())
            )
        }
        #expect(error?.errno == .crossDevice)
    }
}
