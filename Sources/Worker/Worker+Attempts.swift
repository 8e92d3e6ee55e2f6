// SPDX-License-Identifier: Apache-2.0
// One attempt, from the invocation of the agent to what follows from its end.

import Agents
import FileQueue
import Logging
import QueueModel
import Resilience
import Supervision
import SystemKit

extension Worker {
    /// What became of the try to begin an attempt that is on record.
    enum AttemptStart: Sendable {
        /// A supervisor was asked for it.
        case handedOver(SupervisedRun, timeout: Duration?)
        /// The task cannot be run as it is.
        case refused(AgentError)
        /// Something is missing here.
        case failed(String)
    }

    /// Has a supervisor begin the attempt that is on record.
    ///
    /// It does not wait for anything, and so comes right behind the record.
    func beginRun(of id: TaskID) -> AttemptStart {
        guard let claim = claims[id] else { return .failed("the claim is gone") }
        do {
            let place = try queue.placeOfLogs(of: claim)
            let request = try makeRequest(for: claim, logs: place.name)
            return .handedOver(handOver(request, of: claim, output: place.directory), timeout: request.timeout)
        } catch let error as AgentError {
            return .refused(error)
        } catch {
            return .failed("\(error)")
        }
    }

    /// Waits for the end of an attempt, and does what follows.
    func follow(_ id: TaskID, _ start: AttemptStart, _ permit: StartPermit) async {
        guard let claim = claims[id] else { return }
        switch start {
        case .handedOver(let run, let timeout):
            // Beside the attempt, so that the agent does not wait for it.
            noteStart(of: claim, timeout: timeout)
            await follow(run, of: claim, permit)
        case .refused(let error):
            // No attempt is used up on it.
            tell(of: claim)
            abandon(permit)
            await giveUp(id, error.failure, .permanentFailure)
        case .failed(let reason):
            tell(of: claim)
            await conclude(id, .notStarted(reason), record: nil, permit: permit)
        }
    }

    private func follow(_ run: SupervisedRun, of claim: Claim, _ permit: StartPermit) async {
        let id = claim.id
        let ending =
            switch queue.committer.durability {
            case .relaxed: await ending(of: run)
            case .full: await endingAndDurability(of: run)
            }
        let hasEvidence = endWatch(id)
        switch ending {
        case .recorded(let record, _):
            if record.cutOff == nil, hasEvidence { dropEvidence(of: claim) }
            await judge(id, record, permit: permit)
        case .refused(let errno):
            await conclude(id, .notStarted("supervisor: \(errno)"), record: nil, permit: permit)
        case .abandoned:
            release(id)
        case .lost:
            await sweep(claim.state.runID)
            let output = await readReport(of: claim)
            await conclude(id, .interrupted("the supervisor died"), record: nil, output: output, permit: permit)
        }
    }

    /// Tells those who listen that a task is claimed, once.
    /// - Returns: Whether they have heard of it, now or before.
    @discardableResult
    func tell(of claim: Claim) -> Bool {
        guard claim.isNews else { return true }
        claim.isNews = false
        let now = now.wall
        metrics.claimed(
            detectedAfter: now.since(claim.fileCompleteAt),
            queuedFor: now.since(claim.state.queuedAt)
        )
        return emit(.taskClaimed, ["task_id": .string(claim.id.string)])
    }

    /// What a supervisor was handed, and the file that it was given for the record of the end.
    struct SupervisedRun {
        let id: TaskID
        let run: SupervisorPool.Run
        let spareName: FileName?
    }

    /// Has a supervisor begin what is asked for.
    func handOver(_ request: AttemptRequest, of claim: Claim, output: Directory) -> SupervisedRun {
        inSupervisor.insert(claim.id)
        let (lock, exits) = (claim.lockDescriptor, queue.claims)
        // Synchronous, since both actors live on one thread.
        let run = pool.assumeIsolated { $0.begin(request, lock: lock, output: output, exits: exits) }
        return SupervisedRun(id: claim.id, run: run, spareName: request.spareName)
    }

    /// Waits for the end of what a supervisor was handed.
    func ending(of supervised: SupervisedRun) async -> AttemptEnding {
        let ending = await pool.ending(of: supervised.run)
        inSupervisor.remove(supervised.id)
        if case .refused = ending { queue.giveBack(spare: supervised.spareName) }
        return ending
    }

