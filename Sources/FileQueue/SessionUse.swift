// SPDX-License-Identifier: Apache-2.0
// Whose attempt an agent's session is in: two at once would lose what one of them says.

package import QueueModel
package import SystemKit

/// A running attempt that is in a session.
package struct SessionUse: Sendable, Equatable {
    /// The task.
    package let taskID: TaskID
    /// Who runs it.
    package let worker: WorkerID

    /// Names an attempt's task.
    /// - Parameters:
    ///   - taskID: The task.
    ///   - worker: Who runs it.
    package init(taskID: TaskID, worker: WorkerID) {
        self.taskID = taskID
        self.worker = worker
    }
}

/// Looks through the claims of a root for the one that is in a session.
struct SessionSearch {
    /// The part of an attempt's output that is looked through for the name of a new session, in bytes.
    private static let headBytes = 64 << 10
    /// Shorter names are found in any text.
    private static let shortestName = 8

    let claims: Directory
    let results: Directory

    /// Finds the running attempt that is in a session.
    /// - Parameters:
    ///   - session: What the agent calls it.
    ///   - id: The task that asks, which is no obstacle to itself.
    ///   - held: What the caller holds itself.
    /// - Returns: `nil` when the session is free.
    /// - Throws: When a file cannot be read.
    func use(
        of session: String,
        besides id: TaskID,
        held: (TaskID) -> ClaimState?
    ) throws(SystemCallError) -> SessionUse? {
        var tasks: [(id: TaskID, worker: WorkerID)] = []
        try claims.names { name in
            if case .task(let other, let worker) = ClaimName(name), other != id { tasks.append((other, worker)) }
            return true
        }
        for task in tasks {
            let own = held(task.id)
            let recorded = own == nil ? try claims.claimState(of: task.id) : own
            guard let state = recorded, state.phase == .running, try isIn(session, state) else { continue }
            // Without a lock nobody runs it, whatever its record says.
            let isHeld = own == nil ? try isLocked(ClaimName.task(task.id, task.worker).fileName) : true
            guard isHeld else { continue }
            return SessionUse(taskID: task.id, worker: task.worker)
        }
        return nil
    }

    private func isLocked(_ name: FileName) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            // Held for a moment, this lock can at most make a daemon that starts just now look a second time.
            return try !claims.openFile(name).tryLockShared()
        } catch {
            if error.errno == .noEntry { return false }
            throw error
        }
    }

    /// A session that an attempt has begun itself is on no record before the attempt's end, but in its output.
    private func isIn(_ session: String, _ state: ClaimState) throws(SystemCallError) -> Bool {
        if let resumed = state.session { return resumed.id == session }
        guard session.utf8.count >= Self.shortestName else { return false }
        let path = state.worker.string + "/" + WorkerQueue.logsPath(of: state.taskID, attempt: state.attempt)
        do throws(SystemCallError) {
            let log = try results.descendant(path).openFile(OutputStream.standardOutput.fileName)
            return try log.read(at: 0, count: Self.headBytes).contains(Array(session.utf8))
        } catch {
            let isGone: [Errno] = [.noEntry, .notDirectory, .isDirectory, .loop]
            if isGone.contains(error.errno) { return false }
            throw error
        }
    }
}

extension WorkerQueue {
    /// Does something that no other process of the root does at the same time, about sessions.
    ///
    /// An attempt that goes on with a session is begun under this lock, after a look for another one in it.
    /// - Parameter body: What to do; it does not wait for anything.
    /// - Returns: What `body` returns; `nil` when another process is at it just now.
    /// - Throws: What `body` throws, or when the lock cannot be made.
    package func withSessionLock<Value>(
        _ body: () throws(SystemCallError) -> Value
    ) throws(SystemCallError) -> Value? {
        let lock = try claims.createFile("~sessions", mode: 0o600, exclusive: false)
        guard try lock.tryLockExclusive() else { return nil }
        let value = try body()
        try lock.unlock()
        return value
    }

    /// The running attempt that is in a session, in the whole root.
    /// - Parameters:
    ///   - session: What the agent calls it.
    ///   - id: The task that wants it.
    ///   - held: The records of the claims that this process holds.
    /// - Returns: `nil` when the session is free.
    /// - Throws: When a file cannot be read.
    package func use(
        ofSession session: String,
        besides id: TaskID,
        held: (TaskID) -> ClaimState?
    ) throws(SystemCallError) -> SessionUse? {
        try SessionSearch(claims: claims, results: shelf.root).use(of: session, besides: id, held: held)
    }
}

extension QueueView {
    /// The running attempt that is in a session, in the whole root.
    /// - Parameters:
    ///   - session: What the agent calls it.
    ///   - id: The task that wants it.
    /// - Returns: `nil` when the session is free.
    /// - Throws: When a file cannot be read.
    package func use(ofSession session: String, besides id: TaskID) throws(SystemCallError) -> SessionUse? {
        try SessionSearch(claims: claims, results: shelf.root).use(of: session, besides: id) { _ in nil }
    }
}

extension [UInt8] {
    /// Whether a piece stands somewhere in these bytes.
    fileprivate func contains(_ piece: [UInt8]) -> Bool {
        guard let first = piece.first, count >= piece.count else { return false }
        return (0...(count - piece.count)).contains { start in
            self[start] == first && self[start..<(start + piece.count)].elementsEqual(piece)
        }
    }
}
