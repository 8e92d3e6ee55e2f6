// SPDX-License-Identifier: Apache-2.0
// Every state that a crash can leave, and what the next daemon makes of it.

import FileQueue
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Recovery")
struct RecoveryTests {
    private func recovered(_ fixture: QueueFixture, _ queue: WorkerQueue) async throws -> [RecoveredClaim] {
        try await queue.recover(isHeld: { _ in false }, now: fixture.now)
    }

    @Test func attemptThatNobodyHoldsIsStopped() async throws {
        let fixture = try QueueFixture()
        do {
            let dead = try fixture.open()
            _ = try fixture.claim("a", in: dead)
        }
        let queue = try fixture.open()
        let found = try await recovered(fixture, queue)
        guard found.count == 1, case .stopped(let claim, let record) = found[0] else { throw FixtureError("\(found)") }
        #expect(claim.state.attempt == 1)
        #expect(record == nil)
        #expect(claim.state.runID == "run-1")
    }

    @Test(arguments: [true, false])
    func sessionSurvivesTheDaemonBetweenTwoAttempts(isCounted: Bool) async throws {
        let fixture = try QueueFixture()
        var session = ClaimState.Session(
            id: "s-1",
            agent: try AgentName("cc"),
            knowledge: .everything,
            cutOffBy: .usageLimit
        )
        session.usage = ["input_tokens": 7]
        do {
            let dead = try fixture.open()
            let claim = try fixture.claim("a", in: dead)
            if isCounted {
                try await dead.recordFailure(claim, fixture.attempt(1), notBefore: fixture.now, session: session)
            } else {
                try await dead.handBack(claim, notBefore: fixture.now, session: session, costUSD: 0.25)
            }
        }
        let queue = try fixture.open()
        let found = try await recovered(fixture, queue)
        guard found.count == 1, case .waiting(let claim) = found[0] else { throw FixtureError("\(found)") }
        #expect(claim.state.session == session)
        #expect(claim.state.uncountedCostUSD == (isCounted ? 0 : 0.25))
        session.knowledge = .nothing
        session.cutOffBy = nil
        try queue.beginAttempt(claim, runID: "run-2", session: session, now: fixture.now)
        #expect(try queue.recordedState(of: claim.id)?.session == session)
        try queue.beginAttempt(claim, runID: "run-3", now: fixture.now)
        #expect(try queue.recordedState(of: claim.id)?.session == nil)
    }

    @Test func checksSurviveTheDaemonWithWhatTheyFound() async throws {
        let fixture = try QueueFixture()
        let (tests, lint) = (try CheckName("tests"), try CheckName("lint"))
        let passed = CheckRecord(name: tests, exitCode: 0, duration: .seconds(2))
        do {
            let dead = try fixture.open()
            let claim = try fixture.claim("a", in: dead)
            try await dead.beginCheck(claim, runID: "check-1", due: [tests, lint])
            #expect(claim.state.verification?.next == tests)
            dead.note(passed, on: claim)
            try await dead.beginCheck(claim, runID: "check-2", due: [])
            try await dead.beginCheck(claim, runID: "check-3", due: [])
            let (bytes, claims) = (Array("{}".utf8), dead.claims)
            try AtomicFile.write(bytes, as: claim.checkName, in: claims, replacing: false, durability: .relaxed)
        }
        let queue = try fixture.open()
        let found = try await recovered(fixture, queue)
        guard found.count == 1, case .stopped(let claim, nil) = found[0] else { throw FixtureError("\(found)") }
        #expect(claim.state.runID == "check-3")
        #expect(claim.state.agentRunID == "run-1")
        #expect(claim.state.verification?.due == [tests, lint])
        #expect(claim.state.verification?.found == [passed])
        #expect(claim.state.verification?.next == lint)
        #expect(claim.state.verification?.starts == 2)
        #expect(try queue.checkRecord(of: claim) == Array("{}".utf8))
        queue.note(CheckRecord(name: lint, exitCode: 1, problem: "exit code 1"), on: claim)
        #expect(claim.state.verification?.next == nil)
        let complaint = ClaimState.Complaint(rounds: 1, text: "mend it")
        try await queue.recordFailure(claim, fixture.attempt(1), notBefore: fixture.now, complaint: complaint)
        #expect(try queue.recordedState(of: claim.id)?.verification == nil)
        #expect(try queue.recordedState(of: claim.id)?.complaint == complaint)
        #expect(try await queue.finish(claim, fixture.result(claim)) == nil)
        #expect(try fixture.names(in: "tasks/.claims").isEmpty)
    }

