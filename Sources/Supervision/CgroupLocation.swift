// SPDX-License-Identifier: Apache-2.0
// Finds a control group below which attempts can have groups of their own.

import Glibc
import SystemKit

/// The place of this process in the control group hierarchy of version 2, see cgroups(7).
package enum CgroupLocation {
    /// The group of this process, when child groups can be made in it and processes started there; else nil.
    ///
    /// Asked once for this process, by making and removing a child group: rights, delegation, read-only mounts and
    /// limits on the number of groups all have their say. Groups of type `threaded` are no use, since their children
    /// cannot hold whole processes. The first call blocks for about a millisecond.
    package static func usableParent() -> String? {
        found
    }

    private static let found = find()

    private static func find() -> String? {
        guard let membership = readProcess(SystemInfo.processID, "cgroup", limit: 1 << 16),
            let mounts = readProcess(SystemInfo.processID, "mountinfo", limit: 16 << 20),
            let path = directory(
                membership: String(decoding: membership, as: UTF8.self),
                mounts: String(decoding: mounts, as: UTF8.self)
            )
        else { return nil }
        return isUsable(path) ? path : nil
    }

    /// Where the hierarchy of version 2 is mounted, as this process sees it; nil when it is not.
    static func mountPoint() -> String? {
        readProcess(SystemInfo.processID, "mountinfo", limit: 16 << 20).flatMap { mounts in
            directory(membership: "0::/", mounts: String(decoding: mounts, as: UTF8.self))
        }
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
