// SPDX-License-Identifier: Apache-2.0
// The table of all settings; every layer, message and listing comes from it.

import Agents
import QueueModel
import SystemKit

extension Setting {
    /// All settings, in the order in which they are shown.
    package static let all: [Setting] = [
        (.places, places), (.work, work), (.failures, failures), (.agents, agents), (.files, files),
        (.watching, watching),
    ].flatMap { (group: SettingGroup, rows: [Setting]) in rows.map { $0.inGroup(group) } }

    private static let byName: [String: Setting] = index { [$0.name] }
    private static let byFlag: [String: Setting] = index { $0.flags }
    private static let byKey: [String: Setting] = index { Array($0.keys) }

    private static func index(_ names: (Setting) -> [String]) -> [String: Setting] {
        var table: [String: Setting] = [:]
        for setting in all {
            for name in names(setting) { table[name] = setting }
        }
        return table
    }

    /// Finds a setting by its name.
    ///
    /// - Parameter name: the name of the variable, such as `MAX_RETRIES`.
    /// - Returns: the setting, or nil when there is none of that name.
    package static func named(_ name: String) -> Setting? { byName[name] }

    /// Finds a setting by its flag.
    ///
    /// - Parameter flag: the name of the flag, without the leading `--`.
    /// - Returns: the setting, or nil when no setting has that flag.
    package static func named(flag: String) -> Setting? { byFlag[flag] }

    /// Finds a setting by a key of the configuration file.
    static func named(key: String) -> Setting? { byKey[key] }

    private static let places: [Setting] = [
        .row("VIGIL_ROOT", \.root, .path("directory"), "The directory that everything lies under")
            .flag("root", "vigil-root")
            .defaultText("/shared when that exists, else $XDG_STATE_HOME/vigil")
            .example("/srv/vigil"),
        .row("VIGIL_CONFIG", \.configurationFile, ValueKind<String>.path("file").optional, "The configuration file")
            .flag("config", "vigil-config").outsideFile().defaultText("vigil.json5 when that exists"),
        .place("TASK_DIR", \.taskDirectory, "directory", default: "tasks", "The inboxes, one directory per worker"),
        .place("TRIGGER_DIR", \.triggerDirectory, "directory", default: "triggers", "Receipts and notifications"),
        .place("RESULT_DIR", \.resultDirectory, "directory", default: "results", "Results and the output of attempts"),
        .place("HEARTBEAT_DIR", \.heartbeatDirectory, "directory", default: "heartbeats", "The health of each worker"),
        .place("DLQ_DIR", \.deadLetterDirectory, "directory", default: "dlq", "Dead letters"),
        .place("PIPE_DIR", \.pipeDirectory, "directory", default: "pipes", "FIFOs for commands and events"),
        .place(
            "STATE_FILE",
            \.stateFile,
            "file",
            default: "orchestrator_state.json",
            "The orchestrator's snapshot, for people and scripts"
        ),
    ]

