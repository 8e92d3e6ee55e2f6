// SPDX-License-Identifier: Apache-2.0
// What a worker is told at start, and again at a reload.

package import Agents
package import FileQueue
package import QueueModel
package import Resilience

/// Everything that decides how one worker works.
package struct WorkerConfiguration: Sendable {
    /// The worker's name.
    package var worker: WorkerID
    /// The root directory, as agents see it in `VIGIL_ROOT`.
    package var root: String
    /// The queue directories.
    package var locations: QueueLocations
    /// The program's version, for the heartbeat.
    package var version: String
    /// How many attempts may run at once.
    package var maxConcurrent: Int
    /// An attempt's time limit when the task names none.
    package var taskTimeout: Duration
    /// What may be in a task file.
    package var limits: TaskLimits
    /// Time between SIGTERM and SIGKILL.
    package var killGrace: Duration
    /// How long a stop waits for running attempts before it hands them over to their supervisors.
    package var drainTimeout: Duration
    /// Retries and their delays.
    package var retry: RetryPolicy
    /// Failed attempts in a row that open the circuit.
    package var breakerThreshold: Int
    /// How long the circuit stays open.
    package var breakerTimeout: Duration
    /// The most starts within a span of time; `nil`: no limit.
    package var rateLimit: (count: Int, interval: Duration)?
    /// The most that the agents may cost in a day, in US dollars; `nil`: no limit.
    package var dailyBudgetUSD: Double?
    /// Time between heartbeats.
    package var heartbeatInterval: Duration
    /// Waiting this long is worth one step of priority; zero: never.
    package var priorityAging: Duration
    /// How long a file that does not parse must be unchanged before it is judged.
    package var settleTime: Duration
    /// Time between scans that make lost events harmless.
    package var scanInterval: Duration
    /// Time between scans where the kernel reports no events.
    package var pollInterval: Duration
    /// The most of each output that goes into a result, in bytes.
    package var maxResultOutput: Int
    /// The most output of an attempt that is kept on disk, in bytes; 0: no limit.
    package var maxLogBytes: Int64
    /// Directories under which a task may choose its working directory.
    package var allowedWorkingDirectories: [String]
    /// The agents by name.
    package var profiles: [AgentName: AgentProfile] { didSet { chooseEnvironments() } }
    /// The agent of tasks that name none.
    package var defaultAgent: AgentName
    /// The checks by name.
    package var checks: [CheckName: Check]
    /// How often what a check found goes back to the agent, when the task does not say.
    package var verifyRounds: Int
    /// The file with this worker's system prompt.
    package var systemPromptFile: String?
    /// When an agent is taken for hung whose profile does not say.
    package var liveness: LivenessLimits
    /// The environment that agents get a part of.
    package var environment: [String: String] { didSet { chooseEnvironments() } }
    /// What of it reaches the agents of each profile; put together once, not for every attempt.
    private(set) var passedEnvironments: [AgentName: PassedEnvironment] = [:]
    /// The directory in which agents run when neither task nor profile says where.
    package var workingDirectory: String

    /// Makes a configuration with the defaults of the protocol.
    /// - Parameters:
    ///   - worker: The worker's name.
    ///   - root: The root directory.
    ///   - profiles: The agents by name.
    ///   - defaultAgent: The agent of tasks that name none.
    package init(worker: WorkerID, root: String, profiles: [AgentName: AgentProfile], defaultAgent: AgentName) {
        self.worker = worker
        self.root = root
        self.profiles = profiles
        self.defaultAgent = defaultAgent
        checks = [:]
        verifyRounds = 2
        locations = QueueLocations(root: root)
        version = "0"
        maxConcurrent = 3
        taskTimeout = .seconds(600)
        limits = TaskLimits()
        killGrace = .seconds(10)
        drainTimeout = .seconds(60)
        retry = RetryPolicy(
            maxRetries: 3,
            initialDelay: .seconds(1),
            backoff: 2,
            maxDelay: .seconds(300),
            jitter: 0
        )
        breakerThreshold = 5
        breakerTimeout = .seconds(60)
        heartbeatInterval = .seconds(10)
        priorityAging = .seconds(60)
        settleTime = .seconds(2)
        scanInterval = .seconds(30)
        pollInterval = .milliseconds(500)
        maxResultOutput = 1 << 20
        maxLogBytes = 0
        allowedWorkingDirectories = []
        liveness = LivenessLimits()
        environment = [:]
        workingDirectory = root
        chooseEnvironments()
    }

    private mutating func chooseEnvironments() {
        passedEnvironments = profiles.mapValues { PassedEnvironment(for: $0, from: environment) }
    }
}
