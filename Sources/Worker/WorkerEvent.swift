// SPDX-License-Identifier: Apache-2.0
// What a worker tells those who listen to its status pipe.

package import QueueModel
import SystemKit

/// One line of the status pipe: an answer to a command, or something that has happened.
package struct WorkerEvent: Sendable, Equatable {
    /// The kinds of lines; the texts are stable.
    package enum Kind: String, Sendable, CaseIterable {
        case answer
        case workerStarted = "worker_started"
        case workerPaused = "worker_paused"
        case workerResumed = "worker_resumed"
        case workerScaled = "worker_scaled"
        case workerDraining = "worker_draining"
        case workerStopped = "worker_stopped"
        case problemRaised = "problem_raised"
        case problemCleared = "problem_cleared"
        case circuitOpened = "circuit_opened"
        case circuitHalfOpened = "circuit_half_opened"
        case circuitClosed = "circuit_closed"
        case usageLimited = "usage_limited"
        case budgetWarning = "budget_warning"
        case budgetExceeded = "budget_exceeded"
        case taskClaimed = "task_claimed"
        case taskStarted = "task_started"
        case attemptFailed = "attempt_failed"
        case taskFinished = "task_finished"
        case fileRejected = "file_rejected"
    }

    /// What kind of line it is.
    package let kind: Kind
    /// When it happened.
    package let timestamp: Timestamp
    /// The facts.
    package var data: JSONObject

    /// Describes a line.
    /// - Parameters:
    ///   - kind: What kind of line it is.
    ///   - timestamp: When it happened.
    ///   - data: The facts.
    package init(_ kind: Kind, at timestamp: Timestamp, _ data: JSONObject = [:]) {
        self.kind = kind
        self.timestamp = timestamp
        self.data = data
    }

    /// The line with its newline, short enough for a pipe to take it whole.
    ///
    /// Of facts that are too long, the longest are left out, and `truncated` says so.
    package var line: [UInt8] {
        var event = self
        while true {
            let bytes = event.bytes
            if bytes.count <= NonblockingOutput.atomicBytes { return bytes }
            let sizes = event.data.members.map { ($0.key, JSONWriter.bytes($0.value).count) }
            guard let longest = sizes.max(by: { $0.1 < $1.1 })?.0, longest != "truncated" else { return bytes }
            event.data[longest] = nil
            event.data["truncated"] = true
        }
    }

    private var bytes: [UInt8] {
        let object: JSONObject = [
            "event_type": .string(kind.rawValue), "timestamp": .string(timestamp.description), "data": .object(data),
        ]
        return JSONWriter.bytes(.object(object)) + [UInt8(ascii: "\n")]
    }
}