    private static let work: [Setting] = [
        .row("WORKERS", \.workers, .workers, "The workers that run and are watched"),
        .row(
            "MAX_CONCURRENT_TASKS",
            \.maxConcurrentTasks,
            .integer(WorkerSlots.range),
            "The most attempts at once, per worker"
        )
        .flag("max-concurrent-tasks", "max-concurrent").perWorker(),
        .row(
            "TASK_TIMEOUT",
            \.taskTimeout,
            .duration(.seconds(1) ... .seconds(86_400)),
            "The time limit of an attempt whose task has none"
        ).perWorker(),
        .row(
            "MAX_TASK_TIMEOUT",
            \.maxTaskTimeout,
            .duration(.seconds(1) ... .seconds(604_800)),
            "The longest time limit that a task may ask for"
        ).perWorker(),
        .row(
            "KILL_GRACE_SECONDS",
            \.killGrace,
            .duration(.zero ... .seconds(300)),
            "The time between SIGTERM and SIGKILL for an agent"
        ).perWorker(),
        .row(
            "DRAIN_TIMEOUT",
            \.drainTimeout,
            .duration(.zero ... .seconds(86_400)),
            "How long a stop waits before it leaves running attempts to their supervisors"
        ).perWorker(),
        .row(
            "PRIORITY_AGING_SECONDS",
            \.priorityAging,
            .durationOrOff(.seconds(1) ... .seconds(86_400)),
            "How long a task waits to gain one step of priority"
        ).perWorker(),
        .row(
            "RATE_LIMIT",
            \.rateLimit,
            ValueKind<RateLimit>.rateLimit.optional,
            "The most starts within a span of time, per worker"
        )
        .perWorker().example("20/1m"),
        .row(
            "DAILY_BUDGET_USD",
            \.dailyBudgetUSD,
            ValueKind<Double>.decimal(0...1_000_000, excludingLowest: true).optional,
            "The most that the agents may cost in a day, in US dollars"
        ).perWorker().example("25"),
    ]

    private static let failures: [Setting] = [
        .row("MAX_RETRIES", \.maxRetries, .integer(0...100), "How often a failed task is tried again").perWorker(),
        .row("RETRY_BACKOFF", \.retryBackoff, .decimal(1...10), "The factor between one retry's delay and the next")
            .perWorker(),
        .row(
            "INITIAL_RETRY_DELAY",
            \.initialRetryDelay,
            .duration(.milliseconds(10) ... .seconds(60)),
            "The delay before the first retry"
        ).perWorker(),
        .row(
            "MAX_RETRY_DELAY",
            \.maxRetryDelay,
            .duration(.seconds(1) ... .seconds(86_400)),
            "The longest delay before a retry"
        ).perWorker(),
        .row("RETRY_JITTER", \.retryJitter, .decimal(0...1), "The largest random change of a delay, as a fraction")
            .perWorker(),
        .row(
            "CIRCUIT_BREAKER_THRESHOLD",
            \.circuitBreakerThreshold,
            .integer(1...100),
            "How many failed attempts in a row stop all starts"
        ).perWorker(),
        .row(
            "CIRCUIT_BREAKER_TIMEOUT",
            \.circuitBreakerTimeout,
            .duration(.seconds(1) ... .seconds(3600)),
            "How long starts stay stopped before one is tried"
        ).perWorker(),
    ]

    private static let agents: [Setting] = [
        .row("CLAUDE_COMMAND", \.claudeCommand, .command, "The program of the built-in agent, with its first arguments")
            .perWorker().example("claude --model sonnet"),
        .row(
            "SYSTEM_PROMPT_FILE",
            \.systemPromptFile,
            ValueKind<String>.path("file").optional,
            "The file with the agent's system prompt"
        )
        .perWorker()
        .defaultText("prompts/<WORKER>.md when that exists")
        .example("prompts/everyone.md")
        .completed { settings in
            settings.systemPromptFile = settings.systemPromptFile.map { PathText.resolved($0, under: settings.root) }
        },
        .row("VIGIL_AGENT", \.agent, .agentName, "The agent profile of tasks that name none")
            .key("agent").flag("agent", "vigil-agent").perWorker(),
        .row(
            "AGENT_START_TIMEOUT",
            \.agentStartTimeout,
            .durationOrOff(.seconds(1) ... .seconds(86_400)),
            "How long an agent may take to show a sign of life after its start"
        ).perWorker(),
        .row(
            "AGENT_SILENCE_TIMEOUT",
            \.agentSilenceTimeout,
            .durationOrOff(.seconds(1) ... .seconds(86_400)),
            "How long an agent may neither print nor compute anything"
        ).perWorker(),
        .row(
            "AGENT_TOOL_TIMEOUT",
            \.agentToolTimeout,
            .durationOrOff(.seconds(1) ... .seconds(86_400)),
            "How long one call of an agent's tool may take"
        ).perWorker(),
        .row(
            "AGENT_RESULT_GRACE",
            \.agentResultGrace,
            .durationOrOff(.seconds(1) ... .seconds(86_400)),
            "How long an agent may stay after its result"
        ).perWorker(),
        .row("ALLOWED_CWD", \.allowedWorkingDirectories, .directories, "The directories in which tasks may ask to work")
            .perWorker().example("/srv/projects:/srv/sandbox"),
        .row(
            "VERIFY_ROUNDS",
            \.verifyRounds,
            .integer(0...20),
            "How often what a check found goes back to the agent"
        ).perWorker(),
    ]

