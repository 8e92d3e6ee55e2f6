// SPDX-License-Identifier: Apache-2.0
// `vigil submit --batch`.

import FileQueue
import QueueModel
import Settings
import SystemKit

/// Submits every task of a batch, or none.
struct TaskBatchSubmission {
    /// More than a hundred thousand tasks of a usual size.
    private static let maxBytes = 1 << 30

    let worker: WorkerID
    let settings: VigilSettings
    let replacing: Bool
    let output: Output

    /// Reads, judges and submits a batch, and prints an id for each of its tasks.
    /// - Parameter path: The input; `-` for standard input.
    /// - Throws: `CommandFailure` with every line that is wrong; then nothing was submitted.
    func run(_ path: String) throws {
        let bytes = try Input.read(path, limit: Self.maxBytes)
        var generator = SystemRandomNumberGenerator()
        let ids = NewTaskID(now: .present(), using: &generator)
        let lines: [TaskBatch.Line]
        do {
            lines = try TaskBatch(bytes, for: worker, limits: settings.taskLimits, ids: ids).lines
        } catch { throw failure(error.problems, path) }
        guard !lines.isEmpty else { throw CommandFailure(.badData, "\(Input.name(of: path)) holds no task") }
        try submit(lines, path)
        try TaskSubmit.noteAbsence(of: worker, settings)
    }

    private func submit(_ lines: [TaskBatch.Line], _ path: String) throws {
        let submission = TaskSubmission(locations: QueueLocations(settings), durability: settings.durability)
        let tasks = lines.map(\.task)
        try DependencyRing.refuse(tasks, in: QueueLocations(settings), lines: lines)
        do {
            let hindrances = try submission.hindrances(to: tasks, of: worker, replacing: replacing)
            if !hindrances.isEmpty {
                let sorted = hindrances.sorted { $0.key < $1.key }
                throw failure(
                    sorted.map { TaskBatch.Problem(line: lines[$0.key].number, message: $0.value.description) },
                    path
                )
            }
        } catch let error as SubmissionError { throw CommandFailure(error) }
        do {
            let outcomes = try submission.submit(tasks, to: worker, replacing: replacing)
            show(lines[...], outcomes)
            let repeats = outcomes.count { $0 == .repeated }
            if repeats > 0 { Output.note("\(repeats) of \(lines.count) tasks were there already") }
        } catch {
            // Which of them were there already is not known any more.
            show(lines.prefix(error.submittedCount), lines.map { _ in .accepted })
            let failure = CommandFailure(error)
            let line = lines[min(error.submittedCount, lines.count - 1)].number
            throw CommandFailure(
                failure.code,
                "line \(line): \(error); the \(error.submittedCount) tasks before it are submitted"
            )
        }
    }

    private func show(_ lines: ArraySlice<TaskBatch.Line>, _ outcomes: [SubmissionOutcome]) {
        for (line, outcome) in zip(lines, outcomes) {
            output.render(outcome.json(line.task.id, worker), line.task.id.string)
        }
    }

    private func failure(_ problems: [TaskBatch.Problem], _ path: String) -> CommandFailure {
        let count = problems.count == 1 ? "1 line is" : "\(problems.count) lines are"
        return CommandFailure(
            .badData,
            (["\(count) wrong in \(Input.name(of: path)), nothing was submitted"]
                + problems.map { "  line \($0.line): \($0.message)" }).joined(separator: "\n")
        )
    }
}
