// SPDX-License-Identifier: Apache-2.0
// What metrics hand to their backend.

import Metrics
import Synchronization
import Testing

/// Writes down every call it gets.
private final class JournalFactory: MetricsFactory, CounterHandler, FloatingPointCounterHandler, MeterHandler,
    RecorderHandler, TimerHandler
{
    private let journal = Mutex<[String]>([])
    var entries: [String] { journal.withLock { $0 } }
    private func note(_ entry: String) { journal.withLock { $0.append(entry) } }

    private func made(_ kind: String, _ label: String, _ dimensions: [(String, String)]) -> JournalFactory {
        note("make \(kind) \(label) \(dimensions.map { "\($0)=\($1)" }.joined(separator: ","))")
        return self
    }
    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        made("counter", label, dimensions)
    }
    func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler { made("float", label, dimensions) }
    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        made("meter", label, dimensions)
    }
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        made(aggregate ? "distribution" : "gauge", label, dimensions)
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        made("timer", label, dimensions)
    }

    func destroyCounter(_ handler: any CounterHandler) { note("destroy counter") }
    func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { note("destroy float") }
    func destroyMeter(_ handler: any MeterHandler) { note("destroy meter") }
    func destroyRecorder(_ handler: any RecorderHandler) { note("destroy recorder") }
    func destroyTimer(_ handler: any TimerHandler) { note("destroy timer") }

    func increment(by amount: Int64) { note("+\(amount)") }
    func increment(by amount: Double) { note("+\(amount)") }
    func decrement(by amount: Double) { note("-\(amount)") }
    func reset() { note("reset") }
    func set(_ value: Int64) { note("=\(value)") }
    func set(_ value: Double) { note("=\(value)") }
    func record(_ value: Int64) { note("r\(value)") }
    func record(_ value: Double) { note("r\(value)") }
    func recordNanoseconds(_ duration: Int64) { note("\(duration)ns") }
}

@Suite("Metrics reach their backend")
struct MetricsTests {
    private let backend = JournalFactory()

    @Test func counters() {
        let counter = Counter(label: "c", dimensions: [("worker", "marie")], factory: backend)
        counter.increment()
        counter.increment(by: UInt64.max)
        counter.reset()
        counter.destroy()
        #expect(
            backend.entries == [
                "make counter c worker=marie", "+1", "+9223372036854775807", "reset", "destroy counter",
            ]
        )
    }

    @Test func countersOfFractions() {
        let counter = FloatingPointCounter(label: "f", factory: backend)
        counter.increment(by: 0.25)
        counter.increment()
        counter.reset()
        counter.destroy()
        #expect(backend.entries == ["make float f ", "+0.25", "+1.0", "reset", "destroy float"])
    }

    @Test func meters() {
        let meter = Meter(label: "m", factory: backend)
        meter.set(3)
        meter.set(0.5)
        meter.increment()
        meter.increment(by: 2.5)
        meter.decrement()
        meter.decrement(by: 0.5)
        meter.destroy()
        #expect(backend.entries == ["make meter m ", "=3", "=0.5", "+1.0", "+2.5", "-1.0", "-0.5", "destroy meter"])
    }

    @Test func recordersAndGauges() {
        let recorder = Recorder(label: "r", factory: backend)
        recorder.record(2)
        recorder.record(2.5)
        recorder.destroy()
        let gauge = Gauge(label: "g", factory: backend)
        gauge.record(1)
        gauge.record(1.5)
        gauge.destroy()
        #expect(
            backend.entries == [
                "make distribution r ", "r2", "r2.5", "destroy recorder",
                "make gauge g ", "r1", "r1.5", "destroy recorder",
            ]
        )
    }

    @Test func timersTakeEveryUnit() {
        let timer = Timer(label: "t", factory: backend)
        timer.recordNanoseconds(1)
        timer.recordMicroseconds(2)
        timer.recordMilliseconds(3)
        timer.recordSeconds(4)
        timer.recordMicroseconds(0.5)
        timer.recordMilliseconds(0.5)
        timer.recordSeconds(0.5)
        timer.record(duration: .milliseconds(1500))
        timer.destroy()
        #expect(
            backend.entries == [
                "make timer t ", "1ns", "2000ns", "3000000ns", "4000000000ns", "500ns", "500000ns", "500000000ns",
                "1500000000ns", "destroy timer",
            ]
        )
    }

    @Test func durationsOutOfRangeAreClampedAndNeverTrap() {
        let timer = Timer(label: "t", factory: backend)
        timer.recordSeconds(Int.max)
        timer.recordSeconds(Int.min)
        timer.recordSeconds(1e300)
        timer.recordSeconds(-Double.infinity)
        timer.recordSeconds(Double.nan)
        timer.recordNanoseconds(UInt64.max)
        timer.record(duration: .seconds(Int64.max))
        timer.record(duration: .seconds(Int64.min))
        let max = "\(Int64.max)ns"
        let min = "\(Int64.min)ns"
        #expect(backend.entries == ["make timer t ", max, min, max, min, max, max, min])
    }

    @Test func measuringRecordsSuccessAndFailure() {
        struct Failed: Error {}
        let timer = Timer(label: "t", factory: backend)
        #expect(timer.measure(clock: StepClock()) { 42 } == 42)
        #expect(throws: Failed.self) { try timer.measure(clock: StepClock()) { () throws(Failed) in throw Failed() } }
        #expect(backend.entries == ["make timer t ", "1000000000ns", "1000000000ns"])
    }

    @Test func withoutBootstrapMetricsGoNowhere() {
        #expect(MetricsSystem.factory is NOOPMetricsHandler)
        Counter(label: "lost").increment()
        Meter(label: "lost").set(1)
        Timer(label: "lost").recordSeconds(1)
        Gauge(label: "lost").record(1)
    }

    @Test func bootstrappingTwiceIsAProgrammingError() async {
        await #expect(processExitsWith: .failure) {
            MetricsSystem.bootstrap(NOOPMetricsHandler.instance)
            MetricsSystem.bootstrap(NOOPMetricsHandler.instance)
        }
    }
}

/// A clock that moves on by one second whenever it is read.
private final class StepClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Self { Self(offset: offset + duration) }
        func duration(to other: Self) -> Duration { other.offset - offset }
        static func < (lhs: Self, rhs: Self) -> Bool { lhs.offset < rhs.offset }
    }

    private let reads = Atomic(0)
    var now: Instant { Instant(offset: .seconds(reads.wrappingAdd(1, ordering: .relaxed).newValue)) }
    var minimumResolution: Duration { .nanoseconds(1) }
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {}
}
