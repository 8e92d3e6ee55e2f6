// SPDX-License-Identifier: Apache-2.0
// What a person does with dead letters: list, run again, remove.

package import QueueModel
package import SystemKit

/// A dead letter in its place.
package struct DeadLetter: Sendable {
    /// Whose dead letter it is.
    package let worker: WorkerID
    /// Its file name.
    package let file: FileName
    /// What it says.
    package let record: DeadLetterRecord
}

/// All dead letters of a queue.
package struct DeadLetterBox {
    private let locations: QueueLocations

    /// Makes a view of the dead letters.
    /// - Parameter locations: The paths.
    package init(locations: QueueLocations) { self.locations = locations }

    /// The dead letters that can be read, oldest first.
    /// - Parameter worker: Only this worker's; `nil`: all.
    /// - Returns: The dead letters.
    /// - Throws: When a directory cannot be read.
    package func list(worker: WorkerID?) throws(SystemCallError) -> [DeadLetter] {
        try letters(of: worker) { _ in true }
    }

    /// The dead letters of one task that can be read, oldest first.
    /// - Parameter id: The task; it is looked for in files that are named for it.
    /// - Returns: The dead letters.
    /// - Throws: When a directory cannot be read.
    package func letters(of id: TaskID) throws(SystemCallError) -> [DeadLetter] {
        let prefix = id.string + "_"
        return try letters(of: nil) { $0.hasPrefix(prefix) }.filter { $0.record.taskID == id }
    }

    private func letters(
        of worker: WorkerID?,
        named isWanted: (FileName) -> Bool
    ) throws(SystemCallError) -> [DeadLetter] {
        var letters: [DeadLetter] = []
        for name in try names(in: locations.deadLetters) {
            guard let owner = WorkerID(bytes: name.bytes), worker == nil || owner == worker else { continue }
            let directory = try Directory.open(locations.deadLetters + "/" + owner.string)
            for file in try names(in: directory.path)
            where file.hasSuffix(".json") && !file.hasPrefix(".") && isWanted(file) {
                // A file that is no dead letter is not ours to judge, and one that goes meanwhile is no dead letter.
                guard let bytes = try? directory.read(file, limit: 128 << 20),
                    let record = try? DeadLetterRecord.decode(bytes, for: owner)
                else { continue }
                letters.append(DeadLetter(worker: owner, file: file, record: record))
            }
        }
        return letters.sorted { ($0.record.timestamp, $0.file) < ($1.record.timestamp, $1.file) }
    }

    /// Puts the task of a dead letter back into its inbox, as it first came, with all its attempts.
    ///
    /// The failed result goes first, since its id would make the task a repeat; the dead letter goes last, so that a
    /// crash in between loses nothing.
    /// - Parameter letter: The dead letter.
    /// - Throws: ``SubmissionError``, also when the dead letter holds no valid task.
    package func retry(_ letter: DeadLetter) throws(SubmissionError) {
        let task: TaskRecord
        do throws(TaskRejection) {
            task = try TaskRecord.decode(letter.record.task ?? [:], for: letter.worker, limits: .widest)
        } catch {
            throw SubmissionError(
                .io,
                "\(letter.file) holds no valid task (\(error.message)); mend it and submit it as a new one"
            )
        }
        let submission = TaskSubmission(locations: locations)
        _ = try submission.submit(task, to: letter.worker, replacing: true)
        try remove(letter)
    }

    /// Removes a dead letter and the bytes beside it; what it held is gone.
    /// - Parameter letter: The dead letter.
    /// - Throws: When it cannot be removed.
    package func remove(_ letter: DeadLetter) throws(SubmissionError) {
        do {
            let directory = try Directory.open(locations.deadLetters + "/" + letter.worker.string)
            let raw = FileName(bytes: letter.file.bytes.dropLast(5) + Array(".raw".utf8))
            // The reason goes last: bytes without one would be judged again at the next start.
            if try directory.status(of: raw)?.kind == .directory {
                try directory.removeTree(raw)
            } else {
                try directory.remove(raw)
            }
            try directory.remove(letter.file)
            try directory.sync()
        } catch { throw SubmissionError(error) }
    }

    private func names(in path: String) throws(SystemCallError) -> [FileName] {
        var found: [FileName] = []
        do throws(SystemCallError) {
            try Directory.open(path).names { name in
                found.append(name)
                return true
            }
        } catch  where error.errno == .noEntry {
            return []
        }
        return found
    }
}
