// SPDX-License-Identifier: Apache-2.0
// From the claims to a retry, a result or a dead letter.

package import QueueModel
package import SystemKit

extension WorkerQueue {
    /// Records a counted attempt that failed, and when the next one may start; durable on return.
    /// - Parameters:
    ///   - claim: A claim whose attempt has ended.
    ///   - attempt: What became of it.
    ///   - notBefore: When the next attempt may start.
    ///   - session: The session that the next attempt goes on with.
    ///   - complaint: What a check has found; nil when none was run.
    /// - Throws: When the record cannot be made durable; call again.
    package func recordFailure(
        _ claim: Claim,
        _ attempt: AttemptRecord,
        notBefore: Timestamp,
        session: ClaimState.Session? = nil,
        complaint: ClaimState.Complaint? = nil
    ) async throws(SystemCallError) {
        var state = claim.state
        state.phase = .waiting
        state.attempts.append(attempt)
        state.notBefore = notBefore
        state.session = session
        state.verification = nil
        if let complaint { state.complaint = complaint }
        try await replaceBeyondChecks(state, of: claim)
    }

    /// Replaces the record of a claim by one without checks; the record of the last check goes with them.
    private func replaceBeyondChecks(_ state: ClaimState, of claim: Claim) async throws(SystemCallError) {
        let isChecked = claim.state.verification != nil
        // A claim that waits holds no more descriptors than its lock.
        claim.output = nil
        claim.logs = nil
        try await replace(state, of: claim)
        // It means nothing any more; what is left of it goes at the next start.
        if isChecked { _ = try? claims.remove(claim.checkName) }
    }

    /// Takes the running attempt back: it was not the task's fault, and uses up none of its attempts.
    /// - Parameters:
    ///   - claim: A claim whose attempt has ended or was never started.
    ///   - notBefore: When the next attempt may start.
    ///   - session: The session that the next attempt goes on with.
    ///   - costUSD: What the attempt has cost in US dollars.
    /// - Throws: When the record cannot be made durable; call again.
    package func handBack(
        _ claim: Claim,
        notBefore: Timestamp,
        session: ClaimState.Session? = nil,
        costUSD: Double = 0
    ) async throws(SystemCallError) {
        var state = claim.state
        state.phase = .waiting
        state.attempt -= 1
        state.notBefore = notBefore
        state.session = session
        state.verification = nil
        state.uncountedCostUSD += max(0, costUSD)
        try await replaceBeyondChecks(state, of: claim)
    }

    /// Writes the result of a task that is over, and gives up the claim.
    ///
    /// The result is durable before anything of the claim is removed.
    /// - Parameters:
    ///   - claim: The claim.
    ///   - result: The result.
    /// - Returns: What hindered the removal of the claim, if anything: the task is over all the same.
    /// - Throws: When the result cannot be made durable, or its name is taken by something else; the claim stands.
    package func finish(_ claim: Claim, _ result: ResultRecord) async throws(SystemCallError) -> SystemCallError? {
        try reopenResults()
        try await publish(result, of: claim)
        return removeFiles(of: claim, status: result.status)
    }

    /// Writes a dead letter and a failed result, and gives up the claim.
    ///
    /// The verdict is durable first, with the dead letter's name, so that a crash in between writes no second one.
    /// - Parameters:
    ///   - claim: The claim.
    ///   - reason: Why the task is given up.
    ///   - result: The result, with its failure.
    /// - Returns: What hindered the removal of the claim, if anything: the task is over all the same.
    /// - Throws: When a file cannot be made durable; call again.
    package func finishDead(
        _ claim: Claim,
        reason: DeadLetterReason,
        _ result: ResultRecord
    ) async throws(SystemCallError) -> SystemCallError? {
        try reopenDeadLetters()
        try reopenResults()
        if claim.state.verdict == nil {
            try await pronounce(reason, result, on: claim, number: 1)
        }
        for number in 2...1_000 {
            guard let verdict = claim.state.verdict else { break }
            let bytes = deadLetter(of: claim, verdict, retryCount: result.retryCount).encoded()
            let name = FileName(verdict.fileName)
            do throws(SystemCallError) {
                try await committer.commit(Commit(phases: [[.write(name, bytes, deadLetters, replacing: false)]]))
                break
            } catch  where error.errno == .exists {
                let limit = bytes.count + 1
                if try deadLetters.read(name, limit: max(limit, 64 << 20)) == bytes { break }
                try await pronounce(reason, result, on: claim, number: number)
            }
        }
        try await publish(result, of: claim)
        return removeFiles(of: claim, status: result.status)
    }

