// SPDX-License-Identifier: Apache-2.0
// Carries out what is asked for through the control pipe.

import FileQueue
import Logging
import QueueModel
import SystemKit

extension Worker {
    /// Does what a command asks for.
    func carryOut(_ action: ControlCommand.Action) async -> CommandAnswer {
        switch action {
        case .status: return .done(["worker": heartbeat().json])
        case .pause, .resume: return await setPaused(action == .pause)
        case .reload: return reloadSettings().map(CommandAnswer.refused) ?? .done([:])
        case .scale(let slots): return scale(to: slots)
        case .cancel(let id): return await cancel(id)
        case .drain, .shutdown:
            let running: JSONValue = .integer(running.count)
            if action == .drain { drain() } else { stopNow() }
            return .done(["running": running])
        }
    }

    private func setPaused(_ shouldPause: Bool) async -> CommandAnswer {
        let (control, worker, now) = (queue.control, configuration.worker, now.wall)
        // The request is synced, which takes a while.
        let failure = await reactor.offload { () -> String? in
            do throws(SystemCallError) {
                if shouldPause { try control.pause(worker, now: now) } else { try control.resume(worker) }
                return nil
            } catch { return "\(error)" }
        }
        if let failure { return .refused(failure) }
        readPause()
        return .done([:])
    }

    /// Holds until the settings are read again, or the daemon ends.
    private func scale(to slots: Int) -> CommandAnswer {
        let before = configuration.maxConcurrent
        configuration.maxConcurrent = slots
        logger.notice("scaled", metadata: ["max_concurrent": "\(slots)", "before": "\(before)"])
        emit(.workerScaled, ["max_concurrent": .integer(slots), "before": .integer(before)])
        beat()
        poke()
        return .done(["max_concurrent": .integer(slots)])
    }

    private func cancel(_ id: TaskID) async -> CommandAnswer {
        do throws(SystemCallError) {
            guard let digest = try digest(of: id) else {
                return .refused("task_id: \(id) neither waits nor runs here")
            }
            try await queue.ask(
                CancelRequest(taskID: id, worker: configuration.worker, digest: digest, requestedAt: now.wall)
            )
        } catch { return .refused("\(error)") }
        // By the event it would come a moment later.
        lookAtRequests()
        return .done(["task_id": .string(id.string)])
    }

    private func digest(of id: TaskID) throws(SystemCallError) -> String? {
        if let claim = claims[id] { return claim.state.digest }
        if adopted.contains(id) { return try queue.recordedState(of: id)?.digest }
        guard let entry = scheduler[id], case .task(let task, let record) = try queue.inspect(entry.task.fileName),
            task.id == id
        else { return nil }
        return record.contentDigest
    }
}
