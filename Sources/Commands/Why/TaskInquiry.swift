// SPDX-License-Identifier: Apache-2.0
// Gathers what bears on one task from the queue's files.

import FileQueue
import QueueModel
import Settings
import SystemKit
import Worker

/// Asks the files why a task is where it is.
struct TaskInquiry {
    /// How many tasks of a chain are looked at.
    private static let mostLinks = 50
    private static let mostNearest = 3

    let survey: WaitSurvey
    private var view: QueueView { survey.view }

    /// Gathers the circumstances of a task.
    /// - Parameter id: The task.
    /// - Returns: The facts.
    /// - Throws: `SystemCallError` when a directory or file cannot be read.
    func circumstances(of id: TaskID) throws -> TaskCircumstances {
        var facts = TaskCircumstances(id: id, now: survey.now)
        facts.root = survey.loaded.settings.root
        guard let portrait = try TaskPortrait.take(id, survey) else {
            facts.unfinishedFile = try unfinishedFile(of: id)
            let known = try view.knownIDs().map(\.string)
            facts.nearest = NearestName.several(id.string, in: known, limit: Self.mostNearest)
                .compactMap { TaskID(bytes: $0.utf8) }
            return facts
        }
        facts.portrait = portrait
        facts.cancelAskedAt = try cancelAskedAt(id)
        switch portrait.state {
        case .running:
            facts.isCutOff = try view.surveyClaims().contains { $0.id == id && $0.holder == .nobody }
        case .queued, .waiting:
            try follow(portrait, [id], into: &facts)
            if portrait.waits.allSatisfy(\.isOfTheWorker) { facts.ahead = try ahead(of: portrait) }
        case .failed: try follow(portrait, [id], into: &facts)
        case .completed, .cancelled, .refused: break
        }
        return facts
    }

    /// Goes from a task to those it needs, each one once.
    private func follow(_ portrait: TaskPortrait, _ path: [TaskID], into facts: inout TaskCircumstances) throws {
        for id in try unmet(of: portrait) {
            if let start = path.firstIndex(of: id) {
                if facts.ring.isEmpty { facts.ring = Array(path[start...]) }
                continue
            }
            let isKnown = facts.links.contains { $0.id == id }
            guard !isKnown, facts.links.count < Self.mostLinks else { continue }
            let found = try TaskPortrait.take(id, survey)
            facts.links.append(.init(depth: path.count, id: id, portrait: found))
            if let found { try follow(found, path + [id], into: &facts) }
        }
    }

    /// A request for another task of the same id is stale.
    private func cancelAskedAt(_ id: TaskID) throws -> Timestamp? {
        guard case .request(let request) = try survey.requests().cancelRequest(for: id) else { return nil }
        let digest: String?
        switch try view.find(id) {
        case .queued(let task, _, _)?: digest = task.contentDigest
        case .claimed(_, let state)?: digest = state.digest
        case .ended?, .deadLettered?, nil: digest = nil
        }
        return request.digest == digest ? request.requestedAt : nil
    }

    /// What a task still needs, or what it needed and was given up for.
    private func unmet(of portrait: TaskPortrait) throws -> [TaskID] {
        for case .dependencies(let needed) in portrait.waits { return needed.map(\.id) }
        guard portrait.failure?.reason == .dependencyFailed else { return [] }
        let named = portrait.fields?["dependencies"]?.arrayValue ?? []
        return try named.compactMap { $0.stringValue.flatMap { TaskID(bytes: $0.utf8) } }
            .filter { try survey.dependency($0) != nil }
    }

    /// The tasks that the worker's own scheduler would start before this one.
    private func ahead(of portrait: TaskPortrait) throws -> [TaskID]? {
        let settings = survey.settings(for: portrait.worker)
        let moment = Moment(wall: survey.now, instant: .now)
        var scheduler = Scheduler(aging: settings.priorityAging ?? .zero)
        for (task, isClaimed) in try waitingTasks(of: portrait.worker) {
            var unmet: Set<TaskID> = []
            for id in task.dependencies where try !isClaimed && survey.dependency(id) != nil { unmet.insert(id) }
            scheduler.enqueue(task, isClaimed: isClaimed, unmet: unmet, now: moment)
        }
        var ahead: [TaskID] = []
        while true {
            switch scheduler.next(now: moment) {
            case .start(let entry):
                if entry.task.id == portrait.id { return ahead }
                ahead.append(entry.task.id)
            case .expire: continue
            case .wait: return nil
            }
        }
    }

    private func waitingTasks(of worker: WorkerID) throws -> [(QueuedTask, isClaimed: Bool)] {
        let traces = try view.liveTraces(of: worker)
        if survey.live == nil {
            let pairs = try view.liveTraces().compactMap { trace in trace.id.map { ($0, trace) } }
            survey.live = Dictionary(pairs) { first, _ in first }
        }
        return try traces.compactMap { trace in
            switch trace.place {
            case .inbox(let file):
                guard let task = try view.queuedTask(file, of: worker) else { return nil }
                let time = min(task.createdAt ?? trace.since, trace.since)
                return (QueuedTask(task, fileName: file, queuedAt: time), false)
            case .claim:
                guard let id = trace.id, case .claimed(let task?, let state)? = try view.find(id),
                    state.phase == .waiting, (state.notBefore ?? survey.now) <= survey.now
                else { return nil }
                return (QueuedTask(task, fileName: FileName(id.string), queuedAt: state.queuedAt), true)
            case .result: return nil
            }
        }
    }

    private func unfinishedFile(of id: TaskID) throws -> String? {
        let name = FileName(id.string, ".json")
        for worker in try view.workers() {
            let inbox = view.locations.inbox(of: worker)
            if try HostPath.status(of: "\(inbox)/\(name)") != nil { return "\(inbox)/\(name)" }
        }
        return nil
    }
}

extension TaskWaitReason {
    /// Whether it holds for every task of the worker, and not for this one alone.
    var isOfTheWorker: Bool {
        switch self {
        case .dependencies, .notBefore, .retry, .sessionInUse: false
        case .noDaemon, .paused, .draining, .circuitOpen, .circuitHalfOpen, .usageLimited, .rateLimited, .budgetSpent,
            .degraded, .noSlot:
            true
        }
    }
}
