// SPDX-License-Identifier: Apache-2.0
// Looks at running attempts from time to time, and ends those that are hung.

import Agents
import FileQueue
import Logging
import QueueModel
import Resilience
import Supervision
import SystemKit

/// A running attempt, and what is known of its life.
struct WatchedAttempt {
    let state: ClaimState
    let profile: AgentProfile
    var watch: AttemptWatch
    var spending: SpendingWatch
    /// What all attempts of the task may cost together, in US dollars.
    let maxCostUSD: Double?
    var isWarned = false
    var supervisor: Int32?
    var tail: EventTail?
    var outputBytes: Int64 = 0
    /// When it is to be looked at; nil while a look is on its way, and when nothing is left to look for.
    var lookAt: ContinuousClock.Instant?
    /// Whether more of its output is there than was read.
    var isBehind = false
    /// When the attempt will have run for nearly all its time, as far as that is known.
    var nearlyOverAt: ContinuousClock.Instant?
    var hasEvidence = false
    /// Whether its supervisor was told to end it.
    var isEnded = false

    /// Takes over what a look has found out.
    mutating func takeOver(_ look: AttemptLook) {
        supervisor = look.supervisor
        tail = look.tail
        outputBytes = look.outputBytes
        isBehind = look.isBehind
    }
}

extension Worker {
    /// More of a log than one look reads is read on after this time.
    private static let nextPieceDelay = Duration.milliseconds(50)

    /// The profile of an agent, with this worker's limits where it has none of its own.
    func profile(of agent: AgentName?) -> AgentProfile? {
        guard var profile = configuration.profiles[agent ?? configuration.defaultAgent] else { return nil }
        profile.liveness = profile.liveness.completed(from: configuration.liveness)
        return profile
    }

    /// Begins to watch an attempt; one that ends before the first look has cost nothing more than this.
    func beginWatch(_ task: TaskRecord, _ state: ClaimState, timeout: Duration?) {
        guard let profile = profile(of: task.agent) else { return }
        let now = clock.now
        let printsEvents = profile.printsEvents
        let watch = AttemptWatch(limits: profile.liveness, printsEvents: printsEvents, now: now)
        let spending = SpendingWatch(at: now)
        var lookAt = watch.lookAt
        if printsEvents, task.maxCostUSD != nil || budget.limit != nil {
            lookAt = min(spending.firstLook, lookAt ?? spending.firstLook)
        }
        var nearlyOverAt: ContinuousClock.Instant?
        if let timeout, let first = lookAt {
            let nearly = now.advanced(by: timeout - min(.seconds(2), timeout / 4))
            nearlyOverAt = nearly
            lookAt = min(first, nearly)
        }
        watched[state.taskID] = WatchedAttempt(
            state: state,
            profile: profile,
            watch: watch,
            spending: spending,
            maxCostUSD: task.maxCostUSD,
            tail: printsEvents ? EventTail(profile: profile) : nil,
            lookAt: lookAt,
            nearlyOverAt: nearlyOverAt
        )
        armWatch(for: lookAt)
    }

    /// Takes up the watch of an attempt that an earlier daemon began.
    func watchAdopted(_ id: TaskID) async {
        let locations = queue.locations
        let found = await reactor.offload {
            // What cannot be read now is not watched; its time limit holds all the same.
            try? QueueView(locations: locations).claimedTask(id)
        }
        guard adopted.contains(id), watched[id] == nil, let (task, state) = found else { return }
        // A check has a time limit, and is no agent.
        guard state.verification == nil else { return }
        beginWatch(task, state, timeout: nil)
        // It may have cost a lot by now.
        watched[id]?.lookAt = clock.now
        armWatch(for: clock.now)
    }

    /// Ends the watch of an attempt that has ended or is left to others.
    /// - Returns: Whether evidence of it was kept.
    @discardableResult
    func endWatch(_ id: TaskID) -> Bool { watched.removeValue(forKey: id)?.hasEvidence == true }

    // MARK: Looking

