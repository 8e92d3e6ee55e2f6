// SPDX-License-Identifier: Apache-2.0
// The producer's side: puts tasks into an inbox.

package import QueueModel
package import SystemKit

/// Why a task was not put into the inbox.
package struct SubmissionError: Error, Sendable, CustomStringConvertible {
    /// The kinds of trouble.
    package enum Code: String, Sendable {
        /// Another task has the id.
        case duplicateTaskID = "duplicate_task_id"
        /// The id is being worked on, so that it cannot be replaced.
        case busy
        /// A file could not be read or written.
        case io
    }
    /// The kind of trouble.
    package let code: Code
    /// One line: what, where, why, what to do.
    package let description: String
    /// How many of the tasks before the one it is about are in the inbox, durably.
    package private(set) var submittedCount = 0

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    func after(_ count: Int) -> SubmissionError {
        var copy = self
        copy.submittedCount = count
        return copy
    }

    init(_ error: SystemCallError) { self.init(.io, error.description) }
}

/// What became of a submission.
package enum SubmissionOutcome: Sendable, Equatable {
    /// The task is in the inbox, durably.
    case accepted
    /// The same task was submitted before; nothing was written.
    case repeated
}

/// Puts task files into inboxes: temporary name, sync, rename, sync of the directory, and only then success.
package struct TaskSubmission {
    /// How many tasks are written before the first of them is synced.
    private static let stretch = 64

    private let locations: QueueLocations
    private let durability: Durability

    /// Makes a producer for a queue.
    /// - Parameters:
    ///   - locations: The paths.
    ///   - durability: Whether success means that a power cut cannot undo it.
    package init(locations: QueueLocations, durability: Durability = .full) {
        self.locations = locations
        self.durability = durability
    }

    /// Submits one task.
    /// - Parameters:
    ///   - task: The task.
    ///   - worker: Whose inbox to use; made when missing.
    ///   - replacing: Whether a result or a queued task of the same id gives way.
    /// - Returns: Whether it is new. On return the task is durable.
    /// - Throws: ``SubmissionError``; nothing was submitted then.
    package func submit(
        _ task: TaskRecord,
        to worker: WorkerID,
        replacing: Bool = false
    ) throws(SubmissionError) -> SubmissionOutcome {
        try submit([task], to: worker, replacing: replacing)[0]
    }

    /// Submits many tasks, with one sync of the directory for all.
    /// - Parameters:
    ///   - tasks: The tasks.
    ///   - worker: Whose inbox to use; made when missing.
    ///   - replacing: Whether results and queued tasks of the same ids give way.
    /// - Returns: For each task whether it is new. On return all of them are durable.
    /// - Throws: ``SubmissionError`` at the first task that cannot be submitted; those before it are.
    package func submit(
        _ tasks: [TaskRecord],
        to worker: WorkerID,
        replacing: Bool = false
    ) throws(SubmissionError) -> [SubmissionOutcome] {
        var outcomes: [SubmissionOutcome] = []
        do {
            let desk = try SubmissionDesk(locations, worker, durability, replacing: replacing)
            do {
                for start in stride(from: 0, to: tasks.count, by: Self.stretch) {
                    let stretch = tasks[start..<min(start + Self.stretch, tasks.count)]
                    try desk.submit(stretch) { outcomes.append($0) }
                }
            } catch {
                // What is there already has to last, too; the first error is the one to report.
                _ = try? desk.sync()
                throw error
            }
            try desk.sync()
            return outcomes
        } catch let error as SystemCallError {
            throw SubmissionError(error).after(outcomes.count)
        } catch let error as SubmissionError {
            throw error.after(outcomes.count)
        } catch {
            throw SubmissionError(.io, "\(error)").after(outcomes.count)
        }
    }

    /// Finds what would keep tasks from being submitted now, without submitting any.
    /// - Parameters:
    ///   - tasks: The tasks.
    ///   - worker: Whose inbox to use; made when missing.
    ///   - replacing: Whether results and queued tasks of the same ids give way.
    /// - Returns: The hindrances by the positions of the tasks.
    /// - Throws: ``SubmissionError`` when the queue cannot be looked at.
    package func hindrances(
        to tasks: [TaskRecord],
        of worker: WorkerID,
        replacing: Bool = false
    ) throws(SubmissionError) -> [Int: SubmissionError] {
        var found: [Int: SubmissionError] = [:]
        do {
            let desk = try SubmissionDesk(locations, worker, durability, replacing: replacing)
            for (position, task) in tasks.enumerated() {
                do { _ = try desk.judge(task) } catch let error as SubmissionError { found[position] = error }
            }
            return found
        } catch let error as SystemCallError {
            throw SubmissionError(error)
        } catch { throw SubmissionError(.io, "\(error)") }
    }
}

