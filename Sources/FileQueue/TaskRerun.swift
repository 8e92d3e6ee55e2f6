// SPDX-License-Identifier: Apache-2.0
// Runs a task that is over again, from the file that was kept of it.

package import QueueModel
package import SystemKit

/// Puts kept tasks back into their inboxes.
///
/// The result goes first, since its id would make the task a repeat. The kept file stays until the next end of the task
/// replaces it, so that a crash in between loses nothing: the command, called again, finds it.
package struct TaskRerun {
    private let locations: QueueLocations
    private let durability: Durability

    /// Makes a rerun for a queue.
    /// - Parameters:
    ///   - locations: The paths.
    ///   - durability: Whether success means that a power cut cannot undo it.
    package init(locations: QueueLocations, durability: Durability = .full) {
        self.locations = locations
        self.durability = durability
    }

    /// The task that was kept of an id that has no result: an earlier rerun was cut off, or the result was removed.
    /// - Parameter id: The task.
    /// - Returns: The task, and whose it was; nil when none was kept.
    /// - Throws: ``SubmissionError`` when the results cannot be looked at.
    package func orphan(_ id: TaskID) throws(SubmissionError) -> (task: TaskRecord, worker: WorkerID)? {
        do throws(SystemCallError) {
            let view = try QueueView(locations: locations)
            guard let worker = try view.workerWithOutput(of: id), let task = try view.keptTask(id, of: worker) else {
                return nil
            }
            return (task, worker)
        } catch { throw SubmissionError(error) }
    }

    /// Runs the task of a result again; the result and the output of its attempts go.
    /// - Parameter result: The result of a task that is over.
    /// - Throws: ``SubmissionError`` when its file was not kept, it is just being put away, or a file cannot be written.
    package func run(_ result: ResultRecord) throws(SubmissionError) {
        let task: TaskRecord?
        do throws(SystemCallError) {
            let view = try QueueView(locations: locations)
            if try view.claim(of: result.taskID) != nil {
                throw SystemCallError(call: "claim", errno: .busy)
            }
            task = try view.keptTask(of: result)
        } catch {
            guard error.errno == .busy else { throw SubmissionError(error) }
            throw SubmissionError(.busy, "task \(result.taskID) is just being put away; try again in a moment")
        }
        guard let task else {
            throw SubmissionError(
                .io,
                "the file of task \(result.taskID) was not kept; submit it again, with --replace to keep the id"
            )
        }
        try run(task, of: result.worker)
    }

    /// Runs a kept task again, whether it has a result or not.
    /// - Parameters:
    ///   - task: What ``orphan(_:)`` found, or the kept task of a result.
    ///   - worker: Whose it is.
    /// - Throws: ``SubmissionError`` when a file cannot be written, or another task has the id by now.
    package func run(_ task: TaskRecord, of worker: WorkerID) throws(SubmissionError) {
        do throws(SystemCallError) {
            let results = try ResultShelf(path: locations.results).root.subdirectory(FileName(worker.string))
            let output = try results.subdirectory(FileName(task.id.string))
            if durability == .full {
                // Its way there was not synced; from now on nothing else holds the task.
                try output.openFile(WorkerQueue.keptTaskName).sync()
                try output.sync()
                try results.sync()
            }
            try ControlRequests(locations: locations, durability: durability).forget(task.id)
            if try results.remove(ResultShelf.fileName(of: task.id)), durability == .full { try results.sync() }
            var names: [FileName] = []
            try output.names { name in
                if name != WorkerQueue.keptTaskName { names.append(name) }
                return true
            }
            for name in names { try output.removeTree(name) }
        } catch { throw SubmissionError(error) }
        _ = try TaskSubmission(locations: locations, durability: durability).submit(task, to: worker)
    }
}
