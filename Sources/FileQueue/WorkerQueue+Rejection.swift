// SPDX-License-Identifier: Apache-2.0
// Files that never become tasks: into the dead letters, byte for byte.

package import QueueModel
package import SystemKit

/// A file that lies with the dead letters, and needs a reason beside it.
package struct SetAsideFile: Sendable {
    /// The name that its reason gets.
    package let letter: FileName
    let raw: FileName
    let source: Directory
}

extension WorkerQueue {
    /// Moves an inbox file to the dead letters as it is; ``explain(_:_:now:)`` has to follow.
    /// - Parameters:
    ///   - name: The file's name in the inbox.
    ///   - now: The wall-clock time.
    /// - Returns: What needs a reason now; `nil` when the file was gone.
    /// - Throws: When it cannot be moved; call again.
    package func setAside(_ name: FileName, now: Timestamp) throws(SystemCallError) -> SetAsideFile? {
        try reopenDeadLetters()
        return try setAside(name, in: inbox, stem: name.bytes.dropLast(5), now: now)
    }

    func setAside(
        _ name: FileName,
        in source: Directory,
        stem: some Sequence<UInt8>,
        now: Timestamp
    ) throws(SystemCallError) -> SetAsideFile? {
        // 200 of the 255 bytes of a name leave room for the time, a number and the ending.
        let base = Array(stem.prefix(200)) + Array("_\(now.unixSeconds)".utf8)
        var number = 1
        while true {
            let numbered = base + Array((number == 1 ? "" : "-\(number)").utf8)
            let raw = FileName(bytes: numbered + Array(".raw".utf8))
            let letter = FileName(bytes: numbered + Array(".json".utf8))
            number += 1
            if try deadLetters.status(of: letter) != nil { continue }
            do throws(SystemCallError) {
                try source.rename(name, to: deadLetters, as: raw)
            } catch {
                if error.errno == .exists { continue }
                if error.errno == .noEntry { return nil }
                throw error
            }
            return SetAsideFile(letter: letter, raw: raw, source: source)
        }
    }

    /// Writes the reason beside a file that was set aside, durable on return.
    /// - Parameters:
    ///   - file: What was set aside.
    ///   - rejection: Why it is no task.
    ///   - now: The wall-clock time.
    /// - Throws: When the reason cannot be made durable; call again.
    package func explain(
        _ file: SetAsideFile,
        _ rejection: TaskRejection,
        now: Timestamp
    ) async throws(SystemCallError) {
        do throws(SystemCallError) {
            try await writeReason(rejection, as: file.letter, raw: file.raw, source: file.source, now: now)
        } catch  where error.errno == .exists {
            // Ours, when an earlier try failed after the rename.
            guard try reads(file.letter, asReasonFor: file.raw) else { throw error }
            let steps: [Commit.Step] = [.syncFile(file.letter, deadLetters), .syncDirectory(deadLetters)]
            try await committer.commit(Commit(phases: [steps, [.syncDirectory(file.source)]]))
        }
    }

    private func reads(_ letter: FileName, asReasonFor raw: FileName) throws(SystemCallError) -> Bool {
        guard try deadLetters.status(of: letter)?.kind == .regular,
            let bytes = try deadLetters.read(letter, limit: 128 << 20)
        else { return false }
        // What is no dead letter is not ours.
        return (try? DeadLetterRecord.decode(bytes, for: worker))?.rawFile == raw.description
    }

    /// Writes the reason for each file that a crash left without one.
    /// - Parameter now: The wall-clock time.
    /// - Returns: The names of the dead letters that were written.
    /// - Throws: When the directory cannot be read, or a reason cannot be written.
    package func repairDeadLetters(now: Timestamp) async throws(SystemCallError) -> [FileName] {
        var raws: [FileName] = []
        try deadLetters.names { name in
            if name.hasSuffix(".raw") { raws.append(name) }
            return true
        }
        var written: [FileName] = []
        for raw in raws {
            let letter = FileName(bytes: raw.bytes.dropLast(4) + Array(".json".utf8))
            if try deadLetters.status(of: letter) != nil { continue }
            // The judgement is a function of the file, so it comes out as it would have then. What is valid can only
            // have been refused for its id.
            let rejection =
                judge(raw)
                ?? TaskRejection(
                    reason: .duplicateTaskID,
                    field: "task_id",
                    message: "task_id: another task has this id"
                )
            try await writeReason(rejection, as: letter, raw: raw, source: deadLetters, now: now)
            written.append(letter)
        }
        return written
    }

    private func judge(_ raw: FileName) -> TaskRejection? {
        let bytes: [UInt8]?
        do throws(SystemCallError) {
            bytes = try deadLetters.read(raw, limit: limits.maxBytes)
        } catch {
            let reason: DeadLetterReason = error.errno == .fileTooLarge ? .tooLarge : .unsafeFile
            return TaskRejection(reason: reason, message: "\(error)")
        }
        do throws(TaskRejection) {
            _ = try TaskRecord.decode(bytes ?? [], for: worker, limits: limits)
            return nil
        } catch { return error }
    }

    private func writeReason(
        _ rejection: TaskRejection,
        as letter: FileName,
        raw: FileName,
        source: Directory,
        now: Timestamp
    ) async throws(SystemCallError) {
        // What cannot be read as an object is kept as bytes alone.
        let bytes = (try? deadLetters.read(raw, limit: limits.maxBytes)) ?? nil
        let fields = bytes.flatMap { try? JSONParser.parse($0, limits: .file(limits.maxBytes)).objectValue }
        var record = DeadLetterRecord(task: fields, worker: worker, reason: rejection.reason, timestamp: now)
        record.error = rejection.message
        record.rawFile = raw.description
        var first: [Commit.Step] = [.write(letter, record.encoded(), deadLetters, replacing: false)]
        if bytes != nil { first.append(.syncFile(raw, deadLetters)) }
        try await committer.commit(Commit(phases: [first, [.syncDirectory(source)]]))
    }
}
