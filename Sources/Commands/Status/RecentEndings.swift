// SPDX-License-Identifier: Apache-2.0
// The tasks that ended last, kept up to date without listing all results again.

import FileQueue
import QueueModel
import Settings
import SystemKit

/// The latest results of a queue, newest first.
struct RecentEndings {
    /// How many are kept.
    static let count = 10
    /// The most results that are looked at for them where no orchestrator knows the latest.
    static let mostResults = 2_000

    /// The rows, newest first.
    private(set) var rows: [TaskRow] = []
    /// Whether these are the latest; otherwise only those that ended since are known.
    let areKnown: Bool

    /// Finds the latest by the orchestrator's history, or by the names and times of all results where these are few,
    /// and reads them.
    /// - Parameters:
    ///   - view: The queue.
    ///   - settings: Its settings.
    /// - Throws: `SystemCallError` when a directory or file cannot be read.
    init(in view: QueueView, _ settings: VigilSettings) throws(SystemCallError) {
        let ended = try EndedTasks(view: view, settings: settings)
            .latest(Self.count, unlessMoreThan: Self.mostResults)
        areKnown = ended != nil
        for trace in (ended ?? []).prefix(Self.count) {
            if let id = trace.id, let result = try view.shelf.result(of: id) { rows.append(TaskRow(result)) }
        }
        rows.sort { $0.since > $1.since }
    }

    /// Takes in the results that have appeared.
    /// - Parameters:
    ///   - ids: Their tasks.
    ///   - view: The queue.
    /// - Throws: `SystemCallError` when a file cannot be read.
    mutating func note(_ ids: Set<TaskID>, in view: QueueView) throws(SystemCallError) {
        rows.removeAll { ids.contains($0.id) }
        for id in ids {
            if let result = try view.shelf.result(of: id) { rows.append(TaskRow(result)) }
        }
        rows.sort { $0.since > $1.since }
        rows = Array(rows.prefix(Self.count))
    }
}
