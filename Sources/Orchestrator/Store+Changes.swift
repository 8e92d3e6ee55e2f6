// SPDX-License-Identifier: Apache-2.0
// What changes the store, each in one transaction.

package import QueueModel

extension Store {
    /// Takes facts in, and notes the events that follow from them.
    /// - Parameters:
    ///   - facts: What was seen, in this order.
    ///   - now: The present time.
    ///   - patience: How long things may take.
    /// - Returns: How many events there are.
    /// - Throws: `DatabaseError`; then nothing has changed.
    @discardableResult
    package func apply(_ facts: [Fact], at now: Timestamp, _ patience: Patience) throws(DatabaseError) -> Int {
        guard !facts.isEmpty else { return 0 }
        return try write { connection throws(DatabaseError) in
            var change = Change(now: now, patience: patience)
            for fact in facts { try change.apply(fact, to: &connection) }
            return change.told
        }
    }

    /// Finds tasks overdue and groups complete.
    /// - Parameters:
    ///   - now: The present time.
    ///   - patience: How long things may take.
    ///   - limit: The most tasks at a time.
    /// - Returns: How many events there are.
    /// - Throws: `DatabaseError`; then nothing has changed.
    @discardableResult
    package func checkDue(
        at now: Timestamp,
        _ patience: Patience,
        limit: Int = 500
    ) throws(DatabaseError) -> Int {
        try write { connection throws(DatabaseError) in
            var change = Change(now: now, patience: patience)
            let values: [SQLValue] = [.integer(now.millisecondsSince1970), .integer(Int64(limit))]
            let since = now.millisecondsSince1970 - patience.completion.wholeMilliseconds
            var due: [TaskEntry] = []
            try connection.query(
                "SELECT \(TaskEntry.columns) FROM tasks WHERE counts_from_ms <= ?1 ORDER BY counts_from_ms LIMIT ?2",
                [.integer(since), .integer(Int64(limit))]
            ) { row in
                if let entry = TaskEntry(row) { due.append(entry) }
            }
            for before in due {
                var entry = before
                try change.tell(entry.checkedDue(at: now, patience: patience.completion), to: &connection)
                try change.save(entry, before: before, to: &connection)
            }
            for before in try connection.tallies("settles_ms <= ?1 LIMIT ?2", values) {
                var tally = before
                try change.tell(tally.checked(at: now), to: &connection)
                try connection.save(tally)
            }
            return change.told
        }
    }

    /// Notes events about a worker together with what was told of it.
    /// - Parameters:
    ///   - news: The events.
    ///   - worker: The worker.
    ///   - standing: What has been told of it then.
    ///   - now: The present time.
    ///   - patience: How long things may take.
    /// - Throws: `DatabaseError`; then nothing has changed.
    package func tell(
        _ news: [Announcement],
        of worker: WorkerID,
        _ standing: WorkerStanding,
        at now: Timestamp,
        _ patience: Patience
    ) throws(DatabaseError) {
        try write { connection throws(DatabaseError) in
            var change = Change(now: now, patience: patience)
            for announcement in news { try change.tell(announcement, to: &connection) }
            try connection.run(
                "INSERT OR REPLACE INTO workers VALUES (?1, ?2, ?3)",
                .text(worker.string),
                .integer(standing.isUnhealthy ? 1 : 0),
                .integer(standing.isCircuitOpen ? 1 : 0)
            )
        }
    }

    /// Takes in what an older system knew, without telling anybody again.
    /// - Parameter entries: Its tasks.
    /// - Throws: `DatabaseError`; then nothing has changed.
    package func adopt(_ entries: [TaskEntry]) throws(DatabaseError) {
        try write { connection throws(DatabaseError) in
            for entry in entries { try connection.save(entry) }
        }
    }

    /// Notes that a directory was scanned whole.
    /// - Parameters:
    ///   - path: The directory.
    ///   - change: When it had last changed before the scan; nil to have it scanned again in any case.
    /// - Throws: `DatabaseError`.
    package func noteScan(of path: String, change: Int64?) throws(DatabaseError) {
        try write { connection throws(DatabaseError) in
            guard let change else {
                return try connection.run("DELETE FROM directories WHERE path = ?1", .text(path))
            }
            try connection.run("INSERT OR REPLACE INTO directories VALUES (?1, ?2)", .text(path), .integer(change))
        }
    }
}

/// What happens within one transaction.
private struct Change {
    let now: Timestamp
    let patience: Patience
    var told = 0

