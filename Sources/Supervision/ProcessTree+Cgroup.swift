// SPDX-License-Identifier: Apache-2.0
// Ends what supervisors that are gone have left in their control groups.

import Glibc
import SystemKit

/// The control group that a supervisor has for its attempts.
///
/// The supervisor holds a lock of flock(2) on the group's directory for as long as it lives; so what is in a group
/// without that lock is left over, whichever run it was of.
enum SupervisorGroup {
    /// The name of a supervisor's group; the other side is Sources/vigil-supervisor/cgroup.c.
    static func name(of supervisor: ProcessTable.Identity) -> String {
        "vigil.\(supervisor.pid).\(supervisor.startTicks)"
    }

    /// Whether a group has the name of a supervisor's.
    static func isName(_ name: FileName) -> Bool {
        let parts = name.bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].elementsEqual("vigil".utf8) else { return false }
        return parts.dropFirst().allSatisfy { part in
            !part.isEmpty && part.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
    }

    /// Whether the supervisor of a group is gone; it stays so while the directory is open.
    static func isAbandoned(_ group: Directory) -> Bool {
        // Shared, so that several can do this work at the same time.
        flock(group.descriptor, LOCK_SH | LOCK_NB) == 0
    }
}

extension ProcessTree {
    /// Kills all that is in the control groups of supervisors that are gone, and removes the groups.
    ///
    /// Where the groups were made does not matter: an earlier daemon may have run elsewhere in the hierarchy.
    /// - Parameter limit: How long to wait for processes to die.
    /// - Returns: Whether no such group is left, or none was there. False also when nothing can be known.
    @discardableResult
    package static func killAbandonedCgroups(within limit: Duration = .seconds(10)) -> Bool {
        guard let mountPoint = CgroupLocation.mountPoint() else { return true }
        let deadline = ContinuousClock.now.advanced(by: limit)
        do {
            return try killGroups(below: Directory.open(mountPoint), until: deadline)
        } catch {
            return false
        }
    }

    /// Removes the groups of supervisors that are gone, if nothing is in them.
    ///
    /// A supervisor that is killed while it is idle leaves one. The call does not wait for anything.
    /// - Parameter parent: The group in which the supervisors had theirs.
    package static func removeAbandonedCgroups(below parent: String) {
        // What cannot be looked at or removed is left to the next start.
        guard let parent = try? Directory.open(parent), let children = try? groups(in: parent) else { return }
        for name in children where SupervisorGroup.isName(name) {
            // As above; one with processes is none that can be removed.
            guard let group = try? parent.subdirectory(name), SupervisorGroup.isAbandoned(group) else { continue }
            // As above.
            try? remove(group, name, in: parent)
        }
    }

    private static func killGroups(
        below parent: Directory,
        until deadline: ContinuousClock.Instant
    ) throws(SystemCallError) -> Bool {
        var isGone = true
        for child in try groups(in: parent) {
            if SupervisorGroup.isName(child) {
                isGone = killGroup(child, in: parent, until: deadline) && isGone
                continue
            }
            do throws(SystemCallError) {
                isGone = try killGroups(below: parent.subdirectory(child), until: deadline) && isGone
            } catch  where hasNothingOfOurs(error) {
                continue
            }
        }
        return isGone
    }

    /// Whether an error tells that a group was removed, which it had to be empty for, or belongs to somebody else.
    private static func hasNothingOfOurs(_ error: SystemCallError) -> Bool {
        error.errno == .noEntry || error.errno == Errno(rawValue: ENODEV) || error.errno == .access
    }

    private static func killGroup(
        _ name: FileName,
        in parent: Directory,
        until deadline: ContinuousClock.Instant
    ) -> Bool {
        do {
            let group = try parent.subdirectory(name)
            guard SupervisorGroup.isAbandoned(group) else { return true }
            try killAll(in: group)
            guard try awaitEmpty(group, until: deadline) else { return false }
            try remove(group, name, in: parent)
            return true
        } catch {
            // What cannot be looked at counts as still there.
            return hasNothingOfOurs(error)
        }
    }

    private static func killAll(in group: Directory) throws(SystemCallError) {
        let descriptor = unsafe openat(group.descriptor, "cgroup.kill", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw SystemCallError(call: "open", errno: Errno(rawValue: errno), path: group.path + "/cgroup.kill")
        }
        try OwnedDescriptor(adopting: descriptor).write(all: Array("1".utf8))
    }

    private static func awaitEmpty(
        _ group: Directory,
        until deadline: ContinuousClock.Instant
    ) throws(SystemCallError) -> Bool {
        // poll(2) reports a change since the last read as POLLPRI.
        let events = try group.openFile("cgroup.events")
        while true {
            let text = String(decoding: try events.read(at: 0, count: 256), as: UTF8.self)
            if text.split(separator: "\n").contains("populated 0") { return true }
            guard awaitEvent(on: events.rawValue, POLLPRI, until: deadline) else { return false }
        }
    }

    /// Groups that the agent made below its own go first; files of a group cannot be removed and vanish with it.
    private static func remove(_ group: Directory, _ name: FileName, in parent: Directory) throws(SystemCallError) {
        for child in try groups(in: group) { try remove(group.subdirectory(child), child, in: group) }
        try parent.removeDirectory(name)
    }

    private static func groups(in parent: Directory) throws(SystemCallError) -> [FileName] {
        var children: [FileName] = []
        try parent.entries { child, kind in
            if kind == .directory { children.append(child) }
            return true
        }
        return children
    }
}
