// SPDX-License-Identifier: Apache-2.0
// The supervisors of one daemon: started on demand, reused, and watched.

import Glibc
package import Logging
package import SystemKit

/// Runs attempts, each in a supervisor process that outlives this one if need be.
///
/// Everything happens on the reactor's thread. A supervisor serves one attempt at a time and is then reused; the pool
/// keeps `warm` idle ones and ends the others when nobody needed them for `idleTimeout`. It must be kept until it was
/// stopped or abandoned and ``processIDs`` is empty, or until this process ends.
package actor SupervisorPool {
    private let executable: String
    private let reactor: Reactor
    private let logger: Logger
    private var roster: SupervisorRoster
    private var supervisors: [SupervisorRoster.ID: Supervisor] = [:]
    private var timer: (id: TimerID, due: ContinuousClock.Instant)?
    private var isClosed = false

    /// Everything of the pool runs on the reactor.
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        // The reactor is kept by this actor, as long as which its reference must last.
        unsafe reactor.asUnownedSerialExecutor()
    }

    /// Makes a pool without any process yet.
    /// - Parameters:
    ///   - executable: The path of vigil-supervisor.
    ///   - reactor: The loop that the pool lives on.
    ///   - warm: How many idle supervisors are kept.
    ///   - idleTimeout: How long an idle supervisor beyond those is kept.
    ///   - logger: Hears about supervisors that start, end and die.
    package init(executable: String, reactor: Reactor, warm: Int, idleTimeout: Duration, logger: Logger) {
        self.executable = executable
        self.reactor = reactor
        self.logger = logger
        roster = SupervisorRoster(warm: warm, idleTimeout: idleTimeout)
    }

    /// Starts the warm supervisors, and removes the empty control groups of those that were killed.
    /// - Throws: What kept one from starting.
    package func start() throws(SystemCallError) {
        if let parent = CgroupLocation.usableParent() { ProcessTree.removeAbandonedCgroups(below: parent) }
        for _ in 0..<roster.missingWarm { try launch() }
    }

    /// The processes of this pool that are not reaped yet.
    package var processIDs: Set<Int32> {
        Set(supervisors.values.map(\.pid))
    }

    /// The supervisor that has an attempt.
    /// - Parameter runID: The attempt.
    /// - Returns: Its process; nil when none of this pool has it.
    package func processID(ofRun runID: String) -> Int32? {
        roster.supervisor(running: runID).flatMap { supervisors[$0]?.pid }
    }

    /// Says that an attempt is about to be run, so that whoever starts its agent is awake by then.
    ///
    /// Without an idle supervisor, or when it cannot be told, nothing is lost but that.
    /// - Parameter logs: Where the attempt's logs are going to be: `output` of ``begin(_:lock:output:exits:)`` and
    ///   ``AttemptRequest/logsName``. They are moved there at once, and away again when no attempt follows.
    package func announce(logs: (output: Directory, name: FileName)? = nil) {
        guard !isClosed, let id = roster.next else { return }
        // One that is gone is found out by the attempt.
        try? supervisors[id]?.announce(logs)
    }

    /// Hands one attempt to a supervisor.
    ///
    /// The descriptors stay the caller's; the supervisor works on copies. A lock of flock(2) on `lock` is held until
    /// the record is written, also when this process dies.
    /// - Parameters:
    ///   - request: What to run. Its run id must not be running in this pool.
    ///   - lock: The claim's lock, held by the supervisor for the time of the attempt.
    ///   - output: Where ``AttemptRequest/logsName`` is made with `stdout.log` and `stderr.log` of the attempt.
    ///   - exits: Where the exit record is written.
    /// - Returns: What to pass to ``ending(of:)``, once.
    package func begin(
        _ request: AttemptRequest,
        lock: Int32,
        output: Directory,
        exits: Directory
    ) -> Run {
        guard !isClosed else { return Run(ending: .refused(Errno(rawValue: ESHUTDOWN))) }
        guard roster.supervisor(running: request.runID) == nil else { return Run(ending: .refused(.busy)) }
        do {
            let message = try RunMessage(request, [lock, output.descriptor, exits.descriptor])
            let run = Run()
            try assign(run, request.runID, message)
            return run
        } catch {
            logger.warning(
                "attempt not started",
                metadata: ["run_id": "\(request.runID)", "error": "\(error)"]
            )
            return Run(ending: .refused((error as? SystemCallError)?.errno ?? .invalidArgument))
        }
    }

    /// Waits for the end of an attempt.
    ///
    /// Cancelling the calling task has no effect: see ``terminate(runID:reason:grace:)``.
    /// - Parameter run: What ``begin(_:lock:output:exits:)`` has returned.
    /// - Returns: How it ended; never thrown, since not being able to start is a result like the others.
    package func ending(of run: Run) async -> AttemptEnding {
        if case .ended(let ending) = run.progress { return ending }
        return await withCheckedContinuation { run.progress = .awaited($0) }
    }

    /// Ends a running attempt before its time: SIGTERM to its tree at once, SIGKILL when the grace is over.
    ///
    /// The attempt's ``ending(of:)`` returns as usual when the tree is gone. A second call can only shorten
    /// the grace.
    /// - Parameters:
    ///   - runID: The attempt.
    ///   - reason: What its record will say.
    ///   - grace: The time between the signals; zero kills at once.
    /// - Returns: Whether the attempt was running in this pool.
    @discardableResult
    package func terminate(runID: String, reason: TerminationReason, grace: Duration) -> Bool {
        guard let id = roster.supervisor(running: runID), let supervisor = supervisors[id] else { return false }
        do {
            try supervisor.send(.terminate(reason, grace: grace))
        } catch {
            // The signal says the same with the request's own grace.
            supervisor.signal(reason == .cancelled ? SIGUSR1 : SIGTERM)
        }
        return true
    }

    /// Lets go of every supervisor: running attempts go on to their exit records, idle supervisors end.
    ///
    /// Every waiting ``ending(of:)`` returns ``AttemptEnding/abandoned``. The pool starts nothing again.
    package func abandon() {
        isClosed = true
        for id in roster.abandon() {
            supervisors[id]?.disconnect(from: reactor)
            supervisors[id]?.endRun(.abandoned)
        }
        updateTimer()
    }

    /// Lets go of the supervisors of some attempts, which go on to their exit records; the pool works on.
    ///
    /// Their ``ending(of:)`` return ``AttemptEnding/abandoned``.
    /// - Parameter runIDs: The attempts.
    package func abandon(_ runIDs: Set<String>) {
        for id in roster.abandon(runIDs) {
            supervisors[id]?.disconnect(from: reactor)
            supervisors[id]?.endRun(.abandoned)
        }
        updateTimer()
    }

    /// Ends the idle supervisors, and the others as soon as they have answered.
    ///
    /// The pool starts nothing again.
    package func stop() {
        isClosed = true
        for id in roster.close() { supervisors[id]?.disconnect(from: reactor) }
        updateTimer()
    }
}

