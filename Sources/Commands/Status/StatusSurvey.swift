// SPDX-License-Identifier: Apache-2.0
// Reads what `vigil status` reports from the queue's files.

import FileQueue
import QueueModel
import Settings
import SystemKit

/// A look at a queue's files and locks; no daemon is asked.
struct StatusSurvey {
    /// The most failures that are shown.
    static let shownFailures = 10

    let loaded: LoadedSettings
    let host: String
    let now: Timestamp
    /// The tasks that ended last, when that is known already.
    var endings: RecentEndings?

    /// Looks at the queue.
    /// - Returns: The report.
    /// - Throws: `CommandFailure` when there is no queue, `SystemCallError` when a file cannot be read.
    func report() throws -> StatusReport {
        let locations = QueueLocations(loaded.settings)
        let view = try QueueView.existing(locations)
        let letters = try DeadLetterBox(locations: locations).recent(Self.shownFailures)
        let claims = try view.surveyClaims()
        let served = try view.servedWorkers()
        var reports: [WorkerReport] = []
        for worker in try loaded.expectedWorkers(in: view) {
            let heartbeat = view.heartbeat(of: worker)
            var report = WorkerReport(
                worker: worker,
                condition: WorkerCondition(
                    heartbeat: heartbeat,
                    isLocked: served.contains(worker),
                    host: host,
                    interval: loaded.settings(for: worker).heartbeatInterval,
                    now: now
                )
            )
            report.heartbeat = heartbeat
            report.queued = try view.queuedFiles(of: worker).count
            report.deadLetters = letters.counts[worker] ?? 0
            for claim in claims where claim.worker == worker { report.add(claim) }
            reports.append(report)
        }
        let endings = try endings ?? RecentEndings(in: view, loaded.settings)
        return StatusReport(
            root: loaded.settings.root,
            timestamp: now,
            workers: reports,
            failures: failures(letters.letters, claims),
            ended: endings.rows,
            endedAreKnown: endings.areKnown
        )
    }

    private func failures(_ letters: [DeadLetter], _ claims: [SurveyedClaim]) -> [RecentFailure] {
        let ended = letters.map { letter in
            RecentFailure(
                kind: .deadLetter,
                worker: letter.worker,
                name: letter.name,
                reason: letter.record.reason.rawValue,
                message: letter.record.error ?? "",
                timestamp: letter.record.timestamp
            )
        }
        let retried = claims.compactMap { claim -> RecentFailure? in
            guard let state = claim.state, state.phase == .waiting, let attempt = state.attempts.last,
                let reason = attempt.reason
            else { return nil }
            return RecentFailure(
                kind: .retry,
                worker: claim.worker,
                name: claim.id.string,
                reason: reason.rawValue,
                message: attempt.message ?? "",
                timestamp: attempt.finishedAt ?? state.queuedAt
            )
        }
        let newest = (ended + retried).sorted { $0.timestamp > $1.timestamp }
        return Array(newest.prefix(Self.shownFailures))
    }
}

extension WorkerReport {
    /// Counts a claim of this worker.
    fileprivate mutating func add(_ claim: SurveyedClaim) {
        // Without a record, one attempt is taken to have been made.
        switch (claim.state?.phase ?? .running, claim.holder) {
        case (.running, .daemon): running.append(claim.id)
        case (.running, .supervisor):
            running.append(claim.id)
            // A daemon that lives has noticed, and waits for its end.
            if !condition.isAlive { unattended.append(claim.id) }
        case (.running, .nobody): interrupted.append(claim.id)
        case (.waiting, _): retrying += 1
        case (.dead, _): break
        }
    }
}

extension DeadLetter {
    /// The task's id, or the name of a file that never was a task.
    var name: String { record.taskID?.string ?? file.description }
}

extension QueueView {
    /// Opens a queue that is there; a command that only looks makes none by a mistyped path.
    /// - Parameter locations: The paths.
    /// - Returns: The view.
    /// - Throws: `CommandFailure` when there is no queue.
    static func existing(_ locations: QueueLocations) throws -> QueueView {
        guard try HostPath.status(of: locations.tasks)?.kind == .directory else {
            throw CommandFailure(
                .unavailable,
                "there is no queue: \(locations.tasks) is missing; make one with vigil setup, or name another with --root"
            )
        }
        return try QueueView(locations: locations)
    }
}

extension LoadedSettings {
    /// The workers that a look at the queue is about: those that are set, and those that files speak of.
    ///
    /// The default names are only meant for a queue that has no others yet.
    func expectedWorkers(in view: QueueView) throws -> [WorkerID] {
        let found = try view.workers()
        let areSet = rows().contains { $0.name == "WORKERS" && $0.source != .default }
        if !areSet { return found }
        return settings.workers + found.filter { !settings.workers.contains($0) }
    }
}
