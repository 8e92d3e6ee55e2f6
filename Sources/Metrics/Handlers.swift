// SPDX-License-Identifier: Apache-2.0
// What a metrics backend has to offer.

/// Backs a ``Counter``.
public protocol CounterHandler: AnyObject, Sendable {
    /// Adds to the counter.
    ///
    /// - Parameter amount: What to add; not negative.
    func increment(by amount: Int64)
    /// Sets the counter back to zero.
    func reset()
}

/// Backs a ``FloatingPointCounter``.
public protocol FloatingPointCounterHandler: AnyObject, Sendable {
    /// Adds to the counter.
    ///
    /// - Parameter amount: What to add; not negative.
    func increment(by amount: Double)
    /// Sets the counter back to zero.
    func reset()
}

/// Backs a ``Meter``.
public protocol MeterHandler: AnyObject, Sendable {
    /// Sets the value.
    func set(_ value: Int64)
    /// Sets the value.
    func set(_ value: Double)
    /// Adds to the value.
    func increment(by amount: Double)
    /// Takes from the value.
    func decrement(by amount: Double)
}

/// Backs a ``Recorder`` or ``Gauge``.
public protocol RecorderHandler: AnyObject, Sendable {
    /// Records a value.
    func record(_ value: Int64)
    /// Records a value.
    func record(_ value: Double)
}

/// Backs a ``Timer``.
public protocol TimerHandler: AnyObject, Sendable {
    /// Records a duration.
    ///
    /// - Parameter duration: Nanoseconds.
    func recordNanoseconds(_ duration: Int64)
}

/// Makes the handlers of a metrics backend.
///
/// The same label with the same dimensions may be asked for more than once and yields one time series.
public protocol MetricsFactory: Sendable {
    /// Makes the handler of a counter.
    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler
    /// Makes the handler of a counter of fractions.
    func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler
    /// Makes the handler of a value that goes up and down.
    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler
    /// Makes the handler of a recorder.
    ///
    /// - Parameters:
    ///   - label: The metric's name.
    ///   - dimensions: Names and values of its labels.
    ///   - aggregate: True for the distribution of all values, false for the last value only.
    /// - Returns: The handler.
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler
    /// Makes the handler of a timer.
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler

    /// Forgets a counter's time series.
    func destroyCounter(_ handler: any CounterHandler)
    /// Forgets a floating-point counter's time series.
    func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler)
    /// Forgets a meter's time series.
    func destroyMeter(_ handler: any MeterHandler)
    /// Forgets a recorder's time series.
    func destroyRecorder(_ handler: any RecorderHandler)
    /// Forgets a timer's time series.
    func destroyTimer(_ handler: any TimerHandler)
}
