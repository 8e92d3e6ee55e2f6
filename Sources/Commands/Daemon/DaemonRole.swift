// SPDX-License-Identifier: Apache-2.0
// What a daemon does.

import QueueModel
import Settings

/// What a daemon does.
enum DaemonRole: Sendable {
    /// Runs one worker.
    case worker(WorkerID)
    /// Follows all tasks, and notifies.
    case orchestrator
    /// Runs the workers of the settings, and the orchestrator unless another one serves the queue.
    case everything

    /// The workers to run.
    /// - Parameter settings: The settings.
    /// - Returns: Their names; none for an orchestrator alone.
    func workers(of settings: VigilSettings) -> [WorkerID] {
        switch self {
        case .worker(let worker): [worker]
        case .orchestrator: []
        case .everything: settings.workers
        }
    }
}
