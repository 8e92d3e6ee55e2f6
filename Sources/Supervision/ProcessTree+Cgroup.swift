// SPDX-License-Identifier: Apache-2.0
// Ends what is left of an attempt by its control group.

import Glibc
import SystemKit

extension ProcessTree {
    /// Kills the control group of an attempt with all that is in it, and removes it.
    ///
    /// Where the group was made does not matter: an earlier daemon may have run elsewhere in the hierarchy.
    /// - Parameters:
    ///   - runID: The attempt.
    ///   - limit: How long to wait for processes to die.
    /// - Returns: Whether no such group is left, or none was there. False also when nothing can be known.
    @discardableResult
    package static func killCgroup(runID: String, within limit: Duration = .seconds(10)) -> Bool {
        guard AttemptRequest.isValidRunID(runID) else { return false }
        guard let mountPoint = CgroupLocation.mountPoint() else { return true }
        let deadline = ContinuousClock.now.advanced(by: limit)
        do {
            return try killGroups(named: FileName("vigil-\(runID)"), below: Directory.open(mountPoint), until: deadline)
        } catch {
            return false
        }
    }

    /// Kills the control group of an attempt with all that is in it, and removes it.
    /// - Parameters:
    ///   - parent: The group that the attempt's request named.
    ///   - runID: The attempt.
    ///   - limit: How long to wait for processes to die.
    /// - Returns: Whether no such group is left, or none was there. False also when nothing can be known.
    @discardableResult
    package static func killCgroup(parent: String, runID: String, within limit: Duration = .seconds(10)) -> Bool {
        guard AttemptRequest.isValidRunID(runID) else { return false }
        let deadline = ContinuousClock.now.advanced(by: limit)
        do {
            return killGroup(FileName("vigil-\(runID)"), in: try Directory.open(parent), until: deadline)
        } catch {
            return error.errno == .noEntry
        }
    }

    private static func killGroups(
        named name: FileName,
        below parent: Directory,
        until deadline: ContinuousClock.Instant
    ) throws(SystemCallError) -> Bool {
        var isGone = true
        for child in try groups(in: parent) {
            if child == name {
                isGone = killGroup(name, in: parent, until: deadline) && isGone
                continue
            }
            do throws(SystemCallError) {
                let group = try parent.subdirectory(child)
                isGone = try killGroups(named: name, below: group, until: deadline) && isGone
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
            guard try parent.status(of: name) != nil else { return true }
            let group = try parent.subdirectory(name)
            try killAll(in: group)
            guard try awaitEmpty(group, until: deadline) else { return false }
            try removeGroup(name, in: parent)
            return true
        } catch {
            // Another process may have removed it meanwhile, as its supervisor would. What cannot be looked at counts
            // as still there.
            return (try? parent.status(of: name)) == .some(nil)
        }
    }

    private static func killAll(in group: Directory) throws(SystemCallError) {
        let path = group.path + "/cgroup.kill"
        let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemCallError(call: "open", errno: Errno(rawValue: errno), path: path) }
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
    private static func removeGroup(_ name: FileName, in parent: Directory) throws(SystemCallError) {
        let group = try parent.subdirectory(name)
        for child in try groups(in: group) { try removeGroup(child, in: group) }
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
