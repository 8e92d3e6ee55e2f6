// SPDX-License-Identifier: Apache-2.0
// The control group of a supervisor: one for all its attempts, as good as new for each, and gone with it.

import Glibc
import Supervision
import SystemKit
import TestSupport
import Testing

/// One after the other: what some enable, and what some remove, others would notice.
@Suite(
    .serialized,
    .timeLimit(.minutes(2)),
    .enabled(if: cgroupParent != nil, "needs a writable control group of version 2")
)
struct CgroupTests {
    private let parent: Directory

    init() throws {
        parent = try Directory.open(try #require(cgroupParent))
    }

    /// A line of shell that sets `g` to the directory of the agent's group, and prints its name.
    private var findGroup: String { findGroup(below: parent.path) }

    private func findGroup(below parent: String) -> String {
        "n=$(sed -n 's|^0::.*/||p' /proc/self/cgroup); g=\(parent)/$n; echo $n;"
    }

    private func group(_ fixture: Fixture) throws -> FileName {
        FileName(String(try #require(try fixture.output().split(separator: "\n").first)))
    }

    @Test func attemptsOfASupervisorHaveOneGroupThatGoesWithIt() async throws {
        let name = try await Fixture.with(cgroup: parent.path) { fixture in
            var names: Set<FileName> = []
            for _ in 1...3 {
                let record = try await fixture.record("\(findGroup) echo $PPID") { $0.cgroupParent = parent.path }
                #expect(record.ending == .exited(code: 0))
                names.insert(try group(fixture))
            }
            let name = try #require(names.first)
            #expect(names.count == 1)
            let pid = try fixture.output().split(separator: "\n").last
            #expect(name.description.hasPrefix("vigil.\(pid ?? "")."))
            #expect(try parent.status(of: name) != nil)
            #expect(ProcessTree.killAbandonedCgroups())
            ProcessTree.removeAbandonedCgroups(below: parent.path)
            #expect(try parent.status(of: name) != nil, "its supervisor lives")
            return name
        }
        #expect(try parent.status(of: name) == nil)
    }

    @Test(
        arguments: [
            // Groups below it, one with a process that stays.
            """
            mkdir -p $g/a/b; sh -c 'echo $$ > '$g'/a/b/cgroup.procs; setsid sleep 1000 & exit'
            grep -q 'populated 1' $g/cgroup.events || exit 9
            """,
            "mkdir $g/x; echo 1 > $g/x/cgroup.freeze",
            // Killed by the supervisor, and by somebody else at a time when it was empty.
            "setsid sleep 1000 &",
            "echo $$ > ${g%/*}/cgroup.procs; echo 1 > $g/cgroup.kill",
            "mkdir $g/x; echo threaded > $g/x/cgroup.type",
            // As root this is no hindrance, for others the next agent cannot be started in the group.
            "chmod 000 $g/cgroup.procs",
        ]
    )
    func theNextAttemptGetsAGroupAsGoodAsNew(script: String) async throws {
        try await Fixture.with(cgroup: parent.path) { fixture in
            let record = try await fixture.record("\(findGroup)\n\(script)\nexit 0") { $0.cgroupParent = parent.path }
            #expect(record.ending == .exited(code: 0))
            let name = try group(fixture)
            let check = "\(findGroup) cat $g/cgroup.events; ls -d $g/*/; cat $g/cgroup.procs"
            _ = try await fixture.record(check) { $0.cgroupParent = parent.path }
            let lines = try fixture.output().split(separator: "\n").map(String.init)
            #expect(Array(lines.prefix(3)) == ["\(name)", "populated 1", "frozen 0"])
            #expect(lines.count == 5, "the shell and cat, and no group")
            let rest = try await fixture.sweep()
            #expect(rest == .nothingFound)
        }
    }

    @Test func aGroupThatIsFrozenWhileEmptyIsReplaced() async throws {
        try await Fixture.with(cgroup: parent.path) { fixture in
            // Told by one that is not in the group any more when it is frozen.
            let script = "\(findGroup) echo $$ > \(parent.path)/cgroup.procs; echo 1 > $g/cgroup.freeze"
            _ = try await fixture.record(script) { $0.cgroupParent = parent.path }
            let record = try await fixture.record("\(findGroup) cat $g/cgroup.events") { $0.cgroupParent = parent.path }
            #expect(record.ending == .exited(code: 0))
            #expect(try fixture.output().hasSuffix("populated 1\nfrozen 0\n"))
        }
    }

    @Test(arguments: [false, true])
    func aGroupThatSomebodyKilledOrRemovedIsMadeAgain(isRemoved: Bool) async throws {
        try await Fixture.with(cgroup: parent.path) { fixture in
            for number in 1...3 {
                let record = try await fixture.record("\(findGroup) test -d $g") {
                    $0.runID += "-\(number)"
                    $0.cgroupParent = parent.path
                }
                #expect(record.ending == .exited(code: 0))
                let name = try group(fixture)
                let before = try parent.subdirectory(name)
                let waiting = try await fixture.waitingAgent()
                try before.createFile("cgroup.kill", exclusive: false).write(all: Array("1".utf8))
                await fixture.awaitEnd(of: waiting)
                guard isRemoved else { continue }
                // Not before the supervisor has got over the loss of the agent that waited.
                while try parent.status(of: name)?.identity == before.identity { await Task.yield() }
                while try parent.status(of: name) == nil { await Task.yield() }
                try parent.removeDirectory(name)
            }
        }
    }

    @Test func otherPlacesAndNoneAreFollowed() async throws {
        let place = FileName("vigil-test-place-\(SystemInfo.processID)")
        _ = try parent.subdirectory(place, create: 0o755)
        try await Fixture.with { fixture in
            for path in [parent.path, "\(parent.path)/\(place)", parent.path] {
                let script = "\(findGroup(below: path)) test -d $g"
                let record = try await fixture.record(script) { $0.cgroupParent = path }
                #expect(record.ending == .exited(code: 0))
                _ = try await fixture.record("grep -c /vigil. /proc/self/cgroup")
                #expect(try fixture.output() == "0\n")
            }
        }
        try parent.removeDirectory(place)
    }

    @Test func whatIsInTheGroupIsKilledEvenIfItIsNoDescendant() async throws {
        try await Fixture.with(cgroup: parent.path) { fixture in
            let null = try MemoryFile.make([])
            let child = try spawnDetached(
                path: "/bin/sleep",
                arguments: ["sleep", "1000"],
                environment: [],
                descriptors: [null.rawValue, null.rawValue, null.rawValue]
            )
            let script = "\(findGroup) echo \(child) > $g/cgroup.procs; exit 3"
            let record = try await fixture.record(script) { $0.cgroupParent = parent.path }
            #expect(record.ending == .exited(code: 3))
            #expect(try reap(child, nohang: true) == .signaled(SIGKILL))
        }
    }

    @Test func limitsThatAgentsMaySetAreNotForTheNextOne() async throws {
        let place = FileName("vigil-test-limits-\(SystemInfo.processID)")
        let limited = try parent.subdirectory(place, create: 0o755)
        defer {
            set(limited, "-hugetlb")
            set(parent, "-hugetlb")
            // The test says already what went wrong.
            _ = try? parent.removeDirectory(place)
        }
        // A controller that nobody misses; where it is in use elsewhere, this cannot be tested.
        guard set(parent, "+hugetlb"), set(limited, "+hugetlb") else { return }
        try await Fixture.with { fixture in
            var inodes: Set<Substring> = []
            for _ in 1...3 {
                let script = "\(findGroup(below: limited.path)) stat -c %i $g"
                let record = try await fixture.record(script) { $0.cgroupParent = limited.path }
                #expect(record.ending == .exited(code: 0))
                inodes.insert(try #require(try fixture.output().split(separator: "\n").last))
            }
            #expect(inodes.count == 3, "each has its own")
        }
    }

    /// Enables or disables a controller for the groups below one; returns whether the kernel lets that be.
    @discardableResult
    private func set(_ group: Directory, _ controller: String) -> Bool {
        let descriptor = open(group.path + "/cgroup.subtree_control", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        // What the kernel does not allow here cannot be tested.
        return (try? OwnedDescriptor(adopting: descriptor).write(all: Array(controller.utf8))) != nil
    }
}

// MARK: Supervisors that are killed

extension CgroupTests {
    @Test(arguments: ["", "vigil-test-elsewhere"])
    func whatALostSupervisorLeavesBehindIsKilledByItsGroup(place: String) async throws {
        // The second time in a group that a daemon of today would not look at.
        let path = place.isEmpty ? parent.path : "\(parent.path)/\(place)"
        if !place.isEmpty { _ = try parent.subdirectory(FileName(place), create: 0o755) }
        try await Fixture.with(cgroup: path) { fixture in
            let told = try fixture.makePipe("told")
            let script = """
                \(findGroup(below: path)) mkdir $g/below
                env -i /usr/bin/setsid /bin/sh -c 'echo $$ > told; exec /bin/sleep 1000' &
                echo $PPID > told; exec sleep 1000
                """
            async let ending = fixture.run(script) { $0.cgroupParent = path }
            let pids = try await told.lines(2).compactMap { Int32($0) }
            let name = try group(fixture)
            let supervisor = try #require(pids.first { name.description.hasPrefix("vigil.\($0).") })
            #expect(kill(supervisor, SIGKILL) == 0)
            #expect(try await ending == .lost)
            let isGone = try await blocking { ProcessTree.killAbandonedCgroups() }
            #expect(isGone)
            #expect(pids.allSatisfy { ProcessIdentity(pid: $0)?.isAlive() != true })
            #expect(try Directory.open(path).status(of: name) == nil)
            #expect(ProcessTree.killAbandonedCgroups(), "no group is an empty group")
        }
        if !place.isEmpty { try parent.removeDirectory(FileName(place)) }
    }

    @Test func theEmptyGroupOfAKilledSupervisorIsRemovedByTheNextStart() async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.record("\(findGroup) echo $PPID") { $0.cgroupParent = parent.path }
            let name = try group(fixture)
            let supervisor = try #require(await fixture.pool.processIDs.first)
            kill(supervisor, SIGKILL)
            await fixture.awaitEnd(of: supervisor)
            try await Fixture.with { try await $0.pool.start() }
            #expect(try parent.status(of: name) == nil)
        }
    }

    @Test func aSearchForGroupsBearsThatOthersComeAndGo() async throws {
        async let comings: Void = blocking {
            for number in 0..<1000 {
                // Of the form of a supervisor's group, but that of no process; and another.
                for name in ["vigil.0.\(number)", "vigil-test-passing-\(number)"] {
                    // The search may remove it before it is opened, and after.
                    _ = try? parent.subdirectory(FileName(name), create: 0o755)
                    _ = try? parent.removeDirectory(FileName(name))
                }
            }
        }
        let answers = try await blocking { (0..<200).map { _ in ProcessTree.killAbandonedCgroups() } }
        try await comings
        #expect(answers.allSatisfy { $0 })
    }

    @Test func attemptsAndSearchesAtTheSameTimeDoNotHarmEachOther() async throws {
        try await Fixture.with { fixture in
            async let searches = blocking { (0..<100).map { _ in ProcessTree.killAbandonedCgroups() } }
            for _ in 1...50 {
                let record = try await fixture.record("\(findGroup) test \"$n\"") { $0.cgroupParent = parent.path }
                #expect(record.ending == .exited(code: 0))
            }
            #expect(try await searches.count == 100)
        }
    }
}
