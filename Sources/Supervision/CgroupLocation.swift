// SPDX-License-Identifier: Apache-2.0
// Finds a control group below which attempts can have groups of their own.

import Glibc
import SystemKit

/// The place of this process in the control group hierarchy of version 2, see cgroups(7).
package enum CgroupLocation {
    /// The group of this process, when child groups can be made in it and processes started there; else nil.
    ///
    /// Asked by making and removing one: rights, delegation, read-only mounts and limits on the number of groups all
    /// have their say. Groups of type `threaded` are no use, since their children cannot hold whole processes.
    /// Blocks for less than a millisecond.
    package static func usableParent() -> String? {
        guard let membership = readProcess(SystemInfo.processID, "cgroup", limit: 1 << 16),
            let mounts = readProcess(SystemInfo.processID, "mountinfo", limit: 16 << 20),
            let path = directory(
                membership: String(decoding: membership, as: UTF8.self),
                mounts: String(decoding: mounts, as: UTF8.self)
            )
        else { return nil }
        return isUsable(path) ? path : nil
    }

    /// The directory of a group, from the texts of /proc/pid/cgroup and /proc/pid/mountinfo.
    package static func directory(membership: String, mounts: String) -> String? {
        let line = membership.split(separator: "\n").first { $0.hasPrefix("0::/") }
        guard let group = line?.dropFirst("0::".count), !group.hasPrefix("/..") else { return nil }
        for mount in mounts.split(separator: "\n") {
            // proc_pid_mountinfo(5): optional fields, of which there may be any number, end with a hyphen.
            let parts = mount.split(separator: " ")
            guard let hyphen = parts.firstIndex(of: "-"), parts.count > hyphen + 1, parts[hyphen + 1] == "cgroup2",
                hyphen > 5
            else { continue }
            let root = unescaped(parts[3])
            let rootPrefix = root == "/" ? "" : root
            guard group == root || group.hasPrefix(rootPrefix + "/") else { continue }
            let below = group.dropFirst(rootPrefix.count)
            return unescaped(parts[4]) + (below == "/" ? "" : below)
        }
        return nil
    }

    /// The kernel writes space, tab, newline and backslash of a path as three octal digits.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            if byte == UInt8(ascii: "\\"), digits.count == 3, let value {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isUsable(_ path: String) -> Bool {
        guard isWritable(path + "/cgroup.procs") else { return false }
        do {
            let parent = try Directory.open(path)
            // The root of the hierarchy has no type.
            let type = String(decoding: try parent.read("cgroup.type", limit: 64) ?? [], as: UTF8.self)
            guard type.isEmpty || type == "domain\n" else { return false }
            let probe = FileName("vigil-probe-\(SystemInfo.processID)")
            let child = try parent.subdirectory(probe, create: 0o755)
            defer {
                // A group that stays behind is empty and does no harm.
                _ = try? parent.removeDirectory(probe)
            }
            return isWritable(child.path + "/cgroup.kill") && isWritable(child.path + "/cgroup.procs")
        } catch {
            return false
        }
    }

    private static func isWritable(_ path: String) -> Bool {
        unsafe access(path, W_OK) == 0
    }
}

extension ProcessTree {
    /// Kills the control group of an attempt with all that is in it, and removes it.
    /// - Parameters:
    ///   - parent: The group that the attempt's request named.
    ///   - runID: The attempt.
    ///   - limit: How long to wait for processes to die.
    /// - Returns: Whether the group is empty, or not there at all. False also when nothing can be known.
    @discardableResult
    package static func killCgroup(parent: String, runID: String, within limit: Duration = .seconds(10)) -> Bool {
        guard AttemptRequest.isValidRunID(runID) else { return false }
        let deadline = ContinuousClock.now.advanced(by: limit)
        let name = FileName("vigil-\(runID)")
        do {
            let parent = try Directory.open(parent)
            guard try parent.status(of: name) != nil else { return true }
            let group = try parent.subdirectory(name)
            try killAll(in: group)
            guard try awaitEmpty(group, until: deadline) else { return false }
            try removeGroup(name, in: parent)
            return true
        } catch {
            // Another process may have removed it meanwhile, as its supervisor would.
            return error.errno == .noEntry
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
        var children: [FileName] = []
        try group.names {
            children.append($0); return true
        }
        for child in children where try group.status(of: child)?.kind == .directory {
            try removeGroup(child, in: group)
        }
        _ = try parent.removeDirectory(name)
    }
}
