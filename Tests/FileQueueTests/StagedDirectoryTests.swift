// SPDX-License-Identifier: Apache-2.0
// The hidden directories in which results and receipts are made.

import FileQueue
import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite struct StagedDirectoryTests {
    private let fixture: QueueFixture

    init() throws { fixture = try QueueFixture() }

    @Test func resultHasTheGroupOfItsDirectory() async throws {
        // A directory made for a group whose members read the results.
        let results = try Directory.create(fixture.scratch.path(of: "results/marie"))
        try #require(chmod(results.path, 0o2770) == 0)
        let queue = try fixture.open()
        #expect(try results.status(of: ".tmp")?.permissions == 0o2700)
        let claim = try fixture.claim("a", in: queue)
        #expect(try await queue.finish(claim, fixture.result(claim)) == nil)
        #expect(try fixture.names(in: "results/marie") == ["a.json"])
    }

    @Test func oneThatIsGoneIsDoneWithout() async throws {
        let queue = try fixture.open()
        let receipts = try Directory.open(fixture.scratch.path(of: "triggers/marie"))
        for place in [queue.results, receipts] { try place.removeDirectory(".tmp") }
        let claim = try fixture.claim("a", in: queue)
        try queue.writeReceipt(for: claim, now: fixture.now)
        #expect(try await queue.finish(claim, fixture.result(claim)) == nil)
        #expect(try fixture.names(in: "results/marie") == ["a.json"])
        #expect(try fixture.names(in: "triggers/marie") == ["a.trigger"])
    }

    @Test func whatACrashLeavesInItGoesWhenItIsADayOld() throws {
        let queue = try fixture.open()
        let staging = try queue.results.subdirectory(".tmp")
        try staging.createFile(".tmp-1-1").close()
        // The next daemon finds it in use.
        let next = try fixture.open()
        let soon = Timestamp(millisecondsSince1970: WallClock.system.nowMilliseconds)
        try next.removeJunk(now: soon)
        #expect(try fixture.names(in: "results/marie") == [".tmp/.tmp-1-1"])
        try next.removeJunk(now: soon.adding(.seconds(90_000)))
        #expect(try fixture.names(in: "results/marie").isEmpty)
    }

    @Test func cleanEndLeavesNone() throws {
        let queue = try fixture.open()
        let receipts = try Directory.open(fixture.scratch.path(of: "triggers/marie"))
        #expect(try receipts.status(of: ".tmp") != nil)
        queue.close()
        #expect(try queue.results.status(of: ".tmp") == nil)
        #expect(try receipts.status(of: ".tmp") == nil)
    }
}
