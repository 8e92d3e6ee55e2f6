// SPDX-License-Identifier: Apache-2.0
// Results, dead letters, and tasks that end without having run.

import FileQueue
import Logging
import QueueModel
import SystemKit

extension Worker {
    /// How a task ends whose attempts are over.
    struct Conclusion: Sendable {
        /// Puts the result together; that can wait until it is written.
        let result: @Sendable () -> ResultRecord
        /// Why there is a dead letter as well; `nil` when there is none.
        var deadLetter: DeadLetterReason?
    }

    /// Gives an ended attempt's slot back, and has its result written once the next attempt has begun.
    ///
    /// The slot is kept when as many results wait for the disk as there are slots, and when the disk is nearly full: an
    /// agent whose output cannot be written must not start, and the result is the first to find that out.
    func publishLater(_ id: TaskID, _ conclusion: Conclusion) {
        if running.contains(id), publishing.count < configuration.maxConcurrent, queue.hasRoomToSpare {
            publishing.insert(id)
        }
        unpublished.append(.publish(id, conclusion))
        poke()
    }

    /// Writes what is to be seen of a task's end.
    func publish(_ id: TaskID, _ conclusion: Conclusion) async {
        guard let claim = claims[id] else { return }
        let result = conclusion.result()
        if let reason = conclusion.deadLetter {
            await finishDead(claim, result, reason)
        } else {
            await finish(claim, result)
        }
    }

    /// Writes a result; the claim is held until it is written, also when the worker lets go of it meanwhile.
    func finish(_ claim: Claim, _ result: ResultRecord) async {
        let done = await persisted("result") { () async throws(SystemCallError) in
            try await self.queue.finish(claim, result)
        }
        ended(claim.id, result, isDone: done != nil, hindrance: done ?? nil)
    }

    /// Writes a dead letter and a result, as ``finish(_:_:)`` does.
    func finishDead(_ claim: Claim, _ result: ResultRecord, _ reason: DeadLetterReason) async {
        let done = await persisted("dead letter") { () async throws(SystemCallError) in
            try await self.queue.finishDead(claim, reason: reason, result)
        }
        if done != nil {
            stats.deadLettered += 1
            metrics.deadLettered(reason)
        }
        ended(claim.id, result, isDone: done != nil, hindrance: done ?? nil)
    }

    /// Gives up a claimed task without a further attempt.
    func giveUp(_ id: TaskID, _ failure: Failure, _ reason: DeadLetterReason) async {
        guard let claim = claims[id] else { return }
        let draft = ResultDraft(claim: claim, record: nil, output: AttemptOutput(), now: now.wall)
        await finishDead(claim, draft.resultWithoutAttempt(failure), reason)
    }

    /// Gives up a task that never ran.
    func condemn(_ entry: Scheduler.Entry, _ reason: DeadLetterReason, _ failure: Failure) async {
        let id = entry.task.id
        if !entry.isClaimed {
            let isOurs = await persisted("claim") { () async throws(SystemCallError) in
                try self.claim(entry, runID: nil, self.now)
            }
            guard isOurs == true else { return }
        }
        await giveUp(id, failure, reason)
    }

    /// Writes what a crash kept from being written about a task that was given up.
    func completeCondemned(_ id: TaskID) async {
        guard let claim = claims[id], let verdict = claim.state.verdict else { return }
        let output = claim.state.attempts.isEmpty ? AttemptOutput() : await readOutput(of: claim, nil)
        let draft = ResultDraft(claim: claim, record: nil, output: output, now: verdict.timestamp)
        await finishDead(claim, draft.resultWithoutAttempt(verdict.failure), verdict.reason)
    }

    private func ended(_ id: TaskID, _ result: ResultRecord, isDone: Bool, hindrance: SystemCallError?) {
        release(id)
        guard isDone else { return }
        stats.count(result.status)
        metrics.taskEnded(result)
        dependencyEnded(id, result.status)
        clearRequest(for: id)
        switch result.status {
        case .completed: logger.info("task completed", metadata: metadata(of: id, result))
        case .cancelled: logger.notice("task cancelled", metadata: metadata(of: id, result))
        case .failed: logger.error("task failed", metadata: metadata(of: id, result))
        }
        emit(.taskFinished, facts(of: id, result))
        if let hindrance {
            // The result stands; the next recovery tries again.
            logger.error("claim cannot be removed", metadata: ["task_id": .string(id.string), "error": "\(hindrance)"])
        }
    }

    private func metadata(of id: TaskID, _ result: ResultRecord) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "task_id": .string(id.string), "status": .string(result.status.rawValue),
            "retry_count": "\(result.retryCount)", "duration_seconds": "\(result.duration.seconds)",
        ]
        if let failure = result.failure {
            metadata["reason"] = .string(failure.reason.rawValue)
            metadata["error"] = .string(failure.message)
        }
        return metadata
    }

    private func facts(of id: TaskID, _ result: ResultRecord) -> JSONObject {
        var facts: JSONObject = [
            "task_id": .string(id.string), "status": .string(result.status.rawValue),
            "attempts": .integer(result.attempts.count), "duration_seconds": .seconds(result.duration),
        ]
        facts["reason"] = result.failure.map { .string($0.reason.rawValue) }
        facts["error"] = result.failure.map { .string($0.message) }
        return facts
    }

    /// Repeats a change until the disk takes it.
    /// - Returns: `nil` when the worker stops first; what is on disk then says where to go on.
    func persisted<Value>(
        _ what: Logger.MetadataValue,
        _ body: () async throws(SystemCallError) -> Value
    ) async -> Value? {
        var delay = Duration.seconds(1)
        while true {
            do throws(SystemCallError) {
                let value = try await body()
                clear(.disk)
                return value
            } catch {
                raise(.disk, "\(error)")
                logger.error("cannot be written, will be tried again", metadata: ["what": what, "error": "\(error)"])
                if phase != .running { return nil }
            }
            do {
                try await reactor.sleep(until: clock.now.advanced(by: delay))
            } catch { return nil }
            delay = min(delay * 2, .seconds(30))
        }
    }
}

extension Duration {
    /// Seconds with a fraction.
    var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
