// SPDX-License-Identifier: Apache-2.0
// How an attempt ends: by itself, or cut off by time, size or request.

import Glibc
import Supervision
import SystemKit
import Testing

@Suite(.timeLimit(.minutes(2))) struct EndingTests {
    @Test func everyExitCodeIsKept() async throws {
        try await Fixture.with { fixture in
            for code in 0...255 {
                let record = try await fixture.record("exit \(code)")
                #expect(record.ending == .exited(code: code))
            }
        }
    }

    @Test(arguments: [SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGKILL, SIGSEGV, SIGPIPE, SIGTERM, SIGUSR1, 34, 64])
    func aSignalIsNotTakenForAnExitCode(number: Int32) async throws {
        try await Fixture.with { fixture in
            let record = try await fixture.record("ulimit -c 0; kill -\(number) $$; exit \(128 + number)")
            #expect(record.ending == .signalled(Int(number)))
            #expect(record.cutOff == nil)
        }
    }

    @Test func recordTellsAboutTheRun() async throws {
        try await Fixture.with { fixture in
            let record = try await fixture.record("echo out; echo error >&2; sleep 0.05") { $0.attempt = 7 }
            #expect(record.runID == fixture.runID)
            #expect(record.attempt == 7)
            #expect(record.stdoutBytes == 4)
            #expect(record.stderrBytes == 6)
            #expect(record.duration >= .milliseconds(50))
            #expect(record.startedAt <= record.finishedAt)
            #expect(record.cpu > .zero)
            #expect(record.maxResidentBytes > 100_000)
            #expect(record.stragglersKilled == 0)
            #expect(try fixture.output("stderr.log") == "error\n")
        }
    }

    @Test(arguments: [false, true])
    func recordIsInItsFileBeforeTheAnswer(sync: Bool) async throws {
        try await Fixture.with { fixture in
            let ending = try await fixture.run("exit 1") { $0.syncRecord = sync }
            guard case .recorded(let record, let isDurable) = ending else {
                Issue.record("\(ending)")
                return
            }
            #expect(isDurable)
            #expect(try fixture.recordFile(fixture.runID) == record)
            var names: [String] = []
            try fixture.exits.names {
                if $0 != ".logs" { names.append($0.description) }
                return true
            }
            #expect(names == ["record-\(fixture.runID)"])
        }
    }

    @Test func aRecordThatCannotBeWrittenIsAnsweredAsSuch() async throws {
        try await Fixture.with { fixture in
            let gone = try fixture.scratch.subdirectory("gone", create: 0o755)
            try fixture.scratch.removeDirectory("gone")
            let lock = try fixture.openLock(fixture.runID)
            let ending = await fixture.pool.run(
                fixture.request("exit 6"),
                lock: lock.rawValue,
                output: fixture.logs,
                exits: gone
            )
            #expect(ending.record?.ending == .exited(code: 6))
            guard case .recorded(_, isDurable: false) = ending else {
                Issue.record("\(ending)")
                return
            }
        }
    }

    @Test func lockIsHeldDuringTheAttemptAndFreeAfterwards() async throws {
        try await Fixture.with { fixture in
            let started = try fixture.makePipe("started")
            let go = try fixture.makePipe("go")
            let number = try await fixture.openLocked(fixture.runID).release()
            let request = fixture.request("echo > started; read x < go")
            async let ending = fixture.pool.run(request, lock: number, output: fixture.logs, exits: fixture.exits)
            _ = try await started.lines()
            close(number)
            let lock = try fixture.openLock(fixture.runID)
            #expect(try lock.tryLockExclusive() == false)
            try go.write("go\n")
            let record = await ending.record
            #expect(record != nil)
            _ = try await fixture.openLocked(fixture.runID)
        }
    }

    @Test func timeoutEndsTheTreeWithATermination() async throws {
        try await Fixture.with { fixture in
            let record = try await fixture.record("sleep 1000") { $0.timeout = .milliseconds(100) }
            #expect(record.cutOff == .timeout)
            #expect(record.ending == .signalled(Int(SIGTERM)))
            #expect(record.duration >= .milliseconds(100))
        }
    }

    @Test func anAgentMayEndByItselfDuringTheGrace() async throws {
        try await Fixture.with { fixture in
            let script = "trap 'echo saved; exit 3' TERM; sleep 1000 & wait"
            let record = try await fixture.record(script) { $0.timeout = .milliseconds(200) }
            #expect(record.cutOff == .timeout)
            #expect(record.ending == .exited(code: 3))
            #expect(try fixture.output() == "saved\n")
        }
    }

    @Test func whatIgnoresTerminationIsKilledAfterTheGrace() async throws {
        try await Fixture.with { fixture in
            let record = try await fixture.record("trap '' TERM; while :; do sleep 1000; done") {
                $0.timeout = .milliseconds(100)
                $0.grace = .milliseconds(100)
            }
            #expect(record.cutOff == .timeout)
            #expect(record.ending == .signalled(Int(SIGKILL)))
            #expect(record.duration >= .milliseconds(200))
        }
    }

    @Test(
        arguments: zip(
            TerminationReason.allCases,
            [ExitRecord.CutOff.cancelled, .shutdown, .start, .silence, .tool, .afterResult, .budget]
        )
    )
    func terminationReachesARunningTreeAtOnce(reason: TerminationReason, cutOff: ExitRecord.CutOff) async throws {
        try await Fixture.with { fixture in
            let started = try fixture.makePipe("started")
            async let ending = fixture.run("echo > started; sleep 1000 & wait")
            _ = try await started.lines()
            #expect(await fixture.pool.terminate(runID: fixture.runID, reason: reason, grace: .seconds(1000)))
            let record = try #require(try await ending.record)
            #expect(record.cutOff == cutOff)
            #expect(record.ending == .signalled(Int(SIGTERM)))
        }
    }

    @Test func graceOfZeroKillsAtOnce() async throws {
        try await Fixture.with { fixture in
            let started = try fixture.makePipe("started")
            async let ending = fixture.run("trap 'echo no' TERM; echo > started; while :; do sleep 1000 & wait; done")
            _ = try await started.lines()
            await fixture.pool.terminate(runID: fixture.runID, reason: .cancelled, grace: .zero)
            let record = try await ending.record
            #expect(record?.ending == .signalled(Int(SIGKILL)))
            #expect(try fixture.output().isEmpty)
        }
    }

    @Test func aSecondTerminationShortensTheGraceAndKeepsTheReason() async throws {
        try await Fixture.with { fixture in
            let told = try fixture.makePipe("told")
            async let ending = fixture.run("trap 'echo > told' TERM; echo > told; while :; do sleep 1000 & wait; done")
            _ = try await told.lines()
            await fixture.pool.terminate(runID: fixture.runID, reason: .cancelled, grace: .seconds(1000))
            _ = try await told.lines()
            await fixture.pool.terminate(runID: fixture.runID, reason: .shutdown, grace: .zero)
            let record = try #require(try await ending.record)
            #expect(record.cutOff == .cancelled)
            #expect(record.ending == .signalled(Int(SIGKILL)))
        }
    }

    @Test func terminationOfWhatDoesNotRunDoesNothing() async throws {
        try await Fixture.with { fixture in
            #expect(await !fixture.pool.terminate(runID: "other", reason: .cancelled, grace: .zero))
            _ = try await fixture.record("exit 0")
            #expect(await !fixture.pool.terminate(runID: fixture.runID, reason: .cancelled, grace: .zero))
            #expect(try await fixture.record("exit 0").cutOff == nil)
        }
    }

    @Test func aFloodOfOutputIsCutOff() async throws {
        try await Fixture.with { fixture in
            let record = try await fixture.record("trap '' TERM; yes; sleep 1000") { $0.maxLogBytes = 1_000_000 }
            #expect(record.cutOff == .outputLimit)
            #expect(record.stdoutBytes == 1_000_000)
            #expect(try fixture.output().utf8.count == 1_000_000)
            // The grace of the request is 20 s, too long for one that fills the disk.
            #expect(record.duration < .seconds(15))
        }
    }

    @Test func bothLogsCountTogether() async throws {
        try await Fixture.with { fixture in
            let script = "head -c 600000 /dev/zero; head -c 600000 /dev/zero >&2; sleep 1000"
            let record = try await fixture.record(script) { $0.maxLogBytes = 1_000_000 }
            #expect(record.cutOff == .outputLimit)
            #expect(record.stdoutBytes == 600_000)
            #expect(record.stderrBytes == 600_000)
        }
    }

    @Test func outputIsKeptByteForByte() async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.record(#"printf '\377\000\033[31m\r'"#)
            #expect(try fixture.logs.read("stdout.log", limit: 100) == [255, 0, 27, 91, 51, 49, 109, 13])
        }
    }
}
