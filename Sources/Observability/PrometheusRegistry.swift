// SPDX-License-Identifier: Apache-2.0
// The metrics of the process and the page that shows them.

package import Metrics
import Synchronization

/// Keeps the metrics of the process and writes them as a metrics page.
///
/// A family has one type. Asking for another one is a mistake in this program and ends it. The same name with the same
/// labels, in whatever order, is the same time series.
package final class PrometheusRegistry: MetricsFactory {
    private struct Family {
        let description: MetricFamily
        let header: [UInt8]
        /// The time series by their labels.
        var series: [String: any PrometheusSeries] = [:]

        init(_ description: MetricFamily) {
            self.description = description
            header = Array(PrometheusText.header(description).utf8)
        }
    }

    private struct State {
        /// In the order of the page.
        var families: [Family] = []
        var indices: [String: Int] = [:]

        mutating func index(of name: String, undeclared kind: MetricFamily.Kind) -> Int {
            if let index = indices[name] { return index }
            return add(MetricFamily(name, kind, help: ""))
        }

        @discardableResult
        mutating func add(_ family: MetricFamily) -> Int {
            precondition(indices[family.name] == nil, "the metric \(family.name) is declared twice")
            indices[family.name] = families.count
            families.append(Family(family))
            return families.count - 1
        }
    }

    private let state = Mutex(State())

    /// Creates a registry.
    ///
    /// - Parameter families: What the page says about each name, in the order of the page; names that are not among
    ///   them come last, without a help text.
    package init(families: [MetricFamily]) {
        state.withLock { state in
            for family in families { state.add(family) }
        }
    }

    /// Appends the page: every family that has a time series.
    ///
    /// - Parameter bytes: Where the page is appended.
    package func emit(into bytes: inout [UInt8]) {
        // A copy, so that nobody who makes a metric waits for the page.
        let families = state.withLock { $0.families }
        for family in families where !family.series.isEmpty {
            bytes.append(contentsOf: family.header)
            for (_, series) in family.series.sorted(by: { $0.key < $1.key }) { series.emit(into: &bytes) }
        }
    }
}

extension PrometheusRegistry {
    /// Makes or finds a counter.
    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions)
    }

    /// Makes or finds a counter.
    package func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler { counter(label, dimensions) }

    /// Makes or finds a gauge.
    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    /// Makes or finds a histogram, or a gauge when values are not aggregated.
    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate ? histogram(label, dimensions) : gauge(label, dimensions)
    }

    /// Makes or finds a histogram of seconds.
    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions)
    }

    /// Takes a counter off the page.
    package func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    /// Takes a counter off the page.
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    /// Takes a gauge off the page.
    package func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    /// Takes a histogram or gauge off the page.
    package func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    /// Takes a histogram off the page.
    package func destroyTimer(_ handler: any TimerHandler) { remove(handler) }
}

extension PrometheusRegistry {
    private func counter(_ name: String, _ labels: [(String, String)]) -> CounterSeries {
        series(name, labels, undeclared: .counter) { kind, name, labels in
            kind == .counter ? CounterSeries(name: name, labels: labels) : nil
        }
    }

    private func gauge(_ name: String, _ labels: [(String, String)]) -> GaugeSeries {
        series(name, labels, undeclared: .gauge) { kind, name, labels in
            kind == .gauge ? GaugeSeries(name: name, labels: labels) : nil
        }
    }

    private func histogram(_ name: String, _ labels: [(String, String)]) -> HistogramSeries {
        series(name, labels, undeclared: .undeclaredHistogram) { kind, name, labels in
            guard case .histogram(let buckets) = kind else { return nil }
            return HistogramSeries(name: name, labels: labels, bounds: buckets)
        }
    }

    /// Finds a series or makes it; `make` returns nil when the family is of another type.
    private func series<Series: PrometheusSeries>(
        _ name: String,
        _ labels: [(String, String)],
        undeclared kind: MetricFamily.Kind,
        make: (MetricFamily.Kind, String, String) -> Series?
    ) -> Series {
        let name = PrometheusText.name(name)
        let labels = PrometheusText.labels(labels)
        return state.withLock { state in
            let index = state.index(of: name, undeclared: kind)
            if let known = state.families[index].series[labels] as? Series { return known }
            let family = state.families[index].description
            guard let new = make(family.kind, name, labels) else {
                preconditionFailure("the metric \(name) is a \(family.kind.name) and cannot be a \(kind.name)")
            }
            state.families[index].series[labels] = new
            return new
        }
    }

    private func remove(_ handler: AnyObject) {
        state.withLock { state in
            for index in state.families.indices {
                state.families[index].series = state.families[index].series.filter { $0.value !== handler }
            }
        }
    }
}
