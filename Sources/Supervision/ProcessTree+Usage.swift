// SPDX-License-Identifier: Apache-2.0
// What the processes of a running attempt are, and how much they compute.

import Glibc
import SystemKit

/// One process of a running attempt.
package struct TreeMember: Sendable, Hashable {
    /// Its number.
    package let pid: Int32
    /// The number of its parent.
    package let parent: Int32
    /// Its state as proc_pid_stat(5) has it, such as `R` or `S`.
    package let state: String
    /// How long ago it was started.
    package let age: Duration
    /// The processor time that it has used, with that of the children it has waited for.
    package let cpu: Duration
    /// Its command line, or its program's name in brackets where it shows none.
    package let command: String

    /// Describes a process.
    /// - Parameters:
    ///   - pid: Its number.
    ///   - parent: The number of its parent.
    ///   - state: Its state.
    ///   - age: How long ago it was started.
    ///   - cpu: The processor time that it has used.
    ///   - command: Its command line.
    package init(pid: Int32, parent: Int32, state: String, age: Duration, cpu: Duration, command: String) {
        self.pid = pid
        self.parent = parent
        self.state = state
        self.age = age
        self.cpu = cpu
        self.command = command
    }
}

extension ProcessTree {
    /// The supervisor that serves a run.
    /// - Parameter runID: The run.
    /// - Returns: Its process; nil when none serves it, or there is no /proc to look at.
    package static func supervisor(ofRun runID: String) -> Int32? {
        // Without a table nothing is known, which is what the caller is told.
        guard let table = try? ProcessTable() else { return nil }
        return table.entries.keys.first { servesRun($0, runID) }
    }

    /// The processor time that a run has used, those of its processes included that have ended.
    ///
    /// It only ever grows, but for what ends between two reads of a moment.
    /// - Parameters:
    ///   - runID: The run.
    ///   - supervisor: Its supervisor.
    ///   - cgroupParent: The group in which the supervisor may have one of its own.
    /// - Returns: Nil when it cannot be known: the run is over, or there is no /proc to look at.
    package static func processorTime(ofRun runID: String, supervisor: Int32, cgroupParent: String?) -> Duration? {
        guard let title = SupervisorTitle(ProcessTable.commandLine(supervisor)), title.runID == runID else {
            return nil
        }
        let used = time(of: supervisor, cgroupParent: title.usesCgroup ? cgroupParent : nil)
        return used.map { max(.zero, $0 - title.earlierTime) }
    }

    /// What a supervisor's present and earlier runs have used.
    private static func time(of supervisor: Int32, cgroupParent: String?) -> Duration? {
        if let cgroupParent, let identity = ProcessTable.entry(supervisor)?.identity,
            let time = CgroupUsage.read("\(cgroupParent)/\(SupervisorGroup.name(of: identity))")
        {
            return time
        }
        guard let own = ProcessUsage(supervisor) else { return nil }
        return members(of: supervisor).compactMap { ProcessUsage($0) }.reduce(own.waitedFor) { $0 + $1.total }
    }

    /// The processes of a run, parents before their children.
    /// - Parameters:
    ///   - runID: The run.
    ///   - supervisor: Its supervisor, which is none of them.
    /// - Returns: None when the run is over.
    package static func processes(ofRun runID: String, supervisor: Int32) -> [TreeMember] {
        guard servesRun(supervisor, runID) else { return [] }
        let uptime = ContinuousClock().systemEpoch.duration(to: .now)
        return members(of: supervisor).compactMap { pid in ProcessUsage(pid)?.member(pid, uptime: uptime) }
    }

    /// The descendants of a process, parents before their children.
    private static func members(of root: Int32) -> [Int32] {
        guard Self.listsChildren else {
            // Without a table nothing is known, and nothing is found.
            guard let table = try? ProcessTable() else { return [] }
            return table.trees(of: [root]).map(\.pid).filter { $0 != root }.sorted()
        }
        var found: [Int32] = []
        var next = [root]
        while let pid = next.popLast() {
            let children = ProcessTable.children(of: pid)
            found += children
            next += children
        }
        return found
    }

    /// Whether this kernel says what children a thread has, see proc_pid_task_children(5).
    private static let listsChildren: Bool = {
        let own = SystemInfo.processID
        return readProcess(own, "children", in: "/task/\(own)", limit: 1 << 20) != nil
    }()
}

extension ProcessTable {
    /// The children of all threads of a process.
    fileprivate static func children(of pid: Int32) -> [Int32] {
        threads(of: pid).flatMap { thread in
            let bytes = readProcess(pid, "children", in: "/task/\(thread)", limit: 1 << 20) ?? []
            return String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { Int32($0) }
        }
    }
}

/// The control group of a run as the kernel accounts for it.
package enum CgroupUsage {
    /// Reads `usage_usec` of a `cpu.stat`, see the kernel's description of cgroup v2.
    /// - Parameter text: The text of the file.
    /// - Returns: The processor time; nil when it is not in the text.
    package static func processorTime(in text: String) -> Duration? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("usage_usec ") }
        return line.flatMap { Int64($0.dropFirst("usage_usec ".count)) }.map { .microseconds($0) }
    }

    static func read(_ group: String) -> Duration? {
        // A run without a group of its own is the usual case.
        guard let bytes = try? Directory.open(group).read("cpu.stat", limit: 1 << 16) else { return nil }
        return processorTime(in: String(decoding: bytes, as: UTF8.self))
    }
}

/// What /proc/pid/stat says about the work of a process.
private struct ProcessUsage {
    private static let ticksPerSecond = Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))

    let parent: Int32
    let state: String
    let name: String
    let own: Duration
    /// Of the children that it has waited for.
    let waitedFor: Duration
    let startedAfterBoot: Duration

    var total: Duration { own + waitedFor }

    init?(_ pid: Int32) {
        guard let bytes = readProcess(pid, "stat", limit: 4096) else { return nil }
        // proc_pid_stat(5): the name in parentheses may hold anything; the last one closes it.
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.lastIndex(of: ")"), let begin = text.firstIndex(of: "(") else { return nil }
        let fields = text[end...].split(separator: " ")
        let times = fields.dropFirst(12).prefix(4).compactMap { Int64($0) }
        guard fields.count > 20, times.count == 4, let parent = Int32(fields[2]), let start = Int64(fields[20]) else {
            return nil
        }
        self.parent = parent
        state = String(fields[1])
        name = String(text[text.index(after: begin)..<end])
        own = Self.duration(times[0] + times[1])
        waitedFor = Self.duration(times[2] + times[3])
        startedAfterBoot = Self.duration(start)
    }

    private static func duration(_ ticks: Int64) -> Duration {
        .seconds(ticks / ticksPerSecond) + .seconds(1) * Double(ticks % ticksPerSecond) / Double(ticksPerSecond)
    }

    func member(_ pid: Int32, uptime: Duration) -> TreeMember {
        let words = ProcessTable.commandLine(pid).map { String(decoding: $0, as: UTF8.self) }
        return TreeMember(
            pid: pid,
            parent: parent,
            state: state,
            age: max(.zero, uptime - startedAfterBoot),
            cpu: total,
            command: words.isEmpty ? "[\(name)]" : words.joined(separator: " ")
        )
    }
}
