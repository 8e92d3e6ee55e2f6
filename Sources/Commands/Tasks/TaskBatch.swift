// SPDX-License-Identifier: Apache-2.0
// Many tasks in one input, a JSON object on each line.

package import QueueModel

/// The tasks of a batch, all of them valid.
package struct TaskBatch: Sendable {
    /// One task and where it stands.
    package struct Line: Sendable {
        /// The line's number, from 1.
        package let number: Int
        /// The task.
        package let task: TaskRecord
    }

    /// What is wrong with a line.
    package struct Problem: Sendable, Equatable {
        /// The line's number, from 1.
        package let line: Int
        /// What is wrong, and what to do.
        package let message: String
    }

    /// Everything that is wrong with a batch.
    package struct Problems: Error, Sendable, Equatable, CustomStringConvertible {
        /// The problems, in the order of the lines.
        package let problems: [Problem]

        /// A line for each problem.
        package var description: String {
            problems.map { "line \($0.line): \($0.message)" }.joined(separator: "\n")
        }
    }

    /// The tasks in the order of their lines.
    package let lines: [Line]

    /// Reads a batch; empty lines are left out.
    /// - Parameters:
    ///   - bytes: The whole input.
    ///   - worker: The worker of all its tasks; a line may name it, and no other.
    ///   - limits: The limits that the worker has.
    ///   - ids: Makes the ids of tasks that have none.
    /// - Throws: ``Problems`` with every line that is no task of that worker.
    package init(
        _ bytes: [UInt8],
        for worker: WorkerID,
        limits: TaskLimits,
        ids: NewTaskID
    ) throws(Problems) {
        var lines: [Line] = []
        var problems: [Problem] = []
        var digests: [TaskID: (line: Int, digest: String)] = [:]
        let texts = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, text) in texts.enumerated() {
            let number = index + 1
            if text.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) { continue }
            do throws(TaskRejection) {
                let task = try Self.task(Array(text), for: worker, limits: limits) {
                    ids.numbered(number, of: texts.count)
                }
                let digest = task.contentDigest
                if let earlier = digests[task.id], earlier.digest != digest {
                    let message = "task_id: \(task.id) is the id of line \(earlier.line) already; give another"
                    problems.append(Problem(line: number, message: message))
                    continue
                }
                digests[task.id] = (number, digest)
                lines.append(Line(number: number, task: task))
            } catch {
                // A batch has a line for each task, so that the place within it is a column.
                let place = "line 1, "
                let isPlaced = error.reason == .invalidJSON && error.message.hasPrefix(place)
                let message = isPlaced ? String(error.message.dropFirst(place.count)) : error.message
                problems.append(Problem(line: number, message: message))
            }
        }
        guard problems.isEmpty else { throw Problems(problems: problems) }
        self.lines = lines
    }

    /// Reads one task, which gets an id when it has none.
    /// - Parameters:
    ///   - text: The task as JSON.
    ///   - worker: Whose it is.
    ///   - limits: The limits that the worker has.
    ///   - makeID: Makes an id.
    /// - Returns: The task.
    /// - Throws: `TaskRejection` with the first broken rule.
    static func task(
        _ text: [UInt8],
        for worker: WorkerID,
        limits: TaskLimits,
        makeID: () -> TaskID
    ) throws(TaskRejection) -> TaskRecord {
        // What is no JSON object is judged by the same reader, for the same message as the worker's.
        guard text.count <= limits.maxBytes,
            // As said above: what is no object is judged below.
            let object = (try? JSONParser.parse(text, limits: .file(limits.maxBytes)))?.objectValue
        else { return try TaskRecord.decode(text, for: worker, limits: limits) }
        if let id = object["task_id"], !id.isNull { return try TaskRecord.decode(text, for: worker, limits: limits) }
        let members = object.removing { $0 == "task_id" }.members.map { ($0.key, $0.value) }
        let fields = JSONObject([("task_id", .string(makeID().string))] + members)
        return try TaskRecord.decode(JSONWriter.bytes(.object(fields)), for: worker, limits: limits)
    }
}