    /// Makes sure that there is a look at a time; the timer is one for all attempts, and outlives those it is for.
    private func armWatch(for instant: ContinuousClock.Instant?) {
        guard let instant else { return }
        if let watchTimer {
            if watchTimer.at <= instant { return }
            reactor.cancel(watchTimer.id)
        }
        let id = reactor.schedule(at: instant) {
            self.assumeIsolated {
                $0.watchTimer = nil
                $0.lookAtDue()
            }
        }
        watchTimer = (instant, id)
    }

    private func lookAtDue() {
        guard phase != .stopped else { return }
        let now = clock.now
        for (id, attempt) in watched {
            guard let at = attempt.lookAt, at <= now else { continue }
            watched[id]?.lookAt = nil
            pending.append(.look(id))
        }
        armWatch(for: watched.values.compactMap(\.lookAt).min())
        poke()
    }

    /// Looks at one attempt, and does what follows.
    func look(_ id: TaskID) async {
        guard var attempt = watched[id], !attempt.isEnded else { return }
        let runID = attempt.state.runID
        if attempt.supervisor == nil { attempt.supervisor = supervisor(ofRun: runID) }
        let look = AttemptLook(of: attempt, results: queue.results)
        let (after, sight) = await reactor.offload {
            var look = look
            let sight = look.take()
            return (look, sight)
        }
        guard watched[id]?.state.runID == runID else { return }
        attempt.takeOver(after)
        let now = clock.now
        // Who has said its result spends nothing more.
        let spending = spend(&attempt, now)
        switch (attempt.watch.observe(sight, now: now), sight.hasResult ? .look(at: nil) : spending) {
        case (.end(let limit), _):
            watched[id] = attempt
            await end(id, after, limit.reason, limit.words)
        case (_, .end):
            watched[id] = attempt
            await end(id, after, .budget, "its money is spent")
        case (.look(let at), .look(let other)):
            attempt.lookAt = [at, other, after.isBehind ? now.advanced(by: Self.nextPieceDelay) : nil]
                .compactMap { $0 }.min()
            watched[id] = attempt
            await keepLastView(id, after, now)
            armWatch(for: watched[id]?.lookAt)
        }
    }

    /// Keeps what there is to see shortly before the time limit, which the supervisor enforces.
    private func keepLastView(_ id: TaskID, _ look: AttemptLook, _ now: ContinuousClock.Instant) async {
        guard var attempt = watched[id], let nearly = attempt.nearlyOverAt else { return }
        if nearly > now {
            attempt.lookAt = attempt.lookAt.map { min($0, nearly) }
        } else {
            attempt.nearlyOverAt = nil
            attempt.hasEvidence = true
        }
        watched[id] = attempt
        guard nearly <= now else { return }
        _ = await keepEvidence(look, "its time limit is reached (timeout)")
    }

    // MARK: Money

    /// Takes in what an attempt has cost by now, and says whether it may go on.
    private func spend(_ attempt: inout WatchedAttempt, _ now: ContinuousClock.Instant) -> SpendingWatch.Decision {
        let id = attempt.state.taskID
        let cost = attempt.tail?.report.costUSD
        noteLiveCost(cost, of: id)
        if let most = attempt.maxCostUSD, let cost { warn(&attempt, cost + attempt.state.costUSD, most) }
        let own = attempt.maxCostUSD.map { $0 - attempt.state.costUSD }
        // What the day has left, and what this attempt has had of it.
        let days = budget.left(at: wallClock.nowMilliseconds).map { $0 + (liveCosts[id] ?? 0) }
        if budget.spentUntil(at: wallClock.nowMilliseconds) != nil { hurry(except: id, now) }
        return attempt.spending.observe(cost: cost, limit: [own, days].compactMap { $0 }.min(), now: now)
    }

