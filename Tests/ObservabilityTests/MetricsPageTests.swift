// SPDX-License-Identifier: Apache-2.0
// The metrics page of Vigil, to the letter.

import Metrics
import Observability
import SystemKit
import Testing

@Suite("The metrics page")
struct MetricsPageTests {
    /// Updates every metric in the way a worker and an orchestrator do.
    private func work(with registry: PrometheusRegistry) {
        let worker = ("worker", "marie")
        func count(_ name: String, _ labels: (String, String)...) {
            Counter(label: name, dimensions: labels, factory: registry).increment()
        }
        count("watcher_tasks_processed_total", worker, ("status", "completed"))
        count("watcher_tasks_processed_total", worker, ("status", "failed"))
        count("watcher_tasks_failed_total", worker, ("reason", "timeout"))
        count("watcher_tasks_retried_total", worker)
        count("watcher_tasks_dead_lettered_total", worker, ("reason", "max_retries_exceeded"))
        count("watcher_status_lines_missed_total", worker)
        Timer(label: "watcher_task_duration_seconds", dimensions: [worker], factory: registry).recordSeconds(45.2)
        Timer(label: "watcher_task_queue_seconds", dimensions: [worker], factory: registry).recordMilliseconds(20)
        Timer(label: "watcher_detection_seconds", dimensions: [worker], factory: registry).recordMicroseconds(900)
        Meter(label: "watcher_task_queue_size", dimensions: [worker], factory: registry).set(7)
        Meter(label: "watcher_active_tasks", dimensions: [worker], factory: registry).set(3)
        Meter(label: "watcher_circuit_breaker_state", dimensions: [worker], factory: registry).set(2)
        count("watcher_notifications_total", ("event_type", "task_completed"))
        Meter(label: "watcher_notifications_pending", factory: registry).set(5)
        count("watcher_events_missed_total", ("pipe", "orchestrator"))
        Meter(label: "watcher_worker_healthy", dimensions: [worker], factory: registry).set(1)
        FloatingPointCounter(label: "watcher_agent_cost_usd_total", dimensions: [worker], factory: registry)
            .increment(by: 0.125)
        Gauge(label: "watcher_agent_cost_today_usd", dimensions: [worker], factory: registry).record(0.25)
        count("watcher_attempts_ended_total", worker, ("limit", "silence"))
        Counter(label: "watcher_agent_tokens_total", dimensions: [worker, ("kind", "input")], factory: registry)
            .increment(by: 1200)
        count("watcher_checks_total", worker, ("outcome", "passed"))
        Gauge(label: "watcher_build_info", dimensions: [("version", "1.0.0")], factory: registry).record(1)
    }

    @Test func everyMetricIsThereUnderItsNameTypeAndLabels() {
        let registry = PrometheusRegistry(families: MetricFamily.vigil)
        work(with: registry)
        var bytes: [UInt8] = []
        registry.emit(into: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == Self.golden)
        let shown = Self.golden.split(separator: "\n").count { $0.hasPrefix("# TYPE ") }
        #expect(shown == MetricFamily.vigil.count)
    }

