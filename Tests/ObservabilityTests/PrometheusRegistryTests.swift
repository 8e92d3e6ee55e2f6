// SPDX-License-Identifier: Apache-2.0
// What makes up a metrics page.

import Metrics
import Observability
import Testing

private func page(_ registry: PrometheusRegistry) -> String {
    var bytes: [UInt8] = []
    registry.emit(into: &bytes)
    return String(decoding: bytes, as: UTF8.self)
}

@Suite("The Prometheus registry")
struct PrometheusRegistryTests {
    private let registry = PrometheusRegistry(families: [
        MetricFamily("jobs_total", .counter, help: "Jobs, \"all\" of them\\\nand more."),
        MetricFamily("wait_seconds", .histogram(buckets: [0.5, 2]), help: "Waiting."),
        MetricFamily("unused", .gauge, help: "Never shown."),
    ])

    @Test func anEmptyRegistryHasAnEmptyPage() {
        #expect(page(registry) == "")
    }

    @Test func countersCountWholeNumbersAndFractions() {
        let counter = Counter(label: "jobs_total", factory: registry)
        counter.increment()
        counter.increment(by: 41)
        counter.increment(by: -5)
        #expect(
            page(registry) == """
                # HELP jobs_total Jobs, "all" of them\\\\\\nand more.
                # TYPE jobs_total counter
                jobs_total 42

                """
        )
        let same = FloatingPointCounter(label: "jobs_total", factory: registry)
        same.increment(by: 0.25)
        same.increment(by: Double.nan)
        same.increment(by: -1.0)
        #expect(page(registry).hasSuffix("\njobs_total 42.25\n"))
        counter.reset()
        #expect(page(registry).hasSuffix("\njobs_total 0\n"))
    }

    @Test func theSameNameAndLabelsAreTheSameSeriesInWhateverOrder() {
        Counter(label: "jobs_total", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
        Counter(label: "jobs_total", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment()
        #expect(page(registry).hasSuffix("counter\njobs_total{a=\"1\",b=\"2\"} 2\n"))
        let first = registry.makeTimer(label: "wait_seconds", dimensions: [])
        #expect(first === registry.makeRecorder(label: "wait_seconds", dimensions: [], aggregate: true))
    }

    @Test func labelsAreEscapedAndSeriesSorted() {
        for name in ["b", "a\"\\\n", "é"] {
            Counter(label: "jobs_total", dimensions: [("worker name", name)], factory: registry).increment()
        }
        #expect(
            page(registry).hasSuffix(
                #"jobs_total{worker_name="a\"\\\n"} 1"# + "\njobs_total{worker_name=\"b\"} 1\n"
                    + "jobs_total{worker_name=\"é\"} 1\n"
            )
        )
    }

    @Test func histogramsCumulateTheirBuckets() {
        let timer = Timer(label: "wait_seconds", dimensions: [("worker", "marie")], factory: registry)
        timer.recordMilliseconds(500)
        timer.recordSeconds(1)
        timer.recordSeconds(3)
        let recorder = Recorder(label: "wait_seconds", dimensions: [("worker", "marie")], factory: registry)
        recorder.record(0.25)
        recorder.record(Double.nan)
        #expect(
            page(registry) == """
                # HELP wait_seconds Waiting.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{worker="marie",le="0.5"} 2
                wait_seconds_bucket{worker="marie",le="2.0"} 3
                wait_seconds_bucket{worker="marie",le="+Inf"} 4
                wait_seconds_sum{worker="marie"} 4.75
                wait_seconds_count{worker="marie"} 4

                """
        )
    }

    @Test func gaugesMoveInBothDirections() {
        let meter = Meter(label: "level", factory: registry)
        meter.set(10)
        meter.increment()
        meter.decrement(by: 0.5)
        #expect(page(registry) == "# TYPE level gauge\nlevel 10.5\n")
        Gauge(label: "level", factory: registry).record(-Double.infinity)
        #expect(page(registry) == "# TYPE level gauge\nlevel -Inf\n")
        meter.set(Double.nan)
        #expect(page(registry) == "# TYPE level gauge\nlevel NaN\n")
    }

    @Test func undeclaredFamiliesComeLastUnderAValidName() {
        Counter(label: "9 lives.total", factory: registry).increment()
        Counter(label: "jobs_total", factory: registry).increment()
        let text = page(registry)
        #expect(
            text.hasPrefix("# HELP jobs_total") && text.hasSuffix("# TYPE __lives_total counter\n__lives_total 1\n")
        )
    }

    @Test func aDestroyedSeriesLeavesThePage() {
        let counter = Counter(label: "jobs_total", dimensions: [("worker", "marie")], factory: registry)
        let timer = Timer(label: "wait_seconds", factory: registry)
        timer.destroy()
        counter.destroy()
        counter.increment()
        #expect(page(registry) == "")
    }

    @Test func updatesFromManyThreadsAreAllCounted() async {
        let registry = registry
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let counter = FloatingPointCounter(label: "jobs_total", factory: registry)
                    let meter = Meter(label: "level", factory: registry)
                    let timer = Timer(label: "wait_seconds", factory: registry)
                    for _ in 0..<1_000 {
                        counter.increment(by: 0.5)
                        meter.increment()
                        timer.recordSeconds(1)
                    }
                }
            }
        }
        let text = page(registry)
        #expect(text.contains("\njobs_total 4000\n") && text.contains("\nlevel 8000\n"))
        #expect(text.contains("\nwait_seconds_sum 8000\nwait_seconds_count 8000\n"))
    }

    @Test func mistakesInDeclarationsEndTheProgram() async {
        await #expect(processExitsWith: .failure) {
            let registry = PrometheusRegistry(families: [MetricFamily("x", .counter, help: "")])
            _ = Meter(label: "x", factory: registry)
        }
        await #expect(processExitsWith: .failure) {
            let family = MetricFamily("x", .counter, help: "")
            _ = PrometheusRegistry(families: [family, family])
        }
        await #expect(processExitsWith: .failure) {
            _ = MetricFamily("x", .histogram(buckets: [2, 1]), help: "")
        }
    }
}
