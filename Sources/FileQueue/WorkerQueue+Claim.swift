// SPDX-License-Identifier: Apache-2.0
// From the inbox into the claims, by one process only.

package import QueueModel
package import SystemKit

extension WorkerQueue {
    /// Claims a task, and records its first attempt as begun, unless none is meant to be.
    ///
    /// The state record is created exclusively, which decides between all workers of the root; the task's file is
    /// locked before it moves, so that nobody takes the claim for an abandoned one. Nothing is synced yet: see
    /// ``makeDurable(_:)``.
    /// - Parameters:
    ///   - queued: What ``inspect(_:)`` found.
    ///   - runID: The name of the first attempt; `nil` when the task is to be given up without one.
    ///   - session: The session that the first attempt goes on with.
    ///   - now: The wall-clock time.
    /// - Returns: The claim, or why there is none.
    /// - Throws: When a file cannot be read, made or moved; the task stays in the inbox.
    package func claim(
        _ queued: QueuedTask,
        runID: String?,
        session: ClaimState.Session? = nil,
        now: Timestamp
    ) throws(SystemCallError) -> ClaimOutcome {
        let opening = try openForClaim(queued.fileName)
        switch consume opening {
        case .gone: return .gone
        case .rejected: return .changed
        case .open(let file):
            guard case .task(let task) = file.contents, task.id == queued.id else { return .changed }
            guard try file.descriptor.tryLockExclusive() else { return .taken }
            var state = ClaimState(
                taskID: task.id,
                worker: worker,
                owner: owner,
                queuedAt: queued.queuedAt,
                digest: file.digest ?? task.contentDigest
            )
            if let runID { state.begin(runID: runID, session: session, now: now) }
            guard let record = try create(state) else {
                return try judgeOccupied(queued, file.status.identity, state.digest)
            }
            let outcome = try moveIntoClaims(queued.fileName, file.status.identity, state)
            if let outcome { return outcome }
            let claim = Claim(
                task: task,
                state: state,
                modified: file.status.modifiedNanoseconds,
                lock: file.descriptor
            )
            claim.record = record
            return .claimed(claim)
        }
    }

    /// Records that the next attempt begins; not synced yet, see ``makeDurable(_:)``.
    /// - Parameters:
    ///   - claim: A claim whose last attempt has ended.
    ///   - runID: The name of the attempt.
    ///   - session: The session that the attempt goes on with.
    ///   - now: The wall-clock time.
    /// - Throws: When the record cannot be written; nothing has changed then.
    package func beginAttempt(
        _ claim: Claim,
        runID: String,
        session: ClaimState.Session? = nil,
        now: Timestamp
    ) throws(SystemCallError) {
        var state = claim.state
        state.begin(runID: runID, session: session, now: now)
        try AtomicFile.write(
            state.encoded(),
            as: claim.stateName,
            in: claims,
            mode: 0o600,
            replacing: true,
            durability: .relaxed
        )
        claim.record = nil
        claim.state = state
    }

    /// Tells the producer that the worker has the task.
    /// - Parameters:
    ///   - claim: The claim.
    ///   - now: The wall-clock time.
    /// - Throws: When the receipt cannot be written; the task is not affected.
    package func writeReceipt(for claim: Claim, now: Timestamp) throws(SystemCallError) {
        try reopenReceipts()
        let receipt = ReceiptRecord(taskID: claim.id, worker: worker, timestamp: now)
        try AtomicFile.write(
            receipt.encoded(),
            as: receiptName(claim),
            in: receipts,
            staging: receiptPlace.staging,
            replacing: true,
            durability: .relaxed
        )
    }

    /// Makes the claim, its record and its receipt durable; runs beside the attempt.
    /// - Parameter claim: The claim.
    /// - Throws: When a sync fails.
    package func makeDurable(_ claim: Claim) async throws(SystemCallError) {
        guard committer.durability == .full else { return }
        // Destination before source: the other way round a power cut may leave the task under no name at all.
        try await committer.commit(
            Commit(phases: [
                [
                    .syncFile(claim.taskName, claims), .syncFile(claim.stateName, claims), .syncDirectory(claims),
                    .syncFile(receiptName(claim), receipts), .syncDirectory(receipts),
                ],
                [.syncDirectory(inbox)],
            ])
        )
    }

    /// Where a supervisor finds or makes the directory for the output of the running attempt.
    /// - Parameter claim: A claim whose attempt has begun.
    /// - Returns: A directory, and the name in it of the one to make; `nil` for that directory itself.
    /// - Throws: When it cannot be opened.
    package func placeOfLogs(of claim: Claim) throws(SystemCallError) -> (directory: Directory, name: FileName?) {
        guard claim.state.attempt <= 1 else { return (try openLogs(of: claim).directory, nil) }
        try reopenOwnResults()
        claim.output = nil
        claim.logs = nil
        return placeOfFirstLogs(of: claim.id)
    }

    /// Where the output of a task's first attempt is going to be, unless the directory is replaced until then.
    /// - Parameter id: The task.
    /// - Returns: What ``placeOfLogs(of:)`` is expected to return.
    package func placeOfFirstLogs(of id: TaskID) -> (directory: Directory, name: FileName) {
        (results, FileName(id.string))
    }

