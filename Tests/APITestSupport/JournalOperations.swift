// SPDX-License-Identifier: Apache-2.0
// A history in memory, for tests of the API that need no queue.

package import HTTPServer
package import OrchestratorAPI
package import QueueModel
import Synchronization

/// Events in memory; everything else that the API can have done is not there.
package final class JournalOperations: APIOperations {
    private struct State {
        var events: [NotificationRecord] = []
        var reads = 0
        var failure: HTTPError?
    }

    private let state = Mutex(State())

    /// No events.
    package init() {}

    /// How often the history was read.
    package var reads: Int { state.withLock { $0.reads } }

    /// What every look at the history throws.
    ///
    /// - Parameter failure: The error; nil when it can be read.
    package func fail(_ failure: HTTPError?) { state.withLock { $0.failure = failure } }

    /// Adds an event of a task, whose sequence is how many there are.
    ///
    /// - Parameters:
    ///   - type: The type.
    ///   - data: The facts.
    ///   - time: When it happened.
    /// - Returns: The sequence.
    @discardableResult
    package func add(
        _ type: NotificationRecord.EventType = .taskCompleted,
        _ data: JSONObject = ["worker": "marie"],
        at time: Timestamp = Timestamp(millisecondsSince1970: 1_767_323_045_678)
    ) -> Int64 {
        state.withLock { state in
            let sequence = Int64(state.events.count + 1)
            state.events.append(NotificationRecord(eventType: type, timestamp: time, sequence: sequence, data: data))
            return sequence
        }
    }

    package func events(after sequence: Int64, limit: Int) throws -> [NotificationRecord] {
        try state.withLock { state in
            state.reads += 1
            if let failure = state.failure { throw failure }
            return Array(state.events.dropFirst(Int(clamping: sequence)).prefix(limit))
        }
    }

    package func lastSequence() throws -> Int64 {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            return Int64(state.events.count)
        }
    }
}

// MARK: - What is not there

extension JournalOperations {
    private static let absent = HTTPError(.notFound, code: "absent", "there is no queue here")

    package func tasks(_ query: TaskQuery) throws -> JSONValue { throw Self.absent }
    package func task(_ id: TaskID) throws -> JSONValue { throw Self.absent }
    package func explanation(of id: TaskID) throws -> JSONValue { throw Self.absent }
    package func log(_ query: LogQuery) throws -> LogSlice { throw Self.absent }
    package func outputPlace(_ query: LogQuery) throws -> OutputPlace { throw Self.absent }
    package func look(_ place: OutputPlace, from offset: Int64) throws -> OutputLook { throw Self.absent }
    package func submit(
        _ fields: JSONObject,
        to worker: WorkerID,
        replacing: Bool
    ) throws -> (isNew: Bool, document: JSONValue) { throw Self.absent }
    package func cancel(_ id: TaskID) throws -> JSONValue { throw Self.absent }
    package func retry(_ id: TaskID) throws -> JSONValue { throw Self.absent }
    package func status() throws -> JSONValue { throw Self.absent }
    package func workers() throws -> JSONValue { throw Self.absent }
    package func worker(_ worker: WorkerID) throws -> JSONValue { throw Self.absent }
    package func order(_ order: WorkerOrder, of worker: WorkerID) throws -> JSONValue { throw Self.absent }
    package func deadLetters(_ query: DeadLetterQuery) throws -> JSONValue { throw Self.absent }
    package func deadLetter(_ name: DeadLetterName) throws -> JSONValue { throw Self.absent }
    package func retryDeadLetter(_ name: DeadLetterName) throws -> JSONValue { throw Self.absent }
    package func purgeDeadLetter(_ name: DeadLetterName) throws -> JSONValue { throw Self.absent }
    package func retryDeadLetters(_ query: DeadLetterQuery) throws -> JSONValue { throw Self.absent }
    package func purgeDeadLetters(_ query: DeadLetterQuery) throws -> JSONValue { throw Self.absent }
    package func groups(after name: GroupName?, limit: Int) throws -> JSONValue { throw Self.absent }
    package func group(_ name: GroupName) throws -> JSONValue { throw Self.absent }
    package func statistics() throws -> JSONValue { throw Self.absent }
    package func timeline(_ query: TimelineQuery) throws -> JSONValue { throw Self.absent }
    package func oldestWaiting() throws -> JSONValue { throw Self.absent }
    package func configuration(of worker: WorkerID?) throws -> JSONValue { throw Self.absent }
}
