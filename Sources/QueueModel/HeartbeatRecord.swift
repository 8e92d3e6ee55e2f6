// SPDX-License-Identifier: Apache-2.0
// The health of one worker, as it writes it down.

/// How a worker is; the texts are stable.
package enum WorkerStatus: String, Sendable, Hashable, CaseIterable {
    /// All is well.
    case healthy
    /// It works, but something needs attention.
    case degraded
    /// It starts nothing until it is told to.
    case paused
    /// It finishes what runs, then stops.
    case draining
    /// It has stopped cleanly.
    case stopped
}

/// The state of a worker's circuit breaker; the texts are stable.
package enum CircuitBreakerState: String, Sendable, Hashable, CaseIterable {
    /// Tasks start.
    case closed
    /// Nothing starts.
    case open
    /// One task runs as a probe.
    case halfOpen = "half_open"
}

/// The health of one worker.
package struct HeartbeatRecord: Sendable, Equatable {
    /// Counters since the worker started.
    package struct Statistics: Sendable, Hashable {
        /// Tasks that ended, whatever way.
        package var tasksProcessed = 0
        /// Tasks that ended failed.
        package var tasksFailed = 0
        /// Attempts that were repeated.
        package var tasksRetried = 0
        /// Tasks that became dead letters.
        package var tasksDeadLettered = 0

        /// Counters at zero.
        package init() {}
    }

    /// The worker.
    package var worker: WorkerID
    /// When this was written.
    package var timestamp: Timestamp
    /// How long the worker has been running.
    package var uptime = Duration.zero
    /// The number of tasks that are queued or waiting.
    package var queueSize = 0
    /// The number of tasks that run.
    package var activeTasks = 0
    /// The state of the circuit breaker.
    package var circuitBreakerState = CircuitBreakerState.closed
    /// When an open circuit tries one task again.
    package var circuitOpenUntil: Timestamp?
    /// Counters since the worker started.
    package var stats = Statistics()
    /// How the worker is.
    package var status: WorkerStatus
    /// The worker's process id.
    package var pid: Int32?
    /// The name of its machine.
    package var host: String?
    /// Its version.
    package var version: String?
    /// The most tasks that run at once.
    package var maxConcurrent: Int?
    /// The tasks that run.
    package var running: [TaskID] = []
    /// The number of waiting tasks by cause.
    package var waiting: [WaitCause: Int] = [:]
    /// What is wrong with the worker, by a short name, for people.
    package var problems: [String: String] = [:]
    /// The rate limit and how much of it is used, for people.
    package var rateLimit: JSONObject?
    /// What the agents have cost since the worker started, in US dollars.
    package var costUSD: Double?
    /// What the present day has used; nil when nothing is known.
    package var today: Day?
    /// What the running attempts have cost so far in US dollars, as far as their agents tell while they run.
    package var liveCostUSD: [TaskID: Double] = [:]
    /// The accounts whose usage limit is reached, and when each is tried again.
    package var usageLimits: [AgentName: Timestamp] = [:]
    /// The day's money and how much of it is spent.
    package var budget: Budget?

    /// A day's money.
    package struct Budget: Sendable, Hashable {
        /// The most that the agents may cost in a day, in US dollars.
        package var limitUSD: Double
        /// What they have cost today.
        package var spentUSD: Double

        /// A day's money.
        ///
        /// - Parameters:
        ///   - limitUSD: the most that the agents may cost in a day, in US dollars.
        ///   - spentUSD: what they have cost today.
        package init(limitUSD: Double, spentUSD: Double) {
            self.limitUSD = limitUSD
            self.spentUSD = spentUSD
        }

        /// Whether nothing is left, or nothing that counts.
        package var isSpent: Bool { limitUSD - spentUSD < 1e-6 }
    }

    /// What a day has used.
    package struct Day: Sendable, Hashable {
        /// What the agents have cost since midnight (UTC) in US dollars, those that run included.
        package var costUSD: Double
        /// The tokens of the attempts that have ended since midnight (UTC).
        package var tokens: TokenCounts

        /// What a day has used.
        ///
        /// - Parameters:
        ///   - costUSD: what the agents have cost.
        ///   - tokens: what they have used.
        package init(costUSD: Double, tokens: TokenCounts) {
            self.costUSD = costUSD
            self.tokens = tokens
        }

        /// Whether nothing is known to have been used.
        package var isEmpty: Bool { costUSD <= 0 && tokens.isEmpty }
    }

    /// A heartbeat with only what every heartbeat has.
    ///
    /// - Parameters:
    ///   - worker: the worker.
    ///   - status: how it is.
    ///   - timestamp: when this is written.
    package init(worker: WorkerID, status: WorkerStatus, timestamp: Timestamp) {
        self.worker = worker
        self.status = status
        self.timestamp = timestamp
    }

    /// The heartbeat as JSON on one line.
    package func encoded() -> [UInt8] {
        JSONWriter.bytes(json)
    }

    /// The heartbeat as a JSON object.
    package var json: JSONValue {
        var members = RecordMembers()
        members.add("worker", worker.json)
        members.add("timestamp", timestamp.json)
        members.add("uptime_seconds", .seconds(uptime))
        members.add("queue_size", .integer(queueSize))
        members.add("active_tasks", .integer(activeTasks))
        members.add("circuit_breaker_state", .string(circuitBreakerState.rawValue))
        members.add("stats", stats.json)
        members.add("status", .string(status.rawValue))
        members.add("pid", pid.map { .integer($0) })
        members.add("host", host.map(JSONValue.string))
        members.add("version", version.map(JSONValue.string))
        members.add("max_concurrent", maxConcurrent.map { .integer($0) })
        members.add("circuit_open_until", circuitOpenUntil?.json)
        members.add("running", .array(running.map(\.json)))
        members.add("waiting", waitingJSON)
        members.add("problems", problemsJSON)
        members.add("rate_limit", rateLimit.map(JSONValue.object))
        members.add("cost_usd", costUSD.map { .decimal($0) })
        members.add("live_cost_usd", liveCostJSON)
        members.add("today", today.map { .object(["cost_usd": .decimal($0.costUSD), "tokens": $0.tokens.json]) })
        if !usageLimits.isEmpty {
            let limits = usageLimits.sorted { $0.key < $1.key }.map { ($0.key.string, $0.value.json) }
            members.add("usage_limits", .object(JSONObject(limits)))
        }
        members.add(
            "budget",
            budget.map { .object(["limit_usd": .decimal($0.limitUSD), "spent_usd": .decimal($0.spentUSD)]) }
        )
        return members.json
    }

    private var liveCostJSON: JSONValue? {
        guard !liveCostUSD.isEmpty else { return nil }
        let costs = liveCostUSD.sorted { $0.key < $1.key }.map { ($0.key.string, JSONValue.decimal($0.value)) }
        return .object(JSONObject(costs))
    }

    private var problemsJSON: JSONValue? {
        guard !problems.isEmpty else { return nil }
        var members = RecordMembers()
        for (name, message) in problems.sorted(by: { $0.key < $1.key }) { members.add(name, .string(message)) }
        return members.json
    }

    /// The causes in a fixed order, without those that hold nothing back.
    private var waitingJSON: JSONValue {
        var members = RecordMembers()
        for cause in WaitCause.allCases {
            guard let count = waiting[cause], count != 0 else { continue }
            members.add(cause.rawValue, .integer(count))
        }
        return members.json
    }
}

