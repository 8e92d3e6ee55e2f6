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

/// What ``WorkerQueue/repairDeadLetters(now:)`` has done.
package struct DeadLetterRepair: Sendable {
    /// The dead letters that were written.
    package internal(set) var written: [FileName] = []
    /// Why files have no reason yet; the next repair tries again.
    package internal(set) var unread: [SystemCallError] = []
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
    /// - Throws: When the file cannot be read just now, or the reason cannot be made durable; call again.
    package func explain(
        _ file: SetAsideFile,
        _ rejection: TaskRejection,
        now: Timestamp
    ) async throws(SystemCallError) {
        do throws(SystemCallError) {
            try await writeReason(rejection, for: file, contents(of: file.raw), now: now)
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
    ///
    /// A file that cannot be read just now is left for the next time.
    /// - Parameter now: The wall-clock time.
    /// - Returns: What was written, and what was left.
    /// - Throws: When the directory cannot be read, or a reason cannot be written.
    package func repairDeadLetters(now: Timestamp) async throws(SystemCallError) -> DeadLetterRepair {
        var raws: [FileName] = []
        try deadLetters.names { name in
            if name.hasSuffix(".raw") { raws.append(name) }
            return true
        }
        var repair = DeadLetterRepair()
        for raw in raws {
            let letter = FileName(bytes: raw.bytes.dropLast(4) + Array(".json".utf8))
            if try deadLetters.status(of: letter) != nil { continue }
            let contents: Result<[UInt8], SystemCallError>
            do throws(SystemCallError) {
                contents = try self.contents(of: raw)
            } catch {
                repair.unread.append(error)
                continue
            }
            let file = SetAsideFile(letter: letter, raw: raw, source: deadLetters)
            try await writeReason(judge(contents), for: file, contents, now: now)
            repair.written.append(letter)
        }
        return repair
    }

    /// The judgement is a function of the file, so it comes out as it would have then.
    private func judge(_ contents: Result<[UInt8], SystemCallError>) -> TaskRejection {
        switch contents {
        case .failure(let error):
            let reason: DeadLetterReason = error.errno == .fileTooLarge ? .tooLarge : .unsafeFile
            return TaskRejection(reason: reason, message: "\(error)")
        case .success(let bytes):
            do throws(TaskRejection) {
                _ = try TaskRecord.decode(bytes, for: worker, limits: limits)
            } catch { return error }
            // What is valid can only have been refused for its id.
            return TaskRejection(
                reason: .duplicateTaskID,
                field: "task_id",
                message: "task_id: another task has this id"
            )
        }
    }

    /// Reads a file that was set aside.
    /// - Returns: Its bytes, or why it never will be read: it is no regular file, too large, or not for this user.
    /// - Throws: What may be otherwise the next time, for example `EIO` or `EMFILE`.
    private func contents(of raw: FileName) throws(SystemCallError) -> Result<[UInt8], SystemCallError> {
        do throws(SystemCallError) {
            return .success(try deadLetters.read(raw, limit: limits.maxBytes) ?? [])
        } catch {
            switch error.errno {
            case .loop, .invalidArgument, .noDevice, .noDeviceOrAddress, .fileTooLarge, .access, .notPermitted:
                return .failure(error)
            default: throw error
            }
        }
    }

    private func writeReason(
        _ rejection: TaskRejection,
        for file: SetAsideFile,
        _ contents: Result<[UInt8], SystemCallError>,
        now: Timestamp
    ) async throws(SystemCallError) {
        // What never will be read, or is no object, is kept as bytes alone.
        let bytes = try? contents.get()
        let fields = bytes.flatMap { try? JSONParser.parse($0, limits: .file(limits.maxBytes)).objectValue }
        var record = DeadLetterRecord(task: fields, worker: worker, reason: rejection.reason, timestamp: now)
        record.error = rejection.message
        record.rawFile = file.raw.description
        var first: [Commit.Step] = [.write(file.letter, record.encoded(), deadLetters, replacing: false)]
        if bytes != nil { first.append(.syncFile(file.raw, deadLetters)) }
        try await committer.commit(Commit(phases: [first, [.syncDirectory(file.source)]]))
    }
}
