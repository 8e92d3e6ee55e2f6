// SPDX-License-Identifier: Apache-2.0
// A look at all processes, by way of /proc.

import SystemKit

/// The processes that were there while a scan went over /proc.
struct ProcessTable {
    /// One process; number and start time together name it for as long as the machine runs.
    struct Identity: Hashable {
        let pid: Int32
        let startTicks: UInt64
    }

    /// What /proc/pid/stat says about a process.
    struct Entry {
        let identity: Identity
        let parent: Int32
        /// Whether no thread of it is left, and only its parent has to take note.
        let hasEnded: Bool
    }

    private(set) var entries: [Int32: Entry] = [:]

    /// Scans all processes.
    /// - Throws: When there is no /proc to read, so that nothing can be known.
    init() throws(SystemCallError) {
        var pids: [Int32] = []
        try Directory.open("/proc").names { name in
            if let pid = name.string.flatMap({ Int32($0) }) { pids.append(pid) }
            return true
        }
        for pid in pids {
            if let entry = Self.entry(pid) { entries[pid] = entry }
        }
        guard !entries.isEmpty else { throw SystemCallError(call: "read", errno: .noEntry, path: "/proc/*/stat") }
    }

    /// The processes, without those that have ended, of the trees below `roots`.
    ///
    /// This very process is no member of any tree, and what hangs below it only when it is itself named as a root.
    func trees(of roots: Set<Int32>) -> Set<Identity> {
        let own = SystemInfo.processID
        let children = Dictionary(grouping: entries.values, by: \.parent)
        var pending = roots.filter { $0 != own }
        var reached = pending
        while let pid = pending.popFirst() {
            for child in children[pid] ?? [] where child.identity.pid != own {
                if reached.insert(child.identity.pid).inserted { pending.insert(child.identity.pid) }
            }
        }
        return Set(reached.compactMap { entries[$0] }.filter { !$0.hasEnded }.map(\.identity))
    }

    /// The processes in whose first environment an entry stands.
    func withEnvironment(_ entry: String) -> Set<Int32> {
        let wanted = Array(entry.utf8)
        return Set(entries.values.filter { !$0.hasEnded && $0.holds(wanted) }.map(\.identity.pid))
    }
}

extension ProcessTable {
    /// What is known about one process now; nil when there is none.
    static func entry(_ pid: Int32) -> Entry? {
        guard let bytes = readProcess(pid, "stat", limit: 4096) else { return nil }
        // proc_pid_stat(5): the name in parentheses may hold anything; the last one closes it.
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[end...].split(separator: " ")
        guard fields.count > 20, let parent = Int32(fields[2]), let ticks = UInt64(fields[20]) else { return nil }
        // A program's first thread may end before the others; the process goes on then.
        let isZombie = fields[1] == "Z" || fields[1] == "X"
        let hasEnded = isZombie && threads(of: pid).count < 2
        return Entry(identity: Identity(pid: pid, startTicks: ticks), parent: parent, hasEnded: hasEnded)
    }

    /// The parts of a process's command line.
    static func commandLine(_ pid: Int32) -> [[UInt8]] {
        (readProcess(pid, "cmdline", limit: 1 << 16) ?? []).split(separator: 0).map { Array($0) }
    }

    static func threads(of pid: Int32) -> [FileName] {
        var names: [FileName] = []
        // A process that is gone by now has no thread.
        try? Directory.open("/proc/\(pid)/task").names { name in
            names.append(name)
            return true
        }
        return names
    }
}

extension ProcessTable.Entry {
    /// Whether the environment that the process started with has this entry; no, when it may not be read.
    fileprivate func holds(_ wanted: [UInt8]) -> Bool {
        let pid = identity.pid
        let environment = readProcess(pid, "environ", limit: 16 << 20) ?? []
        if !environment.isEmpty { return environment.split(separator: 0).contains { $0.elementsEqual(wanted) } }
        // The first thread has given back its memory; the others still have theirs.
        return ProcessTable.threads(of: pid).dropFirst().contains { thread in
            let environment = readProcess(pid, "environ", in: "/task/\(thread)", limit: 16 << 20) ?? []
            return environment.split(separator: 0).contains { $0.elementsEqual(wanted) }
        }
    }
}

/// A file of /proc about a process; nil when it cannot be read, for example because the process is gone.
func readProcess(_ pid: Int32, _ name: FileName, in directory: String = "", limit: Int) -> [UInt8]? {
    // Not being allowed to look is the same as not finding anything: such a process is not ours.
    try? Directory.open("/proc/\(pid)\(directory)").openFile(name).readAll(limit: limit)
}