/// One producer at one inbox.
private struct SubmissionDesk {
    /// What a task's id means now.
    enum Judgement {
        case free
        case repeated
        /// A result that has to go first.
        case replaces(Directory)
    }

    private let inbox: Directory
    private let worker: WorkerID
    private let view: QueueView
    private let durability: Durability
    private let replacing: Bool

    init(_ locations: QueueLocations, _ worker: WorkerID, _ durability: Durability, replacing: Bool) throws {
        inbox = try Directory.create(locations.inbox(of: worker))
        view = try QueueView(locations: locations)
        self.worker = worker
        self.durability = durability
        self.replacing = replacing
    }

    func sync() throws {
        if durability == .full { try inbox.sync() }
    }

    func judge(_ task: TaskRecord) throws -> Judgement {
        if let claim = try view.claim(of: task.id) {
            if claim.digest == task.contentDigest { return .repeated }
            throw SubmissionError(
                replacing ? .busy : .duplicateTaskID,
                "task \(task.id) is being worked on by \(claim.worker); wait for its end, or choose another id"
            )
        }
        if let place = try view.shelf.location(of: task.id) {
            if replacing { return .replaces(place.directory) }
            if try view.shelf.result(of: task.id)?.taskDigest == task.contentDigest { return .repeated }
            throw SubmissionError(
                .duplicateTaskID,
                "task \(task.id) has a result of \(place.worker); use --replace, or choose another id"
            )
        }
        guard case .queued(let queued, let owner, _)? = try view.findQueuedUnderItsName(task.id) else { return .free }
        if replacing && owner == worker { return .free }
        if queued.contentDigest == task.contentDigest { return .repeated }
        throw SubmissionError(
            .duplicateTaskID,
            owner == worker
                ? "task \(task.id) is queued already, with other contents; use --replace, or choose another id"
                : "task \(task.id) is queued for \(owner) already; choose another id"
        )
    }

    /// Submits tasks in order, of which the files are written and synced together.
    func submit(_ tasks: ArraySlice<TaskRecord>, _ done: (SubmissionOutcome) -> Void) throws {
        var judged: [(task: TaskRecord, judgement: Judgement)] = []
        var refusal: (any Error)?
        for task in tasks {
            // Those before the first that is refused are submitted.
            do { judged.append((task, try judge(task))) } catch {
                refusal = error
                break
            }
        }
        let new = judged.filter { if case .repeated = $0.judgement { false } else { true } }
        let contents = new.map { AtomicFile.Content(bytes: $0.task.encoded(), directory: inbox) }
        let files = AtomicFile.prepare(all: contents, durability: durability)
        var remaining = files[...]
        defer { for case .success(let file) in remaining { file.remove() } }
        for (task, judgement) in judged {
            if case .repeated = judgement {
                done(.repeated)
            } else if let file = remaining.popFirst() {
                done(try place(task, judgement, try file.get()))
            }
        }
        if let refusal { throw refusal }
    }

    private func place(
        _ task: TaskRecord,
        _ judgement: Judgement,
        _ temporary: AtomicFile.Temporary
    ) throws -> SubmissionOutcome {
        var judgement = judgement
        var isPlaced = false
        defer { if !isPlaced { temporary.remove() } }
        // A name can be taken and let go again between a look and the rename, by a worker that claims.
        for _ in 0..<8 {
            switch judgement {
            case .repeated: return .repeated
            case .replaces(let results): try view.removeResult(of: task.id, in: results)
            case .free: break
            }
            isPlaced = try put(temporary, as: FileName(task.id.string, ".json"))
            if isPlaced { return .accepted }
            judgement = try judge(task)
        }
        throw SubmissionError(.io, "the inbox \(inbox.path) holds a \(task.id).json that is no task; remove it")
    }

    /// Returns false when the name is taken.
    private func put(_ temporary: AtomicFile.Temporary, as name: FileName) throws -> Bool {
        do {
            try temporary.rename(to: inbox, as: name, replacing: replacing)
            return true
        } catch {
            guard error.errno == .exists else { throw error }
            return false
        }
    }
}