    @Test func recordOfACheckThatBelongsToNothingIsRemoved() async throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        let name = ClaimName.check(try TaskID("a")).fileName
        try AtomicFile.write([], as: name, in: queue.claims, replacing: false, durability: .relaxed)
        _ = try await recovered(fixture, queue)
        #expect(try fixture.names(in: "tasks/.claims").isEmpty)
    }

    @Test func exitRecordComesWithTheStoppedAttempt() async throws {
        let fixture = try QueueFixture()
        do {
            let dead = try fixture.open()
            let claim = try fixture.claim("a", in: dead)
            try AtomicFile.write(
                Array("{}".utf8),
                as: claim.exitName,
                in: dead.claims,
                replacing: false,
                durability: .relaxed
            )
        }
        let found = try await recovered(fixture, fixture.open())
        guard found.count == 1, case .stopped(_, let record) = found[0] else { throw FixtureError("\(found)") }
        #expect(record == Array("{}".utf8))
    }

    @Test func lockThatASupervisorStillHoldsIsRespected() async throws {
        let fixture = try QueueFixture()
        let supervisor = try killedDaemonsSupervisor(fixture)
        let queue = try fixture.open()
        let found = try await recovered(fixture, queue)
        guard found.count == 1, case .held(let state, let ownerIsAlive) = found[0] else {
            throw FixtureError("\(found)")
        }
        #expect(!ownerIsAlive)
        #expect(state.taskID.string == "a")
        try supervisor.close()
        guard case .stopped = try await queue.recover(TaskID("a"), now: fixture.now) else {
            throw FixtureError("not taken over")
        }
    }

    /// What is left of a killed daemon: the supervisor's copy of the lock, the same open file description.
    private func killedDaemonsSupervisor(_ fixture: QueueFixture) throws -> OwnedDescriptor {
        let claim = try fixture.claim("a", in: fixture.open())
        return try OwnedDescriptor(adopting: claim.lockDescriptor).duplicatedAndReleased()
    }

    @Test func claimOfALivingDaemonStaysItsOwn() async throws {
        let fixture = try QueueFixture()
        let living = try fixture.open()
        let claim = try fixture.claim("a", in: living)
        let found = try await recovered(fixture, fixture.open())
        guard found.count == 1, case .held(_, let ownerIsAlive) = found[0] else { throw FixtureError("\(found)") }
        #expect(ownerIsAlive)
        #expect(claim.state.phase == .running)
    }

    @Test func attemptsAndDelaySurvive() async throws {
        let fixture = try QueueFixture()
        let later = fixture.now.adding(.seconds(8))
        do {
            let dead = try fixture.open()
            let claim = try fixture.claim("a", in: dead)
            try await dead.recordFailure(claim, fixture.attempt(1), notBefore: later)
        }
        let found = try await recovered(fixture, fixture.open())
        guard found.count == 1, case .waiting(let claim) = found[0] else { throw FixtureError("\(found)") }
        #expect(claim.state.attempts == [fixture.attempt(1)])
        #expect(claim.state.notBefore == later)
        #expect(claim.state.attempt == 1)
    }

    /// What a kill, or a power cut, in the last step of finishing can leave.
    @Test(arguments: ["only the task", "everything", "both names"])
    func claimOfAFinishedTaskIsRemovedAndItsFileKept(leftover: String) async throws {
        let fixture = try QueueFixture()
        do {
            let dead = try fixture.open()
            let claim = try fixture.claim("a", in: dead)
            let (output, _) = try dead.openLogs(of: claim)
            let result = fixture.result(claim).encoded()
            try AtomicFile.write(result, as: "a.json", in: dead.results, replacing: false, durability: .relaxed)
            if leftover == "both names" { try dead.claims.link("a~task@marie", to: output, as: "task.json") }
            if leftover != "everything" { try dead.claims.remove("a~state") }
        }
        let found = try await recovered(fixture, fixture.open())
        guard found.count == 1, case .cleared = found[0] else { throw FixtureError("\(found)") }
        #expect(try fixture.names(in: "tasks/.claims").isEmpty)
        #expect(try fixture.names(in: "results/marie/a") == ["task.json"])
        #expect(try fixture.bytes("results/marie/a/task.json") == Array(fixture.task("a").utf8))
    }

    @Test func handedBackAttemptIsNotCounted() async throws {
        let fixture = try QueueFixture()
        do {
            let dead = try fixture.open()
            let claim = try fixture.claim("a", in: dead)
            try await dead.handBack(claim, notBefore: fixture.now, costUSD: 0.25)
        }
        let queue = try fixture.open()
        let found = try await recovered(fixture, queue)
        guard found.count == 1, case .waiting(let claim) = found[0] else { throw FixtureError("\(found)") }
        #expect(claim.state.attempt == 0)
        #expect(claim.state.uncountedCostUSD == 0.25)
        try queue.beginAttempt(claim, runID: "run-2", now: fixture.now)
        #expect(claim.state.attempt == 1)
    }

    @Test func resultWithAClaimMeansOver() async throws {
        let fixture = try QueueFixture()
        do {
            let dead = try fixture.open()
            let claim = try fixture.claim("a", in: dead)
            let bytes = fixture.result(claim).encoded()
            try AtomicFile.write(bytes, as: "a.json", in: dead.results, replacing: false, durability: .relaxed)
        }
        let found = try await recovered(fixture, fixture.open())
        guard found.count == 1, case .cleared(let id) = found[0] else { throw FixtureError("\(found)") }
        #expect(id.string == "a")
        #expect(try fixture.names(in: "tasks/.claims").isEmpty)
        #expect(try fixture.names(in: "results/marie") == ["a.json"])
    }

    @Test func deadLetterIsWrittenOnceHoweverOftenItIsInterrupted() async throws {
        let fixture = try QueueFixture()
        let stages: [(WorkerQueue, Claim) throws -> Void] = [
            { _, _ in },
            { queue, _ in _ = try queue.results.remove("a.json") },
        ]
        do {
            let dead = try fixture.open()
            let claim = try fixture.claim("a", in: dead)
            // The verdict is on disk, and the result's place is taken: everything after it fails.
            try dead.results.subdirectory("a.json", create: 0o750).sync()
            await #expect(throws: SystemCallError.self) {
                _ = try await dead.finishDead(claim, reason: .maxRetriesExceeded, fixture.result(claim, .failed))
            }
            #expect(try fixture.names(in: "dlq/marie").count == 1)
            try dead.results.removeDirectory("a.json")
        }
        for _ in stages {
            let queue = try fixture.open()
            for found in try await recovered(fixture, queue) {
                guard case .condemned(let claim) = found else { throw FixtureError("\(found)") }
                let hindrance = try await queue.finishDead(
                    claim,
                    reason: .maxRetriesExceeded,
                    fixture.result(claim, .failed)
                )
                #expect(hindrance == nil)
            }
        }
        #expect(try fixture.names(in: "dlq/marie") == ["a_1800000000.json"])
        #expect(try fixture.names(in: "results/marie") == ["a.json"])
        #expect(try fixture.names(in: "tasks/.claims").isEmpty)
    }

    @Test func tornRecordCountsAsOneAttempt() async throws {
        let fixture = try QueueFixture()
        do {
            let dead = try fixture.open()
            let claim = try fixture.claim("a", in: dead)
            let torn = Array(claim.state.encoded().prefix(20))
            try AtomicFile.write(torn, as: "a~state", in: dead.claims, replacing: true, durability: .relaxed)
        }
        let found = try await recovered(fixture, fixture.open())
        guard found.count == 1, case .stopped(let claim, _) = found[0] else { throw FixtureError("\(found)") }
        #expect(claim.state.attempt == 1)
    }

    @Test func claimedFileThatIsNoTaskKeepsItsBytes() async throws {
        let fixture = try QueueFixture()
        do {
            let dead = try fixture.open()
            _ = try fixture.claim("a", in: dead)
            let garbage = Array("{torn".utf8)
            try AtomicFile.write(garbage, as: "a~task@marie", in: dead.claims, replacing: true, durability: .relaxed)
        }
        let found = try await recovered(fixture, fixture.open())
        guard found.count == 1, case .rejected(let id, let rejection) = found[0] else { throw FixtureError("\(found)") }
        #expect(id.string == "a")
        #expect(rejection.reason == .invalidJSON)
        #expect(try fixture.bytes("dlq/marie/a_1800000000.raw") == Array("{torn".utf8))
        #expect(try fixture.names(in: "tasks/.claims").isEmpty)
    }

    @Test func recoveryTwiceIsRecoveryOnce() async throws {
        let fixture = try QueueFixture()
        do {
            let dead = try fixture.open()
            _ = try fixture.claim("a", in: dead)
            let claim = try fixture.claim("b", in: dead)
            try await dead.recordFailure(claim, fixture.attempt(1), notBefore: fixture.now)
        }
        do {
            let interrupted = try fixture.open()
            #expect(try await recovered(fixture, interrupted).count == 2)
        }
        let found = try await recovered(fixture, fixture.open())
        #expect(found.count == 2)
        #expect(
            try fixture.names(in: "tasks/.claims") == ["a~state", "a~task@marie", "b~state", "b~task@marie"]
        )
    }

    @Test func claimsOfOtherWorkersAreLeftToThem() async throws {
        let fixture = try QueueFixture()
        do {
            let dead = try fixture.open("anga")
            _ = try fixture.claim("a", in: dead, worker: "anga")
        }
        #expect(try await recovered(fixture, fixture.open("marie")).isEmpty)
        #expect(try fixture.names(in: "tasks/.claims") == ["a~state", "a~task@anga"])
    }

    @Test func ownerFilesOfTheDeadGo() async throws {
        let fixture = try QueueFixture()
        do { _ = try fixture.open() }
        let queue = try fixture.open()
        _ = try await recovered(fixture, queue)
        var owners = 0
        try queue.claims.names { name in
            if name.hasPrefix("~owner-") { owners += 1 }
            return true
        }
        #expect(owners == 1)
    }
}

extension OwnedDescriptor {
    /// A copy of a descriptor that stays its owner's.
    consuming func duplicatedAndReleased() throws -> OwnedDescriptor {
        let copy = try duplicated()
        _ = release()
        return copy
    }
}
