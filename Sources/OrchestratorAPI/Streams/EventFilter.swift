// SPDX-License-Identifier: Apache-2.0
// Which events a client wants.

import HTTPServer
package import QueueModel

/// A choice of events; what is not said is not restricted.
package struct EventFilter: Sendable, Equatable {
    /// The types that are wanted; empty: all.
    package var types: Set<NotificationRecord.EventType> = []
    /// About which worker.
    package var worker: WorkerID?
    /// About which task.
    package var task: TaskID?
    /// About which group, or a task of it.
    package var group: GroupName?

    /// All events.
    package init() {}

    /// Whether an event is wanted.
    /// - Parameter event: The event.
    /// - Returns: Whether it has everything that is asked for.
    package func includes(_ event: NotificationRecord) -> Bool {
        (types.isEmpty || types.contains(event.eventType)) && has(event, "worker", worker?.string)
            && has(event, "task_id", task?.string) && has(event, "group", group?.string)
    }

    private func has(_ event: NotificationRecord, _ name: String, _ wanted: String?) -> Bool {
        guard let wanted else { return true }
        return event.data[name]?.stringValue == wanted
    }
}

extension EventFilter {
    private static let typeNames = NotificationRecord.EventType.allCases.map(\.rawValue)

    /// What a query may say about it.
    static let parameters: [APIParameter] = [
        .word("type", "Only events of this type.", typeNames, isRepeatable: true),
        .text("worker", "Only events about this worker."),
        .text("task", "Only events about this task."),
        .text("group", "Only events about this group and its tasks."),
    ]

    /// Reads what a query says.
    init(_ reader: QueryReader) throws(HTTPError) {
        for name in reader.values("type") { types.insert(try Self.type(name)) }
        worker = try reader.identifier("worker")
        task = try reader.identifier("task")
        group = try reader.identifier("group")
    }

    /// The type of a name.
    static func type(_ name: String) throws(HTTPError) -> NotificationRecord.EventType {
        guard let type = NotificationRecord.EventType(rawValue: name) else {
            throw .badRequest("type: give \(typeNames.joined(separator: ", "))")
        }
        return type
    }
}
