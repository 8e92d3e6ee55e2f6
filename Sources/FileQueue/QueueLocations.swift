// SPDX-License-Identifier: Apache-2.0
// Where the public directories of one queue lie.

package import QueueModel
package import SystemKit

/// The paths of the first-level directories; each can be moved on its own.
package struct QueueLocations: Sendable, Equatable {
    /// Inboxes, one directory a worker, and the claims beside them.
    package var tasks: String
    /// Receipts, and notifications for the orchestrator.
    package var triggers: String
    /// Results, and the output of every attempt.
    package var results: String
    /// The health of each worker.
    package var heartbeats: String
    /// Dead letters, one directory a worker.
    package var deadLetters: String
    /// Named pipes.
    package var pipes: String

    /// The standard places under one root.
    /// - Parameter root: Absolute path of the root directory.
    package init(root: String) {
        tasks = root + "/tasks"
        triggers = root + "/triggers"
        results = root + "/results"
        heartbeats = root + "/heartbeats"
        deadLetters = root + "/dlq"
        pipes = root + "/pipes"
    }

    /// The directory that producers of this worker write to.
    /// - Parameter worker: The worker.
    /// - Returns: Its path.
    package func inbox(of worker: WorkerID) -> String { tasks + "/" + worker.string }

    /// The directory of claims, shared by all workers of the root.
    package var claims: String { tasks + "/.claims" }

    /// The directory of requests to workers, shared by all workers of the root.
    package var control: String { tasks + "/.control" }

    /// The workers that have a directory of their own in one of the first-level directories.
    /// - Parameter path: The first-level directory; none where it is not there.
    /// - Returns: Their names in order; a file that lies beside the directories is no worker.
    /// - Throws: When it cannot be read.
    package static func workers(in path: String) throws(SystemCallError) -> [WorkerID] {
        var found: [WorkerID] = []
        do throws(SystemCallError) {
            try Directory.open(path).entries { name, kind in
                let mayBeDirectory = kind == nil || kind == .directory || kind == .symbolicLink
                if mayBeDirectory, let worker = WorkerID(bytes: name.bytes) { found.append(worker) }
                return true
            }
        } catch  where error.errno == .noEntry {
            return []
        }
        return found.sorted()
    }
}
