// SPDX-License-Identifier: Apache-2.0
// What the worker says about itself, and what stops it.

import Agents
import FileQueue
import Logging
package import QueueModel
import Resilience
import SystemKit

/// A thing that can be wrong with a worker.
package enum Problem: String, Sendable, CaseIterable {
    /// Files cannot be written or synced.
    case disk
    /// The kernel reports no changes.
    case watcher
    /// The inbox cannot be read.
    case inbox
    /// The default agent's program is not there.
    case agent
    /// An agent that is there could not be started; only another try can show whether it can again.
    case start
    /// The control or the status pipe cannot be used.
    case pipes

    /// Whether starting attempts makes no sense until the problem is solved; scanning works without a watcher.
    static func stopsClaims(_ problems: [Problem: String]) -> Bool {
        problems.keys.contains { $0 == .disk || $0 == .agent }
    }
}

/// What a worker has done since its start.
struct WorkerStats {
    var processed = 0
    var failed = 0
    var retried = 0
    var deadLettered = 0
    var costUSD = 0.0

    mutating func count(_ status: TaskStatus) {
        processed += 1
        if status != .completed { failed += 1 }
    }
}

extension Worker {
    /// Notes that something is wrong.
    func raise(_ problem: Problem, _ message: String) {
        let isNew = problems[problem] == nil
        problems[problem] = message
        guard isNew else { return }
        logger.warning("degraded", metadata: ["problem": .string(problem.rawValue), "error": .string(message)])
        emit(.problemRaised, ["problem": .string(problem.rawValue), "message": .string(message)])
        if phase == .running { beat() }
    }

    /// Notes that it is right again.
    func clear(_ problem: Problem) {
        // Asked often, and mostly there is none.
        guard !problems.isEmpty, problems.removeValue(forKey: problem) != nil else { return }
        logger.notice("recovered", metadata: ["problem": .string(problem.rawValue)])
        emit(.problemCleared, ["problem": .string(problem.rawValue)])
        if phase == .running { beat() }
        poke()
    }

    /// Looks whether the default agent's program is there; without it, tasks stay where they are.
    func checkAgent() {
        guard let profile = configuration.profiles[configuration.defaultAgent] else { return }
        if let message = profile.missingProgram(environment: configuration.environment) {
            raise(.agent, message)
        } else {
            clear(.agent)
        }
    }

    /// Writes the heartbeat, now and from then on every interval.
    func beat() {
        if let heartbeatTimer { reactor.cancel(heartbeatTimer) }
        if problems[.agent] != nil && phase == .running {
            heartbeatTimer = nil
            checkAgent()
            if heartbeatTimer != nil { return }
        }
        do throws(SystemCallError) {
            try queue.write(heartbeat())
        } catch {
            logger.warning("heartbeat cannot be written", metadata: ["error": "\(error)"])
        }
        guard phase != .stopped else { return }
        heartbeatTimer = reactor.schedule(at: clock.now.advanced(by: configuration.heartbeatInterval)) {
            self.assumeIsolated { $0.beat() }
        }
    }

    /// Sets the metrics that are states, for a page that is about to be read.
    package func refreshMetrics() {
        metrics.update(
            queueSize: scheduler.count,
            active: activeCount,
            breaker: breaker.snapshot(now: clock.now, wallMilliseconds: wallClock.nowMilliseconds).state,
            costToday: budget.total(at: wallClock.nowMilliseconds)
        )
    }

    /// What the worker says about itself.
    /// - Returns: The heartbeat as of now.
    package func heartbeat() -> HeartbeatRecord {
        let snapshot = breaker.snapshot(now: clock.now, wallMilliseconds: wallClock.nowMilliseconds)
        let circuit = snapshot.state
        var record = HeartbeatRecord(worker: configuration.worker, status: status, timestamp: now.wall)
        record.uptime = startedAt.instant.duration(to: clock.now)
        record.queueSize = scheduler.count
        record.activeTasks = activeCount
        record.circuitBreakerState = CircuitBreakerState(circuit)
        record.circuitOpenUntil = snapshot.openUntilMilliseconds.map { Timestamp(millisecondsSince1970: $0) }
        record.stats.tasksProcessed = stats.processed
        record.stats.tasksFailed = stats.failed
        record.stats.tasksRetried = stats.retried
        record.stats.tasksDeadLettered = stats.deadLettered
        record.pid = SystemInfo.processID
        record.host = SystemInfo.hostName
        record.version = configuration.version
        record.maxConcurrent = configuration.maxConcurrent
        record.running = active.sorted()
        record.waiting = waiting(circuitIsOpen: circuit != .closed)
        addLimits(to: &record)
        record.problems = Dictionary(uniqueKeysWithValues: problems.map { ($0.key.rawValue, $0.value) })
        return record
    }

