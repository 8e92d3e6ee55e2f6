// SPDX-License-Identifier: Apache-2.0
// Everything that the files say about one task.

import FileQueue
package import QueueModel
import Settings
import SystemKit

/// One task whole: where it is, why it waits, its attempts, and what came of it.
package struct TaskPortrait: Sendable {
    /// Where the task is; the texts are stable.
    package enum State: String, Sendable {
        case queued, waiting, running, completed, failed, cancelled
        /// It broke a rule of tasks, and never was one.
        case refused
    }

    /// One attempt, ended or not.
    package struct Attempt: Sendable, Equatable {
        /// What is known of it; of one that runs, number and start.
        package var record: AttemptRecord
        /// Whether it is the one that was started last, and nothing was made of its end yet.
        package var isCurrent: Bool
        /// Whether its processes are gone.
        package var hasEnded: Bool
        /// Its logs that are there.
        package var logs: [Log]

        /// Describes an attempt.
        /// - Parameters:
        ///   - record: What is known of it.
        ///   - isCurrent: Whether it is the one that was started last, and nothing was made of its end yet.
        ///   - hasEnded: Whether its processes are gone.
        ///   - logs: Its logs that are there.
        package init(record: AttemptRecord, isCurrent: Bool = false, hasEnded: Bool = true, logs: [Log] = []) {
            self.record = record
            self.isCurrent = isCurrent
            self.hasEnded = hasEnded
            self.logs = logs
        }
    }

    /// A log file.
    package struct Log: Sendable, Equatable {
        /// The stream of what is kept of an attempt that was ended before its time.
        package static let evidence = "evidence"

        /// `stdout`, `stderr` or `evidence`.
        package let stream: String
        /// Its absolute path.
        package let path: String
        /// Its size in bytes.
        package let size: Int64

        /// Describes a log.
        /// - Parameters:
        ///   - stream: `stdout`, `stderr` or `evidence`.
        ///   - path: Its absolute path.
        ///   - size: Its size in bytes.
        package init(stream: String, path: String, size: Int64) {
            self.stream = stream
            self.path = path
            self.size = size
        }
    }

    /// A dead letter of the task.
    package struct Letter: Sendable, Equatable {
        /// Its absolute path.
        package let path: String
        /// What it says.
        package let record: DeadLetterRecord

        /// Describes a dead letter.
        /// - Parameters:
        ///   - path: Its absolute path.
        ///   - record: What it says.
        package init(path: String, record: DeadLetterRecord) {
            self.path = path
            self.record = record
        }
    }

    /// The task.
    package var id: TaskID
    /// Whose it is.
    package var worker: WorkerID
    /// Where it is.
    package var state: State
    /// Why it does not run, while it could still.
    package var waits: [TaskWaitReason] = []
    /// The task's own fields; nil when they are nowhere any more.
    package var fields: JSONObject?
    /// When it was put into the inbox, as far as that is known.
    package var queuedAt: Timestamp?
    /// Its attempts in order.
    package var attempts: [Attempt] = []
    /// The check of its work that is at work, or is next; nil while its agent runs.
    package var check: CheckName?
    /// How many attempts it has at most.
    package var mostAttempts: Int?
    /// Its result.
    package var result: ResultRecord?
    /// Where its result is.
    package var resultPath: String?
    /// Where its task file is, while it is queued.
    package var taskPath: String?
    /// Its dead letters, oldest first.
    package var letters: [Letter] = []

    /// A portrait with only what every task has.
    /// - Parameters:
    ///   - id: The task.
    ///   - worker: Whose it is.
    ///   - state: Where it is.
    package init(id: TaskID, worker: WorkerID, state: State) {
        self.id = id
        self.worker = worker
        self.state = state
    }

    /// Why it failed, as its result says, or its dead letter where it has no result.
    package var failure: Failure? { result?.failure }

    /// Where it is kept what was to be seen of the last attempt, if that was ended before its time.
    var evidence: String? { attempts.last?.logs.first { $0.stream == Log.evidence }?.path }

    /// Whether an attempt has shown that another one would fail the same way; what was cancelled has shown nothing.
    var isBeyondRetrying: Bool {
        guard let failure, failure.reason != .cancelled else { return false }
        return failure.isPermanent && !attempts.isEmpty
    }
}

extension TaskPortrait {
    /// Looks at a task's files.
    /// - Parameters:
    ///   - id: The task.
    ///   - view: Its queue.
    ///   - loaded: The settings.
    /// - Returns: Nil when nothing on disk knows the task.
    /// - Throws: `SystemCallError` when a file cannot be read.
    static func take(_ id: TaskID, in view: QueueView, _ loaded: LoadedSettings) throws -> TaskPortrait? {
        try take(id, WaitSurvey(view, loaded))
    }

    /// Looks at a task's files as a part of a wider look.
    /// - Parameters:
    ///   - id: The task.
    ///   - survey: The look.
    /// - Returns: Nil when nothing on disk knows the task.
    /// - Throws: `SystemCallError` when a file cannot be read.
    static func take(_ id: TaskID, _ survey: WaitSurvey) throws -> TaskPortrait? {
        guard let place = try survey.view.find(id) else { return nil }
        return try TaskPortraitist(survey: survey).portrait(of: id, place)
    }
}

