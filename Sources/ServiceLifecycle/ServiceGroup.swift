// SPDX-License-Identifier: Apache-2.0
// Runs services together, and ends them in order.

import Logging
package import SystemKit

/// Runs services in child tasks until all have ended; a service itself, so that groups can be nested.
///
/// The services start in the order they are listed. A graceful shutdown asks them in the reverse order, each when the
/// one after it has ended. What leads to an end is in ``ServiceGroupConfiguration``.
public actor ServiceGroup: Service {
    private typealias Event = GroupShutdown.Event

    private enum Progress {
        case created, running, finished
    }

    private nonisolated let reactor: Reactor
    private let configuration: ServiceGroupConfiguration
    private let requests: AsyncStream<Event>
    private nonisolated let request: AsyncStream<Event>.Continuation
    private var progress = Progress.created

    /// The group's state belongs to the reactor, like everything it runs.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    /// Describes a group; it starts with ``run()``.
    /// - Parameters:
    ///   - configuration: The services, signals, and limits.
    ///   - reactor: Where signals arrive, time limits pass, and services run. The well-known package needs no such
    ///     parameter, because it lives on the default executor, which wakes up once a second for ever.
    package init(configuration: ServiceGroupConfiguration, reactor: Reactor) {
        self.configuration = configuration
        self.reactor = reactor
        // More than a few requests say nothing new: the first begins the shutdown, the second cancels.
        (requests, request) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(8))
    }

    /// Asks the services to shut down, also before they have started; without effect on a group that has ended.
    public func triggerGracefulShutdown() {
        request.yield(.shutdownRequested)
    }

    /// Runs the services until all have ended.
    ///
    /// Cancelling the task cancels the services.
    /// - Throws: The first error of a service that the configuration does not ignore; `CancellationError` when the task was
    ///   cancelled; ``ServiceGroupError``.
    public func run() async throws {
        switch progress {
        case .created: progress = .running
        case .running: throw ServiceGroupError(.alreadyRunning)
        case .finished: throw ServiceGroupError(.alreadyFinished)
        }
        defer { progress = .finished }
        let signals = try listenToSignals()
        defer { signals?.stop() }
        let request = request
        // A group within a service of another group shuts down with it.
        let error = await withGracefulShutdownHandler {
            await runServices()
        } onGracefulShutdown: {
            request.yield(.shutdownRequested)
        }
        if let error { throw error }
    }
}

extension ServiceGroup {
    private func listenToSignals() throws -> SignalSource? {
        let graceful = configuration.gracefulShutdownSignals.map(\.rawValue)
        let signals = graceful + configuration.cancellationSignals.map(\.rawValue)
        guard !signals.isEmpty else { return nil }
        SignalSource.block(signals)
        let request = request
        let logger = configuration.logger
        return try SignalSource(signals: signals, reactor: reactor) { signal in
            logger.notice("signal received", metadata: ["signal": "\(signal)"])
            request.yield(graceful.contains(signal) ? .shutdownSignalled : .cancellationRequested)
        }
    }

    private func runServices() async -> (any Error)? {
        let services = configuration.services
        guard !services.isEmpty else { return nil }
        let managers = services.map { _ in GracefulShutdownManager() }
        var shutdown = GroupShutdown(services)
        var limit: TimerID?
        await withTaskGroup(of: Event?.self) { group in
            for (index, manager) in managers.enumerated() { start(index, manager, in: &group) }
            awaitRequest(in: &group)
            while let next = await group.next() {
                // The services are cancelled together with this task, and their ends may be here before any other news.
                for case .some(let event) in [Task.isCancelled ? .parentCancelled : nil, next] {
                    let actions = shutdown.handle(event)
                    log(event, actions)
                    for action in actions {
                        switch action {
                        case .askToShutDown(let index): ask(managers[index], index)
                        case .startLimit: limit = startLimit()
                        case .cancelServices, .finish: group.cancelAll()
                        }
                    }
                }
                if case .serviceEnded = next { continue }
                // After a cancellation there is nothing more to ask for.
                if !group.isCancelled { awaitRequest(in: &group) }
            }
        }
        if let limit { reactor.cancel(limit) }
        configuration.logger.debug("all services have ended")
        return shutdown.error
    }

    private func start(_ index: Int, _ manager: GracefulShutdownManager, in group: inout TaskGroup<Event?>) {
        let service = configuration.services[index].service
        configuration.logger.debug("service starts", metadata: ["service": name(index)])
        group.addTask(executorPreference: reactor) {
            do {
                try await GracefulShutdownManager.$current.withValue(manager) { try await service.run() }
                return .serviceEnded(index, .returned)
            } catch is CancellationError {
                return .serviceEnded(index, .cancelled)
            } catch {
                return .serviceEnded(index, .failed(error))
            }
        }
    }

    private func awaitRequest(in group: inout TaskGroup<Event?>) {
        let requests = requests
        group.addTask(executorPreference: reactor) {
            var iterator = requests.makeAsyncIterator()
            return await iterator.next(isolation: nil)
        }
    }

    private func ask(_ manager: GracefulShutdownManager, _ index: Int) {
        configuration.logger.debug("service is asked to shut down", metadata: ["service": name(index)])
        manager.shutDown()
    }

    private func startLimit() -> TimerID? {
        let request = request
        return configuration.maximumGracefulShutdownDuration.map { limit in
            reactor.schedule(at: reactor.clock.now + limit) { request.yield(.limitPassed) }
        }
    }

    private func log(_ event: Event, _ actions: [GroupShutdown.Action]) {
        let logger = configuration.logger
        switch event {
        case .serviceEnded(let index, .failed(let error)):
            logger.error("service failed", metadata: ["service": name(index), "error": "\(error)"])
        case .serviceEnded(let index, _):
            logger.debug("service ended", metadata: ["service": name(index)])
        case .limitPassed where actions.contains(.cancelServices):
            logger.warning("graceful shutdown takes too long, services are cancelled")
        case .shutdownRequested, .shutdownSignalled, .cancellationRequested, .limitPassed, .parentCancelled:
            if actions.contains(.cancelServices) { logger.notice("services are cancelled") }
            if actions.contains(.startLimit) { logger.notice("graceful shutdown begins") }
        }
    }

    private func name(_ index: Int) -> Logger.MetadataValue {
        "\(type(of: configuration.services[index].service))"
    }
}
