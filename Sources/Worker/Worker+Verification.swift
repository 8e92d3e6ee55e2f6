// SPDX-License-Identifier: Apache-2.0
// Checks the work of an agent that has said that it is done.

import Agents
import FileQueue
import Logging
import QueueModel
import Supervision
import SystemKit

/// The work of an agent that has succeeded by its own word.
struct DoneWork: Sendable {
    let outcome: Outcome
    let record: ExitRecord
    let output: AttemptOutput
}

extension Worker {
    /// A check that was cut off so often is given up: it may be its own doing.
    private static let mostStarts = 3
    /// Between tries to start a check for which the machine has no room.
    private static let checkRetry = Duration.seconds(1)

    /// The checks that the work on a task must pass: those of its agent's profile, and those that it names itself.
    func dueChecks(of task: TaskRecord, by profile: AgentProfile?) -> [CheckName] {
        let checks = profile?.checks ?? []
        if checks.isEmpty && task.verify.isEmpty { return [] }
        var due: [CheckName] = []
        for name in checks + task.verify where !due.contains(name) { due.append(name) }
        return due
    }

    /// Refuses a task whose work could not be checked, before anything is spent on it.
    func requireChecks(of task: TaskRecord, by profile: AgentProfile) throws(AgentError) {
        for name in dueChecks(of: task, by: profile) where configuration.checks[name] == nil {
            let known = configuration.checks.keys.map(\.string).sorted().joined(separator: ", ")
            let message = "verify: no check named \(name) is configured"
            throw AgentError(code: .unknownCheck, message: known.isEmpty ? message : "\(message); known are \(known)")
        }
    }

    /// Has the checks of a task run after its agent's success, and concludes the attempt by what they find.
    func verify(_ id: TaskID, _ work: DoneWork, permit: StartPermit?) async {
        guard let claim = claims[id] else { return }
        // The agent's service has done its part, whatever the checks find.
        noteEnd(of: claim, .judged(work.outcome), permit)
        await runChecks(of: id, work)
    }

    /// Goes on with the checks of an attempt where an earlier daemon left off.
    func resumeVerification(_ id: TaskID, agentRecord: [UInt8]?) async {
        guard let claim = claims[id], let verification = claim.state.verification else { return }
        let ended = await endedCheck(of: claim)
        if ended == nil { await sweep(claim.state.runID) }
        // What the agent came to is judged again, from what it has left.
        guard let record = agentRecord.flatMap({ try? ExitRecord(decoding: $0) }),
            record.runID == verification.agentRunID, let work = await doneWork(of: claim, record)
        else {
            let end = AttemptEnd.interrupted("its output was lost, as by a power cut")
            await conclude(id, end, record: nil, output: await readReport(of: claim), permit: nil)
            return
        }
        if let ended, let name = verification.next {
            logger.notice(
                "outcome of a check of an earlier daemon taken up",
                metadata: ["task_id": .string(id.string), "check": .string(name.string)]
            )
            guard await take(ended, of: name, claim, work) else { return }
        }
        await runChecks(of: id, work)
    }

    /// How the check ended that the claim's record says is running; `nil` when nobody has seen its end.
    private func endedCheck(of claim: Claim) async -> ExitRecord? {
        let bytes = await persisted("record of a check") { () async throws(SystemCallError) in
            try self.queue.checkRecord(of: claim)
        }
        // One that cannot be read, or of an earlier check, says nothing about this one.
        guard let bytes, let bytes, let record = try? ExitRecord(decoding: bytes) else { return nil }
        return record.runID == claim.state.runID ? record : nil
    }

    private func doneWork(of claim: Claim, _ record: ExitRecord) async -> DoneWork? {
        let name = claim.task.agent ?? configuration.defaultAgent
        guard let profile = configuration.profiles[name] else { return nil }
        let output = await readOutput(of: claim, record, profile)
        if output.isShorter(than: record) { return nil }
        let outcome = Outcome.outcome(
            of: record,
            stdout: output.stdout,
            stderr: output.stderr,
            report: output.report,
            profile: profile
        )
        return outcome.isSuccess ? DoneWork(outcome: outcome, record: record, output: output) : nil
    }

    // MARK: One check after the other

    private func runChecks(of id: TaskID, _ work: DoneWork) async {
        while let claim = claims[id] {
            if isHandedOver { return release(id) }
            if isCancelRequested(claim) { return await concludeCancelled(claim, work) }
            let profile = configuration.profiles[claim.task.agent ?? configuration.defaultAgent]
            let due = dueChecks(of: claim.task, by: profile)
            guard let name = claim.state.verification.map(\.next) ?? due.first else {
                return await concludeChecked(claim, work)
            }
            guard await runCheck(name, due: due, of: claim, work) else { return }
        }
    }