// MARK: - Reading

extension HeartbeatRecord {
    /// Reads a heartbeat of this or the older system; unknown fields and causes are ignored.
    ///
    /// - Parameter bytes: the whole file.
    /// - Returns: the heartbeat; a timestamp without a zone is taken as UTC.
    /// - Throws: ``RecordError`` with the first field that cannot be read.
    package static func decode(_ bytes: [UInt8]) throws(RecordError) -> HeartbeatRecord {
        let fields = try RecordFields(parsing: bytes)
        var record = HeartbeatRecord(
            worker: try fields.required("worker") { $0.identifier() },
            status: try fields.required("status") { $0.word() },
            timestamp: try fields.required("timestamp", \.timestampValue)
        )
        record.uptime = try fields.optional("uptime_seconds", \.durationValue) ?? .zero
        record.queueSize = try fields.optional("queue_size", \.countValue) ?? 0
        record.activeTasks = try fields.optional("active_tasks", \.countValue) ?? 0
        record.circuitBreakerState = try fields.optional("circuit_breaker_state") { $0.word() } ?? .closed
        record.stats = try fields.optional("stats", Statistics.init(json:)) ?? Statistics()
        try record.readAdditions(fields)
        return record
    }

    private mutating func readAdditions(_ fields: RecordFields) throws(RecordError) {
        pid = try fields.optional("pid") { $0.intValue.flatMap { Int32(exactly: $0) } }
        host = try fields.optional("host", \.stringValue)
        version = try fields.optional("version", \.stringValue)
        maxConcurrent = try fields.optional("max_concurrent", \.countValue)
        circuitOpenUntil = try fields.optional("circuit_open_until", \.timestampValue)
        running = try fields.optional("running", \.taskIDsValue) ?? []
        waiting = try fields.optional("waiting", \.waitCountsValue) ?? [:]
        problems = try fields.optional("problems", \.textsValue) ?? [:]
        rateLimit = try fields.optional("rate_limit", \.objectValue)
        costUSD = try fields.optional("cost_usd", \.doubleValue)
        today = try fields.optional("today", \.dayValue)
        liveCostUSD = try fields.optional("live_cost_usd", \.costsValue) ?? [:]
        usageLimits = try fields.optional("usage_limits", \.usageLimitsValue) ?? [:]
        budget = try fields.optional("budget", \.budgetValue)
    }
}

