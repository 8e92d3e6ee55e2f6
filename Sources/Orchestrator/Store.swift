// SPDX-License-Identifier: Apache-2.0
// The orchestrator's memory: one database, one connection, one writer.

package import QueueModel
import Synchronization
import SystemKit

/// How long things may take, for the store's decisions.
package struct Patience: Sendable, Equatable {
    /// How long a task may take before it is overdue.
    package var completion: Duration = .seconds(600)
    /// How long a further task of a group is waited for.
    package var group: Duration = .seconds(2)
    /// The age at which events and notifications are removed.
    package var retention: Duration = .seconds(7 * 86_400)

    /// The defaults.
    package init() {}
}

/// The database with everything that the orchestrator knows.
///
/// Every call blocks, and is one transaction. Whatever is told to others is an event that is written in the same transaction as the fact that it follows from.
package final class Store: Sendable {
    /// Where the orchestrator's files lie.
    package let location: HistoryLocation
    /// What became of an earlier database.
    package let opening: Opening
    /// Which file this is, to notice when it is removed.
    private let identity: FileIdentity?
    // Held while SQLite works, on a thread that may block; nothing is called from within but SQLite.
    private let connection: Mutex<Connection>

    /// Opens the database, and makes it when it is missing or unusable.
    /// - Parameters:
    ///   - location: Where the orchestrator's files lie.
    ///   - floor: No sequence up to this one is given again, also by a database that is new.
    ///   - now: The present time.
    /// - Throws: `DatabaseError`: `unknown_version` when another version of this program wrote it; `SystemCallError`.
    package init(_ location: HistoryLocation, sequencesAbove floor: Int64, now: Timestamp) throws {
        self.location = location
        let directory = try Directory.create(location.directory)
        var opening = Opening.found
        var opened: Connection
        do {
            opened = try Self.open(location, directory, floor, &opening)
        } catch let error as DatabaseError where error.code == .corrupt {
            opening = .replaced(aside: try Self.moveAside(in: directory, now), cause: error.message)
            var ignored = Opening.found
            opened = try Self.open(location, directory, floor, &ignored)
        }
        // The new file's name is to outlive a power cut as its contents do.
        if opening != .found { try directory.sync() }
        self.opening = opening
        identity = try directory.status(of: HistoryLocation.databaseName)?.identity
        connection = Mutex(opened)
    }

    /// Whether the database's file is still the one that was opened.
    package func isInPlace() -> Bool {
        // A directory that cannot be looked at has no database in it.
        let status = try? Directory.open(location.directory).status(of: HistoryLocation.databaseName)
        return status?.identity == identity
    }

    /// Runs a change in one transaction.
    func write<Value: Sendable>(
        _ body: @Sendable (inout Connection) throws(DatabaseError) -> Value
    ) throws(DatabaseError) -> Value {
        try connection.withLock { connection throws(DatabaseError) in try connection.transaction(body) }
    }

    /// Runs queries.
    func read<Value: Sendable>(
        _ body: @Sendable (inout Connection) throws(DatabaseError) -> Value
    ) throws(DatabaseError) -> Value {
        try connection.withLock { connection throws(DatabaseError) in try body(&connection) }
    }
}

// MARK: - Opening

extension Store {
    /// What became of an earlier database at the opening.
    package enum Opening: Sendable, Equatable {
        /// It is used.
        case found
        /// There was none.
        case made
        /// It was unusable, and lies aside under another name.
        case replaced(aside: String, cause: String)
    }

    private static func open(
        _ location: HistoryLocation,
        _ directory: Directory,
        _ floor: Int64,
        _ opening: inout Opening
    ) throws -> Connection {
        // SQLite would let everyone read a file that it makes.
        _ = try directory.createFile(HistoryLocation.databaseName, exclusive: false)
        var connection = try Connection(path: location.database, mode: .writer, patience: .seconds(10))
        // Every commit is on the device before it counts; a reader sees the journal go.
        try connection.execute("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA cache_size = -4096")
        let verdict = try connection.text("PRAGMA integrity_check(1)")
        guard verdict == "ok" else {
            throw DatabaseError(.corrupt, path: location.database, verdict ?? "integrity_check says nothing")
        }
        let version = try connection.integer("PRAGMA user_version") ?? 0
        if version == 0 {
            let isEmpty = try connection.integer("SELECT count(*) FROM sqlite_master") == 0
            guard isEmpty else {
                throw DatabaseError(.corrupt, path: location.database, "a database of something else")
            }
            try connection.transaction { connection throws(DatabaseError) in
                try connection.execute(Schema.tables)
                try connection.execute("PRAGMA user_version = \(Schema.version)")
                try connection.run("INSERT INTO sqlite_sequence VALUES ('events', ?1)", .integer(floor))
            }
            opening = .made
        } else if version != Schema.version {
            throw DatabaseError(
                .unknownVersion,
                path: location.database,
                "schema \(version), where \(Schema.version) is known; run the vigil that wrote it, or remove the file: "
                    + "it is made again from the queue's files"
            )
        }
        return connection
    }

