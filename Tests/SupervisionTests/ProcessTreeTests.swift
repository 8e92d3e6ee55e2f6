// SPDX-License-Identifier: Apache-2.0
// Orphans of a daemon, and the place of control groups.

import Glibc
import Supervision
import SystemKit
import Testing

@Suite(.timeLimit(.minutes(2))) struct ProcessTreeTests {
    @Test func orphansWithoutAMarkerAreFoundByASubreaper() async {
        await #expect(processExitsWith: .success) {
            try ProcessTree.becomeSubreaper()
            try await Fixture.with(warm: 2) { fixture in
                try await fixture.pool.start()
                let told = try fixture.makePipe("told")
                // Two orphans without any trace of their run, one below the other.
                let script = """
                    env -i /usr/bin/setsid /bin/sh -c '/bin/sleep 1000 & echo $! > told; echo $$ > told; wait' &
                    read x < go; echo $PPID > told; exec sleep 1000
                    """
                let go = try fixture.makePipe("go")
                async let ending = fixture.run(script)
                let orphans = try await told.lines(2).compactMap { Int32($0) }
                try go.write("go\n")
                let supervisor = try await told.number()
                #expect(kill(supervisor, SIGKILL) == 0)
                #expect(try await ending == .lost)
                _ = try await fixture.sweep()
                #expect(orphans.allSatisfy { ProcessIdentity(pid: $0)?.isAlive() == true })
                let known = await fixture.pool.processIDs
                #expect(known.count == 1)
                let sweep = ProcessTree.killOrphans(except: known)
                #expect(sweep.isComplete)
                #expect(sweep.killed == 2)
                #expect(orphans.allSatisfy { ProcessIdentity(pid: $0) == nil }, "killed and waited for")
                // The idle supervisor was left alone.
                let record = try await fixture.record("echo $PPID")
                #expect(record.ending == .exited(code: 0))
                #expect(known == [try fixture.number()])
            }
        }
    }

    @Test(
        arguments: [
            ("0::/a/b\n", "1 2 0:1 / /sys/fs/cgroup rw - cgroup2 none rw\n", "/sys/fs/cgroup/a/b"),
            (
                "9:pids:/x\n0::/\n", "1 2 0:1 / /sys/fs/cgroup/unified rw shared:1 master:2 - cgroup2 none rw",
                "/sys/fs/cgroup/unified"
            ),
            ("0::/box/a", "1 2 0:1 /box /mnt/with\\040space rw - cgroup2 c rw", "/mnt/with space/a"),
            ("0::/box", "1 2 0:1 /box /mnt rw - cgroup2 c rw", "/mnt"),
            ("0::/boxes", "1 2 0:1 /box /mnt rw - cgroup2 c rw", nil),
            ("0::/../a", "1 2 0:1 / /mnt rw - cgroup2 c rw", nil),
            ("9:pids:/x\n", "1 2 0:1 / /mnt rw - cgroup2 c rw", nil),
            ("0::/a", "1 2 0:1 / /mnt rw - cgroup c rw,pids", nil),
            ("0::/a", "", nil),
        ] as [(String, String, String?)]
    )
    func groupsDirectoryIsFoundByMembershipAndMounts(membership: String, mounts: String, path: String?) {
        #expect(CgroupLocation.directory(membership: membership, mounts: mounts) == path)
    }
}
