// SPDX-License-Identifier: Apache-2.0
// Whether somebody serves a worker's tasks, and what to do when nobody does.

import FileQueue
package import QueueModel
import SystemKit

/// How it stands with a worker's daemon, for somebody who waits for it.
package struct WorkerPresence: Sendable {
    /// The worker.
    package let worker: WorkerID
    /// Whether a daemon serves it.
    package let condition: WorkerCondition
    /// What it wrote last about itself; nil when it never wrote.
    package let heartbeat: HeartbeatRecord?

    /// Notes what was found.
    /// - Parameters:
    ///   - worker: The worker.
    ///   - condition: Whether a daemon serves it.
    ///   - heartbeat: What it wrote last about itself.
    package init(worker: WorkerID, condition: WorkerCondition, heartbeat: HeartbeatRecord?) {
        self.worker = worker
        self.condition = condition
        self.heartbeat = heartbeat
    }

    /// Looks at a worker.
    /// - Parameters:
    ///   - worker: The worker.
    ///   - view: Its queue.
    ///   - interval: The time between two heartbeats.
    /// - Throws: `SystemCallError` when the locks cannot be looked at.
    init(of worker: WorkerID, in view: QueueView, interval: Duration) throws(SystemCallError) {
        let heartbeat = view.heartbeat(of: worker)
        let condition = WorkerCondition(
            heartbeat: heartbeat,
            isLocked: try view.servedWorkers().contains(worker),
            host: SystemInfo.hostName,
            interval: interval,
            now: .present()
        )
        self.init(worker: worker, condition: condition, heartbeat: heartbeat)
    }

    /// Why nobody serves the worker, and what to do; nil when somebody does.
    /// - Parameters:
    ///   - now: The present time.
    ///   - workers: The workers that `vigil up` would run.
    /// - Returns: The sentence, without a full stop.
    package func absence(now: Timestamp, workers: [WorkerID]) -> String? {
        if condition.isAlive { return nil }
        let command = workers.contains(worker) ? "vigil up" : "vigil worker \(worker)"
        guard let heartbeat else { return "no daemon serves \(worker) yet; start one: \(command)" }
        let age = Age(of: heartbeat.timestamp, at: now)
        return condition == .stopped
            ? "the daemon of \(worker) stopped \(age) ago; start it: \(command)"
            : "the daemon of \(worker) is gone, its last heartbeat is \(age) old; start it: \(command)"
    }
}
