// SPDX-License-Identifier: Apache-2.0
// What commands read of the orchestrator's database.

package import QueueModel
import SystemKit

/// How many tasks there are, by worker and state.
package struct TaskCounts: Sendable, Equatable {
    /// The numbers of each worker's tasks; those at zero are left out.
    package var byWorker: [WorkerID: [TaskState: Int]] = [:]
    /// How many tasks were found overdue, ended since or not.
    package var overdue = 0

    /// No tasks.
    package init() {}

    /// The number of tasks in some state, of all workers.
    /// - Parameter state: The state.
    /// - Returns: How many.
    package func number(_ state: TaskState) -> Int { byWorker.values.reduce(0) { $0 + ($1[state] ?? 0) } }

    /// The number of all tasks.
    package var total: Int { byWorker.values.reduce(0) { $0 + $1.values.reduce(0, +) } }
}

/// Reads the history of ended tasks and events; changes nothing.
///
/// Every call blocks.
/// It is as recent as the orchestrator's last change, so that it is of use only while an orchestrator lives. Tasks that
/// have not ended move on in the files, which alone are to be asked about them.
package struct HistoryReader: ~Copyable {
    var connection: Connection

    /// Opens the history.
    /// - Parameter location: Where the orchestrator's files lie.
    /// - Throws: `DatabaseError`: `missing` when there is none, `unknown_version` when another version wrote it.
    package init(_ location: HistoryLocation) throws(DatabaseError) {
        var connection = try Connection(path: location.database, mode: .reader, patience: .seconds(5))
        let version = try connection.integer("PRAGMA user_version")
        guard version == Schema.version else {
            throw DatabaseError(
                .unknownVersion,
                path: location.database,
                "schema \(version ?? 0), where \(Schema.version) is known; use the vigil that the orchestrator runs"
            )
        }
        self.connection = connection
    }

    /// Opens the history when a living orchestrator keeps it up to date.
    /// - Parameter location: Where the orchestrator's files lie.
    /// - Returns: Nil when no orchestrator lives.
    /// - Throws: `DatabaseError` when the history cannot be read, `SystemCallError` when the lock cannot be looked at.
    package static func served(_ location: HistoryLocation) throws -> HistoryReader? {
        try location.isServed() ? HistoryReader(location) : nil
    }

    /// The tasks that ended last, newest first.
    /// - Parameters:
    ///   - limit: The most tasks.
    ///   - states: Only those that ended in one of these; nil for all.
    ///   - worker: Only this worker's; nil for all.
    /// - Returns: The tasks.
    /// - Throws: `DatabaseError`.
    package mutating func recent(
        limit: Int,
        states: Set<TaskState>? = nil,
        worker: WorkerID? = nil
    ) throws(DatabaseError) -> [TaskEntry] {
        var query = HistoryQuery()
        query.limit = limit
        query.states = states ?? []
        query.worker = worker
        return states?.isEmpty == true ? [] : try ended(query)
    }

    /// Ended tasks, newest first, among equal times by id.
    /// - Parameter query: Which.
    /// - Returns: The tasks.
    /// - Throws: `DatabaseError`.
    package mutating func ended(_ query: HistoryQuery) throws(DatabaseError) -> [TaskEntry] {
        // The words of a closed set, so that they can stand in the statement.
        let words = query.states.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")
        var conditions = ["ended_ms IS NOT NULL", "(?1 IS NULL OR worker = ?1)", "(?2 IS NULL OR group_name = ?2)"]
        if !words.isEmpty { conditions.append("state IN (\(words))") }
        if query.after != nil { conditions.append("ended_ms <= ?4 AND (ended_ms < ?4 OR task_id > ?5)") }
        if query.idPart != nil { conditions.append("instr(task_id, ?\(query.after == nil ? 4 : 6)) > 0") }
        var values: [SQLValue] = [
            SQLValue(query.worker?.string), SQLValue(query.group?.string), .integer(Int64(query.limit ?? .max)),
        ]
        if let after = query.after { values += [.integer(after.milliseconds), .text(after.id)] }
        if let part = query.idPart { values.append(.text(part)) }
        var found: [TaskEntry] = []
        try connection.query(
            """
            SELECT \(TaskEntry.columns) FROM tasks WHERE \(conditions.joined(separator: " AND "))
            ORDER BY ended_ms DESC, task_id LIMIT ?3
            """,
            values
        ) { row in
            if let entry = TaskEntry(row) { found.append(entry) }
        }
        return found
    }

    /// Groups in the order of their names.
    /// - Parameters:
    ///   - name: Only those behind this name; nil: from the first.
    ///   - limit: The most groups.
    /// - Returns: How they stand.
    /// - Throws: `DatabaseError`.
    package mutating func groups(after name: GroupName?, limit: Int) throws(DatabaseError) -> [GroupTally] {
        try connection.tallies(
            "(?1 IS NULL OR name > ?1) ORDER BY name LIMIT ?2",
            [SQLValue(name?.string), .integer(Int64(limit))]
        )
    }

    /// How one group stands.
    /// - Parameter name: The group.
    /// - Returns: Nil when no task of it was ever seen.
    /// - Throws: `DatabaseError`.
    package mutating func group(_ name: GroupName) throws(DatabaseError) -> GroupTally? {
        try connection.tallies("name = ?1", [.text(name.string)]).first
    }

    /// What is on record about one task.
    /// - Parameter id: The task.
    /// - Returns: Nil when it was never seen.
    /// - Throws: `DatabaseError`.
    package mutating func task(_ id: TaskID) throws(DatabaseError) -> TaskEntry? { try connection.entry(of: id) }

    /// How many tasks there are.
    /// - Returns: The numbers, by worker and state.
    /// - Throws: `DatabaseError`.
    package mutating func counts() throws(DatabaseError) -> TaskCounts { try connection.counts() }

    /// The events after one, in order.
    /// - Parameters:
    ///   - sequence: The sequence of the last event that is known; 0 for none.
    ///   - limit: The most events.
    /// - Returns: The events, whether their notification was sent yet or not.
    /// - Throws: `DatabaseError`.
    package mutating func events(
        after sequence: Int64,
        limit: Int
    ) throws(DatabaseError) -> [NotificationRecord] {
        try connection.events(
            "SELECT sequence, type, timestamp_ms, data FROM events WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
            [.integer(sequence), .integer(Int64(limit))]
        )
    }
}

