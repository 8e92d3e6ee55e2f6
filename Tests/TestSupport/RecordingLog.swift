// SPDX-License-Identifier: Apache-2.0
// Log lines kept in memory, for tests that check or await what is logged.

package import Logging
import Synchronization

/// Everything that was logged through its loggers, in order; tests can wait for a line.
package final class RecordingLog: Sendable {
    /// One recorded event, with the handler's metadata merged in.
    package struct Entry: Sendable {
        /// How severe it is.
        package let level: Logger.Level
        /// The constant message.
        package let message: String
        /// The facts as text, by key.
        package let metadata: [String: String]
    }

    private typealias Waiter = (isWanted: @Sendable (Entry) -> Bool, resume: @Sendable (Entry) -> Void)

    private struct State {
        var entries: [Entry] = []
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    /// Creates an empty log.
    package init() {}

    /// A logger that records here.
    ///
    /// - Parameters:
    ///   - label: The logger's label.
    ///   - level: The least severe level that is recorded.
    /// - Returns: The logger.
    package func logger(_ label: String = "test", level: Logger.Level = .trace) -> Logger {
        Logger(label: label) { _ in RecordingLogHandler(log: self, logLevel: level) }
    }

    /// What was recorded until now.
    package var entries: [Entry] {
        state.withLock { $0.entries }
    }

    /// The messages recorded until now.
    package var messages: [String] {
        entries.map(\.message)
    }

    /// Waits for an entry, one that is already there included.
    ///
    /// - Parameter isWanted: Whether an entry is the one waited for.
    /// - Returns: The first such entry.
    package func first(where isWanted: @escaping @Sendable (Entry) -> Bool) async -> Entry {
        await withCheckedContinuation { continuation in
            let found = state.withLock { state -> Entry? in
                if let entry = state.entries.first(where: isWanted) { return entry }
                state.waiters.append((isWanted, { continuation.resume(returning: $0) }))
                return nil
            }
            if let found { continuation.resume(returning: found) }
        }
    }

    /// Waits for a message, one that is already there included.
    ///
    /// - Parameter message: The whole constant message.
    /// - Returns: The first entry with that message.
    package func first(_ message: String) async -> Entry {
        await first { $0.message == message }
    }

    fileprivate func record(_ entry: Entry) {
        let due = state.withLock { state in
            state.entries.append(entry)
            let due = state.waiters.filter { $0.isWanted(entry) }
            state.waiters.removeAll { $0.isWanted(entry) }
            return due
        }
        for waiter in due { waiter.resume(entry) }
    }
}

/// Records each event in a log.
package struct RecordingLogHandler: LogHandler {
    /// Where events go.
    package let log: RecordingLog
    /// The least severe level that is recorded.
    package var logLevel: Logger.Level
    /// Metadata attached to every event.
    package var metadata: Logger.Metadata = [:]

    /// Creates a handler.
    ///
    /// - Parameters:
    ///   - log: Where events go.
    ///   - logLevel: The least severe level that is recorded.
    package init(log: RecordingLog, logLevel: Logger.Level = .trace) {
        self.log = log
        self.logLevel = logLevel
    }

    /// Records the event.
    package func log(event: LogEvent) {
        let merged = metadata.merging(event.metadata ?? [:]) { _, own in own }
        log.record(
            RecordingLog.Entry(
                level: event.level,
                message: event.message.description,
                metadata: merged.mapValues(\.description)
            )
        )
    }
}
