// SPDX-License-Identifier: Apache-2.0
// Decides what to do next, and claims tasks.

import FileQueue
import Logging
import QueueModel
import Resilience
import Supervision
import SystemKit

extension Worker {
    /// A claim that another process is at work on is looked at again after this time.
    private static let takenRetry = Duration.milliseconds(250)
    /// A session that an attempt of another process is in is looked at again after this time.
    private static let sessionRetry = Duration.seconds(1)
    /// Another process holds the lock of the sessions for no longer than a few system calls.
    private static let sessionLockRetry = Duration.milliseconds(20)
    /// After a claim that failed for want of disk or descriptors.
    static let errorRetry = Duration.seconds(1)

    /// Whether a further attempt may be started at all.
    private var mayStart: Bool {
        phase == .running && !isPaused && activeCount < configuration.maxConcurrent
            && !Problem.stopsClaims(problems)
    }

    /// Whether a new task is going to be claimed in this very turn, as far as can be told.
    func startsAtOnce(_ task: QueuedTask) -> Bool {
        mayStart && scheduler.count == 0 && task.dependencies.isEmpty && task.notBefore == nil
    }

    /// The next thing to do; `nil` when there is nothing before the next event or timer.
    func takeWork() -> Work? { takeUrgentWork() ?? unpublished.popFirst() }

    private func takeUrgentWork() -> Work? {
        while true {
            if let work = pending.popFirst() { return work }
            let now = now
            note(breaker.advance(to: now.instant))
            guard mayStart else {
                guard phase == .running else { return nil }
                if let entry = scheduler.nextExpired(now: now) { return expire(entry) }
                wake(at: scheduler.nextExpiry(now))
                return nil
            }
            switch scheduler.next(now: now) {
            case .wait(let until):
                wake(at: until)
                return nil
            case .expire(let entry): return expire(entry)
            case .start(let entry):
                switch admission(of: entry, now) {
                case .putBack(let until):
                    scheduler.putBack(entry, now: now)
                    wake(at: [until, scheduler.nextWake(now)].compactMap { $0 }.min())
                    return nil
                case .setAside(let until): scheduler.hold(entry, for: .usageLimit, until: until)
                case .allowed(let permit):
                    if let work = start(entry, permit, now) { return work }
                    abandon(permit)
                }
            }
        }
    }

    /// Has the task read that starts next, while all slots are taken.
    func readAhead() {
        guard phase == .running, !isPaused, activeCount >= configuration.maxConcurrent else { return }
        let next = scheduler.upcoming()
        queue.readAhead(next?.isClaimed == false ? next?.task.fileName : nil)
    }

    private func expire(_ entry: Scheduler.Entry) -> Work {
        let failure = Failure(
            reason: .expired,
            message: "expires_at: the time was over before it could be started",
            isPermanent: true
        )
        return .condemn(entry, .expired, failure)
    }

    private func start(_ entry: Scheduler.Entry, _ permit: StartPermit, _ now: Moment) -> Work? {
        if unreadRequests.contains(entry.task.id) {
            readRequest(for: entry.task.id)
            if unreadRequests.contains(entry.task.id) {
                let retryAt = now.instant.advanced(by: Self.errorRetry)
                scheduler.enqueue(entry.task, isClaimed: entry.isClaimed, retryAt: retryAt, now: now)
                return nil
            }
        }
        if cancels[entry.task.id] != nil {
            abandon(permit)
            return .cancel(entry)
        }
        // While others run the processors are awake.
        if activeCount == 0, announced != entry.task.id { announce(entry.isClaimed ? nil : entry.task) }
        announced = nil
        do throws(SystemCallError) {
            guard try begin(entry, now) else { return nil }
            clear(.disk)
        } catch {
            raise(.disk, "\(error)")
            let retryAt = now.instant.advanced(by: Self.errorRetry)
            scheduler.enqueue(entry.task, isClaimed: entry.isClaimed, retryAt: retryAt, now: now)
            clearDiskProblem(after: Self.errorRetry)
            return nil
        }
        rateLimiter?.started(now: now.instant)
        running.insert(entry.task.id)
        return .attempt(entry.task.id, permit, beginRun(of: entry.task.id))
    }

