// SPDX-License-Identifier: Apache-2.0
// Where the whole output of every attempt lies, for whoever wants to read it.

package import QueueModel
package import SystemKit

/// One of the two streams of an attempt.
package enum OutputStream: Sendable, Hashable, CaseIterable {
    case standardOutput
    case standardError

    /// The name of its log in the attempt's directory.
    package var fileName: FileName {
        switch self {
        case .standardOutput: "stdout.log"
        case .standardError: "stderr.log"
        }
    }
}

extension QueueView {
    /// The directory that holds the output of an attempt.
    /// - Parameters:
    ///   - id: The task.
    ///   - worker: Who runs it.
    ///   - attempt: The attempt's number, from 1.
    /// - Returns: `nil` when it is not there: the attempt has not begun, or its logs were removed.
    /// - Throws: When it cannot be opened.
    package func outputDirectory(
        of id: TaskID,
        worker: WorkerID,
        attempt: Int
    ) throws(SystemCallError) -> Directory? {
        do throws(SystemCallError) {
            return try shelf.root.descendant(worker.string + "/" + WorkerQueue.logsPath(of: id, attempt: attempt))
        } catch {
            if error.errno == .noEntry || error.errno == .notDirectory { return nil }
            throw error
        }
    }

    /// The path of an attempt's log, for people; whether it is there or not.
    /// - Parameters:
    ///   - stream: Which of the two logs.
    ///   - id: The task.
    ///   - worker: Who runs it.
    ///   - attempt: The attempt's number, from 1.
    /// - Returns: The path.
    package func outputPath(_ stream: OutputStream, of id: TaskID, worker: WorkerID, attempt: Int) -> String {
        let directory = WorkerQueue.logsPath(of: id, attempt: attempt)
        return "\(locations.results)/\(worker)/\(directory)/\(stream.fileName)"
    }

    /// The path of what is kept of an attempt that was ended before its time; whether it is there or not.
    /// - Parameters:
    ///   - id: The task.
    ///   - worker: Who ran it.
    ///   - attempt: The attempt's number, from 1.
    /// - Returns: The path.
    package func evidencePath(of id: TaskID, worker: WorkerID, attempt: Int) -> String {
        let directory = WorkerQueue.logsPath(of: id, attempt: attempt)
        return "\(locations.results)/\(worker)/\(directory)/\(WorkerQueue.evidenceName)"
    }

    /// The attempts whose standard output is there, in order.
    /// - Parameters:
    ///   - id: The task.
    ///   - worker: Who runs it.
    /// - Returns: Their numbers.
    /// - Throws: When a directory cannot be read.
    package func attemptsWithOutput(of id: TaskID, worker: WorkerID) throws(SystemCallError) -> [Int] {
        guard let first = try outputDirectory(of: id, worker: worker, attempt: 1) else { return [] }
        var numbers: Set<Int> = []
        try first.names { name in
            if name == OutputStream.standardOutput.fileName { numbers.insert(1) }
            if name.hasPrefix("attempt-"), let number = name.string.flatMap({ Int($0.dropFirst(8)) }), number > 1 {
                numbers.insert(number)
            }
            return true
        }
        return numbers.sorted()
    }

    /// Who has output of a task, found without a look at any inbox.
    /// - Parameter id: The task.
    /// - Returns: `nil` when no attempt of it has begun, or its logs were removed.
    /// - Throws: When a directory cannot be searched.
    package func workerWithOutput(of id: TaskID) throws(SystemCallError) -> WorkerID? {
        let name = FileName(id.string)
        for (worker, directory) in try shelf.directories() where try directory.status(of: name)?.kind == .directory {
            return worker
        }
        return nil
    }
}