extension HeartbeatRecord.Statistics {
    fileprivate var json: JSONValue {
        var members = RecordMembers()
        members.add("tasks_processed", .integer(tasksProcessed))
        members.add("tasks_failed", .integer(tasksFailed))
        members.add("tasks_retried", .integer(tasksRetried))
        members.add("tasks_dlq", .integer(tasksDeadLettered))
        return members.json
    }

    /// The counters of an object; those that are missing are zero.
    fileprivate init?(json: JSONValue) {
        guard let object = json.objectValue else { return nil }
        tasksProcessed = object["tasks_processed"]?.countValue ?? 0
        tasksFailed = object["tasks_failed"]?.countValue ?? 0
        tasksRetried = object["tasks_retried"]?.countValue ?? 0
        tasksDeadLettered = object["tasks_dlq"]?.countValue ?? 0
    }
}

extension JSONValue {
    fileprivate var taskIDsValue: [TaskID]? {
        guard let elements = arrayValue else { return nil }
        let ids: [TaskID] = elements.compactMap { $0.identifier() }
        return ids.count == elements.count ? ids : nil
    }

    fileprivate var textsValue: [String: String]? {
        objectValue.map { object in
            Dictionary(object.members.compactMap { member in member.value.stringValue.map { (member.key, $0) } }) { $1 }
        }
    }

    fileprivate var usageLimitsValue: [AgentName: Timestamp]? {
        guard let object = objectValue else { return nil }
        var limits: [AgentName: Timestamp] = [:]
        for (key, value) in object.members {
            guard let name = AgentName(bytes: key.utf8) else { continue }
            limits[name] = value.timestampValue
        }
        return limits
    }

    fileprivate var dayValue: HeartbeatRecord.Day? {
        guard let object = objectValue, let cost = object["cost_usd"]?.doubleValue else { return nil }
        return HeartbeatRecord.Day(
            costUSD: cost,
            tokens: object["tokens"].flatMap(TokenCounts.init(json:)) ?? TokenCounts()
        )
    }

    fileprivate var costsValue: [TaskID: Double]? {
        guard let object = objectValue else { return nil }
        var costs: [TaskID: Double] = [:]
        for (key, value) in object.members {
            guard let id = TaskID(bytes: key.utf8) else { continue }
            costs[id] = value.doubleValue
        }
        return costs
    }

    fileprivate var budgetValue: HeartbeatRecord.Budget? {
        guard let limit = objectValue?["limit_usd"]?.doubleValue, let spent = objectValue?["spent_usd"]?.doubleValue
        else { return nil }
        return HeartbeatRecord.Budget(limitUSD: limit, spentUSD: spent)
    }

    fileprivate var waitCountsValue: [WaitCause: Int]? {
        guard let object = objectValue else { return nil }
        var counts: [WaitCause: Int] = [:]
        for (key, value) in object.members {
            guard let cause = WaitCause(rawValue: key) else { continue }
            counts[cause] = value.countValue
        }
        return counts
    }
}
