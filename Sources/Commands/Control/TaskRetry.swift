// SPDX-License-Identifier: Apache-2.0
// `vigil retry`.

import ArgumentParser
import FileQueue
import QueueModel
import Settings
import SystemKit

/// Runs tasks that have ended again.
struct TaskRetry: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Run tasks that have ended again, under their ids.",
        discussion: """
            The task goes back into its worker's inbox as it first came, with all its
            attempts; its result, its output and its dead letter go. A task that is
            queued or runs is left alone.

            Examples:
              vigil retry report-17
              vigil cancel report-17 && vigil retry report-17
            """
    )

    @Argument(help: "The tasks.", transform: { try TaskID($0) })
    var ids: [TaskID]
    @OptionGroup
    var queue: QueueOptions
    @OptionGroup
    var form: OutputOptions

    func run() throws {
        let settings = try queue.load().settings
        let retrying = Retrying(
            locations: QueueLocations(settings),
            durability: settings.durability,
            view: try QueueView.existing(QueueLocations(settings))
        )
        var done: [(id: TaskID, worker: WorkerID)] = []
        var failures: [(id: TaskID, message: String)] = []
        for id in ids {
            do {
                done.append((id, try retrying.retry(id)))
            } catch { failures.append((id, "\(error)")) }
        }
        form.output.render(
            Self.json(done, failures),
            done.map { "\($0.id) queued again (\($0.worker))" }.joined(separator: "\n")
        )
        for failure in failures { Output.note("Error: \(printable(failure.message))") }
        if !failures.isEmpty { throw ExitCode(CommandFailure.Code.failed.rawValue) }
    }

    private static func json(
        _ done: [(id: TaskID, worker: WorkerID)],
        _ failures: [(id: TaskID, message: String)]
    ) -> JSONValue {
        [
            "schema_version": 1,
            "done": .array(
                done.map { ["task_id": .string($0.id.string), "worker": .string($0.worker.string)] }
            ),
            "failed": .array(
                failures.map { ["task_id": .string($0.id.string), "error": .string($0.message)] }
            ),
        ]
    }
}

/// Runs one task after the other again.
struct Retrying {
    /// The queue.
    let locations: QueueLocations
    /// Whether success means that a power cut cannot undo it.
    let durability: Durability
    /// The same queue, to look at.
    let view: QueueView

    /// Runs a task again.
    /// - Parameter id: The task.
    /// - Returns: Whose inbox the task is in.
    /// - Throws: `CommandFailure` when it has not ended, or there is no such task; `SubmissionError`.
    func retry(_ id: TaskID) throws -> WorkerID {
        switch try view.find(id) {
        case .queued(_, let worker, _)?:
            throw CommandFailure(.failed, "task \(id) is queued (\(worker)); there is nothing to retry")
        case .claimed(_, let state)?:
            let what = state.phase == .running ? "runs" : "waits for its next attempt"
            throw CommandFailure(.failed, "task \(id) \(what) (\(state.worker)); cancel it first, or wait for its end")
        case .ended(let result)?:
            if result.status == .failed, let worker = try retryLetters(of: id) { return worker }
            try TaskRerun(locations: locations, durability: durability).run(result)
            return result.worker
        case .deadLettered?, nil:
            if let worker = try retryLetters(of: id) { return worker }
            let rerun = TaskRerun(locations: locations, durability: durability)
            guard let orphan = try rerun.orphan(id) else {
                throw CommandFailure(.failed, "there is no task \(id); look at the id, or give another --root")
            }
            try rerun.run(orphan.task, of: orphan.worker)
            return orphan.worker
        }
    }

    private func retryLetters(of id: TaskID) throws -> WorkerID? {
        let box = DeadLetterBox(locations: locations)
        guard let step = RetryPlan(try box.letters(of: id)).steps.last else { return nil }
        try box.perform(step)
        return step.letter.worker
    }
}
