// SPDX-License-Identifier: Apache-2.0
// What a crash left in the claims, and what it means.

package import QueueModel
package import SystemKit

/// A claim found on disk that this process did not hold.
package enum RecoveredClaim {
    /// Somebody holds the lock: another daemon, or the supervisor of an attempt whose daemon is gone.
    case held(ClaimState, ownerIsAlive: Bool)
    /// An attempt was running, and nobody holds the lock any more. With the bytes of an exit record, if there is one.
    case stopped(Claim, exitRecord: [UInt8]?)
    /// Waiting for its next attempt.
    case waiting(Claim)
    /// Given up; the dead letter and the result may not be written yet.
    case condemned(Claim)
    /// The claimed file is no task any more; its bytes went to the dead letters.
    case rejected(TaskID, TaskRejection)
    /// The result was there; only the claim had to go.
    case cleared(TaskID)
}

extension WorkerQueue {
    /// Takes over what nobody works on, and removes what means nothing any more.
    ///
    /// May be called at any time; calling it twice changes nothing. A crash in it is repaired by the next call.
    /// - Parameters:
    ///   - isHeld: Whether this process holds the claim of a task.
    ///   - now: The wall-clock time.
    /// - Returns: This worker's claims that were not held, in no particular order.
    /// - Throws: When the directory cannot be read.
    package func recover(
        isHeld: (TaskID) -> Bool,
        now: Timestamp
    ) async throws(SystemCallError) -> [RecoveredClaim] {
        var states: Set<TaskID> = []
        var tasks: [TaskID: WorkerID] = [:]
        var records: [(id: TaskID, name: FileName)] = []
        var owners: [String] = []
        try claims.names { name in
            switch ClaimName(name) {
            case .state(let id): states.insert(id)
            case .task(let id, let worker): tasks[id] = worker
            case .exit(let id), .check(let id): records.append((id, name))
            case .owner(let owner): owners.append(owner)
            case nil: break
            }
            return true
        }
        for owner in owners where !isAlive(owner) { try claims.remove(ClaimName.owner(owner).fileName) }
        for id in states where tasks[id] == nil && !isHeld(id) { try removeAbandonedState(id, now: now) }
        for record in records where tasks[record.id] == nil && !states.contains(record.id) {
            try claims.remove(record.name)
        }
        var found: [RecoveredClaim] = []
        for (id, owner) in tasks where owner == worker && !isHeld(id) {
            if let claim = try await recover(id, now: now) { found.append(claim) }
        }
        return found
    }

    /// Takes over one claim when nobody holds it.
    /// - Parameters:
    ///   - id: The claimed task.
    ///   - now: The wall-clock time.
    /// - Returns: What it is; `nil` when there is no such claim (any more).
    /// - Throws: When a file cannot be read or written.
    package func recover(_ id: TaskID, now: Timestamp) async throws(SystemCallError) -> RecoveredClaim? {
        let name = ClaimName.task(id, worker).fileName
        let lock: OwnedDescriptor
        do throws(SystemCallError) { lock = try claims.openFile(name) } catch  where error.errno == .noEntry {
            return nil
        }
        let recorded = try claims.claimState(of: id)
        guard try lock.tryLockExclusive() else {
            guard let recorded else { return nil }
            return .held(recorded, ownerIsAlive: isAlive(recorded.owner))
        }
        // It may have been finished between opening and locking.
        let status = try lock.status()
        guard try claims.status(of: name)?.identity == status.identity else { return nil }
        if status.linkCount > 1 { try removeInboxNames(of: status.identity) }
        let bytes = try lock.readAll(limit: max(limits.maxBytes, 64 << 20))
        let task: TaskRecord
        do throws(TaskRejection) {
            task = try TaskRecord.decode(bytes, for: worker, limits: limits)
        } catch {
            let rejection = error
            if let file = try setAside(name, in: claims, stem: id.string.utf8, now: now) {
                try await explain(file, rejection, now: now)
            }
            try claims.remove(ClaimName.state(id).fileName)
            return .rejected(id, rejection)
        }
        let state = recorded ?? rebuiltState(of: task, status, now: now)
        let claim = Claim(task: task, state: state, modified: status.modifiedNanoseconds, lock: lock)
        return try takeOver(claim)
    }

    private func takeOver(_ claim: Claim) throws(SystemCallError) -> RecoveredClaim {
        if try results.status(of: ResultShelf.fileName(of: claim.id)) != nil,
            let result = try shelf.result(of: claim.id), result.taskDigest == claim.state.digest
        {
            if let error = removeFiles(of: claim, status: result.status) { throw error }
            return .cleared(claim.id)
        }
        let exitRecord = try separateExitRecord(of: claim)
        // So that others see whose claim it is now.
        claim.state.owner = owner
        try AtomicFile.write(
            claim.state.encoded(),
            as: claim.stateName,
            in: claims,
            mode: 0o600,
            replacing: true,
            durability: committer.durability
        )
        switch claim.state.phase {
        case .running: return .stopped(claim, exitRecord: exitRecord)
        case .waiting: return .waiting(claim)
        case .dead: return .condemned(claim)
        }
    }

