// SPDX-License-Identifier: Apache-2.0
// The events that are still to be told, and the end of old ones.

package import QueueModel

extension Store {
    /// The events whose notification is not on disk yet, in order.
    /// - Parameter limit: The most events.
    /// - Returns: The events.
    /// - Throws: `DatabaseError`.
    package func unsent(limit: Int) throws(DatabaseError) -> [NotificationRecord] {
        try read { connection throws(DatabaseError) in
            try connection.events(
                "SELECT sequence, type, timestamp_ms, data FROM events WHERE is_sent = 0 ORDER BY sequence LIMIT ?1",
                [.integer(Int64(limit))]
            )
        }
    }

    /// How many events are still to be told.
    /// - Throws: `DatabaseError`.
    package func unsentCount() throws(DatabaseError) -> Int {
        try read { connection throws(DatabaseError) in
            Int(try connection.integer("SELECT count(*) FROM events WHERE is_sent = 0") ?? 0)
        }
    }

    /// Notes that all events up to one are durable as notifications.
    /// - Parameter sequence: The last of them.
    /// - Throws: `DatabaseError`.
    package func markSent(upTo sequence: Int64) throws(DatabaseError) {
        try write { connection throws(DatabaseError) in
            try connection.run("UPDATE events SET is_sent = 1 WHERE is_sent = 0 AND sequence <= ?1", .integer(sequence))
        }
    }

    /// Removes events that were told long ago.
    /// - Parameter time: Those before this time go.
    /// - Throws: `DatabaseError`.
    package func removeEvents(before time: Timestamp) throws(DatabaseError) {
        try write { connection throws(DatabaseError) in
            try connection.run(
                "DELETE FROM events WHERE is_sent = 1 AND timestamp_ms < ?1",
                .integer(time.millisecondsSince1970)
            )
        }
    }
}
