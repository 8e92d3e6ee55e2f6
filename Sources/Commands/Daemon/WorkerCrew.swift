// SPDX-License-Identifier: Apache-2.0
// The workers of one process.

import Logging
import QueueModel
import ServiceLifecycle
import Synchronization
import Worker

/// Several workers as one service, so that a shutdown asks all of them at once and not one after the other.
final class WorkerCrew: Service {
    private struct State: Sendable {
        var workers: [(name: WorkerID, worker: Worker)] = []
        var ready: Set<WorkerID> = []
    }

    private let state = Mutex(State())
    private let size: Int
    private let logger: Logger

    /// An empty crew.
    /// - Parameters:
    ///   - size: How many workers it will have.
    ///   - logger: Hears when all of them are ready.
    init(size: Int, logger: Logger) {
        self.size = size
        self.logger = logger
    }

    /// Adds a worker, before the crew runs.
    func add(_ worker: Worker, _ name: WorkerID) { state.withLock { $0.workers.append((name, worker)) } }

    /// The workers by name.
    var workers: [(name: WorkerID, worker: Worker)] { state.withLock { $0.workers } }

    /// Whether every worker takes tasks.
    var isReady: Bool { state.withLock { $0.ready.count == size } }

    /// A worker takes tasks now.
    func noteReady(_ name: WorkerID) {
        let isComplete = state.withLock { state in
            state.ready.insert(name)
            return state.ready.count == size
        }
        if isComplete { logger.notice("ready", metadata: ["workers": "\(size)"]) }
    }

    /// Gives every worker new settings.
    func reload(_ configuration: @Sendable (WorkerID) -> WorkerConfiguration) {
        for (name, worker) in workers {
            let fresh = configuration(name)
            worker.assumeIsolated { $0.reload(fresh) }
        }
    }

    /// Runs all workers until all have stopped.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (_, worker) in workers { group.addTask { try await worker.run() } }
            try await group.waitForAll()
        }
    }
}
