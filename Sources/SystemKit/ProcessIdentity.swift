// SPDX-License-Identifier: Apache-2.0
// Naming a process so that a later one with the same number is not taken for it.

/// A process for all time: its number alone is given to others after its end, with start time and boot it is unique.
package struct ProcessIdentity: Hashable, Sendable {
    /// The process's number.
    package let pid: Int32
    /// When it started, in clock ticks since boot: field 22 of /proc/pid/stat, see proc_pid_stat(5).
    package let startTicks: UInt64
    /// The boot it belongs to: /proc/sys/kernel/random/boot_id.
    package let bootID: String

    /// Names a process by what was written down about it.
    package init(pid: Int32, startTicks: UInt64, bootID: String) {
        self.pid = pid
        self.startTicks = startTicks
        self.bootID = bootID
    }

    /// Looks up a process that exists now, dead but not waited for included; nil when there is none.
    package init?(pid: Int32) {
        guard let stat = ProcessStat(pid: pid) else { return nil }
        self.init(pid: pid, startTicks: stat.startTicks, bootID: SystemInfo.bootID)
    }

    /// This process.
    package static var current: ProcessIdentity {
        let pid = SystemInfo.processID
        return ProcessIdentity(pid: pid) ?? ProcessIdentity(pid: pid, startTicks: 0, bootID: SystemInfo.bootID)
    }

    /// Whether this very process is running; one that has ended but was not waited for is not.
    package func isAlive() -> Bool {
        guard bootID == SystemInfo.bootID, let stat = ProcessStat(pid: pid) else { return false }
        return stat.startTicks == startTicks && !stat.hasEnded
    }
}

/// The fields of /proc/pid/stat in use here.
private struct ProcessStat {
    let startTicks: UInt64
    let hasEnded: Bool

    init?(pid: Int32) {
        // The program's name in field 2 may hold anything, also spaces and parentheses; the last one closes it.
        let text = readText("/proc/\(pid)/stat")
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[end...].split(separator: " ")
        guard fields.count > 20, let ticks = UInt64(fields[20]) else { return nil }
        startTicks = ticks
        hasEnded = fields[1] == "Z" || fields[1] == "X"
    }
}
