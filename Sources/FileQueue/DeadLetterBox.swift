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
    let locations: QueueLocations

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

    /// One dead letter by its name.
    /// - Parameters:
    ///   - file: The file's name; any name may be asked for.
    ///   - worker: Whose dead letter it is.
    /// - Returns: Nil when there is none of that name.
    package func letter(_ file: FileName, of worker: WorkerID) -> DeadLetter? {
        Self.isLetter(file) ? read(file, of: worker) : nil
    }

    private func letters(
        of worker: WorkerID?,
        named isWanted: (FileName) -> Bool
    ) throws(SystemCallError) -> [DeadLetter] {
        var letters: [DeadLetter] = []
        for name in try names(in: locations.deadLetters) {
            guard let owner = WorkerID(bytes: name.bytes), worker == nil || owner == worker else { continue }
            for file in try names(in: directory(of: owner)) where Self.isLetter(file) && isWanted(file) {
                if let letter = read(file, of: owner) { letters.append(letter) }
            }
        }
        return letters.sorted { ($0.record.timestamp, $0.file) < ($1.record.timestamp, $1.file) }
    }

    /// The name of the dead letter of a task that failed.
    /// - Parameters:
    ///   - id: The task.
    ///   - timestamp: When it failed; its result has the same time.
    ///   - number: From 1; a higher one where the names before are taken.
    /// - Returns: `<id>_<unix>.json`, or with `-<number>` behind the time.
    package static func fileName(of id: TaskID, at timestamp: Timestamp, number: Int = 1) -> FileName {
        FileName("\(id)_\(timestamp.unixSeconds)\(number == 1 ? "" : "-\(number)").json")
    }

    /// Whether a name is a dead letter's: ends in `.json` and does not start with a dot.
    static func isLetter(_ name: FileName) -> Bool { name.hasSuffix(".json") && !name.hasPrefix(".") }

    /// Reads a dead letter; `nil` when the file is none.
    func read(_ file: FileName, of worker: WorkerID) -> DeadLetter? {
        // A file that is no dead letter is not ours to judge, and one that goes meanwhile is no dead letter.
        guard let bytes = try? Directory.open(directory(of: worker)).read(file, limit: 128 << 20),
            let record = try? DeadLetterRecord.decode(bytes, for: worker)
        else { return nil }
        return DeadLetter(worker: worker, file: file, record: record)
    }

    /// The task of a dead letter, as it can be run again.
    /// - Parameter letter: The dead letter.
    /// - Returns: The task as it came.
    /// - Throws: ``SubmissionError`` when it holds none.
    package func task(of letter: DeadLetter) throws(SubmissionError) -> TaskRecord {
        do throws(TaskRejection) {
            return try TaskRecord.decode(letter.record.task ?? [:], for: letter.worker, limits: .widest)
        } catch {
            let reason = letter.record.error ?? error.message
            guard let raw = letter.record.rawFile else {
                throw SubmissionError(
                    .io,
                    "\(letter.file) holds no valid task (\(reason)); mend it and submit it as a new one"
                )
            }
            throw SubmissionError(
                .io,
                "\(letter.file) never was a task (\(reason)); mend a copy of \(directory(of: letter.worker))/\(raw), "
                    + "and put it into \(locations.inbox(of: letter.worker))"
            )
        }
    }

    /// Puts the task of a dead letter back into its inbox, as it first came, with all its attempts.
    ///
    /// The failed result goes first, since its id would make the task a repeat; the dead letter goes last, so that a
    /// crash in between loses nothing. Only a failed or cancelled result gives way, and no other task of the same id.
    /// - Parameter letter: The dead letter.
    /// - Throws: ``SubmissionError``, also when the dead letter holds no valid task, when its worker has not finished
    ///   putting it away, or when its id has completed or is another task's by now.
    package func retry(_ letter: DeadLetter) throws(SubmissionError) {
        let task = try task(of: letter)
        do {
            try makeWay(for: task, of: letter)
        } catch let error as SystemCallError {
            throw SubmissionError(error)
        } catch let error as SubmissionError {
            throw error
        } catch { throw SubmissionError(.io, "\(error)") }
        _ = try TaskSubmission(locations: locations).submit(task, to: letter.worker)
        try remove(letter)
    }

    private func makeWay(for task: TaskRecord, of letter: DeadLetter) throws {
        let view = try QueueView(locations: locations)
        if let claim = try view.claim(of: task.id) {
            // Until the claim is gone the task would count as a repeat, and go with this dead letter.
            guard claim.verdict?.fileName != letter.file.description else {
                throw SubmissionError(
                    .busy,
                    "\(letter.file): task \(task.id) is just being put away by worker \(claim.worker); try again in a "
                        + "moment, and start the worker if it is down"
                )
            }
            // Any other is judged by the submission; its result may be there already, and then is not ours to remove.
            return
        }
        if let queued = try view.queuedTask(FileName(task.id.string, ".json"), of: letter.worker),
            queued.id == task.id, queued.contentDigest != task.contentDigest
        {
            throw SubmissionError(
                .duplicateTaskID,
                "\(letter.file): another task \(task.id) is queued; wait for its end, or submit this one under another id"
            )
        }
        guard let place = try view.shelf.location(of: task.id), let result = try view.shelf.result(of: task.id) else {
            return
        }
        guard result.status != .completed else {
            throw SubmissionError(
                .duplicateTaskID,
                "\(letter.file): task \(task.id) has completed (\(place.worker)); purge the dead letter, or submit its "
                    + "task under another id"
            )
        }
        try view.removeResult(of: task.id, in: place.directory)
    }

    /// Removes a dead letter and the bytes beside it; what it held is gone.
    /// - Parameter letter: The dead letter.
    /// - Throws: When it cannot be removed.
    package func remove(_ letter: DeadLetter) throws(SubmissionError) {
        do {
            let directory = try Directory.open(directory(of: letter.worker))
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

    /// The directory of a worker's dead letters.
    /// - Parameter worker: Whose.
    /// - Returns: Its path.
    package func directory(of worker: WorkerID) -> String { locations.deadLetters + "/" + worker.string }

    func names(in path: String) throws(SystemCallError) -> [FileName] {
        var found: [FileName] = []
        do throws(SystemCallError) {
            try Directory.open(path).names { name in
                found.append(name)
                return true
            }
        } catch  where error.errno == .noEntry || error.errno == .notDirectory {
            return []
        }
        return found
    }
}
