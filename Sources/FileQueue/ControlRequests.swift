// SPDX-License-Identifier: Apache-2.0
// What commands ask of workers, kept until it is done.

package import QueueModel
package import SystemKit

/// The requests to the workers of a root; durable, so that they hold while no daemon runs.
///
/// Commands write them and workers carry them out. docs/queue-protocol.md has every step.
package final class ControlRequests: Sendable {
    /// Where the requests lie; workers watch it.
    package let directory: Directory
    private let durability: Durability

    /// Opens the requests of a root.
    /// - Parameters:
    ///   - locations: The paths; the directory is made when missing.
    ///   - durability: Whether a request that was made survives a power cut.
    /// - Throws: When the directory cannot be opened.
    package init(locations: QueueLocations, durability: Durability = .full) throws(SystemCallError) {
        directory = try Directory.create(locations.control, mode: 0o700)
        self.durability = durability
    }

    // MARK: Cancelling

    /// Asks for a task to be cancelled; durable on return.
    ///
    /// An earlier request for the id is replaced.
    /// - Parameter request: The request.
    /// - Throws: When it cannot be written; nothing was asked for then.
    package func ask(_ request: CancelRequest) throws(SystemCallError) {
        try write(request.encoded(), as: .cancel(request.taskID))
    }

    /// What lies by the name of a request to cancel.
    package enum Finding: Sendable, Equatable {
        /// Nothing.
        case absent
        /// A request.
        case request(CancelRequest)
        /// What is no request of this task, and asks for nothing.
        case junk
    }

    /// Looks for a request to cancel a task.
    /// - Parameter id: The task.
    /// - Returns: What is there.
    /// - Throws: When it cannot be read now; there may be a request.
    package func cancelRequest(for id: TaskID) throws(SystemCallError) -> Finding {
        do throws(SystemCallError) {
            let name = ControlName.cancel(id).fileName
            guard let bytes = try directory.read(name, limit: CancelRequest.maxBytes) else { return .absent }
            guard let request = CancelRequest(decoding: bytes), request.taskID == id else { return .junk }
            return .request(request)
        } catch {
            // A link, a directory or a large file.
            let isJunk: [Errno] = [.loop, .invalidArgument, .fileTooLarge]
            if isJunk.contains(error.errno) { return .junk }
            throw error
        }
    }

    /// The tasks for which there is something by the name of a request to cancel.
    /// - Returns: The tasks, in no order.
    /// - Throws: When the directory cannot be read.
    package func tasksToCancel() throws(SystemCallError) -> [TaskID] {
        var found: [TaskID] = []
        try directory.names { name in
            if case .cancel(let id) = ControlName(name) { found.append(id) }
            return true
        }
        return found
    }

    /// Removes the request to cancel a task, because it was carried out or is stale.
    ///
    /// Not synced: a request that a power cut brings back finds the task's result, and goes again.
    /// - Parameter id: The task.
    /// - Throws: When it cannot be removed.
    package func clear(_ id: TaskID) throws(SystemCallError) {
        try directory.removeTree(ControlName.cancel(id).fileName)
    }

    /// Removes the request to cancel a task, durably: the id is about to be another task's.
    /// - Parameter id: The task.
    /// - Throws: When it cannot be removed.
    package func forget(_ id: TaskID) throws(SystemCallError) {
        if try directory.removeTree(ControlName.cancel(id).fileName), durability == .full { try directory.sync() }
    }

    // MARK: Pausing

    /// Asks a worker to start nothing from now on; durable on return.
    /// - Parameters:
    ///   - worker: The worker.
    ///   - now: The wall-clock time.
    /// - Throws: When the request cannot be written.
    package func pause(_ worker: WorkerID, now: Timestamp) throws(SystemCallError) {
        if try isPaused(worker) {
            if durability == .full { try directory.sync() }
            return
        }
        let object: JSONObject = [
            "version": .integer(CancelRequest.version), "worker": .string(worker.string),
            "requested_at": .string(now.description),
        ]
        try write(JSONWriter.bytes(.object(object)) + [UInt8(ascii: "\n")], as: .pause(worker))
    }

    /// Lets a worker start tasks again; durable on return.
    /// - Parameter worker: The worker.
    /// - Returns: Whether it was paused.
    /// - Throws: When the request to pause cannot be removed.
    @discardableResult
    package func resume(_ worker: WorkerID) throws(SystemCallError) -> Bool {
        let wasPaused = try directory.removeTree(ControlName.pause(worker).fileName)
        if durability == .full { try directory.sync() }
        return wasPaused
    }

    /// Whether a worker is asked to start nothing; what is in the file does not matter.
    /// - Parameter worker: The worker.
    /// - Returns: Whether it is paused.
    /// - Throws: When the directory cannot be searched.
    package func isPaused(_ worker: WorkerID) throws(SystemCallError) -> Bool {
        try directory.status(of: ControlName.pause(worker).fileName) != nil
    }

    private func write(_ bytes: [UInt8], as name: ControlName) throws(SystemCallError) {
        try AtomicFile.write(
            bytes,
            as: name.fileName,
            in: directory,
            mode: 0o600,
            replacing: true,
            durability: durability
        )
    }
}