    /// Waits for the end, and for the syncs of the claim beside it.
    private func endingAndDurability(of supervised: SupervisedRun) async -> AttemptEnding {
        async let durable: Void = makeDurable(supervised.id)
        let ending = await ending(of: supervised)
        await durable
        return ending
    }

    /// Does what an agent need not wait for: watches the attempt, and tells of it.
    private func noteStart(of claim: Claim, timeout: Duration?) {
        let id = claim.id
        let isHeard = tell(of: claim)
        beginWatch(claim.task, claim.state, timeout: timeout)
        logger.info(
            "attempt started",
            metadata: ["task_id": .string(id.string), "attempt": "\(claim.state.attempt)"]
        )
        // Whoever has not heard of the claim does not hear of its attempt, which is told in the same breath.
        if isHeard {
            emit(.taskStarted, ["task_id": .string(id.string), "attempt": .integer(claim.state.attempt)])
        } else {
            metrics.eventMissed()
        }
        do throws(SystemCallError) {
            if claim.state.attempt == 1 { try queue.writeReceipt(for: claim, now: now.wall) }
        } catch {
            // A courtesy, which is not made up for.
            logger.warning(
                "receipt cannot be written",
                metadata: ["task_id": .string(id.string), "error": "\(error)"]
            )
        }
    }

    private func makeDurable(_ id: TaskID) async {
        guard let claim = claims[id] else { return }
        do throws(SystemCallError) {
            try await queue.makeDurable(claim)
        } catch {
            // The result's own syncs decide; until then the task could be started again after a power cut. Others must
            // not wait for this attempt's end, though, which may be far away.
            raise(.disk, "\(error)")
            clearDiskProblem(after: Self.errorRetry)
        }
    }

    private func makeRequest(for claim: Claim, logs: FileName?) throws -> AttemptRequest {
        let task = claim.task
        let name = task.agent ?? configuration.defaultAgent
        guard let profile = configuration.profiles[name] else {
            throw AgentError(
                code: .unknownAgent,
                message: "agent: no profile named \(name); known are \(profileNames)"
            )
        }
        try requireChecks(of: task, by: profile)
        var context = context(of: claim)
        context.systemPromptFile = configuration.systemPromptFile
        context.maxCostUSD = moneyLeft(for: claim)
        context.sessionID = claim.state.session?.id
        context.prompt = prompt(for: claim, profile)
        return try request(
            for: claim,
            profile,
            profile.invocation(for: task, in: context, passing: configuration.passedEnvironments[name]),
            timeout: task.timeout ?? configuration.taskTimeout,
            record: claim.exitName,
            logs: logs
        )
    }

    /// What an agent or a check is told of a claim's attempt.
    func context(of claim: Claim) -> InvocationContext {
        InvocationContext(
            taskID: claim.id,
            worker: configuration.worker,
            attempt: claim.state.attempt,
            runID: claim.state.runID,
            root: configuration.root,
            environment: configuration.environment
        )
    }

    /// A run in the place where the agent of a task works.
    func request(
        for claim: Claim,
        _ profile: AgentProfile,
        _ invocation: AgentInvocation,
        timeout: Duration,
        record: FileName,
        logs: FileName? = nil
    ) throws(AgentError) -> AttemptRequest {
        let directory = try WorkingDirectory.resolve(
            for: claim.task,
            profile: profile,
            allowed: configuration.allowedWorkingDirectories,
            fallback: configuration.workingDirectory
        )
        let room = claim.exitRoom.map { AttemptRequest.ExitRoom(descriptor: $0.descriptor, offset: $0.offset) }
        return AttemptRequest(
            runID: claim.state.runID,
            attempt: claim.state.attempt,
            timeout: timeout,
            grace: configuration.killGrace,
            maxLogBytes: configuration.maxLogBytes,
            syncRecord: queue.committer.durability == .full,
            recordName: record,
            exitRoom: room,
            spareName: room == nil ? queue.takeSpare() : nil,
            logsName: logs,
            workingDirectory: directory,
            cgroupParent: CgroupLocation.usableParent(),
            arguments: invocation.arguments,
            environment: invocation.environment,
            input: invocation.input
        )
    }

    private var profileNames: String {
        configuration.profiles.keys.map(\.string).sorted().joined(separator: ", ")
    }