// MARK: Runs

extension SupervisorPool {
    /// An attempt that was handed over, whose end somebody has to wait for.
    ///
    /// Unchecked because only the loop's thread touches it, as the pool's isolation ensures.
    package final class Run: @unchecked Sendable {
        fileprivate enum Progress {
            case running
            case awaited(CheckedContinuation<AttemptEnding, Never>)
            case ended(AttemptEnding)
        }
        fileprivate var progress: Progress

        /// An attempt that a supervisor has; with an ending, one that was not begun.
        fileprivate init(ending: AttemptEnding? = nil) { progress = ending.map(Progress.ended) ?? .running }

        /// Tells whoever waits for the end, now or later.
        func end(_ ending: AttemptEnding) {
            let before = progress
            progress = .ended(ending)
            if case .awaited(let caller) = before { caller.resume(returning: ending) }
        }
    }
}

// MARK: Starting

extension SupervisorPool {
    /// Starts one process; it is idle afterwards.
    @discardableResult
    private func launch() throws(SystemCallError) -> SupervisorRoster.ID {
        let supervisor = try Supervisor(executable: executable)
        let id = roster.started(now: .now)
        supervisors[id] = supervisor
        do {
            try supervisor.watch(
                on: reactor,
                readable: { [weak self] in self?.assumeIsolated { $0.receive(from: id) } },
                ended: { [weak self] in self?.assumeIsolated { $0.reap(id) } }
            )
        } catch {
            supervisors[id] = nil
            roster.reaped(id)
            supervisor.destroy(on: reactor)
            throw error
        }
        logger.debug("supervisor started", metadata: ["pid": "\(supervisor.pid)"])
        return id
    }

