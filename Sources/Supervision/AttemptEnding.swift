// SPDX-License-Identifier: Apache-2.0
// What a caller of the pool learns about its attempt.

package import SystemKit

/// How an attempt ended for the one who asked for it.
package enum AttemptEnding: Sendable, Equatable {
    /// The agent's whole tree is gone, and this is what became of it.
    ///
    /// `isDurable` tells whether the record is in its file, and synced when that was asked for.
    case recorded(ExitRecord, isDurable: Bool)
    /// Nothing was started, for want of what the number says; the attempt may be made again.
    case refused(Errno)
    /// The supervisor died. The caller must prove the tree dead before it starts anything for this task again.
    case lost
    /// The pool let go of the attempt, which goes on to its exit record without this process.
    case abandoned
}
