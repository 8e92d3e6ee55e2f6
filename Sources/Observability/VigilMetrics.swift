// SPDX-License-Identifier: Apache-2.0
// The metrics page of Vigil: names, types and help texts.

extension MetricFamily {
    /// All families of Vigil, in the order of the page.
    ///
    /// Their names, labels and bounds are part of the contract with
    /// whoever reads the page.
    package static let vigil: [MetricFamily] = [
        MetricFamily("watcher_build_info", .gauge, help: "Always 1; the labels tell what runs."),
        MetricFamily("watcher_tasks_processed_total", .counter, help: "Tasks that have ended, by status."),
        MetricFamily("watcher_tasks_failed_total", .counter, help: "Tasks that have ended without success, by reason."),
        MetricFamily("watcher_tasks_retried_total", .counter, help: "Attempts that followed a failed one."),
        MetricFamily("watcher_tasks_dead_lettered_total", .counter, help: "Dead letters, by reason."),
        MetricFamily(
            "watcher_status_lines_missed_total",
            .counter,
            help: "Lines of the status pipe that no reader took."
        ),
        MetricFamily(
            "watcher_task_duration_seconds",
            .histogram(buckets: [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600]),
            help: "How long attempts took."
        ),
        MetricFamily(
            "watcher_task_queue_seconds",
            .histogram(buckets: [0.01, 0.1, 1, 10, 60, 300, 600, 1800, 3600, 21600, 86400]),
            help: "How long tasks waited between acceptance and start."
        ),
        MetricFamily(
            "watcher_detection_seconds",
            .histogram(buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30]),
            help: "How long complete task files waited for their claim."
        ),
        MetricFamily("watcher_task_queue_size", .gauge, help: "Tasks that are queued or waiting."),
        MetricFamily("watcher_active_tasks", .gauge, help: "Tasks that are running."),
        MetricFamily("watcher_circuit_breaker_state", .gauge, help: "0 closed, 1 open, 2 half-open."),
        MetricFamily("watcher_notifications_total", .counter, help: "Notifications written, by type of event."),
        MetricFamily("watcher_notifications_pending", .gauge, help: "Events whose notification is not on disk yet."),
        MetricFamily("watcher_events_missed_total", .counter, help: "Events that no reader of a pipe has taken."),
        MetricFamily("watcher_worker_healthy", .gauge, help: "1 while the worker's heartbeats come and are good."),
        MetricFamily("watcher_agent_cost_usd_total", .counter, help: "What agents say they have cost, in US dollars."),
        MetricFamily(
            "watcher_agent_cost_today_usd",
            .gauge,
            help: "What agents have cost since midnight (UTC), those that run included."
        ),
        MetricFamily("watcher_attempts_ended_total", .counter, help: "Attempts that a limit has ended, by limit."),
        MetricFamily("watcher_agent_tokens_total", .counter, help: "Tokens that agents say they have used, by kind."),
        MetricFamily("watcher_checks_total", .counter, help: "Checks of agents' work that have ended, by outcome."),
    ]
}