    /// Makes sure that nothing of an attempt lives whose supervisor is gone.
    func sweep(_ runID: String) async {
        guard !runID.isEmpty else { return }
        let orphans = killOrphans()
        let marked = await reactor.offload {
            // Wherever it is: an earlier daemon may have run in another place of the hierarchy.
            ProcessTree.killAbandonedCgroups()
            return ProcessTree.killMarked(runID: runID)
        }
        let killed = orphans.killed + marked.killed
        if !marked.isComplete {
            logger.error("processes of a lost attempt cannot be ended", metadata: ["run_id": .string(runID)])
        }
        logger.warning("processes of a lost attempt ended", metadata: ["run_id": .string(runID), "count": "\(killed)"])
    }

    /// Synchronous, so that no supervisor is started between listing the known ones and killing the others.
    private func killOrphans() -> TreeSweep {
        let supervisors = pool.assumeIsolated { $0.processIDs }
        return ProcessTree.killOrphans(except: supervisors, within: .milliseconds(200))
    }

    /// Judges what the supervisor has seen.
    func judge(_ id: TaskID, _ record: ExitRecord, permit: StartPermit?) async {
        guard let claim = claims[id] else { return }
        if record.cutOff == .shutdown {
            let output = await readReport(of: claim)
            await conclude(id, .handedBack, record: record, output: output, permit: permit)
            return
        }
        let name = claim.task.agent ?? configuration.defaultAgent
        guard let profile = profile(of: name) else {
            // Its profile was taken out of the settings while it ran, so that nobody can tell what its output means.
            await conclude(id, .interrupted("the agent profile \(name) is gone"), record: record, permit: permit)
            return
        }
        let output = await readOutput(of: claim, record, profile)
        if permit == nil && output.isShorter(than: record) {
            // The logs are not synced, since only a power cut can take them back, and only from a recovered attempt.
            let end = AttemptEnd.interrupted("its output was lost, as by a power cut")
            await conclude(id, end, record: record, output: output.onlyReport, permit: nil)
            return
        }
        var outcome = Outcome.outcome(
            of: record,
            stdout: output.stdout,
            stderr: output.stderr,
            report: output.report,
            profile: profile
        )
        if case .spawnFailed(let step, let errno) = record.ending {
            let message = outcome.failure?.message ?? "\(step): \(errno)"
            guard isTasksFault(step, errno, claim.task) else {
                checkAgent()
                await conclude(id, .notStarted(message), record: record, permit: permit)
                return
            }
            outcome = .refused(AgentError(code: .unknownAgent, message: message))
        }
        if outcome.isSuccess, !dueChecks(of: claim.task, by: profile).isEmpty {
            await verify(id, DoneWork(outcome: outcome, record: record, output: output), permit: permit)
        } else {
            await conclude(id, .judged(outcome), record: record, output: output, permit: permit)
        }
    }

    /// What the task asked for and cannot be had is its fault; what is wrong with this machine is not.
    ///
    /// An agent of its own that cannot be started must not keep the others' tasks waiting.
    private func isTasksFault(_ step: String, _ errno: Errno, _ task: TaskRecord) -> Bool {
        if step == "working_directory" && task.workingDirectory != nil { return true }
        if let agent = task.agent, agent != configuration.defaultAgent, step == "search" || step == "exec" {
            return true
        }
        return errno == .argumentListTooLong
    }

    /// Does what follows from the end of an attempt.
    func conclude(
        _ id: TaskID,
        _ end: AttemptEnd,
        record: ExitRecord?,
        output: AttemptOutput = AttemptOutput(),
        permit: StartPermit?
    ) async {
        guard let claim = claims[id] else { return }
        noteEnd(of: claim, end, permit)
        let course = course(of: claim, output)
        let policy = configuration.retry.limited(to: claim.task.maxRetries)
        let verdict = policy.verdict(
            on: end,
            attempt: claim.state.attempt,
            isCancelRequested: isCancelRequested(claim),
            isDaysMoneySpent: isDaysMoneySpent(claim, end),
            isSessionLost: course.isLost(after: end),
            using: &generator
        )
        let draft = ResultDraft(
            claim: claim,
            record: record,
            output: output,
            cost: end.cost,
            tokens: end.tokens,
            now: now.wall
        )
        metrics.attemptEnded(after: record?.duration, record?.cutOff)
        switch verdict {
        case .complete(let outcome):
            publishLater(id, Conclusion { draft.result(.completed, outcome: outcome) })
        case .giveUp(let failure, let reason):
            publishLater(id, Conclusion(result: { draft.result(failure, outcome: end.outcome) }, deadLetter: reason))
        case .cancel(let failure, let attempt):
            publishLater(id, Conclusion { draft.cancelled(failure, after: attempt) })
        case .retry(let failure, let delay):
            await retry(id, draft.attempt(failure), course.next(after: end), complaint(of: claim), after: delay)
        case .handBack(let delay):
            if case .notStarted(let why) = end {
                raise(.start, "no agent could be started: \(why)")
                logger.error(
                    "no agent could be started",
                    metadata: ["task_id": .string(id.string), "error": .string(why)]
                )
            }
            dropEvidence(of: claim)
            if course.isLost(after: end), case .judged(let outcome) = end {
                logger.warning(
                    "session cannot be gone on with, the task begins anew",
                    metadata: [
                        "task_id": .string(id.string), "session_id": .string(course.resumed?.id ?? ""),
                        "error": .string(outcome.failure?.message ?? ""),
                    ]
                )
            }
            await handBack(id, course.next(after: end), costUSD: end.cost ?? 0, after: delay)
        }
    }

