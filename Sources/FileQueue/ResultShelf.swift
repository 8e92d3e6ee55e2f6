// SPDX-License-Identifier: Apache-2.0
// Finds results of all workers of a root.

package import QueueModel
package import SystemKit

/// The results directory with its directory for each worker.
package final class ResultShelf {
    /// The first-level directory.
    package private(set) var root: Directory
    private var workers: [(worker: WorkerID, directory: Directory)] = []
    private var listedAt: Int64 = .min

    /// Opens the results of a root.
    /// - Parameter path: The first-level directory; made when missing.
    /// - Throws: When it cannot be opened.
    package init(path: String) throws(SystemCallError) { root = try Directory.create(path) }

    /// Goes over to the directory that the path names by now, and makes it when there is none.
    func reopen() throws(SystemCallError) {
        if root.isOnPath() { return }
        root = try Directory.create(root.path)
        listedAt = .min
    }

    /// The result directories as they are now.
    ///
    /// Lists the directory only when something was added or removed since the last time.
    /// - Returns: Every worker's directory.
    /// - Throws: When the first-level directory cannot be read.
    package func directories() throws(SystemCallError) -> [(worker: WorkerID, directory: Directory)] {
        let changed = try root.status().changedNanoseconds
        if changed == listedAt { return workers }
        var names: [(WorkerID, FileName)] = []
        try root.names { name in
            if let worker = WorkerID(bytes: name.bytes) { names.append((worker, name)) }
            return true
        }
        var found: [(WorkerID, Directory)] = []
        for (worker, name) in names {
            // What is no directory holds no results; what vanished meanwhile neither.
            guard let directory = try? root.subdirectory(name) else { continue }
            found.append((worker, directory))
        }
        workers = found
        listedAt = changed
        return found
    }

    /// Where the result of a task lies.
    /// - Parameter id: The task.
    /// - Returns: The worker and its directory; `nil` when there is no result.
    /// - Throws: When a directory cannot be searched.
    package func location(of id: TaskID) throws(SystemCallError) -> (worker: WorkerID, directory: Directory)? {
        let name = ResultShelf.fileName(of: id)
        for entry in try directories() where try entry.directory.status(of: name) != nil { return entry }
        return nil
    }

    /// The result of a task.
    /// - Parameter id: The task.
    /// - Returns: `nil` when there is none, or none that can be read as one.
    /// - Throws: When a file cannot be read.
    package func result(of id: TaskID) throws(SystemCallError) -> ResultRecord? {
        guard let place = try location(of: id) else { return nil }
        let bytes: [UInt8]?
        do throws(SystemCallError) {
            bytes = try place.directory.read(ResultShelf.fileName(of: id), limit: ResultShelf.maxBytes)
        } catch {
            // A directory or a link in the result's place is no result.
            if error.errno == .invalidArgument || error.errno == .loop { return nil }
            throw error
        }
        // What stands there and is no result is somebody else's file; it answers nothing.
        return bytes.flatMap { try? ResultRecord.decode($0) }
    }

    /// The name of a task's result.
    /// - Parameter id: The task.
    /// - Returns: `<id>.json`.
    package static func fileName(of id: TaskID) -> FileName { FileName(id.string, ".json") }

    /// Two outputs of 64 MiB in which every byte is escaped, and the rest.
    package static let maxBytes = 800 << 20
}
