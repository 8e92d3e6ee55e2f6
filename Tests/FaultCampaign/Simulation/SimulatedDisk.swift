// SPDX-License-Identifier: Apache-2.0
// The queue's files in memory: what a crash leaves, change by change.

import QueueModel
import Resilience

/// Why a step did not come to its end.
enum Halt: Error {
    /// The daemon died before a change on disk.
    case crash
    /// A promise was broken.
    case breach(String)
}

/// The files of a queue; each change is one of docs/queue-protocol.md, and happens as a whole or not at all.
struct SimulatedDisk: Sendable {
    /// What `<id>~state` says.
    struct Record: Sendable {
        enum Phase: Sendable {
            case running
            case waiting
            case dead(DeadLetterReason)
        }
        var phase: Phase
        var attempt: Int
        var run: Int
        var notBefore: Timestamp?
    }

    /// The files of one id.
    struct Place: Sendable {
        var isInInbox = false
        var isClaimed = false
        var record: Record?
        var exit: (run: Int, ending: Schedule.Ending)?
        var result: TaskStatus?
        var hasLetter = false

        /// Whether nothing is left but the result, with a dead letter exactly when it is a failure.
        var isAtRest: Bool {
            !isInInbox && !isClaimed && record == nil && exit == nil && result != nil
                && hasLetter == (result == .failed)
        }
    }

    var places = [Place](repeating: Place(), count: Schedule.mostTasks)
    var circuit: CircuitBreaker.Snapshot?
    /// How many changes the daemon still makes before it dies.
    var fuse: Int?

    /// Makes a change, unless the daemon dies before it.
    mutating func change(_ body: (inout SimulatedDisk) -> Void) throws(Halt) {
        if let left = fuse {
            if left == 0 { throw .crash }
            fuse = left - 1
        }
        body(&self)
    }

    /// Writes a result, for the first time.
    mutating func publish(_ index: Int, _ status: TaskStatus) throws(Halt) {
        if places[index].result != nil { throw .breach("ONE: a second result of \(index)") }
        try change { $0.places[index].result = status }
    }

    /// Removes what a claim consists of, the task file last.
    mutating func removeClaim(_ index: Int) throws(Halt) {
        try change { $0.places[index].exit = nil }
        try change { $0.places[index].record = nil }
        try change { $0.places[index].isClaimed = false }
    }
}
