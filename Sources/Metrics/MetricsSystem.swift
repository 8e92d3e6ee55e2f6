// SPDX-License-Identifier: Apache-2.0
// The metrics backend of the process, and the one that does nothing.

import Synchronization

/// Chooses the metrics backend of the process.
public enum MetricsSystem {
    private static let current = Mutex<(any MetricsFactory)?>(nil)

    /// Installs the factory of handlers; once per process, before the first metric is made.
    ///
    /// - Parameter factory: Makes the handlers.
    public static func bootstrap(_ factory: any MetricsFactory) {
        current.withLock { current in
            precondition(current == nil, "metrics can only be bootstrapped once per process")
            current = factory
        }
    }

    /// The installed factory, or one whose handlers do nothing.
    public static var factory: any MetricsFactory { current.withLock { $0 } ?? NOOPMetricsHandler.instance }
}

/// A backend that does nothing.
public final class NOOPMetricsHandler: MetricsFactory, CounterHandler, FloatingPointCounterHandler, MeterHandler,
    RecorderHandler, TimerHandler
{
    /// The only instance.
    public static let instance = NOOPMetricsHandler()

    private init() {}

    /// Returns itself.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler { self }
    /// Returns itself.
    public func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler { self }
    /// Returns itself.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { self }
    /// Returns itself.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        self
    }
    /// Returns itself.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { self }

    /// Does nothing.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// Does nothing.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    /// Does nothing.
    public func destroyMeter(_ handler: any MeterHandler) {}
    /// Does nothing.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    /// Does nothing.
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// Does nothing.
    public func increment(by amount: Int64) {}
    /// Does nothing.
    public func increment(by amount: Double) {}
    /// Does nothing.
    public func decrement(by amount: Double) {}
    /// Does nothing.
    public func reset() {}
    /// Does nothing.
    public func set(_ value: Int64) {}
    /// Does nothing.
    public func set(_ value: Double) {}
    /// Does nothing.
    public func record(_ value: Int64) {}
    /// Does nothing.
    public func record(_ value: Double) {}
    /// Does nothing.
    public func recordNanoseconds(_ duration: Int64) {}
}
