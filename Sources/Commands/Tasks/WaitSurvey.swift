// SPDX-License-Identifier: Apache-2.0
// Looks up why tasks wait; what holds for many tasks is looked up once.

import FileQueue
import QueueModel
import Settings
import SystemKit

/// One look at a queue, from which every reading command draws its reasons, so that they agree.
final class WaitSurvey {
    /// The queue.
    let view: QueueView
    /// The settings.
    let loaded: LoadedSettings
    /// The time of the look.
    let now: Timestamp
    /// Where the tasks are that have not ended, when that is known already.
    var live: [TaskID: TaskTrace]?

    private var opened: ControlRequests?
    private var served: Set<WorkerID>?
    private var presences: [WorkerID: WorkerPresence] = [:]
    private var ownSettings: [WorkerID: VigilSettings] = [:]
    private var dependencies: [TaskID: TaskWaitReason.Dependency?] = [:]

    /// A look that has not looked yet.
    /// - Parameters:
    ///   - view: The queue.
    ///   - loaded: The settings.
    ///   - now: The time.
    init(_ view: QueueView, _ loaded: LoadedSettings, now: Timestamp = .present()) {
        self.view = view
        self.loaded = loaded
        self.now = now
    }

    /// The settings of a worker.
    func settings(for worker: WorkerID) -> VigilSettings {
        if let settings = ownSettings[worker] { return settings }
        let settings = loaded.settings(for: worker)
        ownSettings[worker] = settings
        return settings
    }

    /// How it stands with a worker's daemon.
    /// - Parameter worker: The worker.
    /// - Returns: What was found at the first such question.
    /// - Throws: `SystemCallError` when the locks cannot be looked at.
    func presence(of worker: WorkerID) throws(SystemCallError) -> WorkerPresence {
        if let presence = presences[worker] { return presence }
        let heartbeat = view.heartbeat(of: worker)
        let condition = WorkerCondition(
            heartbeat: heartbeat,
            isLocked: try servedWorkers().contains(worker),
            host: SystemInfo.hostName,
            interval: settings(for: worker).heartbeatInterval,
            now: now
        )
        let presence = WorkerPresence(worker: worker, condition: condition, heartbeat: heartbeat)
        presences[worker] = presence
        return presence
    }

    private func servedWorkers() throws(SystemCallError) -> Set<WorkerID> {
        if let served { return served }
        let found = try view.servedWorkers()
        served = found
        return found
    }

    /// What keeps all tasks of a worker from starting.
    func reasons(of worker: WorkerID) throws(SystemCallError) -> [TaskWaitReason] {
        let presence = try presence(of: worker)
        let isPaused = presence.condition.isAlive ? false : try requests().isPaused(worker)
        return TaskWaitReason.reasons(
            of: presence,
            isPaused: isPaused,
            now: now,
            workers: settings(for: worker).workers
        )
    }

    /// What commands have asked of the workers, and these have not done yet.
    /// - Returns: The requests.
    /// - Throws: `SystemCallError` when their directory cannot be opened.
    func requests() throws(SystemCallError) -> ControlRequests {
        if let opened { return opened }
        let requests = try ControlRequests(locations: view.locations)
        opened = requests
        return requests
    }

    /// What keeps a queued task from starting.
    /// - Parameters:
    ///   - task: The task.
    ///   - worker: Whose inbox it is in.
    /// - Returns: The reasons; none when it starts at once.
    /// - Throws: `SystemCallError` when a file cannot be read.
    func reasons(of task: TaskRecord, _ worker: WorkerID) throws(SystemCallError) -> [TaskWaitReason] {
        var reasons: [TaskWaitReason] = []
        var unmet: [TaskWaitReason.Dependency] = []
        for id in task.dependencies {
            if let dependency = try dependency(id) { unmet.append(dependency) }
        }
        if !unmet.isEmpty { reasons.append(.dependencies(unmet)) }
        if let notBefore = task.notBefore, notBefore > now { reasons.append(.notBefore(notBefore)) }
        reasons += try uses(ofSession: task.sessionID, wantedBy: task.id)
        return reasons + (try self.reasons(of: worker))
    }

    /// Whether another task's attempt is in a session.
    private func uses(
        ofSession session: String?,
        wantedBy id: TaskID
    ) throws(SystemCallError) -> [TaskWaitReason] {
        guard let session, let use = try view.use(ofSession: session, besides: id) else { return [] }
        return [.sessionInUse(session: session, by: use.taskID)]
    }

    /// What keeps a claimed task from going on.
    /// - Parameter state: Its record.
    /// - Returns: Of a running one only that nobody will take up its outcome.
    /// - Throws: `SystemCallError` when the locks cannot be looked at.
    func reasons(of state: ClaimState) throws(SystemCallError) -> [TaskWaitReason] {
        switch state.phase {
        // The agent goes on without its daemon, but nobody takes up its outcome.
        case .running: try reasons(of: state.worker).filter(\.isAbsence)
        case .waiting:
            [.retry(until: state.notBefore ?? now)]
                + (try uses(ofSession: state.session?.id, wantedBy: state.taskID)) + (try reasons(of: state.worker))
        case .dead: []
        }
    }

    /// Where a task is that another one needs.
    /// - Parameter id: The task that is needed.
    /// - Returns: Nil when it has completed.
    /// - Throws: `SystemCallError` when a file cannot be read.
    func dependency(_ id: TaskID) throws(SystemCallError) -> TaskWaitReason.Dependency? {
        if let known = dependencies[id] { return known }
        let found = try lookUp(id)
        dependencies[id] = .some(found)
        return found
    }

    private func lookUp(_ id: TaskID) throws(SystemCallError) -> TaskWaitReason.Dependency? {
        if let result = try view.shelf.result(of: id) {
            return result.status == .completed ? nil : .init(id: id, state: result.status.rawValue)
        }
        if let live {
            guard let trace = live[id] else { return .init(id: id, state: nil) }
            guard trace.place == .claim, let state = try view.claim(of: id) else {
                return .init(id: id, state: "queued")
            }
            return .init(id: id, state: state.phase == .running ? "running" : "waiting")
        }
        switch try view.find(id) {
        case .queued?: return .init(id: id, state: "queued")
        case .claimed(_, let state)?: return .init(id: id, state: state.phase == .running ? "running" : "waiting")
        case .ended(let result)?: return .init(id: id, state: result.status.rawValue)
        case .deadLettered?: return .init(id: id, state: "dead-lettered")
        case nil: return .init(id: id, state: nil)
        }
    }
}
