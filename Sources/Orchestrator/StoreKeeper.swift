// SPDX-License-Identifier: Apache-2.0
// Opens the store at a start, and fills a new one with what an older system left.

import FileQueue
import Logging
import QueueModel
import SystemKit

/// Opens the store, makes sure that its sequences go on, and imports an older system's snapshot into a new one.
struct StoreKeeper {
    let configuration: OrchestratorConfiguration
    let notifications: Directory
    let logger: Logger

    init(_ configuration: OrchestratorConfiguration, notifications: Directory, logger: Logger) {
        self.configuration = configuration
        self.notifications = notifications
        self.logger = logger
    }

    /// Opens the store; blocks.
    func open(at now: Timestamp) throws -> Store {
        let snapshot = try snapshot(configuration.history.snapshotName)
        let store = try Store(configuration.history, sequencesAbove: try floor(snapshot, now), now: now)
        switch store.opening {
        case .found: return store
        case .made: logger.notice("database made", metadata: ["path": .string(configuration.history.database)])
        case .replaced(let aside, let cause):
            logger.error(
                "database was unusable, made again from the queue's files",
                metadata: ["aside": .string(aside), "error": .string(cause)]
            )
        }
        try importOlder(snapshot, into: store)
        return store
    }

    /// The highest sequence that may have been given by an earlier database.
    ///
    /// Microseconds since 1970 grow faster than any sequence; the others hold where the clock was set back.
    private func floor(_ snapshot: SnapshotRecord?, _ now: Timestamp) throws(SystemCallError) -> Int64 {
        var floor = max(now.millisecondsSince1970 * 1_000, snapshot?.lastSequence ?? 0)
        try notifications.names { name in
            let digits = name.description.split(separator: "-").last?.dropLast(5)
            if let digits, let sequence = Int64(digits) { floor = max(floor, sequence) }
            return true
        }
        return floor
    }

    private func snapshot(_ name: FileName) throws(SystemCallError) -> SnapshotRecord? {
        guard let bytes = try Directory.open(configuration.history.directory).read(name, limit: 256 << 20) else {
            return nil
        }
        // A file that is no snapshot is replaced by one in time.
        return try? SnapshotRecord.decode(bytes)
    }

    /// An older system's snapshot is kept under another name, since ours takes its place.
    private func importOlder(_ snapshot: SnapshotRecord?, into store: Store) throws {
        let history = configuration.history
        let directory = try Directory.open(history.directory)
        let kept = FileName(history.snapshotName.description + ".imported")
        var older = snapshot.flatMap { $0.lastSequence == nil ? $0 : nil }
        if older != nil, let bytes = try directory.read(history.snapshotName, limit: 256 << 20) {
            try AtomicFile.write(bytes, as: kept, in: directory, replacing: true, durability: .full)
        } else {
            older = try self.snapshot(kept)
        }
        guard let older else { return }
        let entries = older.tasks.compactMap { entry(of: $0, older.timestamp) }
        try store.adopt(entries)
        logger.notice("older snapshot imported", metadata: ["tasks": "\(entries.count)"])
    }

    private func entry(of task: SnapshotRecord.Entry, _ written: Timestamp) -> TaskEntry? {
        let submitted = task.createdAt ?? task.completedAt ?? written
        var entry = TaskEntry(id: task.taskID, worker: task.worker, submittedAt: submitted)
        entry.attempts = task.attempts
        let state = TaskState(rawValue: task.status) ?? (task.completedAt == nil ? .queued : .completed)
        // What waits or runs is in the files, or is overdue.
        entry.state = state.isFinal ? state : .queued
        entry.isOverdue = task.status == "timeout"
        if state.isFinal {
            entry.endedAt = task.completedAt ?? submitted
            entry.resultMark = mark(of: task)
        } else if !entry.isOverdue {
            entry.countsFrom = submitted
        }
        return entry
    }

    /// The result that the older system has told of already.
    private func mark(of task: SnapshotRecord.Entry) -> Int64? {
        let path = "\(configuration.locations.results)/\(task.worker)"
        // A result that is gone or cannot be looked at is told when it is found.
        let status = try? Directory.open(path).status(of: ResultShelf.fileName(of: task.taskID))
        return status?.modifiedNanoseconds
    }
}

extension QueueLocations {
    /// The directory of the notifications.
    package var notifications: String { triggers + "/orchestrator" }
}
