// SPDX-License-Identifier: Apache-2.0
// `vigil cancel`.

import ArgumentParser
import FileQueue
import QueueModel
import Settings
import SystemKit

/// Cancels tasks, and waits until they have ended.
struct TaskCancel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel queued, waiting or running tasks.",
        discussion: """
            A running agent gets SIGTERM with all its processes, and SIGKILL when
            KILL_GRACE_SECONDS are over. The task ends with a result that says
            cancelled; tasks that depend on it go to the dead letters. What has ended
            stays as it is.

            Prints a line for each task when it has ended. Exits 1 when one was not
            cancelled, 124 when one did not end in time, 2 when no daemon is there: the
            wish is on disk then, and is carried out at its start, before the task can.

            Examples:
              vigil cancel report-17
              vigil cancel report-17 report-18 --timeout 1m
            """
    )

    @Argument(help: "The tasks.", transform: { try TaskID($0) })
    var ids: [TaskID]
    @Option(
        help: ArgumentHelp("How long to wait; else 30s more than KILL_GRACE_SECONDS.", valueName: "duration"),
        transform: { try Duration(typed: $0) }
    )
    var timeout: Duration?
    @OptionGroup
    var queue: QueueOptions
    @OptionGroup
    var form: OutputOptions

    func run() throws {
        let loaded = try queue.load()
        let (ids, timeout) = (ids, timeout)
        let outcomes = try Following.run(loaded.settings, for: .caller) { following in
            try await Cancelling(loaded: loaded, following: following, limit: timeout).cancel(ids)
        }
        guard let outcomes else {
            Output.note("the tasks are asked to end all the same; see them with: vigil show ID")
            throw ExitCode(CommandFailure.Code.interrupted.rawValue)
        }
        let report = zip(ids, outcomes)
        form.output.render(
            Self.json(Array(report)),
            report.map { $1.line(about: $0) }.joined(separator: "\n")
        )
        let code = CancelOutcome.exitCode(of: outcomes)
        if code != 0 { throw ExitCode(code) }
    }

    private static func json(_ report: [(TaskID, CancelOutcome)]) -> JSONValue {
        let tasks = report.map { id, outcome -> JSONValue in
            var object: JSONObject = ["task_id": .string(id.string), "outcome": .string(outcome.word)]
            switch outcome {
            case .ended(let status): object["status"] = .string(status.rawValue)
            case .recorded(let absence): object["message"] = .string(absence)
            case .cancelled: object["status"] = .string(TaskStatus.cancelled.rawValue)
            case .pending, .unknown: break
            }
            return .object(object)
        }
        return ["schema_version": 1, "tasks": .array(tasks)]
    }
}

/// Asks for tasks to be cancelled, and waits for their results.
private struct Cancelling {
    let loaded: LoadedSettings
    let following: Following
    let limit: Duration?

    /// All are asked to end before any is waited for.
    func cancel(_ ids: [TaskID]) async throws -> [CancelOutcome] {
        let locations = QueueLocations(loaded.settings)
        let view = try QueueView.existing(locations)
        let requests = try ControlRequests(locations: locations, durability: loaded.settings.durability)
        let began = ContinuousClock.now
        var asked: [WorkerID?] = []
        for id in ids { asked.append(try requests.askToCancel(id, in: view)) }
        var outcomes: [CancelOutcome] = []
        for (id, worker) in zip(ids, asked) {
            if let worker {
                outcomes.append(try await wait(for: id, of: worker, view, since: began))
            } else {
                outcomes.append(try now(id, view))
            }
        }
        return outcomes
    }

    private func wait(
        for id: TaskID,
        of worker: WorkerID,
        _ view: QueueView,
        since began: ContinuousClock.Instant
    ) async throws -> CancelOutcome {
        let settings = loaded.settings(for: worker)
        let limit = limit ?? settings.killGrace + .seconds(30)
        let deadline = began.advanced(by: limit)
        let changes = following.changes()
        defer { changes.stop() }
        for directory in try view.directories(of: worker) {
            changes.watch(directory) { QueueView.isTrace($0, of: id) }
        }
        while true {
            switch try view.find(id) {
            case .ended?, .deadLettered?, nil: return try now(id, view)
            case .queued?, .claimed?: break
            }
            let presence = try WorkerPresence(of: worker, in: view, interval: settings.heartbeatInterval)
            if let absence = presence.absence(now: .present(), workers: settings.workers) { return .recorded(absence) }
            if ContinuousClock.now >= deadline { return .pending(limit) }
            _ = await changes.next(until: deadline)
        }
    }

    /// What the files say of a task that is over, or is none.
    private func now(_ id: TaskID, _ view: QueueView) throws -> CancelOutcome {
        switch try view.find(id) {
        case .ended(let result)?: result.status == .cancelled ? .cancelled : .ended(result.status)
        case .deadLettered?: .ended(.failed)
        case .queued?, .claimed?, nil: .unknown
        }
    }
}

extension ControlRequests {
    /// Asks for a task to be cancelled that has not ended; durable on return.
    /// - Parameters:
    ///   - id: The task.
    ///   - view: Its queue.
    /// - Returns: Whose task it is; nil when there is nothing to cancel.
    /// - Throws: `SystemCallError` when it cannot be asked for.
    func askToCancel(_ id: TaskID, in view: QueueView) throws(SystemCallError) -> WorkerID? {
        let target: (worker: WorkerID, digest: String)
        switch try view.find(id) {
        case .queued(let task, let worker, _)?: target = (worker, task.contentDigest)
        case .claimed(_, let state)?: target = (state.worker, state.digest)
        case .ended?, .deadLettered?, nil: return nil
        }
        try ask(CancelRequest(taskID: id, worker: target.worker, digest: target.digest, requestedAt: .present()))
        return target.worker
    }
}