    private static let files: [Setting] = [
        .row(
            "DURABILITY",
            \.durability,
            .choice([.full, .relaxed]),
            "Whether files are synced, to survive a power cut"
        ),
        .row(
            "MAX_TASK_BYTES",
            \.maxTaskBytes,
            .size(1 << 10...64 << 20),
            "The largest task file"
        ),
        .row(
            "MAX_RESULT_OUTPUT_BYTES",
            \.maxResultOutputBytes,
            .size(1 << 10...64 << 20),
            "The most output of one stream that a result holds"
        ).perWorker(),
        .row(
            "SETTLE_SECONDS",
            \.settleTime,
            .duration(.milliseconds(100) ... .seconds(60)),
            "How long a file that does not parse must be unchanged before it is judged"
        ),
        .row(
            "SCAN_INTERVAL",
            \.scanInterval,
            .duration(.seconds(1) ... .seconds(3600)),
            "The time between two scans, which make lost events harmless"
        ),
        .row(
            "POLL_INTERVAL",
            \.pollInterval,
            .duration(.milliseconds(100) ... .seconds(60)),
            "The time between two looks where events cannot be had"
        ),
        .row("LOCK_TIMEOUT", \.lockTimeout, .duration(.seconds(1) ... .seconds(300)), "How long a lock is waited for"),
        .row(
            "TRIGGER_RETENTION",
            \.triggerRetention,
            .duration(.seconds(3600) ... .seconds(365 * 86_400)),
            "The age at which notifications are removed"
        ),
    ]

    private static let watching: [Setting] = [
        .row(
            "HEARTBEAT_INTERVAL",
            \.heartbeatInterval,
            .duration(.seconds(1) ... .seconds(60)),
            "The time between two heartbeats"
        ),
        .row(
            "COMPLETION_TIMEOUT",
            \.completionTimeout,
            .duration(.seconds(10) ... .seconds(86_400)),
            "The age at which the orchestrator reports a task as overdue"
        ),
        .row("LOG_LEVEL", \.logLevel, .choice(LogLevel.allCases), "How much is logged").perWorker(),
        .row("LOG_FORMAT", \.logFormat, .choice(LogFormat.allCases), "How a log line looks"),
        .row("ENABLE_METRICS", \.enableMetrics, .boolean, "Whether metrics are served").perWorker(),
        .row(
            "METRICS_PORT",
            \.metricsPort,
            .integer(1024...65_535, or: 0, meaning: "any free port"),
            "The port of the metrics page"
        ).perWorker(),
        .row("API_PORT", \.apiPort, .integer(1024...65_535, or: 0, meaning: "any free port"), "The port of the API"),
        .row("API_BIND", \.apiBind, .bindAddress, "Where the API listens"),
        .row(
            "API_TLS_CERT",
            \.apiTLSCertificate,
            ValueKind<String>.path("file").optional,
            "The API's certificate (PEM)"
        ),
        .row("API_TLS_KEY", \.apiTLSKey, ValueKind<String>.path("file").optional, "The key of the API's certificate"),
        .row("REDIS_URL", \.redisURL, ValueKind<String>.redisURL.secret.optional, "The Redis server")
            .secret().example("redis://localhost:6379/0"),
    ]
}
