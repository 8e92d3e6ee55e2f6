// SPDX-License-Identifier: Apache-2.0
// What must hold, by name, and how a breach of it is reported.

/// What must hold of every history of a queue.
package enum Invariant: String, CaseIterable, Sendable {
    /// Every acknowledged task ends in a result, every acknowledged file that is no task in the dead letters.
    case lost = "LOST"
    /// Exactly one final result for each task, and a dead letter exactly when it failed.
    case one = "ONE"
    /// Nothing comes out that was not put in, and nothing completes that was not seen to succeed.
    case real = "REAL"
    /// There are never two live executions of one task.
    case excl = "EXCL"
    /// No execution starts after the final result.
    case done = "DONE"
    /// No process of an attempt outlives it.
    case tree = "TREE"
    /// Attempts are numbered 1, 2, 3, recorded before they start, and are never more than allowed.
    case att = "ATT"
    /// The end of a daemon alone cuts no attempt off.
    case keep = "KEEP"
    /// A reader never sees a part of a file.
    case whole = "WHOLE"
    /// At rest a task is in one place.
    case place = "PLACE"
    /// Every result and dead letter at rest can be read, and is what its name says.
    case read = "READ"
    /// The same task again changes nothing; another task of the same id is refused visibly.
    case idem = "IDEM"
    /// A task ends cancelled only when that was asked for, and always when it was and nothing of it had ended by itself; what
    /// was cancelled before its start never starts.
    case cancel = "CANCEL"
    /// When the faults stop, every task comes to its end in bounded time.
    case live = "LIVE"
    /// No fault ends the daemon by a trap, or at all once it works.
    case trap = "TRAP"
    /// What follows a change on disk comes after the sync that makes the change durable.
    case order = "ORDER"
}

/// One breach of one invariant.
package struct Violation: Hashable, Sendable, CustomStringConvertible {
    /// What does not hold.
    package let invariant: Invariant
    /// Of which task or file, and how.
    package let detail: String

    /// Reports a breach.
    /// - Parameters:
    ///   - invariant: What does not hold.
    ///   - detail: Of which task or file, and how.
    package init(_ invariant: Invariant, _ detail: String) {
        self.invariant = invariant
        self.detail = detail
    }

    /// The invariant's name and the detail.
    package var description: String { "\(invariant.rawValue): \(detail)" }
}
