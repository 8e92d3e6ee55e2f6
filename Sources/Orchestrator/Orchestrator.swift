// SPDX-License-Identifier: Apache-2.0
// The service that follows all tasks of a queue and tells what becomes of them.

import FileQueue
import Logging
import QueueModel
import ServiceLifecycle
import SystemKit

/// Follows all tasks and workers of a queue, keeps their history, and notifies whoever orchestrates.
///
/// Its state lives on the reactor's thread. Files are read and the database is used on the blocking threads only, by a
/// ``Clerk``; what follows from a fact is decided by values (``TaskEntry``, ``GroupTally``, ``WorkerHealth``).
package actor Orchestrator: Service {
    /// A directory of the queue that is followed.
    struct Followed {
        var directory: Directory
        var watch: WatchID?
    }

    /// The reactor's thread, where all of the orchestrator's state lives.
    package nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }
    nonisolated let reactor: Reactor
    nonisolated let logger: Logger
    nonisolated let witness: QueueWitness
    nonisolated let clock = ContinuousClock()
    var configuration: OrchestratorConfiguration
    let committer: Committer
    let watcher: DirectoryWatcher?
    let wallClock: WallClock
    let metrics = OrchestratorMetrics()
    let notifications: Directory
    let pipe = PipeWriter("orchestrator")
    /// Where the pipe is, once it is made.
    var pipeDirectory: Directory?
    private let lock: OrchestratorLock
    private let onReady: @Sendable () -> Void

    var clerk: Clerk
    var places: [QueuePlace: Followed] = [:]
    var parentWatches: [WatchID] = []
    /// The files to look at, each once, in the order of their first change.
    var looks: [Look] = []
    var isListed: Set<Look> = []
    var mute: [Look: Int64] = [:]
    /// The places to scan.
    var scans: [QueuePlace] = []
    /// How far a scan has come that is not over.
    var scanned: [QueuePlace: FileName] = [:]
    var scanNumber = 0
    var health: [WorkerID: WorkerHealth] = [:]
    /// Workers whose heartbeat is to be read.
    var beats: Set<WorkerID> = []
    /// The change of each heartbeat that was read.
    var readBeats: [WorkerID: Int64] = [:]
    var mustCheckHealth = false
    var mustCheckDue = false
    var isSnapshotStale = true
    var snapshotAfter: ContinuousClock.Instant
    var pruneAfter: ContinuousClock.Instant
    /// Why something cannot be done at the moment, by what it is.
    var problems: [String: String] = [:]
    private(set) var isReady = false
    var isStopping = false
    /// Whether nothing further is taken in, so that what is unsent now is all that is left to send.
    var isIntakeOver = false
    var timers: [Timer: TimerID] = [:]
    let intakeBell = Bell()
    let outboxBell = Bell()

    /// What is waited for by time.
    enum Timer: CaseIterable { case scan, due, health, snapshot, retryIntake, retryOutbox }

    /// Takes the queue's lock and opens its database.
    ///
    /// Blocks; called before the reactor runs, or for a short time.
    /// - Parameters:
    ///   - configuration: How to work.
    ///   - environment: The reactor, clocks and the like.
    /// - Throws: ``OrchestratorRefusal``, `DatabaseError`, `SystemCallError`.
    package init(configuration: OrchestratorConfiguration, environment: OrchestratorEnvironment) throws {
        lock = try OrchestratorLock(configuration.history)
        self.configuration = configuration
        reactor = environment.reactor
        committer = environment.committer
        watcher = environment.watcher
        logger = environment.logger
        wallClock = environment.wallClock
        onReady = environment.onReady
        witness = QueueWitness(locations: configuration.locations)
        notifications = try Directory.create(configuration.locations.notifications)
        let store = try StoreKeeper(configuration, notifications: notifications, logger: logger)
            .open(at: Timestamp(millisecondsSince1970: wallClock.nowMilliseconds))
        clerk = Clerk(store: store, witness: witness)
        snapshotAfter = clock.now
        pruneAfter = clock.now
    }

    /// The time now.
    var now: Timestamp { Timestamp(millisecondsSince1970: wallClock.nowMilliseconds) }

    /// Works until a graceful shutdown is asked for, and tells what has happened until then.
    package func run() async throws {
        try await start()
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await serve()
            } onGracefulShutdown: {
                self.reactor.perform { self.assumeIsolated { $0.stop() } }
            }
        } onCancel: {
            reactor.perform { self.assumeIsolated { $0.stop() } }
        }
        for timer in timers.values { reactor.cancel(timer) }
        endWatches()
        logger.notice("orchestrator stopped")
    }

    private func start() async throws {
        makePipe()
        let standings = await reactor.offload { [clerk] in Result { try clerk.store.standings() } }
        try await beginHealth(standings.get())
        try watchParents()
        try followNewPlaces()
        scheduleScan()
        mustCheckDue = true
        intakeBell.ring()
        outboxBell.ring()
    }

    private func serve() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.takeIn() }
            group.addTask { await self.sendOut() }
        }
    }

    /// Takes new settings; those of places take effect at the next start.
    /// - Parameter fresh: The settings.
    package func reload(_ fresh: OrchestratorConfiguration) {
        configuration.workers = fresh.workers
        configuration.patience = fresh.patience
        configuration.heartbeatPatience = fresh.heartbeatPatience
        configuration.scanInterval = fresh.scanInterval
        configuration.pollInterval = fresh.pollInterval
        scheduleScan()
        refollow()
        mustCheckHealth = true
        mustCheckDue = true
        intakeBell.ring()
    }

    /// Everything that lay there at the start has been seen.
    func becameReady() {
        guard !isReady else { return }
        isReady = true
        logger.notice("orchestrator started", metadata: ["database": .string(configuration.history.database)])
        onReady()
    }

    private func stop() {
        guard !isStopping else { return }
        isStopping = true
        // From here on nothing new is listened to, so that there is an end; what came until now is in the directories.
        endWatches()
        for place in places.keys { scan(place) }
    }

    /// Notes that something cannot be done, and says so once.
    func raise(_ problem: String, _ error: any Error) {
        let isNew = problems[problem] == nil
        problems[problem] = "\(error)"
        if isNew {
            logger.warning("degraded", metadata: ["problem": .string(problem), "error": "\(error)"])
        }
    }

    /// Notes that it can be done again.
    func clear(_ problem: String) {
        guard problems.removeValue(forKey: problem) != nil else { return }
        logger.notice("recovered", metadata: ["problem": .string(problem)])
    }

    /// Does something at a moment; an earlier wish of the same kind is forgotten.
    func schedule(
        _ timer: Timer,
        at moment: ContinuousClock.Instant,
        _ body: @escaping @Sendable (isolated Orchestrator) -> Void
    ) {
        if let earlier = timers[timer] { reactor.cancel(earlier) }
        timers[timer] = reactor.schedule(at: moment) {
            self.assumeIsolated {
                $0.timers[timer] = nil
                body($0)
            }
        }
    }
}

/// Wakes one task; rings that nobody heard yet are one.
final class Bell: Sendable {
    private let stream: AsyncStream<Void>
    private let ringer: AsyncStream<Void>.Continuation

    init() { (stream, ringer) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func ring() { ringer.yield() }

    /// Waits for a ring since the last wait; only one task may wait.
    func wait() async {
        var iterator = stream.makeAsyncIterator()
        _ = await iterator.next(isolation: nil)
    }
}