    mutating func apply(_ fact: Fact, to connection: inout Connection) throws(DatabaseError) {
        switch fact {
        case .submitted(let task):
            let before = try connection.entry(of: task.id)
            if before == nil && task.hasResult { return }
            var entry = before ?? TaskEntry(task)
            entry.saw(task)
            try save(entry, before: before, to: &connection)
        case .ended(let task):
            let before = try connection.entry(of: task.id)
            var entry = before ?? TaskEntry(task)
            guard let news = entry.ended(task) else { return }
            try save(entry, before: before, to: &connection)
            try tell(news, to: &connection)
        case .deadLettered(let letter):
            try apply(letter, to: &connection)
        }
    }

    private mutating func apply(_ letter: FoundDeadLetter, to connection: inout Connection) throws(DatabaseError) {
        let isKnown = try connection.integer(
            "INSERT OR IGNORE INTO dead_letters VALUES (?1, ?2) RETURNING 1",
            .text(letter.worker.string),
            .text(letter.name)
        )
        guard isKnown != nil else { return }
        if let id = letter.taskID, let before = try connection.entry(of: id) {
            var entry = before
            entry.deadLettered(letter)
            try save(entry, before: before, to: &connection)
        }
        try tell(letter.announcement, to: &connection)
    }

    /// Writes a task's record, and counts its group anew.
    func save(_ entry: TaskEntry, before: TaskEntry?, to connection: inout Connection) throws(DatabaseError) {
        guard entry != before else { return }
        try connection.save(entry)
        guard entry.group != before?.group || entry.state != before?.state || entry.use != before?.use else { return }
        for name in Set([before?.group, entry.group].compactMap { $0 }) {
            var tally = try connection.tallies("name = ?1", [.text(name.string)]).first ?? GroupTally(name)
            if let before, before.group == name { tally.remove(before.state, before.use) }
            if entry.group == name { tally.add(entry.state, entry.use) }
            tally.changed(at: now, patience: patience.group)
            try connection.save(tally)
        }
    }

    /// Notes an event; one that is so old that its notification would be removed at once is not sent.
    mutating func tell(_ news: Announcement?, to connection: inout Connection) throws(DatabaseError) {
        guard let news else { return }
        let isTooOld = now.since(news.timestamp) > patience.retention
        try connection.run(
            "INSERT INTO events (type, timestamp_ms, task_id, data, is_sent) VALUES (?1, ?2, ?3, ?4, ?5)",
            .text(news.type.rawValue),
            .integer(news.timestamp.millisecondsSince1970),
            SQLValue(news.taskID?.string),
            .text(JSONWriter.text(.object(news.data))),
            .integer(isTooOld ? 1 : 0)
        )
        told += isTooOld ? 0 : 1
    }
}

// MARK: - Rows

extension Connection {
    mutating func save(_ entry: TaskEntry) throws(DatabaseError) {
        try query(
            """
            INSERT INTO tasks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
            ON CONFLICT DO UPDATE SET worker = ?2, state = ?3, group_name = ?4, digest = ?5, submitted_ms = ?6,
            counts_from_ms = ?7, is_overdue = ?8, ended_ms = ?9, duration_ms = ?10, attempts = ?11, reason = ?12,
            result_mark = ?13, cost_microusd = ?14, tokens = ?15
            """,
            entry.values
        ) { _ in }
    }

    mutating func save(_ tally: GroupTally) throws(DatabaseError) {
        try run(
            "INSERT OR REPLACE INTO task_groups VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            .text(tally.name.string),
            .integer(Int64(tally.open)),
            .integer(Int64(tally.completed)),
            .integer(Int64(tally.failed)),
            .integer(Int64(tally.cancelled)),
            SQLValue(tally.settlesAt?.millisecondsSince1970),
            .integer(tally.isAnnounced ? 1 : 0),
            .integer(tally.use.microdollars),
            .integer(tally.use.tokens)
        )
    }

    mutating func tallies(_ condition: String, _ values: [SQLValue]) throws(DatabaseError) -> [GroupTally] {
        var found: [GroupTally] = []
        let columns = "name, open, completed, failed, cancelled, settles_ms, is_announced, cost_microusd, tokens"
        try query("SELECT \(columns) FROM task_groups WHERE \(condition)", values) { row in
            guard let name = GroupName(bytes: row.text(0).utf8) else { return }
            var tally = GroupTally(name)
            tally.open = Int(row.integer(1))
            tally.completed = Int(row.integer(2))
            tally.failed = Int(row.integer(3))
            tally.cancelled = Int(row.integer(4))
            tally.settlesAt = row.optionalInteger(5).map(Timestamp.init(millisecondsSince1970:))
            tally.isAnnounced = row.integer(6) != 0
            tally.use = TaskUse(microdollars: row.integer(7), tokens: row.integer(8))
            found.append(tally)
        }
        return found
    }
}
