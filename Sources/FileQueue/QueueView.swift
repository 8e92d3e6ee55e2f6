// SPDX-License-Identifier: Apache-2.0
// Answers questions about a queue from its files alone, whether a daemon runs or not.

package import QueueModel
package import SystemKit

/// Where a task is in its life, as its files say.
package enum TaskWhereabouts: Sendable {
    /// In an inbox.
    case queued(TaskRecord, worker: WorkerID, file: String)
    /// Taken by a worker: running, or waiting for its next attempt.
    case claimed(TaskRecord?, ClaimState)
    /// Over, with a result.
    case ended(ResultRecord)
    /// Only a dead letter is left of it.
    case deadLettered(DeadLetterRecord, worker: WorkerID, file: String)
}

/// A reader of a whole queue; it changes nothing, except where a call says so.
package final class QueueView {
    /// The paths.
    package let locations: QueueLocations
    /// All results.
    package let shelf: ResultShelf
    private let tasks: Directory
    let claims: Directory

    /// Opens a queue.
    /// - Parameter locations: The paths; what is missing is made.
    /// - Throws: When a directory cannot be opened.
    package init(locations: QueueLocations) throws(SystemCallError) {
        self.locations = locations
        tasks = try Directory.create(locations.tasks)
        claims = try Directory.create(locations.claims, mode: 0o700)
        shelf = try ResultShelf(path: locations.results)
    }

    /// Every worker that has an inbox, results, dead letters or a heartbeat.
    /// - Returns: Their names in order.
    /// - Throws: When a directory cannot be read.
    package func workers() throws(SystemCallError) -> [WorkerID] {
        var found: Set<WorkerID> = []
        for path in [locations.tasks, locations.results, locations.deadLetters] {
            found.formUnion(try QueueLocations.workers(in: path))
        }
        for name in try list(locations.heartbeats) where name.hasSuffix(".json") {
            if let worker = WorkerID(bytes: name.bytes.dropLast(5)) { found.insert(worker) }
        }
        return found.sorted()
    }

    /// The latest heartbeat of a worker.
    /// - Parameter worker: The worker.
    /// - Returns: `nil` when there is none that can be read.
    package func heartbeat(of worker: WorkerID) -> HeartbeatRecord? {
        // No heartbeat and an unreadable one come to the same: nothing is known.
        guard let directory = try? Directory.open(locations.heartbeats),
            let bytes = try? directory.read(FileName(worker.string, ".json"), limit: 16 << 20)
        else { return nil }
        // As above.
        return try? HeartbeatRecord.decode(bytes)
    }

    /// The names of the task files in an inbox.
    /// - Parameter worker: Whose inbox.
    /// - Returns: The names, in no order.
    /// - Throws: When the inbox cannot be read.
    package func queuedFiles(of worker: WorkerID) throws(SystemCallError) -> [FileName] {
        try list(locations.inbox(of: worker)).filter(WorkerQueue.isTaskFileName)
    }

    /// Reads a task in an inbox.
    /// - Parameters:
    ///   - name: The file.
    ///   - worker: Whose inbox.
    /// - Returns: `nil` when the file is gone or is no valid task.
    /// - Throws: When it cannot be read.
    package func queuedTask(_ name: FileName, of worker: WorkerID) throws(SystemCallError) -> TaskRecord? {
        guard let bytes = try readQueued(name, of: worker) else { return nil }
        // What is no task is the worker's to judge, not ours.
        return try? TaskRecord.decode(bytes, for: worker, limits: .widest)
    }

    private func readQueued(_ name: FileName, of worker: WorkerID) throws(SystemCallError) -> [UInt8]? {
        do throws(SystemCallError) {
            return try Directory.open(locations.inbox(of: worker)).read(name, limit: ClaimState.maxTaskBytes)
        } catch {
            switch error.errno {
            // An inbox that is none or is gone, a link, a directory, a file over every limit: no task of ours.
            case .noEntry, .notDirectory, .loop, .invalidArgument, .fileTooLarge: return nil
            default: throw error
            }
        }
    }

    /// What is on record about a claimed task.
    /// - Parameter id: The task.
    /// - Returns: `nil` when it is not claimed.
    /// - Throws: When the record cannot be read.
    package func claim(of id: TaskID) throws(SystemCallError) -> ClaimState? {
        try claims.claimState(of: id)
    }

    /// All claims of the root.
    /// - Returns: Their records, in no order.
    /// - Throws: When the directory cannot be read.
    package func claimStates() throws(SystemCallError) -> [ClaimState] {
        var ids: [TaskID] = []
        try claims.names { name in
            if case .state(let id) = ClaimName(name) { ids.append(id) }
            return true
        }
        var states: [ClaimState] = []
        for id in ids {
            if let state = try claim(of: id) { states.append(state) }
        }
        return states
    }

    /// Whether the supervisor has recorded the end of the attempt that the claim says is running.
    /// - Parameter state: A claim's record.
    /// - Returns: Whether no process of its agent is left; its work may be checked now, and its outcome may still have
    ///   to be taken up.
    /// - Throws: When the record cannot be read.
    package func hasEnded(_ state: ClaimState) throws(SystemCallError) -> Bool {
        if try claims.exitRecordBehind(state) != nil { return true }
        guard let bytes = try claims.read(ClaimName.exit(state.taskID).fileName, limit: 1 << 16) else { return false }
        return ClaimState.isExitRecord(bytes, of: state.agentRunID)
    }

    /// Finds a task, wherever it is.
    ///
    /// Looks into every file of the inboxes only when nothing else knows the id.
    /// - Parameter id: The task.
    /// - Returns: `nil` when nothing on disk knows it.
    /// - Throws: When a directory or file cannot be read.
    package func find(_ id: TaskID) throws(SystemCallError) -> TaskWhereabouts? {
        // In this order, since a task moves in it; what was missed on the way is found at its next place.
        if let queued = try findQueuedUnderItsName(id) { return queued }
        if let taken = try findTaken(id) { return taken }
        if let queued = try findQueuedUnderAnotherName(id) { return queued }
        if let taken = try findTaken(id) { return taken }
        let letters = try DeadLetterBox(locations: locations).list(worker: nil)
        guard let letter = letters.last(where: { $0.record.taskID == id }) else { return nil }
        return .deadLettered(letter.record, worker: letter.worker, file: letter.file.description)
    }

    private func findTaken(_ id: TaskID) throws(SystemCallError) -> TaskWhereabouts? {
        let state = try claim(of: id)
        let result = try shelf.result(of: id)
        // With its result a task is over, also while the claim is still being removed.
        if let result, state == nil || result.taskDigest == state?.digest { return .ended(result) }
        return try state.map { state throws(SystemCallError) in .claimed(try claimedTask(state), state) }
    }

    /// The directories in which something changes when a task of a worker goes on; what is missing is made.
    /// - Parameter worker: The worker.
    /// - Returns: The open directories.
    /// - Throws: When one of them cannot be opened.
    package func directories(of worker: WorkerID) throws(SystemCallError) -> [Directory] {
        var directories = [claims]
        for path in [locations.tasks, locations.results, locations.deadLetters] {
            directories.append(try Directory.create(path + "/" + worker.string))
        }
        return directories
    }

    /// Whether a name in one of ``directories(of:)`` belongs to a task.
    /// - Parameters:
    ///   - name: The name.
    ///   - id: The task.
    /// - Returns: Whether it is its file, claim, result, directory of output, or dead letter.
    package static func isTrace(_ name: FileName, of id: TaskID) -> Bool {
        guard name.bytes.starts(with: id.string.utf8) else { return false }
        let rest = name.bytes.dropFirst(id.string.utf8.count)
        return rest.isEmpty || rest.elementsEqual(".json".utf8) || rest.first == UInt8(ascii: "~")
            || rest.first == UInt8(ascii: "_")
    }

    /// Removes a result and the output of its attempts, which makes the id free again.
    ///
    /// A request to cancel that was not cleared away goes first, as it would meet the next task of the id.
    /// - Parameters:
    ///   - id: The task.
    ///   - directory: The results that it lies in.
    /// - Throws: When it cannot be removed.
    package func removeResult(of id: TaskID, in directory: Directory) throws(SystemCallError) {
        try ControlRequests(locations: locations).forget(id)
        try directory.remove(ResultShelf.fileName(of: id))
        try directory.removeTree(FileName(id.string))
        try directory.sync()
    }

    /// Finds a queued task in the usual case: the file is named for it.
    /// - Parameter id: The task.
    /// - Returns: Nil when no inbox has such a file.
    /// - Throws: When an inbox or the file cannot be read.
    package func findQueuedUnderItsName(_ id: TaskID) throws(SystemCallError) -> TaskWhereabouts? {
        let name = FileName(id.string, ".json")
        for entry in try list(locations.tasks) {
            guard let worker = WorkerID(bytes: entry.bytes) else { continue }
            if let task = try queuedTask(name, of: worker), task.id == id {
                return .queued(task, worker: worker, file: name.description)
            }
        }
        return nil
    }

    private func findQueuedUnderAnotherName(_ id: TaskID) throws(SystemCallError) -> TaskWhereabouts? {
        for entry in try list(locations.tasks) {
            guard let worker = WorkerID(bytes: entry.bytes) else { continue }
            for name in try queuedFiles(of: worker) {
                if let task = try queuedTask(name, of: worker), task.id == id {
                    return .queued(task, worker: worker, file: name.description)
                }
            }
        }
        return nil
    }

    /// A claimed task with its record.
    /// - Parameter id: The task.
    /// - Returns: Nil when it is not claimed, or its file cannot be read as a task.
    /// - Throws: When a file cannot be read.
    package func claimedTask(_ id: TaskID) throws(SystemCallError) -> (TaskRecord, ClaimState)? {
        guard let state = try claim(of: id), let task = try claimedTask(state) else { return nil }
        return (task, state)
    }

    private func claimedTask(_ state: ClaimState) throws(SystemCallError) -> TaskRecord? {
        let name = ClaimName.task(state.taskID, state.worker).fileName
        guard let bytes = try claims.read(name, limit: ClaimState.maxTaskBytes) else { return nil }
        // It was valid when it was claimed; under other limits it may not be.
        return try? TaskRecord.decode(bytes, for: state.worker, limits: .widest)
    }

    private func list(_ path: String) throws(SystemCallError) -> [FileName] {
        var names: [FileName] = []
        do throws(SystemCallError) {
            try Directory.open(path).names { name in
                names.append(name)
                return true
            }
        } catch  where error.errno == .noEntry {
            return []
        }
        return names
    }
}

extension ClaimState {
    /// The most that `MAX_TASK_BYTES` can allow.
    static let maxTaskBytes = 64 << 20
}

extension TaskLimits {
    /// Limits that no setting can go beyond, for tasks that somebody else has judged or will.
    static let widest = TaskLimits(maxBytes: ClaimState.maxTaskBytes, maxTimeout: .seconds(604_800))
}
