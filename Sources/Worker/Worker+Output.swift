// SPDX-License-Identifier: Apache-2.0
// Reads what an attempt has said.

import Agents
import FileQueue
import Logging
import QueueModel
import Supervision
import SystemKit

extension Worker {
    /// Trouble that passes must not make a result without what the agent has said; trouble that stays must not keep the
    /// result back.
    func readOutput(
        of claim: Claim,
        _ record: ExitRecord?,
        _ profile: AgentProfile? = nil
    ) async -> AttemptOutput {
        var output = await readOutputOnce(of: claim, record, profile)
        var reader = OutputPatience()
        while let obstacle = output.obstacle,
            let pause = reader.pause(after: obstacle.errno, isStopping: phase != .running)
        {
            raise(.disk, "\(obstacle)")
            logger.warning(
                "output cannot be read, will be tried again",
                metadata: ["task_id": .string(claim.id.string), "error": "\(obstacle)"]
            )
            do { try await reactor.sleep(until: clock.now.advanced(by: pause)) } catch { break }
            output = await readOutputOnce(of: claim, record, profile)
        }
        if reader.hasWaited { clear(.disk) }
        if profile?.tellsSessionUsage == true, let report = output.report {
            output.sessionUsage = report.usage
            output.report = claim.state.session?.usage.map(report.withoutUsage) ?? report
        }
        if let obstacle = output.obstacle {
            logger.error(
                "output cannot be read, the result goes without it",
                metadata: ["task_id": .string(claim.id.string), "error": "\(obstacle)"]
            )
        }
        return output
    }

    private func readOutputOnce(
        of claim: Claim,
        _ record: ExitRecord?,
        _ profile: AgentProfile?
    ) async -> AttemptOutput {
        if let record, record.stdoutBytes == 0, record.stderrBytes == 0 { return AttemptOutput() }
        let limit = configuration.maxResultOutput
        queue.keepLogsOpen(of: claim)
        let path =
            claim.logs == nil ? WorkerQueue.logsPath(of: claim.id, attempt: claim.state.attempt) : ""
        let base = claim.logs ?? queue.results
        let hasErrors = record?.stderrBytes != 0
        // A megabyte is read and checked in a millisecond or two; that is too long for the reactor.
        if let record, record.stdoutBytes + record.stderrBytes < 65_536 {
            return AttemptOutput(path: path, in: base, limit: limit, profile: profile, hasErrors: hasErrors)
        }
        return await reactor.offload {
            AttemptOutput(path: path, in: base, limit: limit, profile: profile, hasErrors: hasErrors)
        }
    }
}
