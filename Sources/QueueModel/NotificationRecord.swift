// SPDX-License-Identifier: Apache-2.0
// News for whoever orchestrates.

/// News for whoever orchestrates.
package struct NotificationRecord: Sendable, Equatable {
    /// What has happened; the texts are stable.
    package enum EventType: String, Sendable, Hashable, CaseIterable {
        /// A task ended, completed or failed.
        case taskCompleted = "task_completed"
        /// A task has been away for too long.
        case taskTimeout = "task_timeout"
        /// A task became a dead letter.
        case taskDeadLettered = "task_dead_lettered"
        /// A worker's heartbeat is old or bad.
        case workerUnhealthy = "worker_unhealthy"
        /// A worker's heartbeat is good again.
        case workerRecovered = "worker_recovered"
        /// A circuit breaker opened.
        case circuitOpened = "circuit_opened"
        /// A circuit breaker closed.
        case circuitClosed = "circuit_closed"
        /// All tasks of a group ended.
        case groupCompleted = "group_completed"
        /// An agent's usage limit is reached.
        case usageLimited = "usage_limited"
        /// The day's budget is spent.
        case budgetExceeded = "budget_exceeded"
    }

    /// What has happened.
    package var eventType: EventType
    /// When it happened.
    package var timestamp: Timestamp
    /// The place in the order of notifications.
    package var sequence: Int64
    /// The facts, by type of event.
    package var data: JSONObject

    /// A notification.
    ///
    /// - Parameters:
    ///   - eventType: what has happened.
    ///   - timestamp: when it happened.
    ///   - sequence: the place in the order of notifications.
    ///   - data: the facts.
    package init(eventType: EventType, timestamp: Timestamp, sequence: Int64, data: JSONObject) {
        self.eventType = eventType
        self.timestamp = timestamp
        self.sequence = sequence
        self.data = data
    }

    /// The name of its file: `<event_type>_<unix-ms>-<sequence>.json`.
    package var fileName: String {
        "\(eventType.rawValue)_\(timestamp.millisecondsSince1970)-\(sequence).json"
    }

    /// The notification as JSON on one line.
    /// - Parameter asRow: Whether it is a row of a command's stream, which says the version of its form.
    /// - Returns: The document, without an end of line.
    package func encoded(asRow: Bool = false) -> [UInt8] {
        var members = RecordMembers()
        members.add("schema_version", asRow ? 1 : nil)
        members.add("event_type", .string(eventType.rawValue))
        members.add("timestamp", timestamp.json)
        members.add("sequence", .integer(sequence))
        members.add("data", .object(data))
        return JSONWriter.bytes(members.json)
    }

    /// Reads a notification of this or the older system, which had no sequence.
    ///
    /// - Parameter bytes: the whole file.
    /// - Returns: the notification; a timestamp without a zone is taken as UTC, a missing sequence as 0.
    /// - Throws: ``RecordError`` with the first field that cannot be read.
    package static func decode(_ bytes: [UInt8]) throws(RecordError) -> NotificationRecord {
        let fields = try RecordFields(parsing: bytes)
        return NotificationRecord(
            eventType: try fields.required("event_type") { $0.word() },
            timestamp: try fields.required("timestamp", \.timestampValue),
            sequence: try fields.optional("sequence") { $0.numberValue?.exactInt } ?? 0,
            data: try fields.optional("data", \.objectValue) ?? JSONObject()
        )
    }
}
