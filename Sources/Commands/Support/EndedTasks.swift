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

    /// Ended tasks, and where they come from.
    struct Found {
        /// Their traces, newest first.
        var traces: [TaskTrace]
        /// Who has said so.
        var source: Source
        /// Whether there may be older ones.
        var isCut = false
    }

    /// The latest ended tasks; what is known of each is in its result.
    /// - Parameters:
    ///   - query: Which are wanted, as far as that is known without reading results. There may be more.
    ///   - excluded: Tasks to leave out.
    /// - Returns: The traces.
    /// - Throws: `SystemCallError` when a directory cannot be read.
    func traces(_ query: HistoryQuery, without excluded: Set<TaskID> = []) throws(SystemCallError) -> Found {
        switch ask(query, without: excluded) {
        case .told(let traces, let isCut): return Found(traces: traces, source: .history, isCut: isCut)
        case .silent(let reason):
            return Found(traces: try view.endedTraces(of: query.worker, without: excluded), source: .files(reason))
        }
    }

    /// The latest ended tasks, when they can be told at little cost.
    /// - Parameters:
    ///   - count: How many are wanted.
    ///   - most: How many results are worth looking at where nobody knows the latest.
    /// - Returns: The traces, newest first, perhaps more than are wanted; nil when there are more results than that.
    /// - Throws: `SystemCallError` when a directory cannot be read.
    func latest(_ count: Int, unlessMoreThan most: Int) throws(SystemCallError) -> [TaskTrace]? {
        var query = HistoryQuery()
        query.limit = count
        switch ask(query, without: []) {
        case .told(let traces, _): return traces
        case .silent: return try view.endedTraces(unlessMoreThan: most)
        }
    }

    private enum History {
        /// The traces, and whether there may be older ones.
        case told([TaskTrace], isCut: Bool)
        /// There is none to ask, with the reason.
        case silent(String)
    }

    private func ask(_ query: HistoryQuery, without excluded: Set<TaskID>) -> History {
        do {
            if var history = try HistoryReader.served(HistoryLocation(stateFile: settings.stateFile)) {
                var wider = query
                wider.limit = query.limit.map { $0 + excluded.count }
                let entries = try history.ended(wider)
                let traces = entries.filter { !excluded.contains($0.id) }.map { entry in
                    TaskTrace(ended: entry.id, worker: entry.worker, at: entry.endedAt ?? entry.submittedAt)
                }
                return .told(traces, isCut: entries.count == wider.limit)
            }
        } catch {
            // The files know all that the history knows.
            return .silent("the orchestrator's history cannot be read (\(error))")
        }
        return .silent("no orchestrator runs")
    }
}