    private static func moveAside(in directory: Directory, _ now: Timestamp) throws(SystemCallError) -> String {
        let aside = "\(HistoryLocation.databaseName).corrupt-\(now.millisecondsSince1970)"
        try directory.rename(HistoryLocation.databaseName, to: directory, as: FileName(aside), replacing: true)
        // A journal belongs to its database, and would be played back into the new one.
        try directory.remove(HistoryLocation.journalName)
        return directory.pathOf(FileName(aside))
    }
}

// MARK: - Reading

extension Store {
    /// What is on record about one task.
    /// - Parameter id: The task.
    /// - Returns: Nil when it was never seen.
    /// - Throws: `DatabaseError`.
    package func task(_ id: TaskID) throws(DatabaseError) -> TaskEntry? {
        try read { connection throws(DatabaseError) in try connection.entry(of: id) }
    }

    /// How much work SQLite had since the opening, in its own instructions, so that growth with the history shows.
    /// - Returns: The number of instructions.
    package func steps() -> Int { connection.withLock { $0.steps } }

    /// How many tasks there are.
    /// - Returns: The numbers, by worker and state.
    /// - Throws: `DatabaseError`.
    package func counts() throws(DatabaseError) -> TaskCounts {
        try read { connection throws(DatabaseError) in try connection.counts() }
    }

    /// Whether a dead letter was seen before.
    /// - Parameters:
    ///   - name: The name of its file.
    ///   - worker: Whose it is.
    /// - Returns: Whether it is on record.
    /// - Throws: `DatabaseError`.
    package func knowsDeadLetter(_ name: String, of worker: WorkerID) throws(DatabaseError) -> Bool {
        try read { connection throws(DatabaseError) in
            try connection.integer(
                "SELECT 1 FROM dead_letters WHERE worker = ?1 AND file = ?2",
                .text(worker.string),
                .text(name)
            ) != nil
        }
    }

    /// The tasks for a snapshot: those that have not ended, then those that ended last; newest first.
    /// - Parameter limit: The most tasks.
    /// - Returns: The tasks.
    /// - Throws: `DatabaseError`.
    package func latest(_ limit: Int) throws(DatabaseError) -> [TaskEntry] {
        try read { connection throws(DatabaseError) in
            var found: [TaskEntry] = []
            for condition in [
                "ended_ms IS NULL ORDER BY submitted_ms DESC", "ended_ms IS NOT NULL ORDER BY ended_ms DESC",
            ] {
                let values = [SQLValue.integer(Int64(limit - found.count))]
                try connection.query(
                    "SELECT \(TaskEntry.columns) FROM tasks WHERE \(condition), task_id LIMIT ?1",
                    values
                ) { row in
                    if let entry = TaskEntry(row) { found.append(entry) }
                }
            }
            return found
        }
    }

    /// When a task is overdue or a group complete unless something happens before.
    /// - Parameter patience: How long things may take.
    /// - Returns: The earliest of these times; nil when there is none.
    /// - Throws: `DatabaseError`.
    package func nextDue(_ patience: Patience) throws(DatabaseError) -> Timestamp? {
        try read { connection throws(DatabaseError) in
            let oldest = try connection.integer(
                "SELECT min(counts_from_ms) FROM tasks WHERE counts_from_ms IS NOT NULL"
            )
            let due = oldest.map { $0 + patience.completion.wholeMilliseconds }
            let settles = try connection.integer(
                "SELECT min(settles_ms) FROM task_groups WHERE settles_ms IS NOT NULL"
            )
            return [due, settles].compactMap { $0 }.min().map(Timestamp.init(millisecondsSince1970:))
        }
    }

    /// What was told of each worker.
    /// - Throws: `DatabaseError`.
    package func standings() throws(DatabaseError) -> [WorkerID: WorkerStanding] {
        try read { connection throws(DatabaseError) in
            var found: [WorkerID: WorkerStanding] = [:]
            try connection.query("SELECT worker, is_unhealthy, is_circuit_open FROM workers", []) { row in
                guard let worker = WorkerID(bytes: row.text(0).utf8) else { return }
                var standing = WorkerStanding()
                standing.isUnhealthy = row.integer(1) != 0
                standing.isCircuitOpen = row.integer(2) != 0
                found[worker] = standing
            }
            return found
        }
    }

    /// When a directory had last changed at its last complete scan.
    /// - Parameter path: The directory.
    /// - Returns: The time in nanoseconds; nil when it has to be scanned.
    /// - Throws: `DatabaseError`.
    package func scannedChange(of path: String) throws(DatabaseError) -> Int64? {
        try read { connection throws(DatabaseError) in
            try connection.integer("SELECT changed_ns FROM directories WHERE path = ?1", .text(path))
        }
    }
}
