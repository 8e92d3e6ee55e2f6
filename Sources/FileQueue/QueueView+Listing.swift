// SPDX-License-Identifier: Apache-2.0
// All tasks of a queue, found by names and times alone: a hundred thousand results are not read to show ten.

package import QueueModel
package import SystemKit

/// A place where a task was found by a name.
package struct TaskTrace: Sendable {
    /// Where a task lies.
    package enum Place: Sendable, Equatable {
        /// In an inbox, under this name.
        case inbox(FileName)
        /// Among the claims.
        case claim
        /// Among the results.
        case result
    }

    /// The task; nil when a file of the inbox is not named for one, and has to be read to know.
    package let id: TaskID?
    /// Whose task it is.
    package let worker: WorkerID
    /// Where it lies.
    package let place: Place
    /// Since when it lies there as it does, in nanoseconds since 1970.
    package let sinceNanoseconds: Int64

    init(id: TaskID?, worker: WorkerID, place: Place, sinceNanoseconds: Int64) {
        self.id = id
        self.worker = worker
        self.place = place
        self.sinceNanoseconds = sinceNanoseconds
    }

    /// The trace of a task that somebody else knows to have ended.
    /// - Parameters:
    ///   - id: The task.
    ///   - worker: Whose task it was.
    ///   - time: When it ended.
    package init(ended id: TaskID, worker: WorkerID, at time: Timestamp) {
        let (nanoseconds, overflow) = time.millisecondsSince1970.multipliedReportingOverflow(by: 1_000_000)
        self.init(id: id, worker: worker, place: .result, sinceNanoseconds: overflow ? .max : nanoseconds)
    }

    /// Since when it lies there as it does.
    package var since: Timestamp { Timestamp(millisecondsSince1970: sinceNanoseconds / 1_000_000) }
}

extension QueueView {
    /// The traces of all tasks that have not ended, each task once; and with its latest place when it moved meanwhile.
    /// - Parameter worker: Only this worker's; nil: all.
    /// - Returns: The traces, newest first.
    /// - Throws: When a directory cannot be read.
    package func liveTraces(of worker: WorkerID? = nil) throws(SystemCallError) -> [TaskTrace] {
        // In the order in which a task moves, so that none is missed on its way.
        var queued: [TaskTrace] = []
        for owner in try workers() where worker == nil || owner == worker { queued += try inboxTraces(of: owner) }
        let claimed = try claimTraces().filter { worker == nil || $0.worker == worker }
        let taken = Set(claimed.compactMap(\.id))
        return (queued.filter { $0.id.map { !taken.contains($0) } ?? true } + claimed).newestFirst
    }

    /// The traces of all results.
    /// - Parameters:
    ///   - worker: Only this worker's; nil: all.
    ///   - excluded: Tasks to leave out.
    /// - Returns: The traces, newest first.
    /// - Throws: When a directory cannot be read.
    package func endedTraces(
        of worker: WorkerID? = nil,
        without excluded: Set<TaskID> = []
    ) throws(SystemCallError) -> [TaskTrace] {
        var traces: [TaskTrace] = []
        for (owner, directory) in try shelf.directories() where worker == nil || owner == worker {
            let ids = try resultNames(in: directory).filter { !excluded.contains($0) }
            traces += try self.traces(of: ids, owner, in: directory)
        }
        return traces.newestFirst
    }

    /// The traces of all results, when these are few.
    /// - Parameter most: How many results are few.
    /// - Returns: The traces, newest first; nil when there are more, of which none was looked at.
    /// - Throws: When a directory cannot be read.
    package func endedTraces(unlessMoreThan most: Int) throws(SystemCallError) -> [TaskTrace]? {
        var count = 0
        var found: [(owner: WorkerID, directory: Directory, ids: [TaskID])] = []
        for (owner, directory) in try shelf.directories() {
            let ids = try resultNames(in: directory, limit: most - count + 1)
            count += ids.count
            if count > most { return nil }
            found.append((owner, directory, ids))
        }
        var traces: [TaskTrace] = []
        for (owner, directory, ids) in found { traces += try self.traces(of: ids, owner, in: directory) }
        return traces.newestFirst
    }

    private func traces(
        of ids: [TaskID],
        _ owner: WorkerID,
        in directory: Directory
    ) throws(SystemCallError) -> [TaskTrace] {
        var traces: [TaskTrace] = []
        for id in ids {
            guard let status = try directory.status(of: ResultShelf.fileName(of: id)), status.kind == .regular
            else { continue }
            traces.append(
                TaskTrace(id: id, worker: owner, place: .result, sinceNanoseconds: status.modifiedNanoseconds)
            )
        }
        return traces
    }