    private func warn(_ attempt: inout WatchedAttempt, _ spent: Double, _ limit: Double) {
        guard !attempt.isWarned, spent >= 0.8 * limit - DailyBudget.smallest else { return }
        attempt.isWarned = true
        let id = attempt.state.taskID.string
        logger.warning(
            "four fifths of the task's money are spent",
            metadata: ["task_id": .string(id), "limit_usd": "\(limit)", "spent_usd": "\(spent)"]
        )
        emit(.budgetWarning, ["task_id": .string(id), "limit_usd": .decimal(limit), "spent_usd": .decimal(spent)])
    }

    /// The others' money is gone as well.
    private func hurry(except id: TaskID, _ now: ContinuousClock.Instant) {
        for (other, attempt) in watched where other != id && !attempt.isEnded && attempt.tail != nil {
            guard let at = attempt.lookAt, at > now, (liveCosts[other] ?? 0) > 0 else { continue }
            watched[other]?.lookAt = now
            armWatch(for: now)
        }
    }

    // MARK: Ending

    /// Keeps what there is to see, then has the attempt's tree ended.
    private func end(_ id: TaskID, _ look: AttemptLook, _ reason: TerminationReason, _ words: String) async {
        watched[id]?.isEnded = true
        if await keepEvidence(look, words) { watched[id]?.hasEvidence = true }
        guard watched[id]?.state.runID == look.runID else { return }
        logger.warning(
            "attempt is ended",
            metadata: ["task_id": .string(id.string), "run_id": .string(look.runID), "cause": .string(words)]
        )
        let grace = configuration.killGrace
        if terminate(look.runID, reason, grace: grace) { return }
        guard adopted.contains(id) else { return }
        let asked = await reactor.offload {
            // Without a table of processes there is nobody to ask; the next look tries again.
            (try? ProcessTree.signalSupervisor(ofRun: look.runID, .end(reason))) ?? 0
        }
        guard asked == 0, watched[id]?.state.runID == look.runID else { return }
        let next = clock.now.advanced(by: .seconds(1))
        watched[id]?.isEnded = false
        watched[id]?.lookAt = next
        armWatch(for: next)
    }

    // Synchronous, since both actors live on one thread.
    private func supervisor(ofRun runID: String) -> Int32? { pool.assumeIsolated { $0.processID(ofRun: runID) } }

    private func terminate(_ runID: String, _ reason: TerminationReason, grace: Duration) -> Bool {
        pool.assumeIsolated { $0.terminate(runID: runID, reason: reason, grace: grace) }
    }

    private func keepEvidence(_ look: AttemptLook, _ cause: String) async -> Bool {
        let now = now.wall
        let error = await reactor.offload { () -> SystemCallError? in
            var look = look
            let evidence = look.evidence(of: cause, at: now)
            do throws(SystemCallError) {
                try AtomicFile.write(
                    Array(evidence.text.utf8),
                    as: WorkerQueue.evidenceName,
                    in: try look.logs(),
                    replacing: true,
                    durability: .relaxed
                )
                return nil
            } catch { return error }
        }
        if let error { logger.warning("evidence cannot be written", metadata: ["error": "\(error)"]) }
        return error == nil
    }

    /// Removes what was kept of an attempt that ended by itself after all, or will be made again.
    func dropEvidence(of claim: Claim) {
        let path = WorkerQueue.logsPath(of: claim.id, attempt: claim.state.attempt)
        do throws(SystemCallError) {
            try queue.results.descendant(path).remove(WorkerQueue.evidenceName)
        } catch {
            logger.debug("evidence cannot be removed", metadata: ["error": "\(error)"])
        }
    }
}

extension AttemptLimit {
    /// What its supervisor is told.
    fileprivate var reason: TerminationReason {
        switch self {
        case .start: .start
        case .silence: .silence
        case .tool: .tool
        case .afterResult: .afterResult
        }
    }

    fileprivate var words: String {
        switch self {
        case .start: "no sign of life after its start (start_timeout)"
        case .silence: "no output and no computing (silence_timeout)"
        case .tool: "a tool has run for too long (tool_timeout)"
        case .afterResult: "it has said its result and does not end (result_grace)"
        }
    }
}