    /// The exit record of a running attempt, which is in a file of its own from here on.
    ///
    /// What replaces the claim's record has none behind it.
    private func separateExitRecord(of claim: Claim) throws(SystemCallError) -> [UInt8]? {
        guard claim.state.phase == .running else { return nil }
        guard let behind = try claims.exitRecordBehind(claim.state) else {
            return try claims.read(claim.exitName, limit: 1 << 16)
        }
        try AtomicFile.write(
            behind,
            as: claim.exitName,
            in: claims,
            mode: 0o600,
            replacing: true,
            durability: committer.durability
        )
        return behind
    }

    /// A power cut may leave a claimed file in the inbox as well.
    private func removeInboxNames(of identity: FileIdentity) throws(SystemCallError) {
        var names: [FileName] = []
        try inbox.names { name in
            if WorkerQueue.isTaskFileName(name) { names.append(name) }
            return true
        }
        for name in names where try inbox.status(of: name)?.identity == identity { try inbox.remove(name) }
    }

    /// The record of a task whose own a power cut took: one attempt may have been made, and counts.
    private func rebuiltState(
        of task: TaskRecord,
        _ status: FileStatus,
        now: Timestamp
    ) -> ClaimState {
        let queued = QueuedTask(task, fileName: ClaimName.task(task.id, worker).fileName, status: status)
        var state = ClaimState(
            taskID: task.id,
            worker: worker,
            owner: owner,
            queuedAt: queued.queuedAt,
            digest: task.contentDigest
        )
        state.begin(runID: "", now: now)
        return state
    }

    /// A record without its task: its maker died before the task was moved, or is about to move it.
    private func removeAbandonedState(_ id: TaskID, now: Timestamp) throws(SystemCallError) {
        let name = ClaimName.state(id).fileName
        guard let bytes = try claims.read(name, limit: ClaimState.maxBytes) else { return }
        if let state = ClaimState(decoding: bytes, of: id) {
            if state.worker == worker && !isAlive(state.owner) { try claims.remove(name) }
            return
        }
        // Torn: nobody can tell whose it is. Its maker would have moved the task long ago.
        let modified = try claims.status(of: name)?.modifiedNanoseconds ?? 0
        if now.millisecondsSince1970 - modified / 1_000_000 > 60_000 { try claims.remove(name) }
    }

    /// The age of a temporary file at which it is removed.
    static let junkAgeMilliseconds: Int64 = 86_400_000

    /// Removes temporary files and spares that a crash left behind; a day old, no writer is at work on them any more.
    ///
    /// A daemon that has kept a spare for so long makes another one.
    /// - Parameter now: The wall-clock time.
    /// - Throws: When a directory cannot be read.
    package func removeJunk(now: Timestamp) throws(SystemCallError) {
        let places = [inbox, claims, control.directory, deadLetters, heartbeats]
        for directory in places + resultPlace.all + receiptPlace.all {
            for name in try oldNames(.regular, in: directory, now, where: isTemporary) { try directory.remove(name) }
        }
        // Where supervisors make logs before there is an attempt for them.
        guard let logs = try? claims.subdirectory(".logs") else { return }
        for name in try oldNames(.directory, in: logs, now, where: { _ in true }) { removeSpareLogs(name, in: logs) }
    }

    private func isTemporary(_ name: FileName) -> Bool {
        name.hasPrefix(AtomicFile.temporaryPrefix) || name.hasPrefix(SpareRecords.prefix)
    }

    private func oldNames(
        _ kind: FileStatus.Kind,
        in directory: Directory,
        _ now: Timestamp,
        where isJunk: (FileName) -> Bool
    ) throws(SystemCallError) -> [FileName] {
        var names: [FileName] = []
        try directory.names { name in
            if isJunk(name) { names.append(name) }
            return true
        }
        var old: [FileName] = []
        for name in names {
            guard let status = try directory.status(of: name), status.kind == kind else { continue }
            let age = now.millisecondsSince1970 - status.modifiedNanoseconds / 1_000_000
            if age > Self.junkAgeMilliseconds { old.append(name) }
        }
        return old
    }

    /// Removes what a killed supervisor had made for its next attempt; a directory with anything else in it stays.
    private func removeSpareLogs(_ name: FileName, in directory: Directory) {
        // Whatever it is, it is in nobody's way.
        guard let spare = try? directory.subdirectory(name) else { return }
        for stream in OutputStream.allCases { _ = try? spare.remove(stream.fileName) }
        _ = try? directory.removeDirectory(name)
    }
}
