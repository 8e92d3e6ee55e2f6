// SPDX-License-Identifier: Apache-2.0
// The steps of a claim while the work of its agent is checked.

package import QueueModel
package import SystemKit

extension WorkerQueue {
    /// Records that the next check of a claim is about to be run; durable on return.
    ///
    /// A check may be what takes the machine down, so its start must be on record whatever happens.
    /// - Parameters:
    ///   - claim: A claim whose agent has said that it is done.
    ///   - runID: The name of the check's run.
    ///   - due: All checks that the work must pass; they are those of the first call.
    /// - Throws: When the record cannot be made durable; call again.
    package func beginCheck(
        _ claim: Claim,
        runID: String,
        due: [CheckName]
    ) async throws(SystemCallError) {
        // What replaces the claim's record has none behind it.
        let exit = try claims.exitRecordBehind(claim.state)
        var state = claim.state
        var verification = state.verification ?? ClaimState.Verification(agentRunID: state.runID, due: due)
        verification.starts += 1
        state.verification = verification
        state.runID = runID
        try await replace(state, of: claim, keeping: exit)
    }

    /// Takes note of what a check has found; on record with the next step, and until then in its exit record.
    /// - Parameters:
    ///   - found: What it has found.
    ///   - claim: The claim.
    package func note(_ found: CheckRecord, on claim: Claim) {
        claim.state.verification?.found.append(found)
        claim.state.verification?.starts = 0
    }

    /// Takes the start of a check back that was stopped for the daemon's sake.
    /// - Parameter claim: The claim.
    package func uncountCheck(of claim: Claim) {
        guard let starts = claim.state.verification?.starts, starts > 0 else { return }
        claim.state.verification?.starts = starts - 1
    }

    /// The exit record of the last check.
    /// - Parameter claim: The claim.
    /// - Returns: Its bytes; `nil` when there is none.
    /// - Throws: When it cannot be read.
    package func checkRecord(of claim: Claim) throws(SystemCallError) -> [UInt8]? {
        try claims.read(claim.checkName, limit: 1 << 16)
    }

    /// The directory for the output of a check.
    /// - Parameters:
    ///   - claim: A claim whose agent has said that it is done.
    ///   - check: The check.
    /// - Returns: The directory.
    /// - Throws: When it cannot be made.
    package func openLogs(of claim: Claim, check: CheckName) throws(SystemCallError) -> Directory {
        try openLogs(of: claim).directory.subdirectory(FileName("verify-" + check.string), create: 0o750)
    }
}
