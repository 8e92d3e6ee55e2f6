// SPDX-License-Identifier: Apache-2.0
// The facts from which follows why a task is where it is.

package import QueueModel

/// Everything that bears on one task, gathered once; what follows from it is ``TaskExplanation``'s to say.
package struct TaskCircumstances: Sendable {
    /// A task that another one needs, directly or through others.
    package struct Link: Sendable {
        /// How many steps away it is, from 1.
        package let depth: Int
        /// The task.
        package let id: TaskID
        /// What is known of it; nil when nothing is.
        package let portrait: TaskPortrait?

        /// Names a task that is needed.
        /// - Parameters:
        ///   - depth: How many steps away it is.
        ///   - id: The task.
        ///   - portrait: What is known of it.
        package init(depth: Int, id: TaskID, portrait: TaskPortrait?) {
            self.depth = depth
            self.id = id
            self.portrait = portrait
        }
    }

    /// The task that is asked about.
    package let id: TaskID
    /// When.
    package let now: Timestamp
    /// What its files say; nil when no file knows it.
    package var portrait: TaskPortrait?
    /// The tasks that start before it, in order; nil when it is not its turn that it waits for.
    package var ahead: [TaskID]?
    /// What it needs, each before what that needs in turn.
    package var links: [Link] = []
    /// The tasks that need each other in a ring through it; empty when there is none.
    package var ring: [TaskID] = []
    /// When it was asked to be cancelled, while that is not done yet.
    package var cancelAskedAt: Timestamp?
    /// Whether its attempt was cut off, and nobody has noticed yet.
    package var isCutOff = false
    /// A file that is named for it, but is no valid task yet.
    package var unfinishedFile: String?
    /// Known ids that may be meant, when it is not known.
    package var nearest: [TaskID] = []
    /// The root, for messages.
    package var root = ""

    /// Circumstances of which nothing is known yet.
    /// - Parameters:
    ///   - id: The task that is asked about.
    ///   - now: When.
    package init(id: TaskID, now: Timestamp) {
        self.id = id
        self.now = now
    }
}
