// SPDX-License-Identifier: Apache-2.0
// The ways to stop: finish, hand over, or stop now; and to go on with other settings.

import FileQueue
import Logging
import QueueModel
import Resilience
import Supervision
import SystemKit

extension Worker {
    /// What a stop at once leaves an agent for its own clean-up.
    private static let hurriedGrace = Duration.seconds(2)

    /// Takes no new work, and gives the running attempts the drain time.
    func drain() {
        guard phase == .running || phase == .starting else { return }
        phase = .draining
        logger.notice(
            "draining",
            metadata: [
                "running": "\(running.count)", "queued": "\(scheduler.count)",
                "drain_timeout_seconds": "\(configuration.drainTimeout.seconds)",
            ]
        )
        dropQueued()
        beat()
        emit(.workerDraining, ["running": .integer(running.count)])
        _ = reactor.schedule(at: clock.now.advanced(by: configuration.drainTimeout)) {
            self.assumeIsolated { $0.handOver() }
        }
        poke()
    }

    /// Claims between two attempts, and work that has not begun, are left to the next daemon.
    private func dropQueued() {
        pending.removeAll { work in
            switch work {
            case .attempt, .publish, .commands, .look: return false
            case .settle(let id, _), .completeCondemned(let id):
                release(id)
                return true
            case .condemn, .reject, .scan, .recover, .readopt, .cancel, .cancelAdopted, .watchAdopted, .review:
                return true
            }
        }
        for id in claims.keys where !running.contains(id) { claims[id] = nil }
    }

    private func handOver() {
        isHandedOver = true
        guard phase == .draining, !running.subtracting(adopted).isEmpty else { return }
        logger.notice(
            "drain time is over, running attempts are left to their supervisors",
            metadata: ["running": "\(running.count)"]
        )
        // Only this worker's: others of the process may go on.
        let runs = running.compactMap { claims[$0]?.state.runID }
        pool.assumeIsolated { $0.abandon(Set(runs)) }
    }

    /// Ends all running attempts; none of them counts.
    func stopNow() {
        guard phase != .stopped, phase != .stoppingNow else { return }
        phase = .stoppingNow
        isHandedOver = true
        logger.notice("stopping now, running attempts are handed back", metadata: ["running": "\(running.count)"])
        dropQueued()
        for id in running {
            guard let claim = claims[id] else { continue }
            let grace = min(configuration.killGrace, Self.hurriedGrace)
            let runID = claim.state.runID
            pool.assumeIsolated { _ = $0.terminate(runID: runID, reason: .shutdown, grace: grace) }
        }
        poke()
    }

    func stopped() {
        phase = .stopped
        if let inboxWatch { watcher?.remove(inboxWatch) }
        if let claimsWatch { watcher?.remove(claimsWatch) }
        if let controlWatch { watcher?.remove(controlWatch) }
        for watch in resultWatches.values { watcher?.remove(watch) }
        beat()
        emit(.workerStopped)
        closePipes()
        claims = [:]
        watched = [:]
        queue.close()
        logger.notice("worker stopped", metadata: ["processed": "\(stats.processed)"])
    }

    /// Goes on with other settings; what runs keeps its own.
    /// - Parameter configuration: The new settings. Directories and the worker's name stay as they are.
    package func reload(_ configuration: WorkerConfiguration) {
        guard phase != .stopped else { return }
        let before = self.configuration
        self.configuration = configuration
        self.configuration.locations = before.locations
        self.configuration.worker = before.worker
        self.configuration.root = before.root
        limitsChanged()
        logger.notice("settings reloaded", metadata: ["max_concurrent": "\(configuration.maxConcurrent)"])
        checkAgent()
        beat()
        poke()
    }
}
