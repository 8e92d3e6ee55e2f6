// SPDX-License-Identifier: Apache-2.0
// Time series: the numbers behind counters, gauges and histograms.

import Metrics
import Synchronization

/// The numbers of one family for one set of labels.
protocol PrometheusSeries: AnyObject, Sendable {
    /// Appends the series' lines.
    func emit(into bytes: inout [UInt8])
}

/// Adds to a number that is kept as the bits of a double.
private func add(_ amount: Double, to bits: borrowing Atomic<UInt64>) {
    var old = bits.load(ordering: .relaxed)
    while true {
        let new = (Double(bitPattern: old) + amount).bitPattern
        let result = bits.compareExchange(expected: old, desired: new, ordering: .relaxed)
        if result.exchanged { return }
        old = result.original
    }
}

/// A number that only goes up; whole and fractional parts are counted apart, so that whole numbers stay exact.
final class CounterSeries: PrometheusSeries, CounterHandler, FloatingPointCounterHandler {
    private let prefix: [UInt8]
    private let whole = Atomic<Int64>(0)
    private let fractional = Atomic<UInt64>(0)

    init(name: String, labels: String) {
        prefix = seriesPrefix(name, labels)
    }

    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        whole.wrappingAdd(amount, ordering: .relaxed)
    }

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        add(amount, to: fractional)
    }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fractional.store(0, ordering: .relaxed)
    }

    func emit(into bytes: inout [UInt8]) {
        let fraction = Double(bitPattern: fractional.load(ordering: .relaxed))
        let count = whole.load(ordering: .relaxed)
        let text = fraction == 0 ? String(count) : PrometheusText.value(Double(count) + fraction)
        bytes.append(contentsOf: prefix)
        bytes.appendLine(text)
    }
}

/// A number that goes up and down.
final class GaugeSeries: PrometheusSeries, MeterHandler, RecorderHandler {
    private let prefix: [UInt8]
    private let bits = Atomic<UInt64>(0)

    init(name: String, labels: String) {
        prefix = seriesPrefix(name, labels)
    }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    func increment(by amount: Double) { add(amount, to: bits) }
    func decrement(by amount: Double) { add(-amount, to: bits) }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }

    func emit(into bytes: inout [UInt8]) {
        bytes.append(contentsOf: prefix)
        bytes.appendLine(PrometheusText.value(Double(bitPattern: bits.load(ordering: .relaxed))))
    }
}

/// How many values lie at or below each bound.
///
/// A lock, not atomics, so that a page never shows a sum and a count of different values.
final class HistogramSeries: PrometheusSeries, RecorderHandler, TimerHandler {
    private struct State {
        var counts: [Int64]
        var sum = 0.0
    }

    private let bounds: [Double]
    /// The beginnings of the lines: a bucket per bound and one for infinity, the sum, the count.
    private let prefixes: [[UInt8]]
    private let state: Mutex<State>

    init(name: String, labels: String, bounds: [Double]) {
        self.bounds = bounds
        let separator = labels.isEmpty ? "" : ","
        let buckets = (bounds + [.infinity]).map { bound in
            seriesPrefix(name + "_bucket", "\(labels)\(separator)le=\"\(PrometheusText.bound(bound))\"")
        }
        prefixes = buckets + [seriesPrefix(name + "_sum", labels), seriesPrefix(name + "_count", labels)]
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard !value.isNaN else { return }
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[bucket] &+= 1
            state.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func emit(into bytes: inout [UInt8]) {
        let snapshot = state.withLock { $0 }
        var total: Int64 = 0
        for (prefix, count) in zip(prefixes, snapshot.counts) {
            total &+= count
            bytes.append(contentsOf: prefix)
            bytes.appendLine(String(total))
        }
        bytes.append(contentsOf: prefixes[prefixes.count - 2])
        bytes.appendLine(PrometheusText.value(snapshot.sum))
        bytes.append(contentsOf: prefixes[prefixes.count - 1])
        bytes.appendLine(String(total))
    }
}

private func seriesPrefix(_ name: String, _ labels: String) -> [UInt8] {
    Array((labels.isEmpty ? "\(name) " : "\(name){\(labels)} ").utf8)
}

extension [UInt8] {
    fileprivate mutating func appendLine(_ text: String) {
        append(contentsOf: text.utf8)
        append(UInt8(ascii: "\n"))
    }
}
