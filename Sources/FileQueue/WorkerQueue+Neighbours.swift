// SPDX-License-Identifier: Apache-2.0
// A look into the inboxes of other workers, for tasks that wait for each other across them.

package import QueueModel
import SystemKit

extension WorkerQueue {
    /// What a task waits for that lies in another worker's inbox.
    ///
    /// Only a file that is named after its task is found, which is how `vigil submit` names them; to read every file of
    /// every inbox would be too much for one look.
    /// - Parameter id: A task that is not in this inbox.
    /// - Returns: Its dependencies; none when it is not found.
    package func dependenciesElsewhere(of id: TaskID) -> [TaskID] {
        // What cannot be looked at is like what has not been submitted yet: it is waited for.
        for other in (try? QueueLocations.workers(in: locations.tasks)) ?? [] where other != worker {
            // As above; and what is no task waits for nothing.
            if let task = try? task(id, of: other) { return task.dependencies }
        }
        return []
    }

    private func task(_ id: TaskID, of other: WorkerID) throws -> TaskRecord? {
        let inbox = try Directory.open(locations.inbox(of: other))
        guard let bytes = try inbox.read(FileName(id.string, ".json"), limit: limits.maxBytes) else { return nil }
        let task = try TaskRecord.decode(bytes, for: other, limits: limits)
        return task.id == id ? task : nil
    }
}