    /// Has whoever starts the agent do meanwhile what needs no claim.
    /// - Parameter task: The one whose first attempt comes; `nil` for another attempt.
    func announce(_ task: QueuedTask?) {
        let logs = task.map { queue.placeOfFirstLogs(of: $0.id) }
        pool.assumeIsolated { $0.announce(logs: logs.map { ($0.directory, $0.name) }) }
        announced = task?.id
    }

    /// Records that an attempt begins, unless another one is in its session.
    private func begin(_ entry: Scheduler.Entry, _ now: Moment) throws(SystemCallError) -> Bool {
        let session = session(for: entry)
        let runID = makeRunID()
        guard let session else { return try begin(entry, runID, nil, now) }
        let id = entry.task.id
        let isBegun = try queue.withSessionLock { () throws(SystemCallError) -> Bool in
            guard let use = try queue.use(ofSession: session.id, besides: id, held: { claims[$0]?.state }) else {
                return try begin(entry, runID, session, now)
            }
            // The end of an attempt of ours is heard of at once.
            let pause = claims[use.taskID] == nil ? Self.sessionRetry : Self.setAsideLimit
            scheduler.hold(entry, for: .session, until: now.instant.advanced(by: pause))
            logger.debug(
                "session is in use, task waits",
                metadata: ["task_id": .string(id.string), "used_by": .string(use.taskID.string)]
            )
            return false
        }
        if isBegun == nil {
            scheduler.hold(entry, for: .session, until: now.instant.advanced(by: Self.sessionLockRetry))
        }
        return isBegun ?? false
    }

    private func begin(
        _ entry: Scheduler.Entry,
        _ runID: String,
        _ session: ClaimState.Session?,
        _ now: Moment
    ) throws(SystemCallError) -> Bool {
        guard entry.isClaimed else { return try claim(entry, runID: runID, session: session, now) }
        guard let claim = claims[entry.task.id] else { return false }
        try queue.beginAttempt(claim, runID: runID, session: session, now: now.wall)
        return true
    }

    /// Takes the task out of the inbox.
    /// - Returns: Whether this worker holds it now.
    func claim(
        _ entry: Scheduler.Entry,
        runID: String?,
        session: ClaimState.Session? = nil,
        _ now: Moment
    ) throws(SystemCallError) -> Bool {
        let task = entry.task
        switch try queue.claim(task, runID: runID, session: session, now: now.wall) {
        case .claimed(let claim):
            names[task.fileName] = nil
            claims[claim.id] = claim
            claim.isNews = true
            // With an attempt it is told beside that, so that the agent does not wait for it.
            if runID == nil { tell(of: claim) }
            return true
        case .gone:
            names[task.fileName] = nil
        case .changed:
            names[task.fileName] = nil
            look(at: task.fileName)
        case .taken:
            let retryAt = now.instant.advanced(by: Self.takenRetry)
            scheduler.enqueue(task, retryAt: retryAt, now: now)
        case .repeated:
            dispose(of: task, isRepeat: true, earlier: "")
        case .conflicting(let earlier):
            dispose(of: task, isRepeat: false, earlier: earlier)
        }
        return false
    }

    func makeRunID() -> String {
        let number: UInt64 = generator.next()
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Makes sure that ``takeWork()`` is asked again at a time.
    func wake(at instant: ContinuousClock.Instant?) {
        guard let instant else { return }
        if let wakeTimer {
            if wakeTimer.at <= instant && wakeTimer.at > clock.now { return }
            reactor.cancel(wakeTimer.id)
        }
        let id = reactor.schedule(at: instant) {
            self.assumeIsolated {
                $0.wakeTimer = nil
                $0.poke()
            }
        }
        wakeTimer = (instant, id)
    }

    /// Lets claiming be tried again: only a new try can show whether the disk has recovered.
    func clearDiskProblem(after delay: Duration) {
        _ = reactor.schedule(at: clock.now.advanced(by: delay)) {
            self.assumeIsolated {
                $0.problems[.disk] = nil
                $0.poke()
            }
        }
    }
}
