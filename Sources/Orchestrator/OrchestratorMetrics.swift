// SPDX-License-Identifier: Apache-2.0
// The metrics of the orchestrator.

import Metrics
import QueueModel
import Synchronization

/// Handles made once, but for those of workers, which are made when one is seen.
final class OrchestratorMetrics: Sendable {
    private let sentTotal: [NotificationRecord.EventType: Counter]
    private let missedTotal = Counter(label: "watcher_events_missed_total", dimensions: [("pipe", "orchestrator")])
    private let pending = Meter(label: "watcher_notifications_pending")
    private let workers = Mutex<[WorkerID: Meter]>([:])

    init() {
        sentTotal = Dictionary(
            uniqueKeysWithValues: NotificationRecord.EventType.allCases.map { type in
                (type, Counter(label: "watcher_notifications_total", dimensions: [("event_type", type.rawValue)]))
            }
        )
    }

    func sent(_ type: NotificationRecord.EventType) { sentTotal[type]?.increment() }

    func missed() { missedTotal.increment() }

    func update(pending count: Int) { pending.set(count) }

    func update(_ worker: WorkerID, isHealthy: Bool) {
        let meter = workers.withLock { meters in
            if let meter = meters[worker] { return meter }
            let meter = Meter(label: "watcher_worker_healthy", dimensions: [("worker", worker.string)])
            meters[worker] = meter
            return meter
        }
        meter.set(isHealthy ? 1 : 0)
    }
}
