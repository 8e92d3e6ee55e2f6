// SPDX-License-Identifier: Apache-2.0
// What a page about the whole queue asks the history: how tasks ended over time, and which are oldest.

package import QueueModel

extension HistoryReader {
    /// The most ended tasks that one timeline looks at, so that a page that asks for it again and again costs little.
    package static let timelineLimit = 50_000

    /// How tasks ended over time; the newest count when there are more than can be looked at.
    /// - Parameters:
    ///   - timeline: An empty stretch of time.
    ///   - worker: Only this worker's tasks; nil for all.
    ///   - limit: The most tasks that are looked at.
    /// - Returns: The stretch with what ended in it.
    /// - Throws: `DatabaseError`.
    package mutating func fill(
        _ timeline: Timeline,
        worker: WorkerID? = nil,
        limit: Int = HistoryReader.timelineLimit
    ) throws(DatabaseError) -> Timeline {
        var filled = timeline
        var oldest: Timestamp?
        var count = 0
        try connection.query(
            """
            SELECT ended_ms, state, submitted_ms, duration_ms FROM tasks
            WHERE ended_ms IS NOT NULL AND ended_ms >= ?1 AND ended_ms < ?2 AND (?3 IS NULL OR worker = ?3)
            ORDER BY ended_ms DESC LIMIT ?4
            """,
            [
                .integer(timeline.start.millisecondsSince1970), .integer(timeline.end.millisecondsSince1970),
                SQLValue(worker?.string), .integer(Int64(limit)),
            ]
        ) { row in
            guard let state = TaskState(rawValue: row.text(1)) else { return }
            let ended = Timestamp(millisecondsSince1970: row.integer(0))
            filled.add(
                Timeline.Ending(
                    at: ended,
                    state: state,
                    submittedAt: Timestamp(millisecondsSince1970: row.integer(2)),
                    run: row.optionalInteger(3).map { .milliseconds($0) }
                )
            )
            (oldest, count) = (ended, count + 1)
        }
        if count == limit, let oldest { filled.leaveOut(before: oldest) }
        return filled
    }

    /// The tasks that were submitted first of those that have not ended.
    ///
    /// Where each of them is now only the files know.
    /// - Parameter limit: The most tasks.
    /// - Returns: The tasks, oldest first.
    /// - Throws: `DatabaseError`.
    package mutating func oldestOpen(limit: Int) throws(DatabaseError) -> [TaskEntry] {
        var found: [TaskEntry] = []
        try connection.query(
            "SELECT \(TaskEntry.columns) FROM tasks WHERE ended_ms IS NULL ORDER BY submitted_ms LIMIT ?1",
            [.integer(Int64(limit))]
        ) { row in
            if let entry = TaskEntry(row) { found.append(entry) }
        }
        return found
    }
}
