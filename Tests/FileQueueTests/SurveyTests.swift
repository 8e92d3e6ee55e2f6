// SPDX-License-Identifier: Apache-2.0
// Who is at work on a queue, and what was left behind.

import FileQueue
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Survey")
struct SurveyTests {
    private func holders(_ fixture: QueueFixture) throws -> [String: SurveyedClaim.Holder] {
        let claims = try QueueView(locations: fixture.locations).surveyClaims()
        return Dictionary(uniqueKeysWithValues: claims.map { ($0.id.string, $0.holder) })
    }

    @Test func aLivingDaemonServesItsWorkerAndHoldsItsClaims() throws {
        let fixture = try QueueFixture()
        let view = try QueueView(locations: fixture.locations)
        #expect(try view.servedWorkers().isEmpty)
        do {
            let queue = try fixture.open("with-dashes-1")
            let claim = try fixture.claim("a", in: queue, worker: "with-dashes-1")
            #expect(try view.servedWorkers() == [WorkerID("with-dashes-1")])
            #expect(try holders(fixture) == ["a": .daemon])
            withExtendedLifetime((queue, claim)) {}
        }
        #expect(try view.servedWorkers().isEmpty)
    }

    @Test func whatADeadDaemonLeavesIsHeldByItsSupervisorOrNobody() throws {
        let fixture = try QueueFixture()
        let supervisor = try killedDaemonsSupervisor(fixture)
        #expect(try holders(fixture) == ["a": .supervisor, "b": .nobody])
        try supervisor.close()
        #expect(try holders(fixture) == ["a": .nobody, "b": .nobody])
    }

    /// A daemon that was killed with two claims; the supervisor of the first one's attempt goes on.
    private func killedDaemonsSupervisor(_ fixture: QueueFixture) throws -> OwnedDescriptor {
        let queue = try fixture.open()
        let claim = try fixture.claim("a", in: queue)
        _ = try fixture.claim("b", in: queue)
        return try OwnedDescriptor(adopting: claim.lockDescriptor).duplicatedAndReleased()
    }

    @Test func lookingTakesNoLockForGood() async throws {
        let fixture = try QueueFixture()
        do {
            let dead = try fixture.open()
            _ = try fixture.claim("a", in: dead)
        }
        _ = try holders(fixture)
        let found = try await fixture.open().recover(isHeld: { _ in false }, now: fixture.now)
        guard found.count == 1, case .stopped = found[0] else { throw FixtureError("\(found)") }
    }

    @Test func aFileBesideTheInboxesIsNoWorker() throws {
        let fixture = try QueueFixture()
        _ = try fixture.open()
        try Directory.open(fixture.locations.tasks).createFile("README").close()
        #expect(try QueueView(locations: fixture.locations).workers() == [WorkerID("marie")])
    }

    @Test func oldTemporaryFilesAreLeftoversAndNewOnesAreNot() throws {
        let fixture = try QueueFixture()
        let queue = try fixture.open()
        for path in ["tasks/marie", "dlq/marie", "results/marie", "triggers/marie", "heartbeats", "tasks/.claims"] {
            let directory = try Directory.open(fixture.scratch.path(of: path))
            try directory.createFile(".tmp-1-1").close()
        }
        let view = try QueueView(locations: fixture.locations)
        let soon = Timestamp(millisecondsSince1970: WallClock.system.nowMilliseconds)
        #expect(try view.leftovers(now: soon).isEmpty)
        let later = soon.adding(.seconds(90_000))
        #expect(try view.leftovers(now: later).count == 6)
        try queue.removeJunk(now: later)
        #expect(try view.leftovers(now: later).isEmpty)
    }
}
