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

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
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
    /// - Throws: ``SubmissionError`` at the first task that cannot be submitted; those before it may be.
    package func submit(
        _ tasks: [TaskRecord],
        to worker: WorkerID,
        replacing: Bool = false
    ) throws(SubmissionError) -> [SubmissionOutcome] {
        do {
            let inbox = try Directory.create(locations.inbox(of: worker))
            let view = try QueueView(locations: locations)
            var outcomes: [SubmissionOutcome] = []
            for task in tasks { outcomes.append(try submit(task, into: inbox, worker, view, replacing: replacing)) }
            if durability == .full { try inbox.sync() }
            return outcomes
        } catch let error as SystemCallError {
            throw SubmissionError(error)
        } catch let error as SubmissionError {
            throw error
        } catch {
            throw SubmissionError(.io, "\(error)")
        }
    }

    private func submit(
        _ task: TaskRecord,
        into inbox: Directory,
        _ worker: WorkerID,
        _ view: QueueView,
        replacing: Bool
    ) throws -> SubmissionOutcome {
        if let claim = try view.claim(of: task.id) {
            if claim.digest == task.contentDigest { return .repeated }
            throw SubmissionError(
                replacing ? .busy : .duplicateTaskID,
                "task \(task.id) is being worked on by \(claim.worker); wait for its end, or choose another id"
            )
        }
        if let place = try view.shelf.location(of: task.id) {
            if replacing {
                try view.removeResult(of: task.id, in: place.directory)
            } else if try view.shelf.result(of: task.id)?.taskDigest == task.contentDigest {
                return .repeated
            } else {
                throw SubmissionError(
                    .duplicateTaskID,
                    "task \(task.id) has a result of \(place.worker); use --replace, or choose another id"
                )
            }
        }
        return try put(task, into: inbox, worker, view, replacing: replacing)
    }

    private func put(
        _ task: TaskRecord,
        into inbox: Directory,
        _ worker: WorkerID,
        _ view: QueueView,
        replacing: Bool
    ) throws -> SubmissionOutcome {
        let name = FileName(task.id.string + ".json")
        let temporary = try AtomicFile.prepare(task.encoded(), in: inbox, durability: durability)
        do {
            try inbox.rename(temporary, to: inbox, as: name, replacing: replacing)
            return .accepted
        } catch {
            // The first error is the one to report; an old temporary file is removed by the worker.
            _ = try? inbox.remove(temporary)
            guard error.errno == .exists else { throw error }
            if let queued = try view.queuedTask(name, of: worker), queued.id == task.id,
                queued.contentDigest == task.contentDigest
            {
                return .repeated
            }
            throw SubmissionError(
                .duplicateTaskID,
                "task \(task.id) is queued already, with other contents; use --replace, or choose another id"
            )
        }
    }
}
