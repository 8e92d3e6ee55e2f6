// SPDX-License-Identifier: Apache-2.0
// News that is to become a notification.

package import QueueModel

/// A notification before it has its place in the order.
package struct Announcement: Sendable, Equatable {
    /// What has happened.
    package var type: NotificationRecord.EventType
    /// When it happened.
    package var timestamp: Timestamp
    /// The task that it is about, if it is about one.
    package var taskID: TaskID?
    /// The facts, by type of event.
    package var data: JSONObject

    /// News about something.
    /// - Parameters:
    ///   - type: What has happened.
    ///   - timestamp: When it happened.
    ///   - taskID: The task that it is about.
    ///   - data: The facts.
    package init(
        _ type: NotificationRecord.EventType,
        at timestamp: Timestamp,
        taskID: TaskID? = nil,
        _ data: JSONObject
    ) {
        self.type = type
        self.timestamp = timestamp
        self.taskID = taskID
        self.data = data
    }
}
