// SPDX-License-Identifier: Apache-2.0
// All settings with their types; the initial value of a property is the setting's default.

package import Agents
package import QueueModel
package import SystemKit

/// Everything that can be set, checked and with its defaults filled in.
package struct VigilSettings: Equatable, Sendable {
    // MARK: Places

    /// The directory that everything lies under unless it is moved; an absolute path.
    package var root = ""
    /// The configuration file that was read; nil when there is none.
    package var configurationFile: String?
    /// The inboxes, one directory per worker; an absolute path, as all that follow.
    package var taskDirectory = ""
    /// Receipts and notifications.
    package var triggerDirectory = ""
    /// The final results.
    package var resultDirectory = ""
    /// The health of each worker.
    package var heartbeatDirectory = ""
    /// The dead letters.
    package var deadLetterDirectory = ""
    /// The FIFOs.
    package var pipeDirectory = ""
    /// The orchestrator's snapshot.
    package var stateFile = ""

    // MARK: Work

    /// The workers, in order and without repeats.
    package var workers = VigilSettings.defaultWorkers
    /// The most attempts that one worker runs at once.
    package var maxConcurrentTasks = 3
    /// The time limit of an attempt whose task has none.
    package var taskTimeout: Duration = .seconds(600)
    /// The longest time limit that a task may ask for.
    package var maxTaskTimeout: Duration = .seconds(86_400)
    /// The time between SIGTERM and SIGKILL.
    package var killGrace: Duration = .seconds(10)
    /// How long a stop waits before it hands running attempts over to their supervisors.
    package var drainTimeout: Duration = .seconds(60)
    /// How long a waiting task takes to gain one step of priority; nil when it never does.
    package var priorityAging: Duration? = .seconds(60)
    /// The most starts within a span of time; nil for no limit.
    package var rateLimit: RateLimit?
    /// The most that the agents may cost in a day, in US dollars; nil for no limit.
    package var dailyBudgetUSD: Double?

    // MARK: Failures

    /// How often a failed task is tried again.
    package var maxRetries = 3
    /// By what factor the delay grows from one retry to the next.
    package var retryBackoff = 2.0
    /// The delay before the first retry.
    package var initialRetryDelay: Duration = .seconds(1)
    /// The longest delay before a retry.
    package var maxRetryDelay: Duration = .seconds(300)
    /// The largest random change of a delay, as a fraction of it.
    package var retryJitter = 0.0
    /// How many failed attempts in a row stop the starts.
    package var circuitBreakerThreshold = 5
    /// How long the starts stay stopped before one is tried.
    package var circuitBreakerTimeout: Duration = .seconds(60)

    // MARK: Agents

    /// The program of the built-in profile and its first arguments.
    package var claudeCommand = ["claude"]
    /// The file with the system prompt; nil for none.
    package var systemPromptFile: String?
    /// The profile of tasks that name none.
    package var agent = AgentProfile.defaultName
    /// All profiles: the built-in one, and those of the configuration file.
    package var agents: [AgentName: AgentProfile] = [:]
    /// How long an agent may take to show a sign of life after its start; nil when for ever.
    package var agentStartTimeout: Duration? = .seconds(120)
    /// How long an agent may neither say nor compute anything; nil when for ever.
    package var agentSilenceTimeout: Duration? = .seconds(600)
    /// How long one call of an agent's tool may take; nil when for ever.
    package var agentToolTimeout: Duration? = .seconds(1800)
    /// How long an agent may stay after its result; nil when for ever.
    package var agentResultGrace: Duration? = .seconds(30)
    /// The checks that profiles and tasks can name.
    package var checks: [CheckName: Check] = [:]
    /// How often what a check found goes back to the agent.
    package var verifyRounds = 2
    /// The directories in which a task may ask to work; none of them when empty.
    package var allowedWorkingDirectories: [String] = []

    // MARK: Files

    /// Whether files are synced.
    package var durability = Durability.full
    /// How long a file that does not parse must be unchanged before it is judged.
    package var settleTime: Duration = .seconds(2)
    /// The time between two scans of an inbox.
    package var scanInterval: Duration = .seconds(30)
    /// The time between two looks where the kernel cannot report changes.
    package var pollInterval: Duration = .milliseconds(500)
    /// How long a lock is waited for.
    package var lockTimeout: Duration = .seconds(30)
    /// The largest task file, in bytes.
    package var maxTaskBytes = 1 << 20
    /// The most output of one stream that a result holds, in bytes.
    package var maxResultOutputBytes = 1 << 20
    /// The age at which notifications are removed.
    package var triggerRetention: Duration = .seconds(7 * 86_400)

    // MARK: Watching

    /// The time between two heartbeats.
    package var heartbeatInterval: Duration = .seconds(10)
    /// The age at which the orchestrator reports a task as overdue.
    package var completionTimeout: Duration = .seconds(600)
    /// How much is logged.
    package var logLevel = LogLevel.info
    /// How a log line looks.
    package var logFormat = LogFormat.json
    /// Whether metrics are served.
    package var enableMetrics = true
    /// The port of the metrics page; 0 for any free one.
    package var metricsPort = 9090
    /// The port of the API; 0 for any free one.
    package var apiPort = 9180
    /// Where the API listens.
    package var apiBind = BindAddress.host("127.0.0.1")
    /// The file with the API's certificate; nil without TLS.
    package var apiTLSCertificate: String?
    /// The file with its key; nil without TLS.
    package var apiTLSKey: String?
    /// The Redis server, which may hold a password; nil for none.
    package var redisURL: Secret<String>?

    /// Makes settings with every default, and no places yet.
    package init() {}

    private static var defaultWorkers: [WorkerID] {
        // These names follow the rule of worker names, so nothing is lost; a test holds all three.
        ["marie", "anga", "fabien"].compactMap { try? WorkerID($0) }
    }
}

extension VigilSettings {
    /// The profile of that name, or of the worker's default when there is no name.
    ///
    /// - Parameter name: the name that the task gives.
    /// - Returns: the profile, or nil when there is none of that name.
    package func profile(named name: AgentName?) -> AgentProfile? { agents[name ?? agent] }
}
