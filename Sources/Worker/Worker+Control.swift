// SPDX-License-Identifier: Apache-2.0
// Carries out what commands ask for by files: pausing, and cancelling tasks.

import FileQueue
import Logging
import QueueModel
import Supervision
import SystemKit

extension Worker {
    /// Between tries to end an attempt that is just being handed to a supervisor.
    private static let handOverRetry = Duration.milliseconds(10)

    /// Watches the requests and reads those that are there, before any task is looked at.
    func openRequests() throws(SystemCallError) {
        watchRequests()
        isPaused = try queue.control.isPaused(configuration.worker)
        for id in try queue.control.tasksToCancel() { readRequest(for: id) }
        if isPaused { logger.notice("paused, nothing is started") }
    }

    private func watchRequests() {
        if let controlWatch { watcher?.remove(controlWatch) }
        do throws(SystemCallError) {
            controlWatch = try watcher?.add(queue.control.directory) { event in
                self.assumeIsolated { $0.handleRequest(event) }
            }
        } catch {
            raise(.watcher, "\(error); requests are looked for every \(configuration.scanInterval)")
        }
    }

    private func handleRequest(_ event: DirectoryEvent) {
        switch event {
        case .settled(let name), .appeared(let name), .vanished(let name):
            switch ControlName(name) {
            case .pause(configuration.worker): readPause()
            case .cancel(let id):
                readRequest(for: id)
                carryOutRequest(for: id)
            case .pause, nil: return
            }
        case .overflow, .gone: lookAtRequests()
        }
        poke()
    }

