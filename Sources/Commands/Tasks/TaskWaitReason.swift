// SPDX-License-Identifier: Apache-2.0
// Why a task does not run now.

package import QueueModel

/// One thing that keeps a task from running.
package enum TaskWaitReason: Sendable, Equatable {
    /// Tasks that have to complete first, with where each is.
    case dependencies([Dependency])
    /// Its earliest start lies ahead.
    case notBefore(Timestamp)
    /// The delay before its next attempt runs.
    case retry(until: Timestamp)
    /// Nobody serves its worker; with the remedy.
    case noDaemon(String)
    /// The worker starts nothing until it is told to.
    case paused
    /// The worker is about to stop.
    case draining
    /// Too many attempts have failed in a row; one task is tried then, when that is known.
    case circuitOpen(until: Timestamp?)
    /// One task runs as a probe, and the others wait for what comes of it.
    case circuitHalfOpen
    /// The usage limit of an account is reached; its tasks wait until then.
    case usageLimited(account: AgentName, until: Timestamp)
    /// As many tasks were started in this stretch of time as may be.
    case rateLimited(until: Timestamp?)
    /// The day's money is spent; there is some again at midnight, UTC.
    case budgetSpent(HeartbeatRecord.Budget)
    /// Something is wrong with the worker that keeps it from starting anything.
    case degraded(String)
    /// An attempt of another task is in the agent's session that this one goes on with.
    case sessionInUse(session: String, by: TaskID)
    /// All slots are taken.
    case noSlot(running: [TaskID])

    /// A task that another one needs.
    package struct Dependency: Sendable, Equatable {
        /// The task.
        package let id: TaskID
        /// Where it is; nil when nothing is known of it.
        package let state: String?

        /// Names a task and its state.
        /// - Parameters:
        ///   - id: The task.
        ///   - state: Where it is; nil when nothing is known of it.
        package init(id: TaskID, state: String?) {
            self.id = id
            self.state = state
        }
    }

    /// Stable, for JSON.
    package var cause: String {
        switch self {
        case .dependencies: WaitCause.dependency.rawValue
        case .notBefore: WaitCause.notBefore.rawValue
        case .retry: WaitCause.retry.rawValue
        case .paused: WaitCause.paused.rawValue
        case .circuitOpen, .circuitHalfOpen: WaitCause.circuitOpen.rawValue
        case .usageLimited: WaitCause.usageLimit.rawValue
        case .rateLimited: WaitCause.rateLimit.rawValue
        case .budgetSpent: WaitCause.budget.rawValue
        case .sessionInUse: WaitCause.session.rawValue
        case .noSlot: WaitCause.slot.rawValue
        case .noDaemon: "no_daemon"
        case .draining: "draining"
        case .degraded: "degraded"
        }
    }

    /// Whether it is that nobody serves the worker.
    var isAbsence: Bool {
        if case .noDaemon = self { true } else { false }
    }

    /// What a worker's state means for a task that could run.
    /// - Parameters:
    ///   - presence: The worker's daemon.
    ///   - isPaused: Whether a request to pause lies there; a daemon that lives says itself what it made of it.
    ///   - now: The present time.
    ///   - workers: The workers that `vigil up` would run.
    /// - Returns: What keeps its tasks from starting; nothing when they start at once.
    package static func reasons(
        of presence: WorkerPresence,
        isPaused: Bool = false,
        now: Timestamp,
        workers: [WorkerID]
    ) -> [TaskWaitReason] {
        if let absence = presence.absence(now: now, workers: workers) {
            return [.noDaemon(absence)] + (isPaused ? [.paused] : [])
        }
        guard let heartbeat = presence.heartbeat else { return [] }
        var reasons: [TaskWaitReason] = []
        switch heartbeat.status {
        case .paused: reasons.append(.paused)
        case .draining, .stopped: reasons.append(.draining)
        case .degraded:
            // Of what can be wrong, these stop the starts.
            for problem in ["agent", "disk", "start"] {
                if let message = heartbeat.problems[problem] { reasons.append(.degraded("\(problem): \(message)")) }
            }
        case .healthy: break
        }
        switch heartbeat.circuitBreakerState {
        case .closed: break
        case .open: reasons.append(.circuitOpen(until: heartbeat.circuitOpenUntil))
        case .halfOpen: reasons.append(.circuitHalfOpen)
        }
        for (account, until) in heartbeat.usageLimits.sorted(by: { $0.key < $1.key }) where until > now {
            reasons.append(.usageLimited(account: account, until: until))
        }
        if let budget = heartbeat.budget, budget.isSpent { reasons.append(.budgetSpent(budget)) }
        if heartbeat.waiting[.rateLimit] != nil {
            let next = heartbeat.rateLimit?["next_start_at"]?.stringValue.flatMap(Timestamp.init(iso8601:))
            reasons.append(.rateLimited(until: next))
        }
        if let slots = heartbeat.maxConcurrent, heartbeat.activeTasks >= slots {
            reasons.append(.noSlot(running: heartbeat.running))
        }
        return reasons
    }

    /// The reason for people, in a few words.
    /// - Parameter now: The present time.
    /// - Returns: One line.
    package func text(now: Timestamp) -> String {
        switch self {
        case .dependencies(let dependencies):
            let list = dependencies.map { "\($0.id) (\($0.state ?? "not known yet"))" }
            return "until it has completed: " + list.joined(separator: ", ")
        case .notBefore(let time): return "for its time: \(time.described(at: now))"
        case .retry(let time):
            return time > now
                ? "for its next attempt: \(time.described(at: now))" : "for its next attempt, which is due"
        case .noDaemon(let sentence): return printable(sentence)
        case .paused: return "the worker is paused"
        case .draining: return "the worker is about to stop"
        case .circuitOpen(let time):
            return
                "the worker's circuit is open: too many attempts failed in a row, or the agent's usage limit is reached"
                + (time.map { "; one task is tried at \($0.described(at: now))" } ?? "")
        case .circuitHalfOpen: return "the worker's circuit is half-open: one task is tried first"
        case .usageLimited(let account, let until):
            return "the usage limit of the account \(account) is reached; one task is tried at "
                + until.described(at: now)
        case .rateLimited(let time):
            return "the worker has started as many tasks as RATE_LIMIT allows"
                + (time.map { "; the next one may start at \($0.described(at: now))" } ?? "")
        case .budgetSpent(let budget):
            let amounts = [budget.spentUSD, budget.limitUSD].map { JSONWriter.text(.decimal($0, fractionDigits: 2)) }
            return "the day's money is spent ($\(amounts[0]) of $\(amounts[1])); it goes on at midnight, UTC"
        case .sessionInUse(let session, let task):
            return "for the session \(printable(session)), which \(task) is in"
        case .degraded(let message): return "the worker starts nothing: \(printable(message))"
        case .noSlot(let running):
            return "all slots are taken by " + running.map(\.string).joined(separator: ", ")
        }
    }

    /// The reason as a JSON object; `cause` says which members there are.
    package var json: JSONValue {
        var object: JSONObject = ["cause": .string(cause)]
        switch self {
        case .dependencies(let dependencies):
            object["tasks"] = .array(
                dependencies.map {
                    ["task_id": .string($0.id.string), "state": $0.state.map(JSONValue.string) ?? .null]
                }
            )
        case .notBefore(let time), .retry(let time): object["until"] = .string(time.description)
        case .noDaemon(let sentence), .degraded(let sentence): object["message"] = .string(sentence)
        case .noSlot(let running): object["running"] = .array(running.map { .string($0.string) })
        case .usageLimited(let account, let time):
            object["account"] = .string(account.string)
            object["until"] = .string(time.description)
        case .rateLimited(let time): object["until"] = time.map { .string($0.description) }
        case .budgetSpent(let budget):
            object["limit_usd"] = .decimal(budget.limitUSD)
            object["spent_usd"] = .decimal(budget.spentUSD)
        case .sessionInUse(let session, let task):
            object["session_id"] = .string(session)
            object["task_id"] = .string(task.string)
        case .paused, .draining: break
        case .circuitOpen(let time):
            object["circuit_breaker_state"] = .string(CircuitBreakerState.open.rawValue)
            object["until"] = time.map { .string($0.description) }
        case .circuitHalfOpen: object["circuit_breaker_state"] = .string(CircuitBreakerState.halfOpen.rawValue)
        }
        return .object(object)
    }
}