    /// The directory for the output of the running attempt, made if need be.
    /// - Parameter claim: A claim whose attempt has begun.
    /// - Returns: The directory, and its path relative to this worker's results.
    /// - Throws: When it cannot be made.
    package func openLogs(of claim: Claim) throws(SystemCallError) -> (directory: Directory, path: String) {
        try reopenResults()
        return try openLogs(of: claim, create: 0o750)
    }

    /// Opens the directory of the attempt's output for what follows, if that can be, unless it is open.
    /// - Parameter claim: A claim whose attempt has ended.
    package func keepLogsOpen(of claim: Claim) {
        // Whoever needs it tries again, and reports.
        if claim.logs == nil { _ = try? openLogs(of: claim, create: nil) }
    }

    private func openLogs(
        of claim: Claim,
        create mode: UInt32?
    ) throws(SystemCallError) -> (directory: Directory, path: String) {
        claim.output = nil
        let path = WorkerQueue.logsPath(of: claim.id, attempt: claim.state.attempt)
        var directory = results
        for part in path.utf8.split(separator: UInt8(ascii: "/")) {
            directory = try directory.subdirectory(FileName(bytes: part), create: mode)
            if claim.output == nil { claim.output = directory }
        }
        claim.logs = directory
        return (directory, path)
    }

    /// Where the output of an attempt lies below a worker's results: `<id>`, from the second on `<id>/attempt-<n>`.
    /// - Parameters:
    ///   - id: The task.
    ///   - attempt: The attempt's number, from 1.
    /// - Returns: The relative path.
    package static func logsPath(of id: TaskID, attempt: Int) -> String {
        attempt <= 1 ? id.string : "\(id.string)/attempt-\(attempt)"
    }

    /// The file beside the logs that says what was to be seen of an attempt when it was ended before its time.
    package static let evidenceName: FileName = "evidence.txt"

    private func receiptName(_ claim: Claim) -> FileName { FileName(claim.id.string, ".trigger") }

    /// Whole or not at all: a record torn by a crash would say nothing about whether its maker lives.
    /// - Returns: The record's file; `nil` when there is a record of the task already.
    private func create(_ state: ClaimState) throws(SystemCallError) -> RecordFile? {
        do throws(SystemCallError) {
            let name = ClaimName.state(state.taskID).fileName
            return try spares.write(state.encoded(), room: ClaimState.exitRoom, as: name)
        } catch  where error.errno == .exists { return nil }
    }

    /// Returns `nil` when the task is where it belongs.
    private func moveIntoClaims(
        _ name: FileName,
        _ identity: FileIdentity,
        _ state: ClaimState
    ) throws(SystemCallError) -> ClaimOutcome? {
        let stateName = ClaimName.state(state.taskID).fileName
        let taskName = ClaimName.task(state.taskID, worker).fileName
        do throws(SystemCallError) {
            if let earlier = try shelf.location(of: state.taskID) {
                try claims.remove(stateName)
                return try judge(state, against: earlier)
            }
            try inbox.rename(name, to: claims, as: taskName)
            if try claims.status(of: taskName)?.identity == identity { return nil }
            // The name was taken over by another file between reading and moving.
            try putBack(taskName, as: name)
            try claims.remove(stateName)
            return .changed
        } catch {
            // The record would block the id; when it cannot go now, recovery removes it after this process.
            _ = try? claims.remove(stateName)
            if error.errno == .noEntry { return .gone }
            if error.errno == .exists { return .taken }
            throw error
        }
    }

    private func putBack(_ taskName: FileName, as name: FileName) throws(SystemCallError) {
        var target = name
        for number in 2...1_000 {
            do throws(SystemCallError) {
                try claims.rename(taskName, to: inbox, as: target)
                return
            } catch  where error.errno == .exists {
                target = FileName(bytes: name.bytes.dropLast(5) + Array("-\(number).json".utf8))
            }
        }
    }

    private func judge(
        _ state: ClaimState,
        against earlier: (worker: WorkerID, directory: Directory)
    ) throws(SystemCallError) -> ClaimOutcome {
        let place = "a task that has a result of \(earlier.worker.string)"
        guard let record = try shelf.result(of: state.taskID) else { return .conflicting(place) }
        return record.taskDigest == state.digest ? .repeated : .conflicting(place)
    }

    private func judgeOccupied(
        _ queued: QueuedTask,
        _ identity: FileIdentity,
        _ digest: String
    ) throws(SystemCallError) -> ClaimOutcome {
        let name = ClaimName.state(queued.id).fileName
        guard let bytes = try claims.read(name, limit: ClaimState.maxBytes) else { return .taken }
        let state = ClaimState(decoding: bytes, of: queued.id)
        if let status = try claims.status(of: ClaimName.task(queued.id, state?.worker ?? worker).fileName) {
            if status.identity == identity {
                // A power cut left the file under both names; it is claimed.
                try inbox.remove(queued.fileName)
                return .gone
            }
            guard let state else { return .taken }
            return state.digest == digest ? .repeated : .conflicting("a task that \(state.worker.string) has taken")
        }
        // Its maker is about to move the task, or died before.
        if let state, !isAlive(state.owner) { try claims.remove(name) }
        return .taken
    }
}

extension ClaimState {
    mutating func begin(runID: String, session: Session? = nil, now: Timestamp) {
        phase = .running
        attempt += 1
        self.runID = runID
        self.session = session
        verification = nil
        notBefore = nil
        if firstStartedAt == nil { firstStartedAt = now }
    }
}
