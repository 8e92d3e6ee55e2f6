// SPDX-License-Identifier: Apache-2.0
// What becomes of attempts when the daemon goes away, or when a supervisor does.

import Glibc
import Supervision
import SystemKit
import Testing

@Suite(.timeLimit(.minutes(2))) struct DaemonDeathTests {
    @Test func anAbandonedAttemptGoesOnToItsRecord() async throws {
        try await Fixture.with { fixture in
            let told = try fixture.makePipe("told")
            let go = try fixture.makePipe("go")
            async let ending = fixture.run("echo $PPID > told; read x < go; exit 5")
            let supervisor = try await told.number()
            await fixture.pool.abandon()
            #expect(try await ending == .abandoned)
            let lock = try fixture.openLock(fixture.runID)
            #expect(try lock.tryLockExclusive() == false, "the supervisor holds it")
            try go.write("go\n")
            _ = try await fixture.openLocked(fixture.runID)
            let record = try fixture.recordFile(fixture.runID)
            #expect(record?.ending == .exited(code: 5))
            await fixture.awaitEnd(of: supervisor)
        }
    }

    @Test func anAbandonedPoolStartsNothing() async throws {
        try await Fixture.with { fixture in
            try await fixture.pool.start()
            let pids = await fixture.pool.processIDs
            #expect(pids.count == 1)
            await fixture.pool.abandon()
            for pid in pids { await fixture.awaitEnd(of: pid) }
            #expect(try await fixture.run("true") == .refused(Errno(rawValue: ESHUTDOWN)))
        }
    }

    @Test(
        arguments: [
            (SupervisorSignal.cancel, ExitRecord.CutOff.cancelled), (.shutdown, .shutdown),
            (.end(.cancelled), .cancelled), (.end(.silence), .silence), (.end(.budget), .budget),
        ]
    )
    func anAbandonedAttemptCanBeEndedByItsRun(signal: SupervisorSignal, cutOff: ExitRecord.CutOff) async throws {
        try await Fixture.with { fixture in
            let told = try fixture.makePipe("told")
            async let ending = fixture.run("echo > told; sleep 1000")
            _ = try await told.lines()
            await fixture.pool.abandon()
            #expect(try await ending == .abandoned)
            #expect(try ProcessTree.signalSupervisor(ofRun: fixture.runID, signal) == 1)
            _ = try await fixture.openLocked(fixture.runID)
            let record = try fixture.recordFile(fixture.runID)
            #expect(record?.cutOff == cutOff)
            #expect(record?.ending == .signalled(Int(SIGTERM)))
        }
    }

    @Test func aSecondSignalEndsTheGrace() async throws {
        try await Fixture.with { fixture in
            let told = try fixture.makePipe("told")
            async let ending = fixture.run("trap 'echo > told' TERM; echo > told; while :; do sleep 1000 & wait; done")
            {
                $0.grace = .seconds(1000)
            }
            _ = try await told.lines()
            #expect(try ProcessTree.signalSupervisor(ofRun: fixture.runID, .cancel) == 1)
            _ = try await told.lines()
            #expect(try ProcessTree.signalSupervisor(ofRun: fixture.runID, .cancel) == 1)
            let record = try await ending.record
            #expect(record?.cutOff == .cancelled)
            #expect(record?.ending == .signalled(Int(SIGKILL)))
        }
    }

    @Test func noSupervisorIsFoundForARunThatIsOver() async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.record("exit 0")
            #expect(try ProcessTree.signalSupervisor(ofRun: fixture.runID, .cancel) == 0)
            #expect(try ProcessTree.signalSupervisor(ofRun: "never-was", .shutdown) == 0)
        }
    }

    @Test func aSupervisorThatDiesTakesItsAgentAlongAndIsToldAsLost() async throws {
        try await Fixture.with { fixture in
            let told = try fixture.makePipe("told")
            async let ending = fixture.run("echo $PPID > told; echo $$ > told; exec sleep 1000")
            let pids = try await told.lines(2).compactMap { Int32($0) }
            #expect(kill(pids[0], SIGKILL) == 0)
            #expect(try await ending == .lost)
            #expect(ProcessIdentity(pid: pids[0]) == nil, "it was waited for")
            await fixture.awaitEnd(of: pids[1])
            #expect(try fixture.recordFile(fixture.runID) == nil)
            // The pool goes on with another.
            #expect(try await fixture.record("exit 2").ending == .exited(code: 2))
        }
    }

    @Test func whatALostSupervisorLeavesBehindIsFoundByItsMarker() async throws {
        try await Fixture.with { fixture in
            let told = try fixture.makePipe("told")
            // Of three processes below the agent, one has no marker, but a parent that has.
            let script = """
                setsid sh -c 'trap "" TERM; env -i /bin/sleep 1000 & echo $! > told; sleep 1000 & echo $! > told
                    echo $$ > told; wait' &
                echo $PPID > told; exec sleep 1000
                """
            async let ending = fixture.run(script)
            let pids = try await told.lines(4).compactMap { Int32($0) }
            let supervisor = try #require(pids.first { isSupervisor($0) })
            #expect(kill(supervisor, SIGKILL) == 0)
            #expect(try await ending == .lost)
            let others = pids.filter { $0 != supervisor }
            #expect(others.allSatisfy { ProcessIdentity(pid: $0)?.isAlive() == true }, "orphans live on by themselves")
            let sweep = try await fixture.sweep()
            #expect(sweep.isComplete)
            // The agent itself may have been found before its own end, which the kernel brings about.
            #expect(sweep.killed == 3 || sweep.killed == 4)
            #expect(others.allSatisfy { ProcessIdentity(pid: $0)?.isAlive() != true })
            let rest = try await fixture.sweep()
            #expect(rest == .nothingFound)
        }
    }

    @Test func aSweepLeavesOtherRunsAlone() async throws {
        try await Fixture.with { fixture in
            let told = try fixture.makePipe("told")
            async let ending = fixture.run("echo $$ > told; exec sleep 1000")
            let pid = try await told.number()
            // The id of this run with something more, and with something less.
            let longer = try await fixture.sweep(fixture.runID + "0")
            #expect(longer == .nothingFound)
            let shorter = try await fixture.sweep(String(fixture.runID.dropLast()))
            #expect(shorter == .nothingFound)
            #expect(ProcessIdentity(pid: pid)?.isAlive() == true)
            await fixture.pool.terminate(runID: fixture.runID, reason: .cancelled, grace: .zero)
            _ = try await ending
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs the right to mount a small file system"))
    func aFullDiskIsWaitedOut() async throws {
        try await Fixture.with { fixture in
            let path = fixture.exits.path
            try #require(mount("tmpfs", path, "tmpfs", 0, "size=64k") == 0)
            defer { umount2(path, Int32(MNT_DETACH)) }
            let exits = try Directory.open(path)
            let filler = [UInt8](repeating: 0, count: 1 << 20)
            #expect(throws: SystemCallError.self) { try exits.createFile("filler").write(all: filler) }
            let told = try fixture.makePipe("told")
            let go = try fixture.makePipe("go")
            let failures = try await fixture.occurrences(
                of: .vanished(FileName(".tmp-\(fixture.runID)")),
                in: exits
            )
            let lock = try await fixture.openLocked(fixture.runID).release()
            let request = fixture.request("echo > told; read x < go; exit 5")
            async let ending = fixture.pool.run(request, lock: lock, output: fixture.logs, exits: exits)
            _ = try await told.lines()
            close(lock)
            await fixture.pool.abandon()
            #expect(await ending == .abandoned)
            try go.write("go\n")
            for await _ in failures { break }
            #expect(try fixture.openLock(fixture.runID).tryLockExclusive() == false, "it is not given up")
            try exits.remove("filler")
            _ = try await fixture.openLocked(fixture.runID)
            let bytes = try exits.read(FileName("record-\(fixture.runID)"), limit: ExitRecord.maxEncodedBytes)
            #expect(try ExitRecord(decoding: try #require(bytes)).ending == .exited(code: 5))
        }
    }

    private func isSupervisor(_ pid: Int32) -> Bool {
        // A process that is gone is none.
        (try? Directory.open("/proc/\(pid)").read("comm", limit: 100)).map { $0 == Array("vigil-supervise\n".utf8) }
            ?? false
    }
}
