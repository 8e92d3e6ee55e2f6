// SPDX-License-Identifier: Apache-2.0
// The service that takes one worker's tasks from the inbox to their results.

import Agents
package import FileQueue
package import Logging
import QueueModel
import Resilience
import ServiceLifecycle
package import Supervision
package import SystemKit

/// One worker: claims tasks, has supervisors run agents, and writes what came of it.
///
/// All its state lives on the reactor's thread. What it decides is computed by ``Scheduler``, `CircuitBreaker` and
/// `RetryPolicy`; what is true is on disk, and ``WorkerQueue`` is the only way there.
package actor Worker: Service {
    /// Something that needs a task of its own.
    enum Work: Sendable {
        case attempt(TaskID, StartPermit, AttemptStart)
        case publish(TaskID, Conclusion)
        case settle(TaskID, exitRecord: [UInt8]?)
        indirect case condemn(Scheduler.Entry, DeadLetterReason, Failure)
        case completeCondemned(TaskID)
        case reject(FileName, TaskRejection)
        case scan
        case recover
        case readopt(TaskID)
        indirect case cancel(Scheduler.Entry)
        case cancelAdopted(TaskID)
        case watchAdopted(TaskID)
        case look(TaskID)
        case review(TaskID)
        case commands

        /// Whether an attempt may have ended when it is done, and so a session become free.
        var endsAttempts: Bool {
            switch self {
            case .attempt, .publish, .settle, .readopt, .recover: true
            case .condemn, .completeCondemned, .reject, .scan, .cancel, .cancelAdopted, .watchAdopted, .look, .review,
                .commands:
                false
            }
        }
    }

    /// What is known of a name in the inbox.
    struct KnownName {
        /// What the file of that name is.
        enum Meaning {
            case queued(TaskID)
            // Rare, and larger than the others, which are kept for every queued task. The timer looks again.
            indirect case unfinished(FileStatus, until: ContinuousClock.Instant, TimerID)
            case rejected
        }
        var meaning: Meaning
        var seenInScan: UInt64
    }

    /// The reactor's thread, where all of the worker's state lives.
    package nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }
    nonisolated let reactor: Reactor
    nonisolated let logger: Logger
    let queue: WorkerQueue
    let pool: SupervisorPool
    let wallClock: WallClock
    let clock = ContinuousClock()
    let metrics: WorkerMetrics
    var configuration: WorkerConfiguration
    var generator: any RandomNumberGenerator & Sendable

    var scheduler: Scheduler
    var breaker: CircuitBreaker
    /// The accounts whose usage limit is reached, or was a short while ago.
    var gates: [AgentName: LimitGate] = [:]
    var rateLimiter: RateLimiter?
    var budget: DailyBudget
    var daysTokens = DaysTokens()
    /// What attempts have cost so far whose end is not accounted for yet.
    var liveCosts: [TaskID: Double] = [:] {
        didSet { budget.running = liveCosts.values.reduce(0, +) }
    }
    var claims: [TaskID: Claim] = [:]
    /// What occupies a slot: attempts of our own, and those of an earlier daemon that still run.
    var running: Set<TaskID> = []
    /// Those of ``running`` that have given their slot back: nothing runs any more, the result is being written.
    var publishing: Set<TaskID> = []
    var adopted: Set<TaskID> = []
    /// The task of which a supervisor was told that its first attempt comes at once.
    var announced: TaskID?
    /// Attempts that are with a supervisor of ours.
    var inSupervisor: Set<TaskID> = []
    /// The running attempts that are looked at from time to time.
    var watched: [TaskID: WatchedAttempt] = [:]
    var watchTimer: (at: ContinuousClock.Instant, id: TimerID)?
    /// The requests to cancel tasks of this worker, as they are on disk.
    var cancels: [TaskID: CancelRequest] = [:]
    /// Tasks that somebody may have asked to cancel; their requests could not be read.
    var unreadRequests: Set<TaskID> = []
    /// The runs whose supervisors were told to end them.
    var endedRuns: [TaskID: String] = [:]
    /// Whether somebody has asked that nothing be started.
    var isPaused = false
    /// Whether the drain time is over, so that nothing more is begun, not even a check.
    var isHandedOver = false
    let pipes: WorkerPipes
    var controlLines = ControlLines()
    /// Commands that came and were not carried out yet, in order.
    var commandLines = FIFO<ControlLines.Line>()
    var isCommanding = false
    var isReadingCommands = true
    var lineTimer: TimerID?
    var names: [FileName: KnownName] = [:]
    var pending = FIFO<Work>()
    /// What is done when nothing can be started: a slot must not wait for the disk.
    var unpublished = FIFO<Work>()
    var stats = WorkerStats()
    var problems: [Problem: String] = [:]
    var phase = Phase.starting
    let startedAt: Moment

    var watcher: DirectoryWatcher?
    var inboxWatch: WatchID?
    var inboxRetry: TimerID?
    var claimsWatch: WatchID?
    var controlWatch: WatchID?
    var resultWatches: [WorkerID: WatchID] = [:]
    var scanNumber: UInt64 = 0
    var isScanPending = false
    var lastScanChange: Int64 = .min
    var wakeTimer: (at: ContinuousClock.Instant, id: TimerID)?
    var heartbeatTimer: TimerID?
    var lastRecovery = ContinuousClock().now
    /// Waits for something to do; `nil` when nothing is left to be done.
    private var waiter: CheckedContinuation<Work?, Never>?
    private var isPoked = false
    private var isLookDue = false
    private let onReady: @Sendable () -> Void
    let reloadSettings: @Sendable () -> String?

    /// Where the service is in its life.
    enum Phase { case starting, running, draining, stoppingNow, stopped }

    /// Opens the worker's queue.
    /// - Parameters:
    ///   - configuration: How to work.
    ///   - environment: The reactor, clocks and the like that the worker is given.
    /// - Throws: When a directory cannot be opened.
    package init(configuration: WorkerConfiguration, environment: WorkerEnvironment) throws(SystemCallError) {
        let now = Moment(
            wall: Timestamp(millisecondsSince1970: environment.wallClock.nowMilliseconds),
            instant: ContinuousClock().now
        )
        queue = try WorkerQueue(
            worker: configuration.worker,
            locations: configuration.locations,
            limits: configuration.limits,
            committer: environment.committer
        )
        self.configuration = configuration
        reactor = environment.reactor
        var logger = environment.logger
        logger[metadataKey: "worker"] = .string(configuration.worker.string)
        self.logger = logger
        pool = environment.pool
        watcher = environment.watcher
        wallClock = environment.wallClock
        generator = environment.generator
        onReady = environment.onReady
        reloadSettings = environment.reloadSettings
        pipes = WorkerPipes(worker: configuration.worker, locations: configuration.locations)
        metrics = WorkerMetrics(worker: configuration.worker)
        scheduler = Scheduler(aging: configuration.priorityAging)
        breaker = CircuitBreaker(
            threshold: configuration.breakerThreshold,
            timeout: configuration.breakerTimeout
        )
        rateLimiter = configuration.rateLimit.map { RateLimiter(count: $0.count, interval: $0.interval) }
        budget = DailyBudget(limit: configuration.dailyBudgetUSD)
        startedAt = now
    }

    /// What has a slot just now.
    var active: Set<TaskID> { publishing.isEmpty ? running : running.subtracting(publishing) }

    /// How many tasks have a slot just now.
    var activeCount: Int { running.count - publishing.count }

    /// The time now.
    var now: Moment {
        Moment(wall: Timestamp(millisecondsSince1970: wallClock.nowMilliseconds), instant: clock.now)
    }

    /// Works until a graceful shutdown is asked for and the running attempts have ended or are left to their supervisors.
    ///
    /// They are left when the drain time is over. Cancellation stops them at once, uncounted.
    package func run() async throws {
        try await start()
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await serve()
            } onGracefulShutdown: {
                self.reactor.perform { self.assumeIsolated { $0.drain() } }
            }
        } onCancel: {
            reactor.perform { self.assumeIsolated { $0.stopNow() } }
        }
        stopped()
    }

    private func start() async throws {
        try restoreBreaker()
        try restoreLimits()
        try openRequests()
        // Before anything new is claimed: what an earlier daemon left may still be running.
        try await recoverClaims()
        try await repairDeadLetters()
        try queue.removeJunk(now: now.wall)
        checkAgent()
        watchInbox()
        phase = .running
        pending.append(.scan)
        openPipes()
        for id in cancels.keys { carryOutRequest(for: id) }
        beat()
        scheduleScan()
        logger.notice(
            "worker started",
            metadata: ["inbox": .string(queue.inbox.path), "max_concurrent": "\(configuration.maxConcurrent)"]
        )
        emit(.workerStarted, ["version": .string(configuration.version)])
        onReady()
    }

    private func serve() async {
        await withDiscardingTaskGroup { group in
            while let work = await nextWork() {
                group.addImmediateTask { await self.perform(work) }
            }
        }
    }

    private func nextWork() async -> Work? {
        if let work = findWork() { return work }
        return isOver ? nil : await withCheckedContinuation { waiter = $0 }
    }

    private func findWork() -> Work? {
        repeat {
            isPoked = false
            if let work = takeWork() { return work }
        } while isPoked
        return nil
    }

    /// Something has changed that ``takeWork()`` should see.
    func poke() {
        isPoked = true
        guard waiter != nil, !isLookDue else { return }
        isLookDue = true
        // When all events are told that came together.
        reactor.perform { self.assumeIsolated { $0.lookForWork() } }
    }

    /// An attempt begins in this very turn, before the task is woken that waits for its end.
    private func lookForWork() {
        isLookDue = false
        guard let waiter = waiter.take() else { return }
        let work = findWork()
        if work == nil && !isOver {
            // What was handed out last has begun by now.
            readAhead()
            self.waiter = waiter
        } else {
            waiter.resume(returning: work)
        }
    }

    private var isOver: Bool {
        switch phase {
        case .starting, .running: false
        case .draining, .stoppingNow:
            running.subtracting(adopted).isEmpty && pending.isEmpty && unpublished.isEmpty
        case .stopped: true
        }
    }

    private func perform(_ work: Work) async {
        switch work {
        case .attempt(let id, let permit, let start): await follow(id, start, permit)
        case .publish(let id, let conclusion): await publish(id, conclusion)
        case .settle(let id, let exitRecord): await settleStopped(id, exitRecord: exitRecord)
        case .condemn(let entry, let reason, let failure): await condemn(entry, reason, failure)
        case .completeCondemned(let id): await completeCondemned(id)
        case .reject(let name, let rejection): await reject(name, rejection)
        case .scan: await scan()
        case .recover: await recoverLater()
        case .readopt(let id): await readopt(id)
        case .cancel(let entry): await cancel(entry)
        case .cancelAdopted(let id): await cancelAdopted(id)
        case .watchAdopted(let id): await watchAdopted(id)
        case .look(let id): await look(id)
        case .review(let id): await review(id)
        case .commands: await carryOutCommands()
        }
        if work.endsAttempts { scheduler.release(.session, now: now) }
        poke()
    }
}

