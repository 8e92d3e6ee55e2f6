// SPDX-License-Identifier: Apache-2.0
// The metrics that code updates: counters, meters, recorders and gauges.

/// A whole number that only goes up.
public final class Counter: Sendable {
    /// The metric's name.
    public let label: String
    /// Names and values of the labels.
    public let dimensions: [(String, String)]
    private let handler: any CounterHandler
    private let factory: any MetricsFactory

    /// Creates a counter.
    ///
    /// - Parameters:
    ///   - label: The metric's name.
    ///   - dimensions: Names and values of its labels, from closed sets.
    ///   - factory: The backend.
    public init(label: String, dimensions: [(String, String)] = [], factory: any MetricsFactory = MetricsSystem.factory)
    {
        self.label = label
        self.dimensions = dimensions
        self.factory = factory
        handler = factory.makeCounter(label: label, dimensions: dimensions)
    }

    /// Adds to the counter.
    ///
    /// - Parameter amount: What to add; clamped to 64 bits.
    public func increment(by amount: some BinaryInteger) { handler.increment(by: Int64(clamping: amount)) }

    /// Adds one.
    public func increment() { handler.increment(by: 1) }

    /// Sets the counter back to zero.
    public func reset() { handler.reset() }

    /// Tells the backend to forget this time series.
    public func destroy() { factory.destroyCounter(handler) }
}

/// A number that only goes up, by fractions too.
public final class FloatingPointCounter: Sendable {
    /// The metric's name.
    public let label: String
    /// Names and values of the labels.
    public let dimensions: [(String, String)]
    private let handler: any FloatingPointCounterHandler
    private let factory: any MetricsFactory

    /// Creates a counter of fractions.
    ///
    /// - Parameters:
    ///   - label: The metric's name.
    ///   - dimensions: Names and values of its labels, from closed sets.
    ///   - factory: The backend.
    public init(label: String, dimensions: [(String, String)] = [], factory: any MetricsFactory = MetricsSystem.factory)
    {
        self.label = label
        self.dimensions = dimensions
        self.factory = factory
        handler = factory.makeFloatingPointCounter(label: label, dimensions: dimensions)
    }

    /// Adds to the counter.
    ///
    /// - Parameter amount: What to add.
    public func increment(by amount: some BinaryFloatingPoint) { handler.increment(by: Double(amount)) }

    /// Adds one.
    public func increment() { handler.increment(by: 1) }

    /// Sets the counter back to zero.
    public func reset() { handler.reset() }

    /// Tells the backend to forget this time series.
    public func destroy() { factory.destroyFloatingPointCounter(handler) }
}

/// A number that goes up and down.
public final class Meter: Sendable {
    /// The metric's name.
    public let label: String
    /// Names and values of the labels.
    public let dimensions: [(String, String)]
    private let handler: any MeterHandler
    private let factory: any MetricsFactory

    /// Creates a meter.
    ///
    /// - Parameters:
    ///   - label: The metric's name.
    ///   - dimensions: Names and values of its labels, from closed sets.
    ///   - factory: The backend.
    public init(label: String, dimensions: [(String, String)] = [], factory: any MetricsFactory = MetricsSystem.factory)
    {
        self.label = label
        self.dimensions = dimensions
        self.factory = factory
        handler = factory.makeMeter(label: label, dimensions: dimensions)
    }

    /// Sets the value; clamped to 64 bits.
    public func set(_ value: some BinaryInteger) { handler.set(Int64(clamping: value)) }

    /// Sets the value.
    public func set(_ value: some BinaryFloatingPoint) { handler.set(Double(value)) }

    /// Adds to the value.
    public func increment(by amount: some BinaryFloatingPoint) { handler.increment(by: Double(amount)) }

    /// Adds one.
    public func increment() { handler.increment(by: 1) }

    /// Takes from the value.
    public func decrement(by amount: some BinaryFloatingPoint) { handler.decrement(by: Double(amount)) }

    /// Takes one.
    public func decrement() { handler.decrement(by: 1) }

    /// Tells the backend to forget this time series.
    public func destroy() { factory.destroyMeter(handler) }
}

/// Records values: all of them as a distribution, or the last one only.
public final class Recorder: Sendable {
    /// The metric's name.
    public let label: String
    /// Names and values of the labels.
    public let dimensions: [(String, String)]
    /// Whether the distribution of all values is kept.
    public let aggregate: Bool
    private let handler: any RecorderHandler
    private let factory: any MetricsFactory

    /// Creates a recorder.
    ///
    /// - Parameters:
    ///   - label: The metric's name.
    ///   - dimensions: Names and values of its labels, from closed sets.
    ///   - aggregate: True for the distribution of all values, false for the last value only.
    ///   - factory: The backend.
    public init(
        label: String,
        dimensions: [(String, String)] = [],
        aggregate: Bool = true,
        factory: any MetricsFactory = MetricsSystem.factory
    ) {
        self.label = label
        self.dimensions = dimensions
        self.aggregate = aggregate
        self.factory = factory
        handler = factory.makeRecorder(label: label, dimensions: dimensions, aggregate: aggregate)
    }

    /// Records a value; clamped to 64 bits.
    public func record(_ value: some BinaryInteger) { handler.record(Int64(clamping: value)) }

    /// Records a value.
    public func record(_ value: some BinaryFloatingPoint) { handler.record(Double(value)) }

    /// Tells the backend to forget this time series.
    public func destroy() { factory.destroyRecorder(handler) }
}

/// The last value of something.
public final class Gauge: Sendable {
    private let recorder: Recorder

    /// The metric's name.
    public var label: String { recorder.label }
    /// Names and values of the labels.
    public var dimensions: [(String, String)] { recorder.dimensions }

    /// Creates a gauge.
    ///
    /// - Parameters:
    ///   - label: The metric's name.
    ///   - dimensions: Names and values of its labels, from closed sets.
    ///   - factory: The backend.
    public init(label: String, dimensions: [(String, String)] = [], factory: any MetricsFactory = MetricsSystem.factory)
    {
        recorder = Recorder(label: label, dimensions: dimensions, aggregate: false, factory: factory)
    }

    /// Sets the value; clamped to 64 bits.
    public func record(_ value: some BinaryInteger) { recorder.record(value) }

    /// Sets the value.
    public func record(_ value: some BinaryFloatingPoint) { recorder.record(value) }

    /// Tells the backend to forget this time series.
    public func destroy() { recorder.destroy() }
}