    /// The ids of all tasks that names tell, sorted, each once; no file is looked at.
    /// - Returns: The ids.
    /// - Throws: When a directory cannot be read.
    package func knownIDs() throws(SystemCallError) -> [TaskID] {
        var ids: Set<TaskID> = []
        for owner in try workers() {
            for name in try queuedFiles(of: owner) {
                if let id = TaskID(bytes: name.bytes.dropLast(5)) { ids.insert(id) }
            }
        }
        for trace in try claimNames() { ids.insert(trace.id) }
        for (_, directory) in try shelf.directories() { ids.formUnion(try resultNames(in: directory)) }
        return ids.sorted()
    }

    /// How a task ended, by the first bytes of its result where these say it, as in all results of this program.
    /// - Parameter trace: A trace among the results.
    /// - Returns: Nil when the result is gone, or is none.
    /// - Throws: When the file cannot be read.
    package func status(of trace: TaskTrace) throws(SystemCallError) -> TaskStatus? {
        guard let id = trace.id else { return nil }
        for (owner, directory) in try shelf.directories() where owner == trace.worker {
            let beginning = try beginning(of: ResultShelf.fileName(of: id), in: directory)
            let status = TaskStatus.allCases.first { status in
                beginning.starts(with: #"{"task_id":"\#(id)","worker":"\#(owner)","status":"\#(status)""#.utf8)
            }
            if let status { return status }
        }
        return try shelf.result(of: id)?.status
    }

    private func beginning(of name: FileName, in directory: Directory) throws(SystemCallError) -> [UInt8] {
        do throws(SystemCallError) {
            return try directory.openFile(name).read(at: 0, count: 512)
        } catch {
            // Gone meanwhile, or something else in a result's place.
            if [.noEntry, .loop, .invalidArgument].contains(error.errno) { return [] }
            throw error
        }
    }
}

// MARK: - Names

extension QueueView {
    private func inboxTraces(of worker: WorkerID) throws(SystemCallError) -> [TaskTrace] {
        let names = try queuedFiles(of: worker)
        if names.isEmpty { return [] }
        let inbox = try Directory.open(locations.inbox(of: worker))
        var traces: [TaskTrace] = []
        for name in names {
            guard let status = try inbox.status(of: name), status.kind == .regular else { continue }
            traces.append(
                TaskTrace(
                    id: TaskID(bytes: name.bytes.dropLast(5)),
                    worker: worker,
                    place: .inbox(name),
                    sinceNanoseconds: status.modifiedNanoseconds
                )
            )
        }
        return traces
    }

    private func claimTraces() throws(SystemCallError) -> [TaskTrace] {
        var traces: [TaskTrace] = []
        for (id, worker) in try claimNames() {
            let name = ClaimName.task(id, worker).fileName
            // The record is replaced at every step; the task's file keeps the time of its submission.
            var status = try claims.status(of: ClaimName.state(id).fileName)
            if status == nil { status = try claims.status(of: name) }
            guard let status else { continue }
            traces.append(
                TaskTrace(id: id, worker: worker, place: .claim, sinceNanoseconds: status.modifiedNanoseconds)
            )
        }
        return traces
    }

    private func claimNames() throws(SystemCallError) -> [(id: TaskID, worker: WorkerID)] {
        var found: [(id: TaskID, worker: WorkerID)] = []
        try claims.names { name in
            if case .task(let id, let worker) = ClaimName(name) { found.append((id, worker)) }
            return true
        }
        return found
    }

    private func resultNames(in directory: Directory, limit: Int = .max) throws(SystemCallError) -> [TaskID] {
        var ids: [TaskID] = []
        try directory.entries { name, kind in
            guard kind == nil || kind == .regular, name.hasSuffix(".json"), !name.hasPrefix("."),
                let id = TaskID(bytes: name.bytes.dropLast(5))
            else { return true }
            ids.append(id)
            return ids.count < limit
        }
        return ids
    }
}

extension [TaskTrace] {
    fileprivate var newestFirst: [TaskTrace] {
        sorted { left, right in
            if left.sinceNanoseconds != right.sinceNanoseconds { return left.sinceNanoseconds > right.sinceNanoseconds }
            return (left.id?.string ?? "") > (right.id?.string ?? "")
        }
    }
}
