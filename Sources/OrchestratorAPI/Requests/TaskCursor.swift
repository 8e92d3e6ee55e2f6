// SPDX-License-Identifier: Apache-2.0
// A place in the list of tasks, as text that clients hand back.

/// A place in the list of tasks, which is ordered by time, newest first, and among equal times by name.
///
/// A task that moves on meanwhile gets a newer time, so that it may come twice, but none is left out.
package struct TaskCursor: Sendable, Equatable {
    /// The time of the last task that the client has, in nanoseconds since 1970.
    package let nanoseconds: Int64
    /// What tells it from others of the same time.
    package let key: String

    /// The place behind a task.
    /// - Parameters:
    ///   - nanoseconds: The task's time, in nanoseconds since 1970.
    ///   - key: What tells it from others of the same time.
    package init(nanoseconds: Int64, key: String) {
        self.nanoseconds = nanoseconds
        self.key = key
    }

    /// Reads what an earlier page gave.
    /// - Parameter text: The text; nil comes back when no page can have given it.
    package init?(_ text: String) {
        let parts = text.split(separator: "~", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.count <= 300, let number = Int64(parts[0], radix: 36),
            String(number, radix: 36) == parts[0]
        else { return nil }
        self.init(nanoseconds: number, key: String(parts[1]))
    }

    /// The text for the client.
    package var text: String { String(nanoseconds, radix: 36) + "~" + key }

    /// Whether something stands behind this place.
    /// - Parameters:
    ///   - nanoseconds: Its time.
    ///   - key: Its name among those of the same time.
    /// - Returns: Whether the client does not have it yet.
    package func precedes(_ nanoseconds: Int64, _ key: String) -> Bool {
        nanoseconds == self.nanoseconds ? key > self.key : nanoseconds < self.nanoseconds
    }
}