    /// Looks at every request, since events can be lost; what could not be carried out yet is tried again.
    func lookAtRequests() {
        do throws(SystemCallError) {
            if try queue.reopenControl() { watchRequests() }
            readPause()
            let ids = try queue.control.tasksToCancel()
            for id in unreadRequests.union(cancels.keys).subtracting(ids) { readRequest(for: id) }
            for id in ids {
                readRequest(for: id)
                carryOutRequest(for: id)
            }
        } catch {
            logger.warning("requests cannot be looked at", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Pausing

    func readPause() {
        do throws(SystemCallError) {
            let wasPaused = isPaused
            isPaused = try queue.control.isPaused(configuration.worker)
            guard isPaused != wasPaused else { return }
            logger.notice(isPaused ? "paused, nothing is started" : "resumed")
            emit(isPaused ? .workerPaused : .workerResumed)
            if phase == .running { beat() }
            poke()
        } catch {
            logger.warning("requests cannot be looked at", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Cancelling

    /// Whether somebody has asked for this very task to be cancelled.
    func isCancelRequested(_ claim: Claim) -> Bool { cancels[claim.id]?.digest == claim.state.digest }

    /// Takes note of a request; a task whose request cannot be read does not start meanwhile.
    func readRequest(for id: TaskID) {
        do throws(SystemCallError) {
            switch try queue.control.cancelRequest(for: id) {
            case .absent: cancels[id] = nil
            case .request(let request): cancels[id] = request.worker == configuration.worker ? request : nil
            case .junk:
                cancels[id] = nil
                logger.warning("what is no request to cancel is removed", metadata: ["task_id": .string(id.string)])
                try queue.control.clear(id)
            }
            unreadRequests.remove(id)
        } catch {
            unreadRequests.insert(id)
            logger.warning("request cannot be read", metadata: ["task_id": .string(id.string), "error": "\(error)"])
        }
    }

    /// Does what a request asks for, wherever its task is; doing it again changes nothing.
    func carryOutRequest(for id: TaskID) {
        guard let request = cancels[id], phase == .running || phase == .draining else { return }
        if let claim = claims[id] {
            if claim.state.digest != request.digest { return clearRequest(for: id) }
            if running.contains(id) { return endAttempt(of: claim) }
            if let entry = scheduler.remove(id) { pending.append(.cancel(entry)) }
        } else if adopted.contains(id) {
            pending.append(.cancelAdopted(id))
        } else if let entry = scheduler[id], isTask(of: entry, request) {
            scheduler.remove(id)
            pending.append(.cancel(entry))
        } else {
            pending.append(.review(id))
        }
        poke()
    }

    private func isTask(of entry: Scheduler.Entry, _ request: CancelRequest) -> Bool {
        // What cannot be read now is judged by the review.
        guard case .task(let task, let record)? = try? queue.inspect(entry.task.fileName) else { return false }
        return task.id == request.taskID && record.contentDigest == request.digest
    }

    /// Ends the tree of an attempt; its end then leads to the result.
    private func endAttempt(of claim: Claim) {
        let runID = claim.state.runID
        guard inSupervisor.contains(claim.id), endedRuns[claim.id] != runID else { return }
        let grace = configuration.killGrace
        if pool.assumeIsolated({ $0.terminate(runID: runID, reason: .cancelled, grace: grace) }) {
            endedRuns[claim.id] = runID
            logger.notice("attempt is ended, its task was cancelled", metadata: ["task_id": .string(claim.id.string)])
            return
        }
        let id = claim.id
        _ = reactor.schedule(at: clock.now.advanced(by: Self.handOverRetry)) {
            self.assumeIsolated { $0.carryOutRequest(for: id) }
        }
    }

    /// Ends an attempt of an earlier daemon, to whose supervisor there is no socket.
    func cancelAdopted(_ id: TaskID) async {
        guard adopted.contains(id), let request = cancels[id] else { return }
        do throws(SystemCallError) {
            guard let state = try queue.recordedState(of: id) else { return }
            guard state.digest == request.digest else { return clearRequest(for: id) }
            guard endedRuns[id] != state.runID else { return }
            endedRuns[id] = state.runID
            let asked = await reactor.offload {
                // Without a table of processes there is nobody to ask; the next look tries again.
                (try? ProcessTree.signalSupervisor(ofRun: state.runID, .cancel)) ?? 0
            }
            if asked == 0 { endedRuns[id] = nil }
        } catch {
            logger.warning("claim cannot be read", metadata: ["task_id": .string(id.string), "error": "\(error)"])
        }
    }

    /// Ends a task that does not run.
    func cancel(_ entry: Scheduler.Entry) async {
        let id = entry.task.id
        if !entry.isClaimed {
            let isOurs = await persisted("claim") { () async throws(SystemCallError) in
                try self.claim(entry, runID: nil, self.now)
            }
            guard isOurs == true else { return }
        }
        guard let claim = claims[id] else { return }
        guard isCancelRequested(claim) else {
            // Withdrawn, or meant for another task of the id.
            resume(claim)
            return
        }
        await finishCancelled(claim)
    }

    /// Writes the result of a cancelled task of which nothing runs.
    func finishCancelled(_ claim: Claim) async {
        let done: Void? = await persisted("claim") { () async throws(SystemCallError) in
            try await self.queue.makeDurable(claim)
        }
        guard done != nil else { return release(claim.id) }
        let output = claim.state.attempts.isEmpty ? AttemptOutput() : await readOutput(of: claim, nil)
        let draft = ResultDraft(claim: claim, record: nil, output: output, now: now.wall)
        await finish(claim, draft.resultWithoutAttempt(.cancelledWhileWaiting))
    }

    /// Looks for the task of a request that this worker does not know, and forgets the request when it is over.
    func review(_ id: TaskID) async {
        guard let request = cancels[id] else { return }
        let locations = queue.locations
        // A look into every file of an inbox takes a while.
        let isOver = await reactor.offload { CancelReview.isOver(request, in: locations) }
        guard isOver, cancels[id] == request, claims[id] == nil, scheduler[id] == nil else { return }
        clearRequest(for: id)
    }

    /// Removes a request that was carried out, or is stale.
    func clearRequest(for id: TaskID) {
        if !endedRuns.isEmpty { endedRuns[id] = nil }
        guard !cancels.isEmpty, cancels.removeValue(forKey: id) != nil else { return }
        do throws(SystemCallError) {
            try queue.control.clear(id)
        } catch {
            // The next look finds it again, and its task's result.
            logger.warning("request cannot be removed", metadata: ["task_id": .string(id.string), "error": "\(error)"])
        }
    }
}

/// Whether a request to cancel means a task that is still to come.
private enum CancelReview {
    static func isOver(_ request: CancelRequest, in locations: QueueLocations) -> Bool {
        do throws(SystemCallError) {
            switch try QueueView(locations: locations).find(request.taskID) {
            case .queued(let task, let worker, _)?:
                return task.contentDigest != request.digest || worker != request.worker
            case .claimed(_, let state)?: return state.digest != request.digest || state.worker != request.worker
            case .ended?, .deadLettered?, nil: return true
            }
        } catch {
            // Nothing is known, so nothing is forgotten.
            return false
        }
    }
}

extension Failure {
    /// Somebody cancelled a task of which nothing ran.
    static let cancelledWhileWaiting = Failure(
        reason: .cancelled,
        message: "cancelled while it waited",
        isPermanent: true
    )
    /// Somebody cancelled a task whose attempt had just ended without success.
    static let cancelledBetweenAttempts = Failure(
        reason: .cancelled,
        message: "cancelled before its next attempt",
        isPermanent: true
    )
}