    /// Runs one check.
    /// - Returns: Whether the checks go on; else the attempt is concluded, or left to the next daemon.
    private func runCheck(_ name: CheckName, due: [CheckName], of claim: Claim, _ work: DoneWork) async -> Bool {
        let id = claim.id
        if let starts = claim.state.verification?.starts, starts >= Self.mostStarts {
            note(CheckRecord(name: name, problem: "was cut off \(starts) times"), of: claim)
            return true
        }
        let runID = makeRunID()
        let done: Void? = await persisted("check") { () async throws(SystemCallError) in
            try await self.queue.beginCheck(claim, runID: runID, due: due)
        }
        guard done != nil else {
            release(id)
            return false
        }
        let request: AttemptRequest
        let logs: Directory
        do {
            logs = try queue.openLogs(of: claim, check: name)
            request = try makeRequest(for: claim, check: name)
        } catch let error as SystemCallError {
            return await waitForRoom(claim, "\(error)")
        } catch {
            note(CheckRecord(name: name, problem: "cannot be started: \(error)"), of: claim)
            return true
        }
        logger.info("check started", metadata: ["task_id": .string(id.string), "check": .string(name.string)])
        let ending = await ending(of: handOver(request, of: claim, output: logs))
        switch ending {
        case .recorded(let record, _): return await take(record, of: name, claim, work)
        case .refused(let errno): return await waitForRoom(claim, "supervisor: \(errno)")
        case .abandoned:
            release(id)
            return false
        case .lost:
            await sweep(runID)
            return true
        }
    }

    private func makeRequest(for claim: Claim, check name: CheckName) throws(AgentError) -> AttemptRequest {
        let agent = claim.task.agent ?? configuration.defaultAgent
        guard let check = configuration.checks[name], let profile = configuration.profiles[agent] else {
            throw AgentError(code: .unknownCheck, message: "it is not configured any more")
        }
        return try request(
            for: claim,
            profile,
            check.invocation(in: context(of: claim)),
            timeout: check.timeout,
            record: claim.checkName
        )
    }

    /// The machine is to blame, and the start does not count.
    private func waitForRoom(_ claim: Claim, _ problem: String) async -> Bool {
        queue.uncountCheck(of: claim)
        raise(.start, "no check could be started: \(problem)")
        do {
            try await reactor.sleep(until: clock.now.advanced(by: Self.checkRetry))
        } catch {
            release(claim.id)
            return false
        }
        return true
    }

    /// Takes note of how a check has ended.
    /// - Returns: Whether the checks go on.
    private func take(
        _ record: ExitRecord,
        of name: CheckName,
        _ claim: Claim,
        _ work: DoneWork
    ) async -> Bool {
        clear(.start)
        switch record.cutOff {
        case .cancelled?:
            await concludeCancelled(claim, work)
            return false
        case .shutdown?:
            queue.uncountCheck(of: claim)
            return true
        case .timeout?, .outputLimit?, .start?, .silence?, .tool?, .afterResult?, .budget?, nil:
            let output = await readOutput(of: claim, check: name)
            note(CheckRecord.finding(name, record, output), of: claim)
            return true
        }
    }

    private func readOutput(of claim: Claim, check name: CheckName) async -> CheckOutput {
        do {
            let logs = try queue.openLogs(of: claim, check: name)
            return try await reactor.offload { Result { () throws(SystemCallError) in try CheckOutput(in: logs) } }
                .get()
        } catch {
            // What it has found stands, also without its words.
            logger.warning(
                "output of a check cannot be read",
                metadata: ["task_id": .string(claim.id.string), "error": "\(error)"]
            )
            return CheckOutput("")
        }
    }

    private func note(_ found: CheckRecord, of claim: Claim) {
        queue.note(found, on: claim)
        metrics.checkEnded(hasPassed: found.hasPassed)
        let metadata: Logger.Metadata = [
            "task_id": .string(claim.id.string), "check": .string(found.name.string),
            "duration_seconds": "\(found.duration.seconds)", "problem": .string(found.problem ?? ""),
        ]
        if found.hasPassed {
            logger.info("check passed", metadata: metadata)
        } else {
            logger.warning("check failed", metadata: metadata)
        }
    }

    // MARK: What follows

    /// What a failed check has to say to the agent that goes on; `nil` when none has failed.
    func complaint(of claim: Claim) -> ClaimState.Complaint? {
        guard let found = claim.state.verification?.found.last, !found.hasPassed else { return nil }
        return ClaimState.Complaint(
            rounds: (claim.state.complaint?.rounds ?? 0) + 1,
            text: SessionPrompt.mend(found)
        )
    }

    private func concludeChecked(_ claim: Claim, _ work: DoneWork) async {
        var end = AttemptEnd.verified(work.outcome)
        if let found = claim.state.verification?.found.last, !found.hasPassed {
            let rounds = claim.state.complaint?.rounds ?? 0
            let most = claim.task.verifyRounds ?? configuration.verifyRounds
            let failure = found.failure(isPermanent: found.isBroken || rounds >= most)
            end = .unverified(work.outcome, failure)
        }
        await conclude(claim.id, end, record: work.record, output: work.output, permit: nil)
    }

    private func concludeCancelled(_ claim: Claim, _ work: DoneWork) async {
        let failure = Failure(
            reason: .cancelled,
            message: "cancelled while its work was checked",
            isPermanent: true
        )
        let end = AttemptEnd.unverified(work.outcome, failure)
        await conclude(claim.id, end, record: work.record, output: work.output, permit: nil)
    }
}
