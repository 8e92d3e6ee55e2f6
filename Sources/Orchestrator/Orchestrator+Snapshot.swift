// SPDX-License-Identifier: Apache-2.0
// The snapshot for people and scripts, and what the daemon says about its orchestrator.

import FileQueue
import QueueModel
import SystemKit

extension Orchestrator {
    /// The most tasks of a snapshot.
    private static let snapshotLimit = 500
    /// The least time between two snapshots.
    private static let snapshotInterval = Duration.seconds(2)

    /// Makes sure that a change shows in a snapshot before long.
    func scheduleSnapshot() {
        guard timers[.snapshot] == nil, !isStopping else { return }
        schedule(.snapshot, at: max(snapshotAfter, clock.now)) { $0.outboxBell.ring() }
    }

    func writeSnapshot(evenIfFresh: Bool) async throws {
        guard isSnapshotStale || evenIfFresh else { return }
        guard snapshotAfter <= clock.now || evenIfFresh else { return scheduleSnapshot() }
        isSnapshotStale = false
        snapshotAfter = clock.now.advanced(by: Self.snapshotInterval)
        let (store, now, locations) = (clerk.store, now, configuration.locations)
        let bytes = try await reactor.offload {
            Result { try store.snapshot(at: now, limit: Self.snapshotLimit, locations).encoded() }
        }.get()
        let name = configuration.history.snapshotName
        do {
            let directory = try Directory.open(configuration.history.directory)
            try await committer.commit(Commit(phases: [[.write(name, bytes, directory, replacing: true)]]))
        } catch {
            isSnapshotStale = true
            throw error
        }
    }

    // MARK: What the daemon says

    /// How the orchestrator is.
    /// - Returns: Whether it has seen everything and can do its work, and what is wrong, by a short name.
    package func condition() -> (isReady: Bool, problems: [String: String]) {
        (isReady && problems.isEmpty, problems)
    }

    /// Sets the metrics that are states, for a page that is about to be read.
    package func refreshMetrics() async {
        let store = clerk.store
        // What cannot be counted keeps its last value.
        let pending = await reactor.offload { try? store.unsentCount() }
        if let pending { metrics.update(pending: pending) }
        for (worker, state) in health { metrics.update(worker, isHealthy: !state.standing.isUnhealthy) }
    }
}

extension Store {
    /// The state of all tasks in brief.
    func snapshot(at now: Timestamp, limit: Int, _ locations: QueueLocations) throws(DatabaseError) -> SnapshotRecord {
        let counts = try counts()
        var record = SnapshotRecord(timestamp: now)
        record.totalTasks = counts.total
        record.completedTasks = counts.number(.completed)
        record.failedTasks = counts.number(.failed)
        record.timeoutTasks = counts.overdue
        record.lastSequence = try lastSequence()
        record.tasks = try latest(limit).map { entry in
            var task = SnapshotRecord.Entry(
                taskID: entry.id,
                worker: entry.worker,
                status: entry.state.rawValue,
                attempts: entry.attempts
            )
            task.createdAt = entry.submittedAt
            task.completedAt = entry.endedAt
            if entry.resultMark != nil && entry.state.isFinal {
                task.resultFile = "\(locations.results)/\(entry.worker)/\(entry.id).json"
            }
            return task
        }
        return record
    }

    /// The sequence of the last event.
    /// - Returns: The sequence; the last that was given away when there is no event.
    /// - Throws: `DatabaseError`.
    package func lastSequence() throws(DatabaseError) -> Int64 {
        try read { connection throws(DatabaseError) in
            try connection.integer("SELECT seq FROM sqlite_sequence WHERE name = 'events'") ?? 0
        }
    }
}
