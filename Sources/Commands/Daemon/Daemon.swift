// SPDX-License-Identifier: Apache-2.0
// Puts a daemon together: reactor, supervisors, workers, health page, signals.

import ArgumentParser
import FileQueue
import HTTPServer
import Logging
import Metrics
import Observability
import Orchestrator
import QueueModel
import ServiceLifecycle
import Settings
import Supervision
import Synchronization
import SystemKit
import Worker

/// A daemon for workers, an orchestrator, or both, all on one reactor.
struct Daemon: Sendable {
    /// What the settings are loaded from, at start and at every reload.
    let sources: SettingsSources
    /// What to do.
    let role: DaemonRole

    private static let idleSupervisorTimeout = Duration.seconds(60)
    private static let handledSignals: [Int32] = [
        UnixSignal.sigterm.rawValue, UnixSignal.sigint.rawValue, UnixSignal.sighup.rawValue,
    ]

    /// Runs until the daemon is asked to stop.
    /// - Throws: `SettingsError`, or a `CommandFailure` for what keeps it from starting.
    func run() throws {
        let loaded = try SettingsLoader.load(sources)
        SignalSource.ignorePipe()
        SignalSource.ignoreFileSizeLimit()
        // Before any thread is started, so that every thread inherits the mask.
        SignalSource.block(Self.handledSignals)
        let failure = Mutex<(any Error)?>(nil)
        do {
            // One thread for commits, one for the orchestrator's database, two for the API, one for what else may block.
            let reactor = try Reactor(blockingThreads: 5)
            let status = reactor.runUntilComplete {
                do {
                    try await self.serve(loaded, on: reactor)
                    return 0
                } catch {
                    failure.withLock { $0 = error }
                    return 1
                }
            }
            guard status != 0 else { return }
        } catch { throw CommandFailure(error) }
        switch failure.withLock({ $0 }) {
        case let error as SystemCallError: throw CommandFailure(error)
        case is CancellationError, nil: return
        case let error?: throw error
        }
    }

    private func serve(_ loaded: LoadedSettings, on reactor: Reactor) async throws {
        let settings = loaded.settings
        let registry = PrometheusRegistry(families: MetricFamily.vigil)
        try bootstrap(settings, registry)
        let logger = Logger(label: "vigil")
        announce(settings, logger)
        let current = CurrentSettings(loaded)
        let orchestrator = try makeOrchestrator(settings, reactor, logger)
        let api = try makeAPI(current, reactor, logger)
        let names = role.workers(of: settings)
        let pool = names.isEmpty ? nil : try await startPool(warm: names.count, reactor, logger)
        let crew = WorkerCrew(size: names.count, logger: logger)
        if let pool {
            try fill(crew, names, loaded, pool, reactor, logger) { self.reload(crew, orchestrator, current, logger) }
        }
        let reload = try SignalSource(signals: [UnixSignal.sighup.rawValue], reactor: reactor) { _ in
            _ = self.reload(crew, orchestrator, current, logger)
        }
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = []
        if settings.enableMetrics {
            let health = HealthServer(
                settings: settings,
                served: ServedParts(crew: crew, orchestrator: orchestrator),
                registry: registry,
                reactor: reactor,
                logger: logger
            )
            services.append(.init(service: health))
        }
        if let api { services.append(.init(service: api)) }
        // Before the workers, so that it ends after them and tells of their last results.
        if let orchestrator { services.append(.init(service: orchestrator)) }
        // When all workers have been drained one by one, there is nothing left to do.
        if !names.isEmpty {
            services.append(.init(service: crew, successTerminationBehavior: .gracefullyShutdownGroup))
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services,
                gracefulShutdownSignals: [.sigterm, .sigint],
                cancellationSignals: [],
                logger: logger
            ),
            reactor: reactor
        )
        defer { reload.stop() }
        try await group.run()
        await pool?.stop()
    }

    private func startPool(warm: Int, _ reactor: Reactor, _ logger: Logger) async throws -> SupervisorPool {
        try ProcessTree.becomeSubreaper()
        let pool = SupervisorPool(
            executable: try SupervisorProgram.path(),
            reactor: reactor,
            warm: warm,
            idleTimeout: Self.idleSupervisorTimeout,
            logger: logger
        )
        try await pool.start()
        return pool
    }

    private func fill(
        _ crew: WorkerCrew,
        _ names: [WorkerID],
        _ loaded: LoadedSettings,
        _ pool: SupervisorPool,
        _ reactor: Reactor,
        _ logger: Logger,
        reload: @escaping @Sendable () -> String?
    ) throws {
        let watcher = makeWatcher(loaded.settings, reactor, logger)
        let committer = Committer(durability: loaded.settings.durability, reactor: reactor)
        for name in names {
            let environment = WorkerEnvironment(
                reactor: reactor,
                committer: committer,
                pool: pool,
                watcher: watcher,
                logger: logger,
                wallClock: .system,
                generator: SplitMix64(seed: .random(in: .min ... .max)),
                onReady: { crew.noteReady(name) },
                reloadSettings: reload
            )
            let configuration = WorkerConfiguration(
                worker: name,
                settings: loaded.settings(for: name),
                environment: sources.environment
            )
            crew.add(try Worker(configuration: configuration, environment: environment), name)
        }
    }

    /// Without inotify, and on file systems that change without this kernel's doing, daemons scan instead.
    func makeWatcher(_ settings: VigilSettings, _ reactor: Reactor, _ logger: Logger) -> DirectoryWatcher? {
        do throws(NoDirectoryEvents) {
            return try DirectoryWatcher(forQueueAt: settings.taskDirectory, on: reactor)
        } catch {
            logger.warning("no directory events, scanning instead", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private func bootstrap(_ settings: VigilSettings, _ registry: PrometheusRegistry) throws(SystemCallError) {
        let format = settings.logFormat
        let level = Logger.Level(setting: settings.logLevel.rawValue) ?? .info
        let output = try LogOutput(to: 2)
        LoggingSystem.bootstrap { label in
            switch format {
            case .json: JSONLineLogHandler(label: label, output: output, logLevel: level, clock: .system)
            case .text: TerminalLogHandler(label: label, output: output, logLevel: level, clock: .system)
            }
        }
        MetricsSystem.bootstrap(registry)
    }

    private func announce(_ settings: VigilSettings, _ logger: Logger) {
        logger.notice(
            "starting",
            metadata: [
                "version": .string(Version.current), "root": .string(settings.root),
                "pid": "\(SystemInfo.processID)",
            ]
        )
        if settings.durability == .relaxed {
            logger.warning("DURABILITY=relaxed: a power cut may lose or repeat the tasks of the last seconds")
        }
        if settings.redisURL != nil {
            logger.warning("setting has no effect in this version", metadata: ["setting": "REDIS_URL"])
        }
    }

    /// Says what is wrong with the settings, if anything.
    private func reload(
        _ crew: WorkerCrew,
        _ orchestrator: Orchestrator?,
        _ current: CurrentSettings,
        _ logger: Logger
    ) -> String? {
        do throws(SettingsError) {
            let loaded = try SettingsLoader.load(sources)
            current.loaded = loaded
            orchestrator?.assumeIsolated { $0.reload(OrchestratorConfiguration(loaded.settings)) }
            crew.reload { name in
                WorkerConfiguration(
                    worker: name,
                    settings: loaded.settings(for: name),
                    environment: sources.environment
                )
            }
            return nil
        } catch {
            logger.error("settings not reloaded, the old ones stay", metadata: ["error": .string(error.description)])
            return error.description
        }
    }
}