    private var status: WorkerStatus {
        switch phase {
        case .draining, .stoppingNow: .draining
        case .stopped: .stopped
        case .starting, .running: isPaused ? .paused : problems.isEmpty ? .healthy : .degraded
        }
    }

    private func waiting(circuitIsOpen: Bool) -> [WaitCause: Int] {
        var counts = scheduler.waiting
        let startable = scheduler.count - counts.values.reduce(0, +)
        if startable > 0 { counts[startableCause(circuitIsOpen: circuitIsOpen)] = startable }
        let settling = names.values.count {
            if case .unfinished = $0.meaning { true } else { false }
        }
        if settling > 0 { counts[.settling] = settling }
        return counts
    }

    func scheduleScan() {
        let interval = inboxWatch == nil ? configuration.pollInterval : configuration.scanInterval
        _ = reactor.schedule(at: clock.now.advanced(by: interval)) {
            self.assumeIsolated { $0.scanPeriodically() }
        }
    }

    private func scanPeriodically() {
        guard phase == .running else { return }
        scheduleScan()
        scheduler.realign(now: now)
        // Only another try can show whether the kernel has room for watches again.
        if problems[.watcher] != nil && watcher != nil { watchInbox() }
        lookAtRequests()
        openPipes()
        let sinceRecovery = lastRecovery.duration(to: clock.now)
        if sinceRecovery >= configuration.scanInterval {
            lastRecovery = clock.now
            pending.append(.recover)
        }
        if !isScanPending {
            isScanPending = true
            pending.append(.scan)
        }
        poke()
    }
}

// MARK: - Circuit breaker

extension Worker {
    /// Makes a change of the circuit known, and lets it survive a restart.
    func note(_ change: CircuitBreaker.Change?) {
        guard let change else { return }
        switch change {
        case .opened(let until):
            logger.warning(
                "circuit opened, nothing is started",
                metadata: ["seconds": "\(clock.now.duration(to: until).seconds)"]
            )
            emit(.circuitOpened, ["seconds": .seconds(clock.now.duration(to: until))])
            wakeWhenCircuitIsDue()
        case .closed:
            logger.notice("circuit closed")
            emit(.circuitClosed)
        case .halfOpened:
            logger.notice("circuit half-open, one task is tried")
            emit(.circuitHalfOpened)
        }
        let snapshot = breaker.snapshot(now: clock.now, wallMilliseconds: wallClock.nowMilliseconds)
        do throws(SystemCallError) {
            try queue.writeCircuit(snapshot.encoded())
        } catch {
            logger.warning("circuit state cannot be written", metadata: ["error": "\(error)"])
        }
        beat()
    }

    func restoreBreaker() throws(SystemCallError) {
        guard let bytes = try queue.readCircuit(), let snapshot = CircuitBreaker.Snapshot(decoding: bytes) else {
            return
        }
        breaker = CircuitBreaker(
            restoring: snapshot,
            threshold: configuration.breakerThreshold,
            timeout: configuration.breakerTimeout,
            now: clock.now,
            wallMilliseconds: wallClock.nowMilliseconds
        )
        wakeWhenCircuitIsDue()
    }

    /// Half-open is announced also when no task waits for it.
    private func wakeWhenCircuitIsDue() {
        guard case .open(let until) = breaker.state else { return }
        _ = reactor.schedule(at: until) {
            self.assumeIsolated { $0.poke() }
        }
    }
}

extension CircuitBreakerState {
    init(_ name: CircuitBreaker.Snapshot.StateName) {
        switch name {
        case .closed: self = .closed
        case .open: self = .open
        case .halfOpen: self = .halfOpen
        }
    }
}
