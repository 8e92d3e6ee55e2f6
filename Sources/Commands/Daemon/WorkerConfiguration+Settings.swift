// SPDX-License-Identifier: Apache-2.0
// From the settings of a worker to what the worker is told.

import Agents
import FileQueue
import QueueModel
import Resilience
import Settings
import SystemKit
import Worker

extension QueueLocations {
    /// The directories that settings name.
    /// - Parameter settings: The settings.
    init(_ settings: VigilSettings) {
        self.init(root: settings.root)
        tasks = settings.taskDirectory
        triggers = settings.triggerDirectory
        results = settings.resultDirectory
        heartbeats = settings.heartbeatDirectory
        deadLetters = settings.deadLetterDirectory
        pipes = settings.pipeDirectory
    }
}

extension WorkerConfiguration {
    /// What a worker is told.
    /// - Parameters:
    ///   - worker: The worker.
    ///   - settings: Its settings.
    ///   - environment: The daemon's environment.
    init(worker: WorkerID, settings: VigilSettings, environment: [String: String]) {
        self.init(
            worker: worker,
            root: settings.root,
            profiles: settings.agents,
            defaultAgent: settings.agent
        )
        locations = QueueLocations(settings)
        version = Version.current
        maxConcurrent = settings.maxConcurrentTasks
        taskTimeout = settings.taskTimeout
        limits = TaskLimits(maxBytes: settings.maxTaskBytes, maxTimeout: settings.maxTaskTimeout)
        killGrace = settings.killGrace
        drainTimeout = settings.drainTimeout
        retry = RetryPolicy(
            maxRetries: settings.maxRetries,
            initialDelay: settings.initialRetryDelay,
            backoff: settings.retryBackoff,
            maxDelay: settings.maxRetryDelay,
            jitter: settings.retryJitter
        )
        breakerThreshold = settings.circuitBreakerThreshold
        breakerTimeout = settings.circuitBreakerTimeout
        rateLimit = settings.rateLimit.map { ($0.count, $0.interval) }
        dailyBudgetUSD = settings.dailyBudgetUSD
        heartbeatInterval = settings.heartbeatInterval
        priorityAging = settings.priorityAging ?? .zero
        settleTime = settings.settleTime
        scanInterval = settings.scanInterval
        pollInterval = settings.pollInterval
        maxResultOutput = settings.maxResultOutputBytes
        allowedWorkingDirectories = settings.allowedWorkingDirectories
        systemPromptFile = settings.systemPromptFile
        liveness = LivenessLimits(
            start: settings.agentStartTimeout,
            silence: settings.agentSilenceTimeout,
            tool: settings.agentToolTimeout,
            afterResult: settings.agentResultGrace
        )
        checks = settings.checks
        verifyRounds = settings.verifyRounds
        self.environment = environment
    }
}
