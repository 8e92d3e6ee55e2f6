// SPDX-License-Identifier: Apache-2.0
// Ends what is left of an attempt whose supervisor is gone, and proves that it is gone.

import CLinux
import Glibc
package import SystemKit

/// What an attempt to end a tree came to.
package struct TreeSweep: Sendable, Hashable {
    /// How many processes were killed.
    package let killed: Int
    /// Whether a full scan at the end found none of the tree.
    ///
    /// False when a process did not die in time (one that waits for a broken disk, for example), or when there is no
    /// /proc to look at: then the tree must be taken for alive.
    package let isComplete: Bool

    /// Says what a sweep came to.
    package init(killed: Int, isComplete: Bool) {
        self.killed = killed
        self.isComplete = isComplete
    }
}

/// How a supervisor is asked to end its attempt without its socket.
package enum SupervisorSignal: Sendable {
    /// The record will say `cancelled`.
    case cancel
    /// The record will say `shutdown`. A supervisor that is idle by then ends.
    case shutdown
    /// The record will say why the daemon ended it.
    case end(TerminationReason)

    /// Sends it to the process of a pidfd; returns whether that worked.
    func send(to handle: Int32) -> Bool {
        switch self {
        case .cancel: cl_pidfd_signal(handle, SIGUSR1) == 0
        case .shutdown: cl_pidfd_signal(handle, SIGTERM) == 0
        case .end(let reason): cl_pidfd_queue(handle, SIGUSR1, Int32(reason.rawValue)) == 0
        }
    }
}

/// Process trees that this process has no supervisor for.
///
/// All calls block for as long as they take, some milliseconds as a rule; the reactor's thread should not wait for
/// those that kill, except where noted. A process is never signalled by a bare number: it is held by a pidfd while its
/// start time is compared.
package enum ProcessTree {
    /// Stops, then kills every process that holds `VIGIL_RUN_ID=<runID>` in its environment, with all descendants.
    ///
    /// Repeated until a full scan finds none. Children of this process among them are waited for (they are its children
    /// when it is a subreaper).
    /// - Parameters:
    ///   - runID: The attempt whose tree must not go on.
    ///   - limit: How long to wait for processes to die.
    /// - Returns: What was found, and whether the tree is proven dead.
    @discardableResult
    package static func killMarked(runID: String, within limit: Duration = .seconds(10)) -> TreeSweep {
        sweep(within: limit) { $0.withEnvironment("VIGIL_RUN_ID=\(runID)") }
    }

    /// Makes orphans of this process's descendants its own children, instead of those of init.
    ///
    /// What a supervisor that died leaves behind can then be found by ``killOrphans(except:within:)``.
    package static func becomeSubreaper() throws(SystemCallError) {
        let result = cl_become_subreaper()
        guard result == 0 else { throw SystemCallError(call: "prctl", errno: Errno(rawValue: -result)) }
    }

    /// Kills the children of this process that nobody knows, with all descendants, and reaps them.
    ///
    /// A child that is started between the making of `known` and this call is taken for an orphan: call it on the
    /// reactor's thread, where supervisors are started, with the processes of all pools.
    /// - Parameters:
    ///   - known: The children to leave alone, with all that hangs below them.
    ///   - limit: How long to wait for processes to die.
    /// - Returns: What was found, and whether nothing of it is left.
    @discardableResult
    package static func killOrphans(except known: Set<Int32>, within limit: Duration = .seconds(2)) -> TreeSweep {
        let own = SystemInfo.processID
        return sweep(within: limit) { table in
            let orphans = table.entries.values.filter { $0.parent == own && !known.contains($0.identity.pid) }
            for orphan in orphans where orphan.hasEnded { reapQuietly(orphan.identity.pid) }
            return Set(orphans.filter { !$0.hasEnded }.map(\.identity.pid))
        }
    }

    /// Asks the supervisor of a run to end its attempt, for a daemon that has no socket to it.
    ///
    /// The supervisor shows the run in its command line while it serves it. A supervisor whose daemon lives may have
    /// gone on to another run within the microseconds between look and signal: use the pool for those.
    /// - Returns: How many supervisors were asked: none when the run is over, or never was.
    @discardableResult
    package static func signalSupervisor(ofRun runID: String, _ signal: SupervisorSignal) throws(SystemCallError) -> Int
    {
        let table = try ProcessTable()
        return table.entries.values.count { entry in
            servesRun(entry.identity.pid, runID)
                && withProcess(entry.identity) { handle in
                    // Looked at again now that the number cannot be given to another process.
                    servesRun(entry.identity.pid, runID) && signal.send(to: handle)
                } == true
        }
    }

    static func servesRun(_ pid: Int32, _ runID: String) -> Bool {
        SupervisorTitle(ProcessTable.commandLine(pid)).map { $0.runID == runID } ?? false
    }
}

