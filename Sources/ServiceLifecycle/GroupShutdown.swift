// SPDX-License-Identifier: Apache-2.0
// The decisions of a service group: what follows from the end of a service, a signal, or a limit.

/// The state of a running group; takes events, and says what to do.
///
/// A shutdown asks one service after the other, the last started first, each when the one before has ended. Once all
/// are cancelled, it is only waited for their ends.
package struct GroupShutdown {
    /// How a service ended.
    package enum ServiceEnd: Sendable {
        case returned, cancelled
        case failed(any Error)
    }

    /// What happened.
    package enum Event: Sendable {
        case serviceEnded(Int, ServiceEnd)
        case shutdownRequested, shutdownSignalled, cancellationRequested, limitPassed
        case parentCancelled
    }

    /// What to do.
    package enum Action: Hashable, Sendable {
        case askToShutDown(Int)
        case startLimit, cancelServices, finish
    }

    private enum State {
        case running, cancelled, finished
        case shuttingDown(asked: Int)
    }

    private let services: [ServiceGroupConfiguration.ServiceConfiguration]
    private var state = State.running
    private var unfinished: Set<Int>
    private var failure: (any Error)?
    private var isCancelledByParent = false

    /// Makes the state of a group whose services have been started.
    package init(_ services: [ServiceGroupConfiguration.ServiceConfiguration]) {
        self.services = services
        unfinished = Set(services.indices)
    }

    /// What the group's `run()` throws once it has finished.
    package var error: (any Error)? {
        failure ?? (isCancelledByParent ? CancellationError() : nil)
    }

    /// Takes note of an event.
    /// - Parameter event: What happened.
    /// - Returns: What to do, in this order.
    package mutating func handle(_ event: Event) -> [Action] {
        var actions = decide(event)
        if case .finished = state { return actions }
        if unfinished.isEmpty {
            state = .finished
            actions.append(.finish)
        }
        return actions
    }

    private mutating func decide(_ event: Event) -> [Action] {
        switch (event, state) {
        case (.serviceEnded(let index, let end), _):
            unfinished.remove(index)
            return serviceEnded(index, end)
        case (.shutdownRequested, .running), (.shutdownSignalled, .running):
            return shutDown()
        case (.parentCancelled, .running), (.parentCancelled, .shuttingDown):
            isCancelledByParent = true
            return cancel()
        case (.cancellationRequested, _), (.shutdownSignalled, .shuttingDown), (.limitPassed, .shuttingDown):
            return cancel()
        case (.shutdownRequested, _), (.shutdownSignalled, _), (.limitPassed, _), (.parentCancelled, _):
            return []
        }
    }

    private mutating func serviceEnded(_ index: Int, _ end: ServiceEnd) -> [Action] {
        switch (state, end) {
        case (.running, .returned):
            let error = ServiceGroupError(
                .serviceFinishedUnexpectedly,
                service: "\(type(of: services[index].service))"
            )
            return follow(services[index].successTerminationBehavior, unless: error)
        case (.running, .cancelled):
            return follow(services[index].failureTerminationBehavior, because: CancellationError())
        case (_, .failed(let error)):
            return follow(services[index].failureTerminationBehavior, because: error)
        case (.shuttingDown(let asked), _):
            return asked == index ? askNext() : []
        case (.cancelled, _), (.finished, _):
            return []
        }
    }

    /// A service that returns is an error only if that makes the group cancel the others.
    private mutating func follow(
        _ behavior: ServiceGroupConfiguration.ServiceConfiguration.TerminationBehavior,
        unless error: ServiceGroupError
    ) -> [Action] {
        guard behavior == .cancelGroup else { return behavior == .ignore ? [] : shutDown() }
        failure = failure ?? error
        return cancel()
    }

    private mutating func follow(
        _ behavior: ServiceGroupConfiguration.ServiceConfiguration.TerminationBehavior,
        because error: any Error
    ) -> [Action] {
        if behavior != .ignore { failure = failure ?? error }
        switch (behavior, state) {
        case (.cancelGroup, _): return cancel()
        case (.gracefullyShutdownGroup, .running): return shutDown()
        case (_, .shuttingDown(let asked)): return unfinished.contains(asked) ? [] : askNext()
        case (.ignore, _), (.gracefullyShutdownGroup, _): return []
        }
    }

    private mutating func shutDown() -> [Action] {
        [.startLimit] + askNext()
    }

    private mutating func askNext() -> [Action] {
        guard let next = unfinished.max() else { return [] }
        state = .shuttingDown(asked: next)
        return [.askToShutDown(next)]
    }

    private mutating func cancel() -> [Action] {
        switch state {
        case .running, .shuttingDown:
            state = .cancelled
            return [.cancelServices]
        case .cancelled, .finished:
            return []
        }
    }
}
