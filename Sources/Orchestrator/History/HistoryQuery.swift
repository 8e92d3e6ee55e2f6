// SPDX-License-Identifier: Apache-2.0
// Which ended tasks are wanted.

package import QueueModel

/// A choice of ended tasks.
package struct HistoryQuery: Sendable, Equatable {
    /// A place in the order of ended tasks: newest first, among equal times by id.
    package struct Place: Sendable, Equatable {
        let milliseconds: Int64
        let id: String

        /// The place of a task.
        /// - Parameters:
        ///   - nanoseconds: Its time in nanoseconds since 1970; the history counts milliseconds.
        ///   - id: Its id.
        package init(nanoseconds: Int64, id: String) {
            let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
            // Within a millisecond, all that ended at its beginning comes behind; no id begins with a tilde.
            milliseconds = rest > 0 ? whole + 1 : whole
            self.id = rest > 0 ? "~" : id
        }
    }

    /// The most tasks; nil: all.
    package var limit: Int?
    /// Only those that ended in one of these states; empty: all.
    package var states: Set<TaskState> = []
    /// Only this worker's; nil: all.
    package var worker: WorkerID?
    /// Only those of this group; nil: of all groups and of none.
    package var group: GroupName?
    /// Only those whose id contains this; nil: all.
    package var idPart: String?
    /// Behind which place to begin; nil: at the newest.
    package var after: Place?

    /// All ended tasks.
    package init() {}
}
