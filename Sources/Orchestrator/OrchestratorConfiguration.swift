// SPDX-License-Identifier: Apache-2.0
// How an orchestrator works, and what it is given from outside.

package import FileQueue
package import Logging
package import QueueModel
package import SystemKit

/// How an orchestrator works.
package struct OrchestratorConfiguration: Sendable {
    /// The directories of the queue.
    package var locations: QueueLocations
    /// Where the orchestrator's own files lie.
    package var history: HistoryLocation
    /// The workers that are expected to live, besides those that show themselves.
    package var workers: [WorkerID]
    /// How long things may take.
    package var patience = Patience()
    /// How old a heartbeat may get.
    package var heartbeatPatience: Duration = .seconds(30)
    /// The time between two scans.
    package var scanInterval: Duration = .seconds(30)
    /// The time between two looks where there are no events.
    package var pollInterval: Duration = .milliseconds(500)

    /// A configuration with every default.
    /// - Parameters:
    ///   - locations: The directories of the queue.
    ///   - history: Where the orchestrator's own files lie.
    ///   - workers: The workers that are expected to live.
    package init(locations: QueueLocations, history: HistoryLocation, workers: [WorkerID]) {
        self.locations = locations
        self.history = history
        self.workers = workers
    }
}

/// What an orchestrator is given from outside.
package struct OrchestratorEnvironment: Sendable {
    /// The reactor that runs it.
    package var reactor: Reactor
    /// Makes notifications durable.
    package var committer: Committer
    /// Reports changes of directories; nil: there are no events, look at intervals instead.
    package var watcher: DirectoryWatcher?
    /// Where log lines go.
    package var logger: Logger
    /// The wall clock.
    package var wallClock: WallClock
    /// Called once, when everything that lay there has been seen.
    package var onReady: @Sendable () -> Void

    /// Gathers an orchestrator's environment.
    /// - Parameters:
    ///   - reactor: The reactor that runs it.
    ///   - committer: Makes notifications durable.
    ///   - watcher: Reports changes of directories.
    ///   - logger: Where log lines go.
    ///   - wallClock: The wall clock.
    ///   - onReady: Called once, when everything that lay there has been seen.
    package init(
        reactor: Reactor,
        committer: Committer,
        watcher: DirectoryWatcher?,
        logger: Logger,
        wallClock: WallClock,
        onReady: @escaping @Sendable () -> Void
    ) {
        self.reactor = reactor
        self.committer = committer
        self.watcher = watcher
        self.logger = logger
        self.wallClock = wallClock
        self.onReady = onReady
    }
}