    /// What the end of an agent's run means for others: for the circuit, the money, the account.
    func noteEnd(of claim: Claim, _ end: AttemptEnd, _ permit: StartPermit?) {
        inform(breakerOf: end, permit?.breaker)
        noteCost(end, of: claim)
        noteLimit(end, of: claim, permit)
    }

    private func inform(breakerOf end: AttemptEnd, _ permit: CircuitBreaker.Permit?) {
        guard let permit else { return }
        let now = clock.now
        switch end {
        case .judged(let outcome) where outcome.failure == nil:
            clear(.start)
            clear(.agent)
            note(breaker.succeeded(permit, now: now))
        case .judged(let outcome):
            clear(.start)
            clear(.agent)
            note(outcome.countsTowardBreaker ? breaker.failed(permit, now: now) : breaker.abandoned(permit, now: now))
        case .notStarted: note(breaker.failed(permit, now: now))
        case .interrupted, .handedBack, .verified, .unverified: note(breaker.abandoned(permit, now: now))
        }
    }

    private func retry(
        _ id: TaskID,
        _ attempt: AttemptRecord,
        _ session: ClaimState.Session?,
        _ complaint: ClaimState.Complaint?,
        after delay: Duration
    ) async {
        let readyAt = clock.now.advanced(by: delay)
        let notBefore = now.wall.adding(delay)
        let done: Void? = await persisted("attempt") { () async throws(SystemCallError) in
            guard let claim = self.claims[id] else { return }
            try await self.queue.recordFailure(
                claim,
                attempt,
                notBefore: notBefore,
                session: session,
                complaint: complaint
            )
        }
        running.remove(id)
        guard done != nil, let claim = claims[id] else { return release(id) }
        stats.retried += 1
        metrics.retried()
        scheduler.enqueue(claim.queued, isClaimed: true, retryAt: readyAt, now: now)
        carryOutRequest(for: id)
        var facts: JSONObject = ["task_id": .string(id.string), "attempt": .integer(attempt.number)]
        facts["reason"] = attempt.reason.map { .string($0.rawValue) }
        facts["error"] = attempt.message.map { .string($0) }
        facts["delay_seconds"] = .seconds(delay)
        emit(.attemptFailed, facts)
        logger.warning(
            "attempt failed, will be repeated",
            metadata: [
                "task_id": .string(id.string), "attempt": "\(attempt.number)",
                "reason": .string(attempt.reason?.rawValue ?? ""), "error": .string(attempt.message ?? ""),
                "delay_seconds": "\(delay.seconds)",
            ]
        )
    }

    private func handBack(
        _ id: TaskID,
        _ session: ClaimState.Session?,
        costUSD: Double,
        after delay: Duration
    ) async {
        let readyAt = clock.now.advanced(by: delay)
        let notBefore = now.wall.adding(delay)
        let done: Void? = await persisted("claim") { () async throws(SystemCallError) in
            guard let claim = self.claims[id] else { return }
            try await self.queue.handBack(claim, notBefore: notBefore, session: session, costUSD: costUSD)
        }
        running.remove(id)
        guard done != nil, phase == .running, let claim = claims[id] else { return release(id) }
        scheduler.enqueue(claim.queued, isClaimed: true, retryAt: readyAt, now: now)
        carryOutRequest(for: id)
        logger.info("attempt does not count, task waits again", metadata: ["task_id": .string(id.string)])
    }

    /// Forgets a claim without touching its files; whoever comes next goes on from them.
    func release(_ id: TaskID) {
        running.remove(id)
        publishing.remove(id)
        if !liveCosts.isEmpty { liveCosts[id] = nil }
        claims[id] = nil
    }
}