/// What a worker is given from outside.
package struct WorkerEnvironment: Sendable {
    /// The reactor that runs the worker.
    package var reactor: Reactor
    /// Makes changes durable.
    package var committer: Committer
    /// Runs attempts.
    package var pool: SupervisorPool
    /// Reports changes of directories; `nil`: there are no events, scan instead.
    package var watcher: DirectoryWatcher?
    /// Where log lines go.
    package var logger: Logger
    /// The wall clock.
    package var wallClock: WallClock
    /// Where jitter and run ids come from.
    package var generator: any RandomNumberGenerator & Sendable
    /// Called once, when the worker takes tasks.
    package var onReady: @Sendable () -> Void
    /// Reads the settings again for all workers of the process; says what is wrong with them, if anything.
    package var reloadSettings: @Sendable () -> String?

    /// Gathers a worker's environment.
    /// - Parameters:
    ///   - reactor: The reactor that runs the worker.
    ///   - committer: Makes changes durable.
    ///   - pool: Runs attempts.
    ///   - watcher: Reports changes of directories.
    ///   - logger: Where log lines go.
    ///   - wallClock: The wall clock.
    ///   - generator: Where jitter and run ids come from.
    ///   - onReady: Called once, when the worker takes tasks.
    ///   - reloadSettings: Reads the settings again; says what is wrong with them, if anything.
    package init(
        reactor: Reactor,
        committer: Committer,
        pool: SupervisorPool,
        watcher: DirectoryWatcher?,
        logger: Logger,
        wallClock: WallClock,
        generator: any RandomNumberGenerator & Sendable,
        onReady: @escaping @Sendable () -> Void,
        reloadSettings: @escaping @Sendable () -> String?
    ) {
        self.reactor = reactor
        self.committer = committer
        self.pool = pool
        self.watcher = watcher
        self.logger = logger
        self.wallClock = wallClock
        self.generator = generator
        self.onReady = onReady
        self.reloadSettings = reloadSettings
    }
}
