// SPDX-License-Identifier: Apache-2.0
// The tables of the orchestrator's database, and their version.

/// The layout of the database.
enum Schema {
    /// The version that this program writes and reads; kept in `user_version`.
    static let version: Int64 = 2

    /// Makes the tables of an empty database.
    ///
    /// `counts` follows `tasks` by triggers, so that counting costs nothing however long the history is. Sequences
    /// come from `sqlite_sequence`, so that none is given twice even when the last event was removed.
    static let tables = """
        CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE tasks (
            task_id TEXT PRIMARY KEY,
            worker TEXT NOT NULL,
            state TEXT NOT NULL,
            group_name TEXT,
            digest TEXT NOT NULL,
            submitted_ms INTEGER NOT NULL,
            counts_from_ms INTEGER,
            is_overdue INTEGER NOT NULL,
            ended_ms INTEGER,
            duration_ms INTEGER,
            attempts INTEGER NOT NULL,
            reason TEXT,
            result_mark INTEGER,
            cost_microusd INTEGER NOT NULL,
            tokens INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX tasks_due ON tasks (counts_from_ms) WHERE counts_from_ms IS NOT NULL;
        CREATE INDEX tasks_ended ON tasks (ended_ms) WHERE ended_ms IS NOT NULL;
        CREATE INDEX tasks_open ON tasks (submitted_ms) WHERE ended_ms IS NULL;
        CREATE TABLE counts (
            worker TEXT NOT NULL, state TEXT NOT NULL, number INTEGER NOT NULL, overdue INTEGER NOT NULL,
            PRIMARY KEY (worker, state)
        ) WITHOUT ROWID;
        CREATE TRIGGER tasks_added AFTER INSERT ON tasks BEGIN
            INSERT INTO counts VALUES (NEW.worker, NEW.state, 1, NEW.is_overdue)
            ON CONFLICT DO UPDATE SET number = number + 1, overdue = overdue + NEW.is_overdue;
        END;
        CREATE TRIGGER tasks_changed AFTER UPDATE ON tasks BEGIN
            UPDATE counts SET number = number - 1, overdue = overdue - OLD.is_overdue
            WHERE worker = OLD.worker AND state = OLD.state;
            INSERT INTO counts VALUES (NEW.worker, NEW.state, 1, NEW.is_overdue)
            ON CONFLICT DO UPDATE SET number = number + 1, overdue = overdue + NEW.is_overdue;
        END;
        CREATE TABLE task_groups (
            name TEXT PRIMARY KEY,
            open INTEGER NOT NULL,
            completed INTEGER NOT NULL,
            failed INTEGER NOT NULL,
            cancelled INTEGER NOT NULL,
            settles_ms INTEGER,
            is_announced INTEGER NOT NULL,
            cost_microusd INTEGER NOT NULL,
            tokens INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX task_groups_settling ON task_groups (settles_ms) WHERE settles_ms IS NOT NULL;
        CREATE TABLE dead_letters (
            worker TEXT NOT NULL, file TEXT NOT NULL, PRIMARY KEY (worker, file)
        ) WITHOUT ROWID;
        CREATE TABLE workers (
            worker TEXT PRIMARY KEY, is_unhealthy INTEGER NOT NULL, is_circuit_open INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE directories (path TEXT PRIMARY KEY, changed_ns INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE events (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            type TEXT NOT NULL,
            timestamp_ms INTEGER NOT NULL,
            task_id TEXT,
            data TEXT NOT NULL,
            is_sent INTEGER NOT NULL
        );
        CREATE INDEX events_unsent ON events (sequence) WHERE is_sent = 0;
        CREATE INDEX events_of_task ON events (task_id) WHERE task_id IS NOT NULL;
        """
}
