// SPDX-License-Identifier: Apache-2.0
// The task file of a task that is over.

package import QueueModel
package import SystemKit

extension QueueView {
    /// The task of a result, as it came.
    /// - Parameter result: The result of a task that is over.
    /// - Returns: Nil when its file was not kept or was changed.
    /// - Throws: When the file cannot be read.
    package func keptTask(of result: ResultRecord) throws(SystemCallError) -> TaskRecord? {
        guard let task = try keptTask(result.taskID, of: result.worker), task.contentDigest == result.taskDigest else {
            return nil
        }
        return task
    }

    /// The task file that lies with the output of a task.
    /// - Parameters:
    ///   - id: The task.
    ///   - worker: Whose task it was.
    /// - Returns: Nil when there is none that is a task of this id.
    /// - Throws: When the file cannot be read.
    package func keptTask(_ id: TaskID, of worker: WorkerID) throws(SystemCallError) -> TaskRecord? {
        do throws(SystemCallError) {
            guard let place = try outputDirectory(of: id, worker: worker, attempt: 1),
                let bytes = try place.read(WorkerQueue.keptTaskName, limit: ClaimState.maxTaskBytes),
                // What is no task was put there by somebody else.
                let task = try? TaskRecord.decode(bytes, for: worker, limits: .widest)
            else { return nil }
            return task.id == id ? task : nil
        } catch {
            // A link, a directory, a pipe, or a file over every limit: no task either.
            let isNone: [Errno] = [.loop, .invalidArgument, .fileTooLarge]
            if isNone.contains(error.errno) { return nil }
            throw error
        }
    }
}
