// SPDX-License-Identifier: Apache-2.0
// The orchestrator of a daemon.

import FileQueue
import Logging
import Orchestrator
import Settings
import SystemKit

extension Daemon {
    /// How many intervals a heartbeat may be late.
    static let heartbeatsMissed = 3

    /// Makes the orchestrator, where the role asks for one.
    /// - Returns: Nil for a worker alone, and where another orchestrator serves the queue of several workers.
    /// - Throws: `CommandFailure` when there has to be one and cannot be.
    func makeOrchestrator(
        _ settings: VigilSettings,
        _ reactor: Reactor,
        _ logger: Logger
    ) throws -> Orchestrator? {
        if case .worker = role { return nil }
        do {
            let environment = OrchestratorEnvironment(
                reactor: reactor,
                committer: Committer(durability: settings.durability, reactor: reactor),
                watcher: makeWatcher(settings, reactor, logger),
                logger: logger,
                wallClock: .system,
                onReady: { [role] in if case .orchestrator = role { logger.notice("ready") } }
            )
            return try Orchestrator(configuration: OrchestratorConfiguration(settings), environment: environment)
        } catch let refusal as OrchestratorRefusal {
            guard case .everything = role else { throw CommandFailure(.unavailable, refusal.description) }
            logger.warning("running without an orchestrator", metadata: ["reason": .string(refusal.description)])
            return nil
        } catch let error as DatabaseError {
            throw CommandFailure(.unavailable, error.description)
        }
    }
}

extension HistoryLocation {
    /// The files that settings name.
    /// - Parameter settings: The settings.
    init(_ settings: VigilSettings) { self.init(stateFile: settings.stateFile) }
}

extension OrchestratorConfiguration {
    /// What an orchestrator is told.
    /// - Parameter settings: The settings.
    init(_ settings: VigilSettings) {
        self.init(
            locations: QueueLocations(settings),
            history: HistoryLocation(settings),
            workers: settings.workers
        )
        patience.completion = settings.completionTimeout
        patience.group = settings.settleTime
        patience.retention = settings.triggerRetention
        heartbeatPatience = settings.heartbeatInterval * Daemon.heartbeatsMissed
        scanInterval = settings.scanInterval
        pollInterval = settings.pollInterval
    }
}
