// SPDX-License-Identifier: Apache-2.0
// Whether a worker is well, as far as its heartbeats tell.

package import QueueModel

/// What is to survive a restart about a worker, so that nothing is told twice.
package struct WorkerStanding: Sendable, Hashable {
    /// Whether the worker was told to be unhealthy, and not to have recovered since.
    package var isUnhealthy = false
    /// Whether its circuit breaker was told to be open, and not to have closed since.
    package var isCircuitOpen = false

    /// A worker of which nothing was told.
    package init() {}
}

/// Follows the heartbeats of one worker.
///
/// Their age counts from their arrival, by a clock that does not jump; what a heartbeat says about its time is not asked.
package struct WorkerHealth: Sendable {
    /// The worker.
    package let worker: WorkerID
    /// What was told of it.
    package private(set) var standing: WorkerStanding
    private var lastArrival: ContinuousClock.Instant
    /// Whether the worker has stopped cleanly, so that no heartbeat is expected.
    private var hasStopped = false
    /// The limits that were told of; not kept over a restart, after which they are told of again.
    private var usageLimits: [AgentName: Timestamp] = [:]
    private var isBudgetSpent = false

    /// Begins to follow a worker.
    ///
    /// A heartbeat that lay there before says whether the worker stopped cleanly, and what its circuit breaker does; it
    /// may be old, so it is not a sign of life.
    /// - Parameters:
    ///   - worker: The worker.
    ///   - standing: What was told of it before.
    ///   - found: The heartbeat that lies there; nil when there is none that can be read.
    ///   - now: The present moment.
    package init(
        _ worker: WorkerID,
        standing: WorkerStanding,
        found: HeartbeatRecord?,
        now: ContinuousClock.Instant
    ) {
        self.worker = worker
        self.standing = standing
        lastArrival = now
        hasStopped = found?.status == .stopped
    }

    /// When the worker is unhealthy unless a heartbeat comes; nil when none is expected.
    /// - Parameter patience: How old a heartbeat may get.
    /// - Returns: The moment.
    package func deadline(patience: Duration) -> ContinuousClock.Instant? {
        hasStopped || standing.isUnhealthy ? nil : lastArrival.advanced(by: patience)
    }

    /// A heartbeat has arrived.
    /// - Parameters:
    ///   - record: What it says.
    ///   - now: When it arrived.
    ///   - wall: The same on the wall clock, for the news.
    /// - Returns: The news.
    package mutating func arrived(
        _ record: HeartbeatRecord,
        at now: ContinuousClock.Instant,
        wall: Timestamp
    ) -> [Announcement] {
        lastArrival = now
        hasStopped = record.status == .stopped
        var news: [Announcement] = []
        if record.status == .degraded || !record.problems.isEmpty {
            if !hasStopped { news += became(unhealthy: "degraded", record.problems, age: .zero, wall) }
        } else if !hasStopped, standing.isUnhealthy {
            standing.isUnhealthy = false
            news.append(Announcement(.workerRecovered, at: wall, ["worker": .string(worker.string)]))
        }
        let isOpen = record.circuitBreakerState != .closed
        if isOpen != standing.isCircuitOpen {
            standing.isCircuitOpen = isOpen
            let type: NotificationRecord.EventType = isOpen ? .circuitOpened : .circuitClosed
            news.append(Announcement(type, at: wall, ["worker": .string(worker.string)]))
        }
        news += limitNews(record, wall)
        return news
    }

    /// A limit is news once: what a heartbeat repeats is none.
    private mutating func limitNews(_ record: HeartbeatRecord, _ wall: Timestamp) -> [Announcement] {
        var news: [Announcement] = []
        for (account, until) in record.usageLimits.sorted(by: { $0.key < $1.key }) where usageLimits[account] == nil {
            let data: JSONObject = [
                "worker": .string(worker.string), "account": .string(account.string),
                "until": .string(until.description),
            ]
            news.append(Announcement(.usageLimited, at: wall, data))
        }
        usageLimits = record.usageLimits
        let isSpent = record.budget?.isSpent == true
        if isSpent, !isBudgetSpent, let budget = record.budget {
            let data: JSONObject = [
                "worker": .string(worker.string), "limit_usd": .decimal(budget.limitUSD),
                "spent_usd": .decimal(budget.spentUSD),
            ]
            news.append(Announcement(.budgetExceeded, at: wall, data))
        }
        isBudgetSpent = isSpent
        return news
    }

    /// Judges the age of the last heartbeat.
    /// - Parameters:
    ///   - now: The present moment.
    ///   - patience: How old a heartbeat may get.
    ///   - wall: The present time, for the news.
    /// - Returns: The news.
    package mutating func checked(
        at now: ContinuousClock.Instant,
        patience: Duration,
        wall: Timestamp
    ) -> [Announcement] {
        guard let deadline = deadline(patience: patience), deadline <= now else { return [] }
        return became(unhealthy: "heartbeat", [:], age: lastArrival.duration(to: now), wall)
    }

    private mutating func became(
        unhealthy reason: String,
        _ problems: [String: String],
        age: Duration,
        _ wall: Timestamp
    ) -> [Announcement] {
        guard !standing.isUnhealthy else { return [] }
        standing.isUnhealthy = true
        var data: JSONObject = [
            "worker": .string(worker.string), "reason": .string(reason), "age_seconds": .seconds(age),
        ]
        if !problems.isEmpty {
            data["problems"] = .object(
                JSONObject(problems.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.string($0.value)) })
            )
        }
        return [Announcement(.workerUnhealthy, at: wall, data)]
    }
}
