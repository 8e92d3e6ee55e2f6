// SPDX-License-Identifier: Apache-2.0
// Whether a worker's daemon lives, judged by its lock and its heartbeat.

package import QueueModel

/// How it stands with a worker's daemon; the texts are stable.
package enum WorkerCondition: String, Sendable, Hashable, CaseIterable {
    /// It lives.
    case running
    /// It holds its lock, but has not written a heartbeat for a while.
    case silent
    /// It has stopped cleanly.
    case stopped
    /// It was of this machine, and went without a word.
    case crashed
    /// It was of another machine, and its heartbeat is too old.
    case gone
    /// There never was one.
    case absent

    /// How many intervals a heartbeat may be late.
    package static let patience = 3

    /// Judges what was found.
    /// - Parameters:
    ///   - heartbeat: What the daemon wrote last about itself.
    ///   - isLocked: Whether a daemon of this machine holds the worker's lock.
    ///   - host: The name of this machine.
    ///   - interval: The time between two heartbeats.
    ///   - now: The wall-clock time.
    package init(
        heartbeat: HeartbeatRecord?,
        isLocked: Bool,
        host: String,
        interval: Duration,
        now: Timestamp
    ) {
        guard let heartbeat else {
            self = isLocked ? .running : .absent
            return
        }
        let isFresh = now.since(heartbeat.timestamp) <= interval * Self.patience
        if isLocked {
            // A daemon that starts has its lock before it replaces the last heartbeat of the one before.
            self = isFresh || heartbeat.status == .stopped ? .running : .silent
        } else if heartbeat.status == .stopped {
            self = .stopped
        } else if heartbeat.host == host, heartbeat.pid != nil {
            // The kernel takes a lock back from whoever dies, whatever the heartbeat says.
            self = .crashed
        } else {
            // Of another machine, or of the older system, which has no lock: only the heartbeat tells.
            self = isFresh ? .running : .gone
        }
    }

    /// Whether tasks are taken, as far as can be known.
    package var isAlive: Bool { self == .running || self == .silent }

    /// The condition in words.
    var words: String {
        switch self {
        case .running: "running"
        case .silent: "silent"
        case .stopped: "not running"
        case .crashed: "crashed?"
        case .gone: "not running"
        case .absent: "not started"
        }
    }
}
