// SPDX-License-Identifier: Apache-2.0
// A flag for every setting of a daemon.

import ArgumentParser
import Settings

/// One option for each setting; the settings' own table judges the values.
struct SettingsOptions: ParsableArguments {
    @Option(help: "VIGIL_ROOT: the directory that everything lies under.")
    var root: String?
    @Option(help: "VIGIL_CONFIG: the configuration file.")
    var config: String?
    @Option(help: "TASK_DIR: the inboxes.")
    var taskDir: String?
    @Option(help: "TRIGGER_DIR: receipts and notifications.")
    var triggerDir: String?
    @Option(help: "RESULT_DIR: results and the output of attempts.")
    var resultDir: String?
    @Option(help: "HEARTBEAT_DIR: the health of each worker.")
    var heartbeatDir: String?
    @Option(help: "DLQ_DIR: dead letters.")
    var dlqDir: String?
    @Option(help: "PIPE_DIR: named pipes.")
    var pipeDir: String?
    @Option(help: "STATE_FILE: the orchestrator's snapshot.")
    var stateFile: String?
    @Option(help: "MAX_CONCURRENT_TASKS: the most attempts at once, 1 to 256.")
    var maxConcurrent: String?
    @Option(help: "TASK_TIMEOUT: an attempt's time limit when the task has none.")
    var taskTimeout: String?
    @Option(help: "MAX_TASK_TIMEOUT: the longest time limit that a task may ask for.")
    var maxTaskTimeout: String?
    @Option(help: "KILL_GRACE_SECONDS: the time between SIGTERM and SIGKILL.")
    var killGraceSeconds: String?
    @Option(help: "DRAIN_TIMEOUT: how long a stop waits for running attempts.")
    var drainTimeout: String?
    @Option(help: "PRIORITY_AGING_SECONDS: the wait worth one step of priority; 0: off.")
    var priorityAgingSeconds: String?
    @Option(help: "MAX_RETRIES: how often a failed task is tried again, 0 to 100.")
    var maxRetries: String?
    @Option(help: "RETRY_BACKOFF: the factor from one delay to the next, 1 to 10.")
    var retryBackoff: String?
    @Option(help: "INITIAL_RETRY_DELAY: the delay before the first retry.")
    var initialRetryDelay: String?
    @Option(help: "MAX_RETRY_DELAY: the longest delay before a retry.")
    var maxRetryDelay: String?
    @Option(help: "RETRY_JITTER: the random part of a delay, 0 to 1.")
    var retryJitter: String?
    @Option(help: "CIRCUIT_BREAKER_THRESHOLD: failed attempts in a row that stop the starts.")
    var circuitBreakerThreshold: String?
    @Option(help: "CIRCUIT_BREAKER_TIMEOUT: how long the starts stay stopped.")
    var circuitBreakerTimeout: String?
    @Option(help: "CLAUDE_COMMAND: the program of the built-in agent profile.")
    var claudeCommand: String?
    @Option(help: "SYSTEM_PROMPT_FILE: the file with the system prompt.")
    var systemPromptFile: String?
    @Option(help: "AGENT: the profile of tasks that name none.")
    var agent: String?
    @Option(help: "AGENT_START_TIMEOUT: how long an agent may take to show a sign of life.")
    var agentStartTimeout: String?
    @Option(help: "AGENT_SILENCE_TIMEOUT: how long an agent may neither print nor compute.")
    var agentSilenceTimeout: String?
    @Option(help: "AGENT_TOOL_TIMEOUT: how long one call of an agent's tool may take.")
    var agentToolTimeout: String?
    @Option(help: "AGENT_RESULT_GRACE: how long an agent may stay after its result.")
    var agentResultGrace: String?
    @Option(help: "ALLOWED_CWD: directories in which a task may ask to work, separated by ':'.")
    var allowedCwd: String?
    @Option(help: "DURABILITY: full, or relaxed for no syncs.")
    var durability: String?
    @Option(help: "SETTLE_SECONDS: how long an unreadable file must rest before it is judged.")
    var settleSeconds: String?
    @Option(help: "SCAN_INTERVAL: the time between two scans of an inbox.")
    var scanInterval: String?
    @Option(help: "POLL_INTERVAL: the time between two looks where there are no events.")
    var pollInterval: String?
    @Option(help: "MAX_TASK_BYTES: the largest task file.")
    var maxTaskBytes: String?
    @Option(help: "MAX_RESULT_OUTPUT_BYTES: the most output that a result holds.")
    var maxResultOutputBytes: String?
    @Option(help: "HEARTBEAT_INTERVAL: the time between two heartbeats.")
    var heartbeatInterval: String?
    @Option(help: "COMPLETION_TIMEOUT: the age at which the orchestrator reports a task.")
    var completionTimeout: String?
    @Option(help: "TRIGGER_RETENTION: the age at which notifications are removed.")
    var triggerRetention: String?
    @Option(help: "LOG_LEVEL: DEBUG, INFO, WARNING, ERROR or CRITICAL.")
    var logLevel: String?
    @Option(help: "LOG_FORMAT: json or text.")
    var logFormat: String?
    @Option(help: "ENABLE_METRICS: whether metrics and health are served.")
    var enableMetrics: String?
    @Option(help: "METRICS_PORT: the port of metrics and health; 0: any free one.")
    var metricsPort: String?

    /// What was given, by the names that the table knows.
    /// - Returns: The flags for the loader.
    func flags() -> SettingsFlags {
        var flags = SettingsFlags()
        for child in Mirror(reflecting: self).children {
            guard let label = child.label, let option = child.value as? Option<String?>, let value = option.wrappedValue
            else { continue }
            let flag = label.drop { $0 == "_" }.reduce(into: "") { text, letter in
                text += letter.isUppercase ? "-" + letter.lowercased() : String(letter)
            }
            let isKnown = flags.set(value, for: flag)
            precondition(isKnown, "an option without a setting")
        }
        return flags
    }
}
