// SPDX-License-Identifier: Apache-2.0
// Goes on where an earlier daemon, or another one that is gone, left off.

import FileQueue
import Logging
import QueueModel
import Resilience
import Supervision
import SystemKit

extension Worker {
    /// Between looks at an attempt whose exit record is there and whose supervisor still holds the lock.
    private static let lockRetry = Duration.milliseconds(20)

    func recoverClaims() async throws(SystemCallError) {
        let found = try await queue.recover(isHeld: { self.claims[$0] != nil }, now: now.wall)
        for claim in found { take(claim) }
        watchClaims()
    }

    func recoverLater() async {
        guard phase == .running else { return }
        do throws(SystemCallError) {
            try await recoverClaims()
        } catch {
            logger.warning("claims cannot be looked through", metadata: ["error": "\(error)"])
        }
    }

    /// Completes the dead letters that an earlier daemon left without a reason.
    func repairDeadLetters() async throws(SystemCallError) {
        let repair = try await queue.repairDeadLetters(now: now.wall)
        for name in repair.written {
            logger.warning("dead letter completed after a crash", metadata: ["file": "\(name)"])
        }
        for error in repair.unread {
            logger.warning(
                "dead letter without a reason cannot be read, the next start tries again",
                metadata: ["error": "\(error)"]
            )
        }
    }

    /// Looks at an adopted attempt again, after its exit record has appeared.
    func readopt(_ id: TaskID) async {
        guard adopted.contains(id), phase == .running else { return }
        do throws(SystemCallError) {
            guard let claim = try await queue.recover(id, now: now.wall) else {
                abandonAdopted(id)
                return
            }
            if case .held = claim {
                _ = reactor.schedule(at: clock.now.advanced(by: Self.lockRetry)) {
                    self.assumeIsolated {
                        $0.pending.append(.readopt(id))
                        $0.poke()
                    }
                }
                return
            }
            take(claim)
        } catch {
            logger.warning("claim cannot be read", metadata: ["task_id": .string(id.string), "error": "\(error)"])
        }
    }

    private func take(_ recovered: RecoveredClaim) {
        switch recovered {
        case .held(let state, let ownerIsAlive):
            if ownerIsAlive || !adopted.insert(state.taskID).inserted { return }
            running.insert(state.taskID)
            pending.append(.watchAdopted(state.taskID))
            logger.notice(
                "attempt of an earlier daemon still runs, waiting for its end",
                metadata: ["task_id": .string(state.taskID.string), "attempt": "\(state.attempt)"]
            )
        case .stopped(let claim, let exitRecord):
            hold(claim)
            running.insert(claim.id)
            pending.append(.settle(claim.id, exitRecord: exitRecord))
        case .waiting(let claim):
            hold(claim)
            resume(claim)
        case .condemned(let claim):
            hold(claim)
            running.insert(claim.id)
            pending.append(.completeCondemned(claim.id))
        case .rejected(let id, let rejection):
            logger.error(
                "claimed file is no task any more, moved to the dead letters",
                metadata: ["task_id": .string(id.string), "error": .string(rejection.message)]
            )
            abandonAdopted(id)
        case .cleared(let id):
            logger.info("claim of a finished task removed", metadata: ["task_id": .string(id.string)])
            abandonAdopted(id)
        }
    }

    private func hold(_ claim: Claim) {
        adopted.remove(claim.id)
        endWatch(claim.id)
        claims[claim.id] = claim
    }

    private func abandonAdopted(_ id: TaskID) {
        guard adopted.remove(id) != nil else { return }
        endWatch(id)
        liveCosts[id] = nil
        running.remove(id)
    }

    /// Puts a claim back into the scheduler; its delay goes on, but never beyond the longest one that we would set.
    func resume(_ claim: Claim) {
        var retryAt: ContinuousClock.Instant?
        if let notBefore = claim.state.notBefore {
            let left = min(notBefore.since(now.wall), configuration.retry.maxDelay)
            if left > .zero { retryAt = clock.now.advanced(by: left) }
        }
        do throws(SystemCallError) {
            try enqueue(claim.queued, isClaimed: true, retryAt: retryAt)
        } catch {
            logger.warning(
                "dependencies cannot be read",
                metadata: ["task_id": .string(claim.id.string), "error": "\(error)"]
            )
            scheduler.enqueue(claim.queued, isClaimed: true, retryAt: retryAt, now: now)
        }
    }

    /// Takes up the outcome of an attempt that this daemon did not start.
    func settleStopped(_ id: TaskID, exitRecord: [UInt8]?) async {
        guard let claim = claims[id] else { return }
        if claim.state.verification != nil { return await resumeVerification(id, agentRecord: exitRecord) }
        // Where the claim's own record is lost, there is nothing to compare it with, and only what was synced is what it
        // seems to be.
        let isAnyones = claim.state.runID.isEmpty && queue.committer.durability == .full
        // A record that cannot be read, or of an earlier attempt, says nothing about this one.
        if let record = exitRecord.flatMap({ try? ExitRecord(decoding: $0) }),
            record.runID == claim.state.runID || isAnyones
        {
            logger.notice(
                "outcome of an attempt of an earlier daemon taken up",
                metadata: ["task_id": .string(id.string), "attempt": "\(claim.state.attempt)"]
            )
            await judge(id, record, permit: nil)
            return
        }
        await sweep(claim.state.runID)
        await conclude(
            id,
            .interrupted("the machine, or the daemon together with the supervisor, was stopped"),
            record: nil,
            output: await readReport(of: claim),
            permit: nil
        )
    }

    /// Exit records are watched for only while an attempt of an earlier daemon runs: ours come by socket.
    private func watchClaims() {
        if adopted.isEmpty {
            if let claimsWatch { watcher?.remove(claimsWatch) }
            claimsWatch = nil
            return
        }
        guard claimsWatch == nil, let watcher else { return }
        do throws(SystemCallError) {
            claimsWatch = try watcher.add(queue.claims) { event in
                self.assumeIsolated { $0.handleClaim(event) }
            }
        } catch {
            raise(.watcher, "\(error); claims are looked through every \(configuration.scanInterval)")
            return
        }
        // Watch first, then look: a record may have come in between.
        for id in adopted { pending.append(.readopt(id)) }
    }

    private func handleClaim(_ event: DirectoryEvent) {
        switch event {
        case .settled(let name), .appeared(let name):
            switch ClaimName(name) {
            case .state(let id), .exit(let id), .check(let id):
                guard adopted.contains(id) else { return }
                pending.append(.readopt(id))
            case .task, .owner, nil: return
            }
        case .overflow, .gone: pending.append(.recover)
        case .vanished: return
        }
        poke()
    }
}