/// Gathers what a portrait shows.
private struct TaskPortraitist {
    let survey: WaitSurvey
    private var view: QueueView { survey.view }

    func portrait(of id: TaskID, _ place: TaskWhereabouts) throws -> TaskPortrait {
        var portrait = TaskPortrait(id: id, worker: place.worker, state: .queued)
        portrait.letters = try letters(of: id)
        portrait.attempts = try place.attempts.map { try attempt($0, of: id, place.worker) }
        switch place {
        case .queued(let task, let worker, let file): try describe(&portrait, task, worker, file)
        case .claimed(let task, let state): try describe(&portrait, task, state)
        case .ended(let result):
            portrait.state = TaskPortrait.State(result.status)
            portrait.result = result
            portrait.resultPath = "\(view.locations.results)/\(result.worker)/\(id).json"
            portrait.queuedAt = result.queuedAt
            portrait.fields = try view.keptTask(of: result)?.fields ?? portrait.letters.last?.record.task
        case .deadLettered(let letter, _, _):
            portrait.state = letter.attempts.isEmpty && letter.reason.isRefusal ? .refused : .failed
            portrait.fields = letter.task
        }
        return portrait
    }

    private func describe(
        _ portrait: inout TaskPortrait,
        _ task: TaskRecord,
        _ worker: WorkerID,
        _ file: String
    ) throws {
        let path = "\(view.locations.inbox(of: worker))/\(file)"
        let modified = try HostPath.status(of: path).map {
            Timestamp(millisecondsSince1970: $0.modifiedNanoseconds / 1_000_000)
        }
        portrait.taskPath = path
        portrait.fields = task.fields
        portrait.queuedAt = [task.createdAt, modified].compactMap { $0 }.min()
        portrait.mostAttempts = (task.maxRetries ?? survey.settings(for: worker).maxRetries) + 1
        portrait.waits = try survey.reasons(of: task, worker)
        portrait.state = portrait.waits.isEmpty ? .queued : .waiting
    }

    private func describe(_ portrait: inout TaskPortrait, _ task: TaskRecord?, _ state: ClaimState) throws {
        portrait.fields = task?.fields
        portrait.queuedAt = state.queuedAt
        portrait.mostAttempts = (task?.maxRetries ?? survey.settings(for: state.worker).maxRetries) + 1
        portrait.waits = try survey.reasons(of: state)
        switch state.phase {
        case .running:
            portrait.state = .running
            portrait.check = state.verification?.next
            let start = state.attempt == 1 ? state.firstStartedAt : try logTime(of: state)
            var record = AttemptRecord(number: state.attempt, startedAt: start)
            record.costUSD = view.heartbeat(of: state.worker)?.liveCostUSD[state.taskID]
            var attempt = try attempt(record, of: state.taskID, state.worker)
            attempt.isCurrent = true
            // Its agent is done by then, and the attempt is not.
            attempt.hasEnded = state.verification == nil ? try view.hasEnded(state) : false
            portrait.attempts.append(attempt)
        case .waiting:
            portrait.state = .waiting
        case .dead:
            portrait.state = .failed
        }
    }

    private func attempt(
        _ record: AttemptRecord,
        of id: TaskID,
        _ worker: WorkerID
    ) throws -> TaskPortrait.Attempt {
        let (output, errors) = (OutputStream.standardOutput, OutputStream.standardError)
        let paths = [
            ("stdout", view.outputPath(output, of: id, worker: worker, attempt: record.number)),
            ("stderr", view.outputPath(errors, of: id, worker: worker, attempt: record.number)),
            (TaskPortrait.Log.evidence, view.evidencePath(of: id, worker: worker, attempt: record.number)),
        ]
        let logs = try paths.compactMap { name, path -> TaskPortrait.Log? in
            try HostPath.status(of: path).map { TaskPortrait.Log(stream: name, path: path, size: $0.size) }
        }
        return TaskPortrait.Attempt(record: record, logs: logs)
    }

    /// A later attempt's start is not on record; its claim's record was written just then.
    private func logTime(of state: ClaimState) throws -> Timestamp? {
        let path = "\(view.locations.claims)/\(ClaimName.state(state.taskID).fileName)"
        return try HostPath.status(of: path).map {
            Timestamp(millisecondsSince1970: $0.modifiedNanoseconds / 1_000_000)
        }
    }

    private func letters(of id: TaskID) throws -> [TaskPortrait.Letter] {
        try DeadLetterBox(locations: view.locations).letters(of: id).map { letter in
            let path = "\(view.locations.deadLetters)/\(letter.worker)/\(letter.file)"
            return TaskPortrait.Letter(path: path, record: letter.record)
        }
    }
}

extension TaskPortrait.State {
    fileprivate init(_ status: TaskStatus) {
        switch status {
        case .completed: self = .completed
        case .failed: self = .failed
        case .cancelled: self = .cancelled
        }
    }
}

extension DeadLetterReason {
    /// Whether what broke the rule never was a task.
    var isRefusal: Bool {
        switch self {
        case .invalidJSON, .invalidTask, .tooLarge, .workerMismatch, .unsafeFile, .duplicateTaskID: true
        case .maxRetriesExceeded, .permanentFailure, .dependencyFailed, .dependencyCycle, .expired: false
        }
    }
}