    /// Removes an inbox file that repeats a task which was accepted before.
    /// - Parameters:
    ///   - name: The file.
    ///   - identity: The file that was judged; another that took its name meanwhile stays.
    /// - Throws: When it cannot be removed.
    package func discard(_ name: FileName, _ identity: FileIdentity) throws(SystemCallError) {
        guard try inbox.status(of: name)?.identity == identity else { return }
        try inbox.remove(name)
    }

    /// Replaces the record of a claim; durable on return.
    /// - Parameters:
    ///   - state: What it says from now on.
    ///   - claim: The claim.
    ///   - exit: An exit record from behind the present one that is still needed, to be put into a file of its own.
    /// - Throws: When it cannot be made durable; call again.
    func replace(_ state: ClaimState, of claim: Claim, keeping exit: [UInt8]? = nil) async throws(SystemCallError) {
        let exitStep = exit.map { Commit.Step.write(claim.exitName, $0, claims, mode: 0o600, replacing: true) }
        let step = Commit.Step.write(claim.stateName, state.encoded(), claims, mode: 0o600, replacing: true)
        try await committer.commit(Commit(phases: [exitStep.map { [$0] } ?? [], [step]]))
        claim.record = nil
        claim.state = state
    }

    private func pronounce(
        _ reason: DeadLetterReason,
        _ result: ResultRecord,
        on claim: Claim,
        number: Int
    ) async throws(SystemCallError) {
        var state = claim.state
        let timestamp = state.verdict?.timestamp ?? result.timestamp
        let failure =
            result.failure ?? Failure(reason: .exitCode, message: "failed without a reason", isPermanent: false)
        state.phase = .dead
        state.attempts = result.attempts
        state.verdict = ClaimState.Verdict(
            reason: reason,
            failure: failure,
            fileName: DeadLetterBox.fileName(of: claim.id, at: timestamp, number: number).description,
            timestamp: timestamp
        )
        try await replace(state, of: claim)
    }

    private func deadLetter(of claim: Claim, _ verdict: ClaimState.Verdict, retryCount: Int) -> DeadLetterRecord {
        var letter = DeadLetterRecord(
            task: claim.task.fields,
            worker: worker,
            reason: verdict.reason,
            timestamp: verdict.timestamp
        )
        letter.retryCount = retryCount
        letter.error = verdict.failure.message
        letter.attempts = claim.state.attempts
        return letter
    }

    private func publish(_ result: ResultRecord, of claim: Claim) async throws(SystemCallError) {
        let name = ResultShelf.fileName(of: claim.id)
        let write = Commit.Step.write(
            name,
            result.encoded(),
            results,
            staging: resultPlace.staging,
            replacing: false
        )
        do throws(SystemCallError) {
            try await committer.commit(Commit(phases: [[write]]))
        } catch  where error.errno == .exists {
            // Ours, when an earlier try failed after the rename; anything else is not overwritten.
            guard try shelf.result(of: claim.id)?.taskDigest == claim.state.digest else { throw error }
            try await committer.commit(
                Commit(phases: [[.syncFile(name, results), .syncDirectory(results)]])
            )
        }
    }

    /// The task's name goes last: as long as it is there, recovery sees that the claim belongs to a finished task.
    func removeFiles(of claim: Claim, status: TaskStatus) -> SystemCallError? {
        do throws(SystemCallError) {
            // Without a record's file of its own it may be one of an earlier daemon, or of a later attempt.
            if claim.record == nil { try spares.keep(claim.exitName) }
            if claim.state.verification != nil { try spares.keep(claim.checkName) }
            try spares.keep(claim.stateName, file: claim.record)
            claim.record = nil
            if !keepTask(of: claim, status: status) { try claims.remove(claim.taskName) }
            return nil
        } catch { return error }
    }

    /// Moves the task's file to its output, from where it can be run again.
    ///
    /// A task that never ran has no output. Only when it was cancelled a place is made for its file: every other such
    /// task is in the dead letters.
    /// - Returns: Whether the claim's name of it is gone. To keep the file is a courtesy: the task is over, and whatever
    ///   hinders it must not keep the claim.
    private func keepTask(of claim: Claim, status: TaskStatus) -> Bool {
        let name = WorkerQueue.keptTaskName
        do throws(SystemCallError) {
            let mode: UInt32? = status == .cancelled ? 0o750 : nil
            let place =
                if let output = claim.output { output } else {
                    try results.subdirectory(FileName(claim.id.string), create: mode)
                }
            do throws(SystemCallError) {
                try claims.rename(claim.taskName, to: place, as: name)
            } catch  where error.errno == .exists {
                // Under both names, as a power cut may leave it, a rename would change nothing.
                if try place.status(of: name)?.identity == claims.status(of: claim.taskName)?.identity { return false }
                try claims.rename(claim.taskName, to: place, as: name, replacing: true)
            }
            return true
        } catch { return false }
    }

    /// What a finished task's file is called, in the directory of its output.
    static let keptTaskName: FileName = "task.json"
}
