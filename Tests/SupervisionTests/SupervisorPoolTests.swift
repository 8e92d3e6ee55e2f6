// SPDX-License-Identifier: Apache-2.0
// How many supervisors there are, and what happens when none can be had.

import Glibc
import Supervision
import SystemKit
import Testing

@Suite(.timeLimit(.minutes(2))) struct SupervisorPoolTests {
    @Test func endThatNobodyWaitsForYetIsKept() async throws {
        try await Fixture.with { fixture in
            let lock = try await fixture.openLocked(fixture.runID)
            let request = fixture.request("exit 5")
            let run = await fixture.pool.begin(
                request,
                lock: lock.rawValue,
                output: fixture.logs,
                exits: fixture.exits
            )
            while await fixture.pool.processID(ofRun: fixture.runID) != nil {
                try Task.checkCancellation()
                await Task.yield()
            }
            // Its supervisor has another one meanwhile.
            #expect(try await fixture.record("exit 6") { $0.runID += "-next" }.ending == .exited(code: 6))
            #expect(await fixture.pool.ending(of: run).record?.ending == .exited(code: 5))
            #expect(await fixture.pool.processIDs.count == 1)
        }
    }

    @Test func warmSupervisorsAreThereBeforeTheFirstAttempt() async throws {
        try await Fixture.with(warm: 2) { fixture in
            try await fixture.pool.start()
            let before = await fixture.pool.processIDs
            #expect(before.count == 2)
            _ = try await fixture.record("echo $PPID")
            #expect(before.contains(try fixture.number()))
            #expect(await fixture.pool.processIDs == before)
        }
    }

    @Test func oneSupervisorServesOneAttemptAfterTheOther() async throws {
        try await Fixture.with { fixture in
            var supervisors: Set<Int32> = []
            for _ in 1...20 {
                _ = try await fixture.record("echo $PPID")
                supervisors.insert(try fixture.number())
            }
            #expect(supervisors.count == 1)
        }
    }

    @Test func attemptsAtTheSameTimeHaveSupervisorsOfTheirOwn() async throws {
        try await Fixture.with { fixture in
            let told = try fixture.makePipe("told")
            async let endings = fixture.runSeveral(8, "echo $PPID > told; sleep 1000")
            let supervisors = try await told.lines(8)
            #expect(Set(supervisors).count == 8)
            #expect(await fixture.pool.processIDs.count == 8)
            for number in 0..<8 {
                await fixture.pool.terminate(runID: "\(fixture.runID)-\(number)", reason: .cancelled, grace: .zero)
            }
            let cutOffs = try await endings.map(\.record?.cutOff)
            #expect(cutOffs == Array(repeating: .cancelled, count: 8))
        }
    }

    @Test func idleSupervisorsBeyondTheWarmNumberEnd() async throws {
        try await Fixture.with(warm: 1, idleTimeout: .milliseconds(50)) { fixture in
            let told = try fixture.makePipe("told")
            let go = try fixture.makePipe("go")
            async let endings = fixture.runSeveral(3, "echo $PPID > told; read x < go")
            let pids = try await told.lines(3).compactMap { Int32($0) }
            try go.write("1\n2\n3\n")
            let records = try await endings.compactMap(\.record)
            #expect(records.count == 3)
            await fixture.awaitEnd(ofAllBut: 1, of: pids)
            _ = try await fixture.record("echo $PPID")
            #expect(await fixture.pool.processIDs == [try fixture.number()])
        }
    }

    @Test func stoppingEndsIdleSupervisorsAndLetsTheOthersFinish() async throws {
        try await Fixture.with(warm: 2) { fixture in
            try await fixture.pool.start()
            let pids = await fixture.pool.processIDs
            let told = try fixture.makePipe("told")
            let go = try fixture.makePipe("go")
            async let ending = fixture.run("echo $PPID > told; read x < go; exit 9")
            let busy = try await told.number()
            await fixture.pool.stop()
            for pid in pids where pid != busy { await fixture.awaitEnd(of: pid) }
            #expect(try await fixture.run("true") { $0.runID += "-other" } == .refused(Errno(rawValue: ESHUTDOWN)))
            try go.write("go\n")
            let record = try await ending.record
            #expect(record?.ending == .exited(code: 9))
            await fixture.awaitEnd(of: busy)
        }
    }

    @Test func aRunIsNotStartedTwiceAtTheSameTime() async throws {
        try await Fixture.with { fixture in
            let told = try fixture.makePipe("told")
            async let ending = fixture.run("echo > told; sleep 1000")
            _ = try await told.lines()
            let lock = try fixture.openLock("other")
            let again = await fixture.pool.run(
                fixture.request("exit 0"),
                lock: lock.rawValue,
                output: fixture.logs,
                exits: fixture.exits
            )
            #expect(again == .refused(.busy))
            await fixture.pool.terminate(runID: fixture.runID, reason: .cancelled, grace: .zero)
            let record = try await ending.record
            #expect(record?.cutOff == .cancelled)
        }
    }

    @Test func aSupervisorThatDiedWhileIdleIsReplaced() async throws {
        try await Fixture.with { fixture in
            try await fixture.pool.start()
            for _ in 1...20 {
                for pid in await fixture.pool.processIDs { kill(pid, SIGKILL) }
                // Its end and this attempt meet in any order.
                let ending = try await fixture.run("exit 1")
                #expect(ending.record?.ending == .exited(code: 1) || ending == .lost)
            }
        }
    }

    @Test func otherChildrenAreNotReapedByThePool() async throws {
        try await Fixture.with { fixture in
            let null = try fixture.scratch.createFile("null")
            let child = try spawnDetached(
                path: "/bin/sh",
                arguments: ["sh", "-c", "exit 42"],
                environment: [],
                descriptors: [null.rawValue, null.rawValue, null.rawValue]
            )
            await fixture.awaitEnd(of: child)
            try await fixture.pool.start()
            for pid in await fixture.pool.processIDs {
                kill(pid, SIGKILL)
                await fixture.awaitEnd(of: pid)
            }
            _ = try await fixture.record("setsid sleep 1000 & exit 0")
            #expect(try reap(child, nohang: true) == .exited(42))
        }
    }

    @Test func aMissingSupervisorIsAnAnswer() async throws {
        try await Fixture.with(executable: "/nowhere/vigil-supervisor", isFirst: true) { fixture in
            await #expect(throws: SystemCallError.self) { try await fixture.pool.start() }
            let ending = try await fixture.run("true")
            #expect(ending == .refused(.noEntry))
        }
    }

    @Test func aProgramThatIsNoSupervisorRunsNothing() async throws {
        try await Fixture.with(executable: "/bin/true", isFirst: true) { fixture in
            let ending = try await fixture.run("echo > ran")
            #expect(ending == .lost || ending == .refused(.brokenPipe) || ending == .refused(.connectionReset))
            #expect(try fixture.scratch.status(of: "ran") == nil)
        }
    }

    @Test func anImpossibleRequestIsAnAnswer() async throws {
        try await Fixture.with(isFirst: true) { fixture in
            let ending = try await fixture.run("true") { $0.arguments = [] }
            #expect(ending == .refused(.invalidArgument))
            #expect(await fixture.pool.processIDs.isEmpty)
        }
    }

    @Test func wantOfDescriptorsIsAnAnswerAndPasses() async {
        await #expect(processExitsWith: .success) {
            try await Fixture.with(warm: 0, isFirst: true) { fixture in
                let lock = try fixture.openLock(fixture.runID)
                let request = fixture.request("exit 3")
                // From "none free" upwards, until there are enough.
                var refusals = 0
                var ending = AttemptEnding.refused(.tooManyOpenFiles)
                while ending.record == nil, refusals < 100 {
                    let free = refusals
                    ending = try await fixture.onReactor { pool in
                        // For no longer than the start: whatever else runs in this process may need a descriptor.
                        withDescriptorsLeft(free) {
                            Task.immediate {
                                await pool.run(
                                    request,
                                    lock: lock.rawValue,
                                    output: fixture.logs,
                                    exits: fixture.exits
                                )
                            }
                        }
                    }.value
                    #expect(ending == .refused(.tooManyOpenFiles) || ending.record?.ending == .exited(code: 3))
                    refusals += 1
                }
                #expect(refusals > 5)
                #expect(ending.record?.ending == .exited(code: 3))
            }
        }
    }

    @Test(.enabled(if: geteuid() == 0 && access(pidsGroup, W_OK) == 0, "needs the pids controller"))
    func wantOfProcessesIsAnAnswerAndPasses() async {
        await #expect(processExitsWith: .success) {
            let group = FileName("vigil-test-\(SystemInfo.processID)")
            let path = pidsGroup + "/\(group)"
            _ = try Directory.open(pidsGroup).subdirectory(group, create: 0o755)
            try await Fixture.with(warm: 1, isFirst: true) { fixture in
                try write("\(SystemInfo.processID)", to: path + "/cgroup.procs")
                // For no longer than one call: the runtime does not bear it when it cannot start a thread.
                let result = try await fixture.onReactor { pool in
                    try write("1", to: path + "/pids.max")
                    let result = Result { () throws(SystemCallError) in try pool.start() }
                    try write("max", to: path + "/pids.max")
                    return result.mapError(\.errno)
                }
                #expect(throws: Errno.again) { try result.get() }
                let record = try await fixture.record("exit 3")
                #expect(record.ending == .exited(code: 3))
            }
            try write("\(SystemInfo.processID)", to: pidsGroup + "/cgroup.procs")
            try Directory.open(pidsGroup).removeDirectory(group)
        }
    }
}

/// The process-number controller of the older kind of control groups.
private let pidsGroup = "/sys/fs/cgroup/pids"

/// Calls with no more than some descriptors to be had.
private func withDescriptorsLeft<Result>(_ count: Int, _ body: () -> Result) -> Result {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var before = rlimit()
    getrlimit(resource, &before)
    defer { setrlimit(resource, &before) }
    let firstFree = open("/dev/null", O_RDONLY | O_CLOEXEC)
    close(firstFree)
    var limit = before
    limit.rlim_cur = rlim_t(Int(firstFree) + count)
    setrlimit(resource, &limit)
    return body()
}

private func write(_ value: String, to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    try #require(descriptor >= 0)
    try OwnedDescriptor(adopting: descriptor).write(all: Array(value.utf8))
}
