// SPDX-License-Identifier: Apache-2.0
// Which tasks have ended: from the orchestrator's history where one lives, else from the results.

import FileQueue
import Orchestrator
import QueueModel
import Settings
import SystemKit

/// The ended tasks of a queue.
struct EndedTasks {
    /// Who has said which tasks ended.
    enum Source: Sendable, Equatable {
        /// The orchestrator's history.
        case history
        /// The queue's files, with the reason.
        case files(String)
    }

    /// The queue.
    let view: QueueView
    /// Its settings.
    let settings: VigilSettings

    /// The latest ended tasks; what is known of each is in its result.
    /// - Parameters:
    ///   - limit: How many are wanted; nil: all. There may be more.
    ///   - states: Only those that ended this way, as far as that is known without reading results; empty: all.
    ///   - worker: Only this worker's; nil: all.
    ///   - excluded: Tasks to leave out.
    /// - Returns: The traces, newest first, and where they come from.
    /// - Throws: `SystemCallError` when a directory cannot be read.
    func traces(
        limit: Int?,
        states: Set<TaskState> = [],
        worker: WorkerID? = nil,
        without excluded: Set<TaskID> = []
    ) throws(SystemCallError) -> (traces: [TaskTrace], source: Source) {
        switch ask(limit: limit, states, worker, without: excluded) {
        case .told(let traces): return (traces, .history)
        case .silent(let reason): return (try view.endedTraces(of: worker, without: excluded), .files(reason))
        }
    }

    /// The latest ended tasks, when they can be told at little cost.
    /// - Parameters:
    ///   - count: How many are wanted.
    ///   - most: How many results are worth looking at where nobody knows the latest.
    /// - Returns: The traces, newest first, perhaps more than are wanted; nil when there are more results than that.
    /// - Throws: `SystemCallError` when a directory cannot be read.
    func latest(_ count: Int, unlessMoreThan most: Int) throws(SystemCallError) -> [TaskTrace]? {
        switch ask(limit: count, [], nil, without: []) {
        case .told(let traces): traces
        case .silent: try view.endedTraces(unlessMoreThan: most)
        }
    }

    private enum History {
        case told([TaskTrace])
        /// There is none to ask, with the reason.
        case silent(String)
    }

    private func ask(
        limit: Int?,
        _ states: Set<TaskState>,
        _ worker: WorkerID?,
        without excluded: Set<TaskID>
    ) -> History {
        do {
            if var history = try HistoryReader.served(HistoryLocation(stateFile: settings.stateFile)) {
                let most = limit.map { $0 + excluded.count } ?? .max
                let entries = try history.recent(limit: most, states: states.isEmpty ? nil : states, worker: worker)
                let traces = entries.filter { !excluded.contains($0.id) }.map { entry in
                    TaskTrace(ended: entry.id, worker: entry.worker, at: entry.endedAt ?? entry.submittedAt)
                }
                return .told(traces)
            }
        } catch {
            // The files know all that the history knows.
            return .silent("the orchestrator's history cannot be read (\(error))")
        }
        return .silent("no orchestrator runs")
    }
}
