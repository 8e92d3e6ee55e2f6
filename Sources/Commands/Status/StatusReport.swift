// SPDX-License-Identifier: Apache-2.0
// What `vigil status` says, as a value: facts, JSON and text come from it alone.

package import QueueModel

/// One worker's part of the report.
package struct WorkerReport: Sendable {
    /// The worker.
    package let worker: WorkerID
    /// How it stands with its daemon.
    package let condition: WorkerCondition
    /// What the daemon wrote last about itself.
    package var heartbeat: HeartbeatRecord?
    /// The number of files in its inbox.
    package var queued = 0
    /// The tasks that run.
    package var running: [TaskID] = []
    /// Those of them that run on without a daemon.
    package var unattended: [TaskID] = []
    /// The tasks that a crash has cut off, and nobody has taken up yet.
    package var interrupted: [TaskID] = []
    /// The number of tasks between two attempts.
    package var retrying = 0
    /// The number of dead letters.
    package var deadLetters = 0

    /// A worker of which nothing else is known.
    /// - Parameters:
    ///   - worker: The worker.
    ///   - condition: How it stands with its daemon.
    package init(worker: WorkerID, condition: WorkerCondition) {
        self.worker = worker
        self.condition = condition
    }

    /// Why tasks wait; without a daemon only what the files say.
    package var waiting: [WaitCause: Int] {
        if condition == .running, let heartbeat { return heartbeat.waiting }
        return retrying > 0 ? [.retry: retrying] : [:]
    }
}

/// Something that failed lately.
package struct RecentFailure: Sendable {
    /// What became of it.
    package enum Kind: String, Sendable {
        /// It is over.
        case deadLetter = "dead_letter"
        /// Another attempt will be made.
        case retry
    }

    /// What became of it.
    package let kind: Kind
    /// Whose it is.
    package let worker: WorkerID
    /// The task's id, or the name of a file that never was a task.
    package let name: String
    /// A stable word.
    package let reason: String
    /// One line.
    package let message: String
    /// When.
    package let timestamp: Timestamp

    /// Notes a failure.
    /// - Parameters:
    ///   - kind: What became of it.
    ///   - worker: Whose it is.
    ///   - name: The task's id, or the name of a file that never was a task.
    ///   - reason: A stable word.
    ///   - message: One line.
    ///   - timestamp: When.
    package init(
        kind: Kind,
        worker: WorkerID,
        name: String,
        reason: String,
        message: String,
        timestamp: Timestamp
    ) {
        self.kind = kind
        self.worker = worker
        self.name = name
        self.reason = reason
        self.message = message
        self.timestamp = timestamp
    }
}

/// The state of a queue at one moment.
package struct StatusReport: Sendable {
    /// The version of the JSON form.
    package static let schemaVersion = 1

    /// The root directory.
    package let root: String
    /// When the files were read.
    package let timestamp: Timestamp
    /// Every worker.
    package let workers: [WorkerReport]
    /// What failed lately, newest first.
    package let failures: [RecentFailure]
    /// The tasks that ended last, newest first.
    package let ended: [TaskRow]
    /// Whether those are the tasks that ended last; they are not looked for among very many results.
    package let endedAreKnown: Bool

    /// Puts a report together.
    /// - Parameters:
    ///   - root: The root directory.
    ///   - timestamp: When the files were read.
    ///   - workers: Every worker.
    ///   - failures: What failed lately, newest first.
    ///   - ended: The tasks that ended last, newest first.
    ///   - endedAreKnown: Whether they were looked for.
    package init(
        root: String,
        timestamp: Timestamp,
        workers: [WorkerReport],
        failures: [RecentFailure],
        ended: [TaskRow] = [],
        endedAreKnown: Bool = true
    ) {
        self.root = root
        self.timestamp = timestamp
        self.workers = workers
        self.failures = failures
        self.ended = ended
        self.endedAreKnown = endedAreKnown
    }

    /// The number of workers whose daemon lives.
    package var alive: Int { workers.count { $0.condition.isAlive } }
}

// MARK: - JSON

extension StatusReport {
    /// The report as one document.
    package var json: JSONValue {
        .object([
            "schema_version": .integer(Self.schemaVersion),
            "timestamp": .string(timestamp.description),
            "root": .string(root),
            "workers_running": .integer(alive),
            "workers": .array(workers.map { $0.json(at: timestamp) }),
            "failures": .array(failures.map { $0.json(at: timestamp) }),
            "ended": .array(ended.map(\.json)),
            "ended_known": .bool(endedAreKnown),
        ])
    }

    /// The report without what changes by the mere passing of time.
    var substance: JSONValue { json.removing(["timestamp", "age_seconds", "heartbeat_age_seconds", "uptime_seconds"]) }
}

extension JSONValue {
    fileprivate func removing(_ names: Set<String>) -> JSONValue {
        switch self {
        case .object(let object):
            .object(
                JSONObject(
                    object.members.filter { !names.contains($0.key) }.map { ($0.key, $0.value.removing(names)) }
                )
            )
        case .array(let elements): .array(elements.map { $0.removing(names) })
        default: self
        }
    }
}

extension WorkerReport {
    fileprivate func json(at now: Timestamp) -> JSONValue {
        var object: JSONObject = [
            "worker": .string(worker.string), "daemon": .string(condition.rawValue),
            "status": heartbeat.map { .string($0.status.rawValue) } ?? .null,
            "queued": .integer(queued), "running": ids(running), "unattended": ids(unattended),
            "interrupted": ids(interrupted),
        ]
        var causes: JSONObject = [:]
        for cause in WaitCause.allCases { causes[cause.rawValue] = waiting[cause].map { .integer($0) } }
        object["waiting"] = .object(causes)
        object["dead_letters"] = .integer(deadLetters)
        guard let heartbeat else { return .object(object) }
        object["heartbeat_age_seconds"] = .integer(Age(of: heartbeat.timestamp, at: now).seconds)
        // The names of the heartbeat's own fields, so that a script reads both alike.
        let names = [
            "circuit_breaker_state", "circuit_open_until", "uptime_seconds", "pid", "host", "version", "max_concurrent",
            "stats", "problems",
            "rate_limit", "cost_usd", "live_cost_usd", "today", "usage_limits", "budget",
        ]
        let fields = heartbeat.json.objectValue ?? [:]
        for name in names { object[name] = fields[name] }
        return .object(object)
    }

    private func ids(_ ids: [TaskID]) -> JSONValue { .array(ids.map { .string($0.string) }) }
}

extension RecentFailure {
    fileprivate func json(at now: Timestamp) -> JSONValue {
        [
            "kind": .string(kind.rawValue), "worker": .string(worker.string), "name": .string(name),
            "reason": .string(reason), "message": .string(message), "timestamp": .string(timestamp.description),
            "age_seconds": .integer(Age(of: timestamp, at: now).seconds),
        ]
    }
}
