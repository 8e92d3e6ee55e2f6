// SPDX-License-Identifier: Apache-2.0
// Finds a control group below which attempts can have groups of their own.

import Glibc
import SystemKit

/// The place of this process in the control group hierarchy of version 2, see cgroups(7).
package enum CgroupLocation {
    /// The group of this process, when child groups can be made in it and processes started there; else nil.
    ///
    /// Asked once for this process. Where rights and delegation say yes but a limit on the number of groups says no, the
    /// supervisor does without. Groups of type `threaded` are no use, since their children cannot hold whole processes.
    /// The first call blocks for about a millisecond.
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

    /// Where a part of the hierarchy of version 2 is mounted.
    private struct Mount {
        /// The group that shows at the mount point, as a path of the hierarchy.
        let root: String
        let point: String
    }

    /// Where the hierarchy of version 2 is mounted, as this process sees it; nil when it is not.
    static func mountPoint() -> String? {
        readProcess(SystemInfo.processID, "mountinfo", limit: 16 << 20).flatMap { text in
            mounts(in: String(decoding: text, as: UTF8.self)).first?.point
        }
    }

    /// The directory of a group, from the texts of /proc/pid/cgroup and /proc/pid/mountinfo.
    package static func directory(membership: String, mounts text: String) -> String? {
        let line = membership.split(separator: "\n").first { $0.hasPrefix("0::/") }
        guard let group = line?.dropFirst("0::".count), !group.hasPrefix("/..") else { return nil }
        for mount in mounts(in: text) {
            let rootPrefix = mount.root == "/" ? "" : mount.root
            guard group == mount.root || group.hasPrefix(rootPrefix + "/") else { continue }
            let below = group.dropFirst(rootPrefix.count)
            return mount.point + (below == "/" ? "" : below)
        }
        return nil
    }

    private static func mounts(in text: String) -> [Mount] {
        text.split(separator: "\n").compactMap { line in
            // proc_pid_mountinfo(5): optional fields, of which there may be any number, end with a hyphen.
            let parts = line.split(separator: " ")
            guard let hyphen = parts.firstIndex(of: "-"), hyphen > 5, parts.count > hyphen + 1,
                parts[hyphen + 1] == "cgroup2"
            else { return nil }
            return Mount(root: unescaped(parts[3]), point: unescaped(parts[4]))
        }
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
        // Only the root of the hierarchy has no type; its children are groups like all others.
        // A directory that cannot be read is not writable either.
        let type = (try? Directory.open(path).read("cgroup.type", limit: 64)).flatMap { $0 }
        guard let type else { return isWritable(path) && isWritable(path + "/cgroup.procs") }
        guard type.elementsEqual("domain\n".utf8) else { return false }
        return isWritable(path) && isWritable(path + "/cgroup.procs") && isWritable(path + "/cgroup.kill")
    }

    private static func isWritable(_ path: String) -> Bool {
        unsafe access(path, W_OK) == 0
    }
}
