// SPDX-License-Identifier: Apache-2.0
// The metrics of one worker.

import Metrics
import QueueModel
import Resilience
import Supervision

/// Handles made once; the names are part of the protocol.
struct WorkerMetrics: Sendable {
    private let processed: [TaskStatus: Counter]
    private let failed: [FailureReason: Counter]
    private let retriedTotal: Counter
    private let eventsMissed: Counter
    private let deadLetteredTotal: [DeadLetterReason: Counter]
    private let durationSeconds: Timer
    private let queueSeconds: Timer
    private let detectionSeconds: Timer
    private let cost: FloatingPointCounter
    private let tokens: [TokenCounts.Kind: Counter]
    private let costToday: Gauge
    private let hung: [ExitRecord.CutOff: Counter]
    private let checksPassed: Counter
    private let checksFailed: Counter
    private let queueSize: Meter
    private let active: Meter
    private let circuit: Meter

    init(worker: WorkerID) {
        let dimensions = [("worker", worker.string)]
        func counter(_ label: String, _ key: String, _ value: String) -> Counter {
            Counter(label: label, dimensions: dimensions + [(key, value)])
        }
        processed = Dictionary(
            uniqueKeysWithValues: TaskStatus.allCases.map {
                ($0, counter("watcher_tasks_processed_total", "status", $0.rawValue))
            }
        )
        failed = Dictionary(
            uniqueKeysWithValues: FailureReason.allCases.map {
                ($0, counter("watcher_tasks_failed_total", "reason", $0.rawValue))
            }
        )
        deadLetteredTotal = Dictionary(
            uniqueKeysWithValues: DeadLetterReason.allCases.map {
                ($0, counter("watcher_tasks_dead_lettered_total", "reason", $0.rawValue))
            }
        )
        retriedTotal = Counter(label: "watcher_tasks_retried_total", dimensions: dimensions)
        eventsMissed = Counter(label: "watcher_status_lines_missed_total", dimensions: dimensions)
        durationSeconds = Timer(label: "watcher_task_duration_seconds", dimensions: dimensions)
        queueSeconds = Timer(label: "watcher_task_queue_seconds", dimensions: dimensions)
        detectionSeconds = Timer(label: "watcher_detection_seconds", dimensions: dimensions)
        cost = FloatingPointCounter(label: "watcher_agent_cost_usd_total", dimensions: dimensions)
        tokens = Dictionary(
            uniqueKeysWithValues: TokenCounts.Kind.allCases.map {
                ($0, counter("watcher_agent_tokens_total", "kind", $0.rawValue))
            }
        )
        costToday = Gauge(label: "watcher_agent_cost_today_usd", dimensions: dimensions)
        hung = Dictionary(
            uniqueKeysWithValues: [ExitRecord.CutOff.timeout, .start, .silence, .tool, .afterResult, .budget].map {
                ($0, counter("watcher_attempts_ended_total", "limit", $0.rawValue))
            }
        )
        checksPassed = counter("watcher_checks_total", "outcome", "passed")
        checksFailed = counter("watcher_checks_total", "outcome", "failed")
        queueSize = Meter(label: "watcher_task_queue_size", dimensions: dimensions)
        active = Meter(label: "watcher_active_tasks", dimensions: dimensions)
        circuit = Meter(label: "watcher_circuit_breaker_state", dimensions: dimensions)
    }

    /// A task was claimed, this long after its file was complete.
    func claimed(detectedAfter detection: Duration, queuedFor: Duration) {
        detectionSeconds.record(duration: detection)
        queueSeconds.record(duration: queuedFor)
    }

    /// An attempt has ended, by itself or by a limit.
    func attemptEnded(after duration: Duration?, _ cutOff: ExitRecord.CutOff?) {
        if let duration { durationSeconds.record(duration: duration) }
        if let cutOff { hung[cutOff]?.increment() }
    }

    /// An agent has told what its run took.
    func agentReported(cost dollars: Double, _ counts: TokenCounts?) {
        if dollars > 0 { cost.increment(by: dollars) }
        guard let counts else { return }
        for (kind, counter) in tokens where counts[kind] > 0 { counter.increment(by: Int64(counts[kind])) }
    }

    func checkEnded(hasPassed: Bool) { (hasPassed ? checksPassed : checksFailed).increment() }

    /// A line of the status pipe had no reader, or one that does not keep up.
    func eventMissed() { eventsMissed.increment() }

    func retried() { retriedTotal.increment() }

    func deadLettered(_ reason: DeadLetterReason) { deadLetteredTotal[reason]?.increment() }

    func taskEnded(_ result: ResultRecord) {
        processed[result.status]?.increment()
        if let reason = result.failure?.reason { failed[reason]?.increment() }
    }

    func update(queueSize: Int, active: Int, breaker: CircuitBreaker.Snapshot.StateName, costToday: Double) {
        self.costToday.record(costToday)
        self.queueSize.set(queueSize)
        self.active.set(active)
        switch breaker {
        case .closed: circuit.set(0)
        case .open: circuit.set(1)
        case .halfOpen: circuit.set(2)
        }
    }
}