extension HistoryReader {
    /// The sequence behind which only the last few events come.
    /// - Parameter count: How many events are to come.
    /// - Returns: The sequence; 0 when there are no more events than that.
    /// - Throws: `DatabaseError`.
    package mutating func sequence(beforeLast count: Int) throws(DatabaseError) -> Int64 {
        try connection.integer(
            "SELECT sequence FROM events ORDER BY sequence DESC LIMIT 1 OFFSET ?1",
            .integer(Int64(count))
        ) ?? 0
    }
}

// MARK: - Queries that writer and readers share

extension Connection {
    mutating func entry(of id: TaskID) throws(DatabaseError) -> TaskEntry? {
        var found: TaskEntry?
        try query("SELECT \(TaskEntry.columns) FROM tasks WHERE task_id = ?1", [.text(id.string)]) { row in
            found = TaskEntry(row)
        }
        return found
    }

    mutating func counts() throws(DatabaseError) -> TaskCounts {
        var counts = TaskCounts()
        try query("SELECT worker, state, number, overdue FROM counts WHERE number > 0", []) { row in
            guard let worker = WorkerID(bytes: row.text(0).utf8), let state = TaskState(rawValue: row.text(1)) else {
                return
            }
            counts.byWorker[worker, default: [:]][state] = Int(row.integer(2))
            counts.overdue += Int(row.integer(3))
        }
        return counts
    }

    mutating func events(_ sql: String, _ values: [SQLValue]) throws(DatabaseError) -> [NotificationRecord] {
        var found: [NotificationRecord] = []
        try query(sql, values) { row in
            let text = Array(row.text(3).utf8)
            guard let type = NotificationRecord.EventType(rawValue: row.text(1)),
                // What we wrote can be read; all else is nothing to pass on.
                let data = try? JSONParser.parse(text, limits: .file(text.count)).objectValue
            else { return }
            found.append(
                NotificationRecord(
                    eventType: type,
                    timestamp: Timestamp(millisecondsSince1970: row.integer(2)),
                    sequence: row.integer(0),
                    data: data
                )
            )
        }
        return found
    }
}
