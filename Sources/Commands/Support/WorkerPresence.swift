// SPDX-License-Identifier: Apache-2.0
// Whether somebody serves a worker's tasks.

import FileQueue
package import QueueModel
import SystemKit

/// What is known of a worker's daemon, from its lock and its heartbeat.
package struct WorkerPresence: Sendable {
    /// The worker.
    package let worker: WorkerID
    /// Whether a daemon serves it.
    package let isServed: Bool
    /// What it wrote last about itself; nil when it never wrote.
    package let heartbeat: HeartbeatRecord?

    /// Judges what was found.
    /// - Parameters:
    ///   - worker: The worker.
    ///   - holdsLock: Whether a daemon of this kernel holds the worker's lock.
    ///   - heartbeat: Its latest heartbeat.
    ///   - host: The name of this machine, whose daemons are known by their locks alone.
    ///   - now: The present time.
    ///   - interval: The time between two heartbeats.
    package init(
        worker: WorkerID,
        holdsLock: Bool,
        heartbeat: HeartbeatRecord?,
        host: String,
        now: Timestamp,
        interval: Duration
    ) {
        self.worker = worker
        self.heartbeat = heartbeat
        // Locks do not reach over a network; a daemon of another machine, as far as there can be one, is known by its
        // heartbeat, of which it may miss two.
        let isFresh = heartbeat.map { $0.status != .stopped && now.since($0.timestamp) <= interval * 3 } ?? false
        isServed = holdsLock || (isFresh && heartbeat?.host != host)
    }

    /// Looks at a worker.
    /// - Parameters:
    ///   - worker: The worker.
    ///   - view: Its queue.
    ///   - interval: The time between two heartbeats.
    /// - Throws: `SystemCallError` when the locks cannot be looked at.
    init(of worker: WorkerID, in view: QueueView, interval: Duration) throws(SystemCallError) {
        self.init(
            worker: worker,
            holdsLock: try view.hasLivingDaemon(worker),
            heartbeat: view.heartbeat(of: worker),
            host: SystemInfo.hostName,
            now: .now,
            interval: interval
        )
    }

    /// Why nobody serves the worker, and what to do; nil when somebody does.
    /// - Parameters:
    ///   - now: The present time.
    ///   - workers: The workers that `vigil up` would run.
    /// - Returns: The sentence, without a full stop.
    package func absence(now: Timestamp, workers: [WorkerID]) -> String? {
        if isServed { return nil }
        let command = workers.contains(worker) ? "vigil up" : "vigil worker \(worker)"
        guard let heartbeat else { return "no daemon serves \(worker) yet; start one: \(command)" }
        let age = now.since(heartbeat.timestamp).rounded
        return heartbeat.status == .stopped
            ? "the daemon of \(worker) stopped \(age) ago; start it: \(command)"
            : "the daemon of \(worker) is gone, its last heartbeat is \(age) old; start it: \(command)"
    }
}
