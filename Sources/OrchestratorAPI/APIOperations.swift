// SPDX-License-Identifier: Apache-2.0
// What the API can have done; whoever wires the program together does it.

package import QueueModel

/// A choice of tasks.
package struct TaskQuery: Sendable, Equatable {
    /// The states that are wanted; empty: all.
    package var states: Set<TaskState> = []
    /// Whose tasks are wanted; nil: everyone's.
    package var worker: WorkerID?
    /// The group whose tasks are wanted; nil: of all groups and of none.
    package var group: GroupName?
    /// What the ids of the wanted tasks contain; nil: anything.
    package var idPart: String?
    /// The most tasks.
    package var limit: Int
    /// Behind which task of the list to begin; nil: at the newest.
    package var after: TaskCursor?

    /// All tasks.
    /// - Parameter limit: The most tasks.
    package init(limit: Int) { self.limit = limit }
}

/// A stretch of time up to now.
package struct TimelineQuery: Sendable, Equatable {
    /// How long each step is.
    package var step: Duration
    /// How many steps there are.
    package var steps: Int
    /// Whose tasks count; nil: everyone's.
    package var worker: WorkerID?

    /// A stretch of time.
    /// - Parameters:
    ///   - step: How long each step is.
    ///   - steps: How many steps there are.
    package init(step: Duration, steps: Int) {
        self.step = step
        self.steps = steps
    }
}

/// A choice of dead letters.
package struct DeadLetterQuery: Sendable, Equatable {
    /// Whose; nil: everyone's.
    package var worker: WorkerID?
    /// With which reason; nil: any.
    package var reason: DeadLetterReason?
    /// Only those older than this; nil: of any age.
    package var minimumAge: Duration?
    /// The most dead letters.
    package var limit: Int

    /// All dead letters.
    /// - Parameter limit: The most.
    package init(limit: Int) { self.limit = limit }
}

/// Names one dead letter.
package struct DeadLetterName: Sendable, Equatable {
    /// In whose directory it lies.
    package let worker: WorkerID
    /// The name of its file there.
    package let file: String

    /// Names a dead letter.
    /// - Parameters:
    ///   - worker: In whose directory it lies.
    ///   - file: The name of its file there; one that does not exist is no error yet.
    package init(worker: WorkerID, file: String) {
        self.worker = worker
        self.file = file
    }
}

/// A part of an attempt's output that is asked for.
package struct LogQuery: Sendable, Equatable {
    /// The task.
    package var id: TaskID
    /// Whether standard error is wanted, and not standard output.
    package var isError = false
    /// Which attempt; nil: the latest.
    package var attempt: Int?
    /// Which bytes.
    package var range: ByteRange?
    /// The most bytes.
    package var limit: Int

    /// The latest attempt's standard output.
    /// - Parameters:
    ///   - id: The task.
    ///   - limit: The most bytes.
    package init(_ id: TaskID, limit: Int) {
        self.id = id
        self.limit = limit
    }
}

/// A part of an attempt's output.
package struct LogSlice: Sendable, Equatable {
    /// The attempt's number, from 1.
    package let attempt: Int
    /// How many bytes the whole has now.
    package let size: Int64
    /// Where the part begins.
    package let offset: Int64
    /// The part; shorter than what was asked for when that has more bytes than the limit.
    package let bytes: [UInt8]

    /// A part.
    /// - Parameters:
    ///   - attempt: The attempt's number.
    ///   - size: How many bytes the whole has.
    ///   - offset: Where the part begins.
    ///   - bytes: The part.
    package init(attempt: Int, size: Int64, offset: Int64, bytes: [UInt8]) {
        self.attempt = attempt
        self.size = size
        self.offset = offset
        self.bytes = bytes
    }
}

/// What is asked of a worker.
package enum WorkerOrder: Sendable, Equatable {
    /// To start nothing until it is resumed.
    case pause
    /// To start tasks again.
    case resume
    /// To finish what runs, and stop.
    case drain
    /// To run so many attempts at once.
    case scale(Int)
}

/// What the API can have done.
///
/// Every call blocks, so that the API makes them beside the loop. Documents are those that the commands print with
/// `--json`. What is refused is thrown as an `HTTPError`, or as an error that the API's owner can convert to one.
package protocol APIOperations: Sendable {
    /// A page of tasks, newest first, with `next_cursor`.
    func tasks(_ query: TaskQuery) throws -> JSONValue
    /// Everything about one task.
    func task(_ id: TaskID) throws -> JSONValue
    /// Why a task is where it is.
    func explanation(of id: TaskID) throws -> JSONValue
    /// A part of an attempt's output.
    func log(_ query: LogQuery) throws -> LogSlice
    /// Where an attempt's output comes to be.
    func outputPlace(_ query: LogQuery) throws -> OutputPlace
    /// An attempt's output behind so many bytes, and whether there may be more.
    func look(_ place: OutputPlace, from offset: Int64) throws -> OutputLook
    /// Puts a task into an inbox, durably; tells whether it is new.
    func submit(_ fields: JSONObject, to worker: WorkerID, replacing: Bool) throws -> (isNew: Bool, document: JSONValue)
    /// Asks for a task to be cancelled, durably; does not wait for its end.
    func cancel(_ id: TaskID) throws -> JSONValue
    /// Runs a task that has ended again.
    func retry(_ id: TaskID) throws -> JSONValue

    /// The state of the queue and its workers.
    func status() throws -> JSONValue
    /// All workers.
    func workers() throws -> JSONValue
    /// One worker.
    func worker(_ worker: WorkerID) throws -> JSONValue
    /// Asks a worker for something; does not wait until it is done.
    func order(_ order: WorkerOrder, of worker: WorkerID) throws -> JSONValue

    /// Dead letters, oldest first.
    func deadLetters(_ query: DeadLetterQuery) throws -> JSONValue
    /// One dead letter whole.
    func deadLetter(_ name: DeadLetterName) throws -> JSONValue
    /// Runs the task of a dead letter again.
    func retryDeadLetter(_ name: DeadLetterName) throws -> JSONValue
    /// Runs the tasks of dead letters again; tells what was done, and what failed.
    func retryDeadLetters(_ query: DeadLetterQuery) throws -> JSONValue
    /// Removes dead letters for good; tells what was done, and what failed.
    func purgeDeadLetters(_ query: DeadLetterQuery) throws -> JSONValue
    /// Removes a dead letter for good.
    func purgeDeadLetter(_ name: DeadLetterName) throws -> JSONValue

    /// Groups by name, behind one.
    func groups(after name: GroupName?, limit: Int) throws -> JSONValue
    /// One group.
    func group(_ name: GroupName) throws -> JSONValue
    /// How many tasks there are.
    func statistics() throws -> JSONValue
    /// How many tasks ended when, and how long they took.
    func timeline(_ query: TimelineQuery) throws -> JSONValue
    /// Of each worker the task that waits longest.
    func oldestWaiting() throws -> JSONValue
    /// Events behind a sequence, in order.
    func events(after sequence: Int64, limit: Int) throws -> [NotificationRecord]
    /// The sequence of the latest event; 0 when there is none.
    func lastSequence() throws -> Int64
    /// All settings, of everything or of one worker.
    func configuration(of worker: WorkerID?) throws -> JSONValue
}