    @Test func theProcessDescribesItself() throws {
        var bytes: [UInt8] = []
        ProcessMetrics().emit(into: &bytes)
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let types = lines.filter { $0.hasPrefix("# TYPE ") }.map { String($0.dropFirst(7)) }
        #expect(
            types == [
                "process_cpu_seconds_total counter", "process_resident_memory_bytes gauge",
                "process_start_time_seconds gauge", "process_open_fds gauge", "process_max_fds gauge",
                "process_threads gauge",
            ]
        )
        var values: [String: Double] = [:]
        for line in lines where !line.hasPrefix("#") {
            let fields = line.split(separator: " ")
            values[String(fields[0])] = Double(fields[1])
        }
        #expect(values.count == 6 && values.values.allSatisfy { $0 > 0 })
        let now = Double(WallClock.system.nowMilliseconds) / 1000
        let start = try #require(values["process_start_time_seconds"])
        // The test process is young; the boot time in /proc is rounded to a second.
        #expect((now - 3600...now + 2).contains(start))
    }

    @Test func theMediaTypeNamesTheFormat() {
        #expect(PrometheusText.contentType == "text/plain; version=0.0.4; charset=utf-8")
    }

    private static let golden = """
        # HELP watcher_build_info Always 1; the labels tell what runs.
        # TYPE watcher_build_info gauge
        watcher_build_info{version="1.0.0"} 1
        # HELP watcher_tasks_processed_total Tasks that have ended, by status.
        # TYPE watcher_tasks_processed_total counter
        watcher_tasks_processed_total{status="completed",worker="marie"} 1
        watcher_tasks_processed_total{status="failed",worker="marie"} 1
        # HELP watcher_tasks_failed_total Tasks that have ended without success, by reason.
        # TYPE watcher_tasks_failed_total counter
        watcher_tasks_failed_total{reason="timeout",worker="marie"} 1
        # HELP watcher_tasks_retried_total Attempts that followed a failed one.
        # TYPE watcher_tasks_retried_total counter
        watcher_tasks_retried_total{worker="marie"} 1
        # HELP watcher_tasks_dead_lettered_total Dead letters, by reason.
        # TYPE watcher_tasks_dead_lettered_total counter
        watcher_tasks_dead_lettered_total{reason="max_retries_exceeded",worker="marie"} 1
        # HELP watcher_status_lines_missed_total Lines of the status pipe that no reader took.
        # TYPE watcher_status_lines_missed_total counter
        watcher_status_lines_missed_total{worker="marie"} 1
        # HELP watcher_task_duration_seconds How long attempts took.
        # TYPE watcher_task_duration_seconds histogram
        watcher_task_duration_seconds_bucket{worker="marie",le="1.0"} 0
        watcher_task_duration_seconds_bucket{worker="marie",le="5.0"} 0
        watcher_task_duration_seconds_bucket{worker="marie",le="10.0"} 0
        watcher_task_duration_seconds_bucket{worker="marie",le="30.0"} 0
        watcher_task_duration_seconds_bucket{worker="marie",le="60.0"} 1
        watcher_task_duration_seconds_bucket{worker="marie",le="120.0"} 1
        watcher_task_duration_seconds_bucket{worker="marie",le="300.0"} 1
        watcher_task_duration_seconds_bucket{worker="marie",le="600.0"} 1
        watcher_task_duration_seconds_bucket{worker="marie",le="1800.0"} 1
        watcher_task_duration_seconds_bucket{worker="marie",le="3600.0"} 1
        watcher_task_duration_seconds_bucket{worker="marie",le="+Inf"} 1
        watcher_task_duration_seconds_sum{worker="marie"} 45.2
        watcher_task_duration_seconds_count{worker="marie"} 1
        # HELP watcher_task_queue_seconds How long tasks waited between acceptance and start.
        # TYPE watcher_task_queue_seconds histogram
        watcher_task_queue_seconds_bucket{worker="marie",le="0.01"} 0
        watcher_task_queue_seconds_bucket{worker="marie",le="0.1"} 1
        watcher_task_queue_seconds_bucket{worker="marie",le="1.0"} 1
        watcher_task_queue_seconds_bucket{worker="marie",le="10.0"} 1
        watcher_task_queue_seconds_bucket{worker="marie",le="60.0"} 1
        watcher_task_queue_seconds_bucket{worker="marie",le="300.0"} 1
        watcher_task_queue_seconds_bucket{worker="marie",le="600.0"} 1
        watcher_task_queue_seconds_bucket{worker="marie",le="1800.0"} 1
        watcher_task_queue_seconds_bucket{worker="marie",le="3600.0"} 1
        watcher_task_queue_seconds_bucket{worker="marie",le="21600.0"} 1
        watcher_task_queue_seconds_bucket{worker="marie",le="86400.0"} 1
        watcher_task_queue_seconds_bucket{worker="marie",le="+Inf"} 1
        watcher_task_queue_seconds_sum{worker="marie"} 0.02
        watcher_task_queue_seconds_count{worker="marie"} 1
        # HELP watcher_detection_seconds How long complete task files waited for their claim.
        # TYPE watcher_detection_seconds histogram
        watcher_detection_seconds_bucket{worker="marie",le="0.001"} 1
        watcher_detection_seconds_bucket{worker="marie",le="0.0025"} 1
        watcher_detection_seconds_bucket{worker="marie",le="0.005"} 1
        watcher_detection_seconds_bucket{worker="marie",le="0.01"} 1
        watcher_detection_seconds_bucket{worker="marie",le="0.025"} 1
        watcher_detection_seconds_bucket{worker="marie",le="0.05"} 1
        watcher_detection_seconds_bucket{worker="marie",le="0.1"} 1
        watcher_detection_seconds_bucket{worker="marie",le="0.5"} 1
        watcher_detection_seconds_bucket{worker="marie",le="1.0"} 1
        watcher_detection_seconds_bucket{worker="marie",le="5.0"} 1
        watcher_detection_seconds_bucket{worker="marie",le="30.0"} 1
        watcher_detection_seconds_bucket{worker="marie",le="+Inf"} 1
        watcher_detection_seconds_sum{worker="marie"} 0.0009
        watcher_detection_seconds_count{worker="marie"} 1
        # HELP watcher_task_queue_size Tasks that are queued or waiting.
        # TYPE watcher_task_queue_size gauge
        watcher_task_queue_size{worker="marie"} 7
        # HELP watcher_active_tasks Tasks that are running.
        # TYPE watcher_active_tasks gauge
        watcher_active_tasks{worker="marie"} 3
        # HELP watcher_circuit_breaker_state 0 closed, 1 open, 2 half-open.
        # TYPE watcher_circuit_breaker_state gauge
        watcher_circuit_breaker_state{worker="marie"} 2
        # HELP watcher_notifications_total Notifications written, by type of event.
        # TYPE watcher_notifications_total counter
        watcher_notifications_total{event_type="task_completed"} 1
        # HELP watcher_notifications_pending Events whose notification is not on disk yet.
        # TYPE watcher_notifications_pending gauge
        watcher_notifications_pending 5
        # HELP watcher_events_missed_total Events that no reader of a pipe has taken.
        # TYPE watcher_events_missed_total counter
        watcher_events_missed_total{pipe="orchestrator"} 1
        # HELP watcher_worker_healthy 1 while the worker's heartbeats come and are good.
        # TYPE watcher_worker_healthy gauge
        watcher_worker_healthy{worker="marie"} 1
        # HELP watcher_agent_cost_usd_total What agents say they have cost, in US dollars.
        # TYPE watcher_agent_cost_usd_total counter
        watcher_agent_cost_usd_total{worker="marie"} 0.125
        # HELP watcher_agent_cost_today_usd What agents have cost since midnight (UTC), those that run included.
        # TYPE watcher_agent_cost_today_usd gauge
        watcher_agent_cost_today_usd{worker="marie"} 0.25
        # HELP watcher_attempts_ended_total Attempts that a limit has ended, by limit.
        # TYPE watcher_attempts_ended_total counter
        watcher_attempts_ended_total{limit="silence",worker="marie"} 1
        # HELP watcher_agent_tokens_total Tokens that agents say they have used, by kind.
        # TYPE watcher_agent_tokens_total counter
        watcher_agent_tokens_total{kind="input",worker="marie"} 1200
        # HELP watcher_checks_total Checks of agents' work that have ended, by outcome.
        # TYPE watcher_checks_total counter
        watcher_checks_total{outcome="passed",worker="marie"} 1

        """
}
