// SPDX-License-Identifier: Apache-2.0
// What a service group runs, and how it ends.

public import Logging

/// The services of a group, in the order of their start, and what makes the group end.
public struct ServiceGroupConfiguration: Sendable {
    /// One service and what its end means for the group.
    public struct ServiceConfiguration: Sendable {
        /// What the group does when a service ends while the group is not shutting down.
        public enum TerminationBehavior: String, Sendable, CaseIterable {
            /// Cancels all services.
            case cancelGroup
            /// Asks the other services to shut down, one after the other.
            case gracefullyShutdownGroup
            /// Goes on without the service.
            case ignore
        }

        /// The service.
        public var service: any Service
        /// What follows when `run()` returns.
        public var successTerminationBehavior: TerminationBehavior
        /// What follows when `run()` throws, also during a shutdown.
        public var failureTerminationBehavior: TerminationBehavior

        /// Describes one service of a group.
        public init(
            service: any Service,
            successTerminationBehavior: TerminationBehavior = .cancelGroup,
            failureTerminationBehavior: TerminationBehavior = .cancelGroup
        ) {
            self.service = service
            self.successTerminationBehavior = successTerminationBehavior
            self.failureTerminationBehavior = failureTerminationBehavior
        }
    }

    /// The services in the order of their start; they are shut down in the reverse order.
    public var services: [ServiceConfiguration]
    /// Signals that begin a graceful shutdown; the next one of them cancels all services.
    public var gracefulShutdownSignals: [UnixSignal]
    /// Signals that cancel all services.
    public var cancellationSignals: [UnixSignal]
    /// How long a graceful shutdown may take before all services are cancelled; nil for as long as it takes.
    public var maximumGracefulShutdownDuration: Duration?
    /// Where the group reports starts, ends, and signals.
    public var logger: Logger

    /// Describes a group of configured services.
    public init(
        services: [ServiceConfiguration],
        gracefulShutdownSignals: [UnixSignal] = [],
        cancellationSignals: [UnixSignal] = [],
        logger: Logger
    ) {
        self.services = services
        self.gracefulShutdownSignals = gracefulShutdownSignals
        self.cancellationSignals = cancellationSignals
        self.logger = logger
    }

    /// Describes a group of services whose end cancels the group.
    public init(
        services: [any Service],
        gracefulShutdownSignals: [UnixSignal] = [],
        cancellationSignals: [UnixSignal] = [],
        logger: Logger
    ) {
        self.init(
            services: services.map { ServiceConfiguration(service: $0) },
            gracefulShutdownSignals: gracefulShutdownSignals,
            cancellationSignals: cancellationSignals,
            logger: logger
        )
    }
}
