// SPDX-License-Identifier: Apache-2.0
// Which tasks `vigil list` shows, newest first; reads only those files whose rows it shows.

import FileQueue
import Orchestrator
import OrchestratorAPI
import QueueModel
import Settings
import SystemKit

/// A choice of tasks, read from the queue's files.
struct TaskListing {
    /// One look at the queue.
    let survey: WaitSurvey
    /// The states that are wanted; empty: all.
    var states: Set<TaskState> = []
    /// Whose tasks are wanted; nil: everyone's.
    var worker: WorkerID?
    /// The group whose tasks are wanted; nil: of all groups and of none.
    var group: GroupName?
    /// What the ids of the wanted tasks contain; nil: anything.
    ///
    /// What lies in an inbox is found by the name of its file, so that not each has to be read.
    var idPart: String?
    /// The most rows; nil: no limit.
    var limit: Int?
    /// Whether the rows are a page: a place with two rows is not torn apart by the limit, so that the next page can
    /// begin behind it.
    var isPage = false
    /// Behind which place to begin; nil: at the newest.
    var after: TaskCursor?

    private var view: QueueView { survey.view }

    /// What a listing was.
    struct Summary {
        /// Whether rows were left out because of the limit.
        var isCut = false
        /// Where the ended tasks come from; nil when none were wanted.
        var source: EndedTasks.Source?
        /// The last place that was told of; the next page begins behind it.
        var last: TaskCursor?
        /// The last ended task that is known, when there may be older ones.
        fileprivate var horizon: TaskCursor?
    }

    /// Tells each row, newest first.
    /// - Parameter body: Called with a row.
    /// - Returns: What was left out, and where the rows come from.
    /// - Throws: `SystemCallError` when a directory or file cannot be read.
    func forEach(_ body: (TaskRow) throws -> Void) throws -> Summary {
        var summary = Summary()
        var count = 0
        for trace in try places(&summary) where try mayBeWanted(trace) {
            let rows = try rows(of: trace).filter(isWanted)
            if rows.isEmpty { continue }
            for (index, row) in rows.enumerated() {
                if let limit, count >= limit, index == 0 || !isPage {
                    summary.isCut = true
                    return summary
                }
                count += 1
                try body(row)
            }
            summary.last = trace.cursor
        }
        if let horizon = summary.horizon { (summary.isCut, summary.last) = (true, horizon) }
        return summary
    }

    private func isWanted(_ row: TaskRow) -> Bool {
        (states.isEmpty || states.contains(row.state)) && (group == nil || row.group == group)
    }

    /// The places where rows may come from, in the order of the cursor.
    private func places(_ summary: inout Summary) throws(SystemCallError) -> [TaskTrace] {
        var places = try candidates(&summary)
        if let idPart { places = places.filter { $0.key.contains(idPart) } }
        if let after { places = places.filter { after.precedes($0.sinceNanoseconds, $0.key) } }
        // What is older than the last ended task that is known comes with those that are not known yet.
        if let horizon = summary.horizon {
            places = places.filter { !horizon.precedes($0.sinceNanoseconds, $0.key) }
        }
        places.sort { ($0.sinceNanoseconds, $1.key) > ($1.sinceNanoseconds, $0.key) }
        return places
    }

    private func candidates(_ summary: inout Summary) throws(SystemCallError) -> [TaskTrace] {
        let live = try view.liveTraces(of: worker)
        let pairs = live.compactMap { trace in trace.id.map { ($0, trace) } }
        survey.live = Dictionary(pairs) { first, _ in first }
        let wantsEnded = states.isEmpty || states.contains { $0.isFinal }
        guard wantsEnded else { return live }
        var query = HistoryQuery()
        // One more than is shown tells that there are more.
        query.limit = limit.map { $0 + 1 }
        query.states = states.filter(\.isFinal)
        query.worker = worker
        query.group = group
        query.idPart = idPart
        query.after = after.map { HistoryQuery.Place(nanoseconds: $0.nanoseconds, id: $0.key) }
        let ended = try EndedTasks(view: view, settings: survey.loaded.settings)
            .traces(query, without: Set(pairs.map(\.0)))
        summary.source = ended.source
        if ended.isCut { summary.horizon = ended.traces.last?.cursor }
        return live + ended.traces
    }

    private func mayBeWanted(_ trace: TaskTrace) throws(SystemCallError) -> Bool {
        if states.isEmpty { return true }
        switch trace.place {
        case .claim: return true
        case .result: return try view.status(of: trace).map { states.contains(TaskState($0)) } ?? false
        case .inbox:
            if states.contains(.queued) || states.contains(.waiting) { return true }
            // Its name may hide the result of another task.
            guard let id = trace.id else { return false }
            return try view.shelf.location(of: id) != nil
        }
    }

    private func rows(of trace: TaskTrace) throws(SystemCallError) -> [TaskRow] {
        switch trace.place {
        case .result:
            return try trace.id.flatMap { id throws(SystemCallError) in try result(of: id) }.map { [$0] } ?? []
        case .claim:
            guard let id = trace.id, let place = try view.find(id) else { return [] }
            return try row(of: place, id, trace.since).map { [$0] } ?? []
        case .inbox(let file):
            let task = try view.queuedTask(file, of: trace.worker)
            let row = try task.map { task throws(SystemCallError) in try self.row(of: task, trace) }
            // A file that is named for another task than its own hides that task's result.
            let hidden = try trace.id.flatMap { id throws(SystemCallError) in
                id == task?.id ? nil : try result(of: id)
            }
            return [row, hidden].compactMap { $0 }
        }
    }

    private func result(of id: TaskID) throws(SystemCallError) -> TaskRow? {
        try view.shelf.result(of: id).map { TaskRow($0) }
    }

    private func row(of task: TaskRecord, _ trace: TaskTrace) throws(SystemCallError) -> TaskRow {
        let waits = try survey.reasons(of: task, trace.worker)
        var row = TaskRow(
            id: task.id,
            worker: trace.worker,
            state: waits.isEmpty ? .queued : .waiting,
            since: trace.since
        )
        row.queuedAt = min(task.createdAt ?? trace.since, trace.since)
        row.waits = waits
        row.group = task.group
        return row
    }

    private func row(of place: TaskWhereabouts, _ id: TaskID, _ since: Timestamp) throws(SystemCallError) -> TaskRow? {
        switch place {
        case .ended(let result): return TaskRow(result)
        // Submitted again meanwhile, or only its dead letter is left: the next look tells.
        case .queued, .deadLettered: return nil
        case .claimed(let task, let state):
            let states: [ClaimState.Phase: TaskState] = [.running: .running, .waiting: .waiting, .dead: .failed]
            var row = TaskRow(id: id, worker: state.worker, state: states[state.phase] ?? .running, since: since)
            row.queuedAt = state.queuedAt
            row.attempts = state.attempt
            row.duration = state.attempts.last?.duration
            row.waits = try survey.reasons(of: state)
            row.failure = state.verdict?.failure
            row.group = task?.group
            return row
        }
    }
}

extension TaskTrace {
    /// What tells it from others of the same time.
    fileprivate var key: String {
        if case .inbox(let file) = place, id == nil { return file.description }
        return id?.string ?? ""
    }

    /// The place in the list.
    fileprivate var cursor: TaskCursor { TaskCursor(nanoseconds: sinceNanoseconds, key: key) }
}
