// SPDX-License-Identifier: Apache-2.0
// The metric of durations.

/// The distribution of durations.
public final class Timer: Sendable {
    /// The metric's name.
    public let label: String
    /// Names and values of the labels.
    public let dimensions: [(String, String)]
    private let handler: any TimerHandler
    private let factory: any MetricsFactory

    /// Creates a timer.
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
        handler = factory.makeTimer(label: label, dimensions: dimensions)
    }

    /// Records a duration in nanoseconds.
    public func recordNanoseconds(_ duration: Int64) { handler.recordNanoseconds(duration) }

    /// Records a duration in nanoseconds; clamped to 64 bits.
    public func recordNanoseconds(_ duration: some BinaryInteger) { recordNanoseconds(Int64(clamping: duration)) }

    /// Records a duration in microseconds; clamped to what 64 bits of nanoseconds hold.
    public func recordMicroseconds(_ duration: some BinaryInteger) { record(duration, nanoseconds: 1_000) }

    /// Records a duration in microseconds; clamped to what 64 bits of nanoseconds hold.
    public func recordMicroseconds(_ duration: some BinaryFloatingPoint) { record(duration, nanoseconds: 1e3) }

    /// Records a duration in milliseconds; clamped to what 64 bits of nanoseconds hold.
    public func recordMilliseconds(_ duration: some BinaryInteger) { record(duration, nanoseconds: 1_000_000) }

    /// Records a duration in milliseconds; clamped to what 64 bits of nanoseconds hold.
    public func recordMilliseconds(_ duration: some BinaryFloatingPoint) { record(duration, nanoseconds: 1e6) }

    /// Records a duration in seconds; clamped to what 64 bits of nanoseconds hold.
    public func recordSeconds(_ duration: some BinaryInteger) { record(duration, nanoseconds: 1_000_000_000) }

    /// Records a duration in seconds; clamped to what 64 bits of nanoseconds hold.
    public func recordSeconds(_ duration: some BinaryFloatingPoint) { record(duration, nanoseconds: 1e9) }

    /// Records a duration; clamped to what 64 bits of nanoseconds hold.
    public func record(duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        recordNanoseconds(overflow || carry ? (seconds < 0 ? .min : .max) : sum)
    }

    /// Runs `body` and records how long it took, also when it throws.
    ///
    /// - Parameters:
    ///   - clock: What measures the time.
    ///   - body: The work.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    public func measure<Success, Failure: Error, C: Clock>(
        clock: C,
        body: () throws(Failure) -> Success
    ) throws(Failure) -> Success where C.Duration == Duration {
        let start = clock.now
        defer { record(duration: start.duration(to: clock.now)) }
        return try body()
    }

    /// Tells the backend to forget this time series.
    public func destroy() { factory.destroyTimer(handler) }

    private func record(_ duration: some BinaryInteger, nanoseconds unit: Int64) {
        let clamped = Int64(clamping: duration)
        let (product, overflow) = clamped.multipliedReportingOverflow(by: unit)
        recordNanoseconds(overflow ? (clamped < 0 ? .min : .max) : product)
    }

    private func record(_ duration: some BinaryFloatingPoint, nanoseconds unit: Double) {
        let product = Double(duration) * unit
        guard !product.isNaN else { return }
        // 2^63 is the first double above what fits; every double below it converts.
        guard product.magnitude < 0x1p63 else { return recordNanoseconds(product < 0 ? Int64.min : Int64.max) }
        recordNanoseconds(Int64(product))
    }
}