    /// Hands the attempt to an idle supervisor or a new one.
    private func assign(
        _ run: Run,
        _ runID: String,
        _ message: borrowing RunMessage
    ) throws(SystemCallError) {
        defer { updateTimer() }
        while let id = roster.assign(runID: runID) {
            do throws(SystemCallError) {
                try supervisors[id]?.begin(run, message)
                return
            } catch {
                // It died while idle, and its end was not heard of yet. Nothing was started.
                guard error.errno == .brokenPipe || error.errno == .connectionReset else {
                    _ = roster.answered(id, now: .now)
                    throw error
                }
                drop(id)
            }
        }
        let id = try launch()
        roster.assign(runID: runID, to: id)
        do throws(SystemCallError) {
            try supervisors[id]?.begin(run, message)
        } catch {
            drop(id)
            throw error
        }
    }
}

// MARK: Hearing from supervisors

extension SupervisorPool {
    private func receive(from id: SupervisorRoster.ID) {
        guard let supervisor = supervisors[id], supervisor.isConnected else { return }
        do {
            // One message at a time: the reactor calls again while there is more, or the end.
            if let message = try supervisor.receive() {
                if let answer = SupervisorAnswer(decoding: message) { return finish(id, with: answer) }
                logger.error("supervisor sent what is no answer", metadata: ["pid": "\(supervisor.pid)"])
            }
        } catch  where error.errno == .again {
            return
        } catch {
            logger.warning("supervisor cannot be read", metadata: ["pid": "\(supervisor.pid)", "error": "\(error)"])
        }
        drop(id)
    }

    private func finish(_ id: SupervisorRoster.ID, with answer: SupervisorAnswer) {
        let retention = roster.answered(id, now: .now)
        if retention == .close { supervisors[id]?.disconnect(from: reactor) }
        updateTimer()
        let ending: AttemptEnding =
            switch answer {
            case .recorded(let record, let isDurable): .recorded(record, isDurable: isDurable)
            case .refused(let errno): .refused(errno)
            }
        supervisors[id]?.endRun(ending)
    }

    /// Ends a supervisor that cannot be spoken with; the rest follows when its process is gone.
    private func drop(_ id: SupervisorRoster.ID) {
        roster.disconnected(id)
        supervisors[id]?.disconnect(from: reactor)
        supervisors[id]?.signal(SIGKILL)
    }

    private func reap(_ id: SupervisorRoster.ID) {
        receive(from: id)
        guard let supervisor = supervisors.removeValue(forKey: id) else { return }
        supervisor.destroy(on: reactor)
        roster.reaped(id)
        if supervisor.endRun(.lost) {
            logger.error("supervisor died during an attempt", metadata: ["pid": "\(supervisor.pid)"])
        } else {
            logger.debug("supervisor ended", metadata: ["pid": "\(supervisor.pid)"])
        }
    }
}

// MARK: Idle time

extension SupervisorPool {
    /// Keeps the timer at the moment when the next idle supervisor is due.
    private func updateTimer() {
        let due = roster.nextExpiry
        guard due != timer?.due else { return }
        if let timer { reactor.cancel(timer.id) }
        timer = nil
        guard let due else { return }
        let id = reactor.schedule(at: due) { [weak self] in self?.assumeIsolated { $0.endExpired() } }
        timer = (id, due)
    }

    private func endExpired() {
        timer = nil
        for id in roster.expired(now: .now) { supervisors[id]?.disconnect(from: reactor) }
        updateTimer()
    }
}