/// What a supervisor that serves a run shows in its command line.
package struct SupervisorTitle: Sendable, Equatable {
    /// The run.
    package let runID: String
    /// What earlier runs have used of the processor.
    package let earlierTime: Duration
    /// Whether the run is in the supervisor's control group, and earlier time is what others have used there.
    package let usesCgroup: Bool

    /// Reads the parts of a command line; nil when it is that of no supervisor, or an idle one.
    /// - Parameter parts: The arguments of a process.
    package init?(_ parts: [[UInt8]]) {
        guard parts.count >= 2, parts[0].hasSuffix("vigil-supervisor") else { return nil }
        let texts = parts.dropFirst().map { String(decoding: $0, as: UTF8.self) }
        guard texts[0].hasPrefix("run=") else { return nil }
        runID = String(texts[0].dropFirst("run=".count))
        let account = texts.count > 1 ? texts[1].split(separator: "=") : []
        usesCgroup = account.first == "cgroup_cpu"
        earlierTime = .microseconds(account.count == 2 ? Int64(account[1]) ?? 0 : 0)
    }
}

// MARK: Sweeping

extension ProcessTree {
    /// Stops and kills trees until a scan finds no root.
    private static func sweep(within limit: Duration, roots: (ProcessTable) -> Set<Int32>) -> TreeSweep {
        let deadline = ContinuousClock.now.advanced(by: limit)
        var killed: Set<ProcessTable.Identity> = []
        while true {
            guard let found = stopTrees(of: roots) else { return TreeSweep(killed: killed.count, isComplete: false) }
            if found.isEmpty { return TreeSweep(killed: killed.count, isComplete: true) }
            for process in found where signal(process, SIGKILL) { killed.insert(process) }
            for process in found { awaitEnd(of: process, until: deadline) }
            if ContinuousClock.now >= deadline { return TreeSweep(killed: killed.count, isComplete: false) }
        }
    }

    /// Stops everything below the roots; a process that is stopped starts no further one.
    /// - Returns: What was found, or nil when nothing can be known.
    private static func stopTrees(
        of roots: (ProcessTable) -> Set<Int32>
    ) -> Set<ProcessTable.Identity>? {
        let mostRounds = 16
        var found: Set<ProcessTable.Identity> = []
        for _ in 0..<mostRounds {
            // Without a table there is no proof, which is what the caller reports.
            guard let table = try? ProcessTable() else { return nil }
            let new = table.trees(of: roots(table)).subtracting(found)
            if new.isEmpty { break }
            for process in new { _ = signal(process, SIGSTOP) }
            found.formUnion(new)
        }
        return found
    }

    private static func signal(_ process: ProcessTable.Identity, _ number: Int32) -> Bool {
        withProcess(process) { cl_pidfd_signal($0, number) == 0 } ?? false
    }

    private static func awaitEnd(of process: ProcessTable.Identity, until deadline: ContinuousClock.Instant) {
        _ = withProcess(process) { handle in
            awaitEvent(on: handle, POLLIN, until: deadline)
        }
        if ProcessTable.entry(process.pid)?.parent == SystemInfo.processID { reapQuietly(process.pid) }
    }

    /// Calls `body` with a pidfd of this very process; returns nil when it is gone.
    private static func withProcess<Result>(
        _ process: ProcessTable.Identity,
        _ body: (Int32) -> Result
    ) -> Result? {
        // The process may be gone, and a pidfd that cannot be had leaves it to the next round.
        guard let handle = try? pidfdOpen(process.pid) else { return nil }
        guard ProcessTable.entry(process.pid)?.identity == process else { return nil }
        return body(handle.rawValue)
    }

    /// Takes note of the end of a child, if it is one and has ended.
    private static func reapQuietly(_ pid: Int32) {
        // It may have been waited for already.
        _ = try? reap(pid, nohang: true)
    }
}

/// Waits for an event of poll(2) on one descriptor.
/// - Returns: False when the time is over.
@discardableResult
func awaitEvent(on descriptor: Int32, _ events: Int32, until deadline: ContinuousClock.Instant) -> Bool {
    while true {
        let left = ContinuousClock.now.duration(to: deadline)
        let milliseconds = left <= .zero ? 0 : left.components.seconds >= 3600 ? 3_600_000 : left / .milliseconds(1)
        var wanted = pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0)
        let result = unsafe poll(&wanted, 1, Int32(Double(milliseconds).rounded(.up)))
        if result > 0 { return true }
        if result == 0, ContinuousClock.now >= deadline { return false }
        if result < 0, errno != EINTR { return false }
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ text: String) -> Bool {
        suffix(text.utf8.count).elementsEqual(text.utf8)
    }
}
