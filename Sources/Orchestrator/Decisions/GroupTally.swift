// SPDX-License-Identifier: Apache-2.0
// When a group of tasks is complete.

package import QueueModel

/// How the tasks of one group stand.
///
/// A group is complete when all its tasks that are known have ended and no further one has come for a while. That is
/// told once. Tasks that come later are counted, and change nothing about it.
package struct GroupTally: Sendable, Equatable {
    /// The group.
    package var name: GroupName
    /// How many of its tasks have not ended.
    package var open = 0
    /// How many completed.
    package var completed = 0
    /// How many failed.
    package var failed = 0
    /// How many were cancelled.
    package var cancelled = 0
    /// What its tasks that ended have cost.
    package var use = TaskUse()
    /// When the group is complete unless another task comes; nil while one is open, and once it was told.
    package var settlesAt: Timestamp?
    /// Whether its end was told.
    package var isAnnounced = false

    /// A group without tasks.
    /// - Parameter name: The group.
    package init(_ name: GroupName) { self.name = name }

    /// The number of its tasks.
    package var total: Int { open + completed + failed + cancelled }

    /// Counts a task in its present state.
    /// - Parameters:
    ///   - state: The state.
    ///   - use: What it has cost.
    package mutating func add(_ state: TaskState, _ use: TaskUse = TaskUse()) {
        count(state, by: 1)
        self.use += use
    }

    /// Takes back what was counted for a task.
    /// - Parameters:
    ///   - state: The state that was counted.
    ///   - use: The cost that was counted.
    package mutating func remove(_ state: TaskState, _ use: TaskUse = TaskUse()) {
        count(state, by: -1)
        self.use -= use
    }

    private mutating func count(_ state: TaskState, by step: Int) {
        switch state {
        case .queued, .waiting, .running: open += step
        case .completed: completed += step
        case .failed: failed += step
        case .cancelled: cancelled += step
        }
    }

    /// Judges the group after its tasks were counted anew.
    /// - Parameters:
    ///   - now: The present time.
    ///   - patience: How long a further task is waited for.
    package mutating func changed(at now: Timestamp, patience: Duration) {
        settlesAt = isAnnounced || open > 0 || total == 0 ? nil : now.adding(patience)
    }

    /// Finds the group complete, once.
    /// - Parameter now: The present time.
    /// - Returns: The news; nil when it is not complete, or was told before.
    package mutating func checked(at now: Timestamp) -> Announcement? {
        guard let settles = settlesAt, settles <= now else { return nil }
        settlesAt = nil
        isAnnounced = true
        var data: JSONObject = [
            "group": .string(name.string), "tasks": .integer(total), "completed": .integer(completed),
            "failed": .integer(failed), "cancelled": .integer(cancelled),
        ]
        if use.microdollars > 0 { data["cost_usd"] = .decimal(use.costUSD) }
        if use.tokens > 0 { data["tokens"] = .integer(use.tokens) }
        return Announcement(.groupCompleted, at: now, data)
    }
}
