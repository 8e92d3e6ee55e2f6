// SPDX-License-Identifier: Apache-2.0
// Follows one task by its files, from wherever it is to its end.

import FileQueue
import QueueModel
import SystemKit

/// Follows one task: its attempts, their output while it is written, and its end.
///
/// The files are the truth: every event only causes another look. It needs no daemon, and survives the daemon's death.
final class TaskFollower {
    /// What happens to a task on its way.
    enum Event {
        /// An attempt runs, or ran before the follower saw it.
        case attemptBegan(Int)
        /// An attempt runs once more under its number; the earlier run did not count.
        case attemptRestarted(Int)
        /// The next bytes of an attempt's output.
        case output(OutputStream, [UInt8])
        /// An attempt failed, and another one may start then.
        case attemptFailed(AttemptRecord, next: Timestamp?)
    }

    /// When to stop following.
    enum Goal {
        /// When the task has ended.
        case end
        /// When the first attempt that is followed has ended.
        case endOfAttempt
    }

    /// How a task, or the following of it, ended.
    enum Ending {
        /// The task has its result.
        case ended(ResultRecord)
        /// It was refused, and never ran.
        case refused(DeadLetterRecord)
        /// The attempt has ended.
        case attemptEnded
        /// Nothing on disk knows the task.
        case unknown
    }

    private static let chunk = 256 << 10
    /// How long a task that was seen may be nowhere.
    private static let patience = Duration.seconds(5)

    private let id: TaskID
    private let view: QueueView
    private let changes: QueueChanges
    private let streams: [OutputStream]
    private let goal: Goal
    private var progress: AttemptProgress
    private var tails: [OutputStream: LogTail] = [:]
    private var worker: WorkerID?
    private var watchedOutputs: Set<Int> = []
    private var reportedFailures = 0

    /// Makes a follower that has not looked yet.
    /// - Parameters:
    ///   - id: The task.
    ///   - view: Its queue.
    ///   - changes: Tells when to look; this follower's own.
    ///   - worker: Whose task it was a moment ago; nil when the id may be nobody's.
    ///   - streams: Whose output to report.
    ///   - start: The first attempt to report.
    ///   - goal: When to stop.
    init(
        _ id: TaskID,
        in view: QueueView,
        changes: QueueChanges,
        submittedTo worker: WorkerID? = nil,
        streams: [OutputStream] = [],
        from start: AttemptProgress.Start = .attempt(1),
        until goal: Goal = .end
    ) {
        self.id = id
        self.view = view
        self.changes = changes
        self.worker = worker
        self.streams = streams
        self.goal = goal
        progress = AttemptProgress(start: start)
    }

    /// Follows the task.
    /// - Parameter report: Told what happens, in order; output is not read on before it returns.
    /// - Returns: How it ended.
    /// - Throws: `SystemCallError` when files cannot be read, and what `report` throws.
    func run(_ report: (Event) async throws -> Void) async throws -> Ending {
        defer { changes.stop() }
        var missingSince: ContinuousClock.Instant?
        if let worker { try watchQueue(of: worker) }
        while true {
            let place = try view.find(id)
            if let place, place.worker != worker {
                worker = place.worker
                try watchQueue(of: place.worker)
                // What changed before the watches stood is seen by the next look.
                continue
            }
            if let ending = try await advance(to: place, report) { return ending }
            if place == nil {
                if worker == nil { return .unknown }
                // Between two of its places a task is nowhere for a moment: while the reason of its refusal is being
                // written, or when it is submitted again.
                let now = ContinuousClock.now
                let deadline = (missingSince ?? now).advanced(by: Self.patience)
                missingSince = missingSince ?? now
                if now >= deadline { return .unknown }
                _ = await changes.next(until: deadline)
                continue
            }
            missingSince = nil
            // Output alone needs no look at the queue, which would cost more than the output.
            while await changes.next() == .output {
                if let attempt = progress.open { try await readOutput(of: attempt, report) }
            }
        }
    }

    private func advance(
        to place: TaskWhereabouts?,
        _ report: (Event) async throws -> Void
    ) async throws -> Ending? {
        guard let place else { return nil }
        let attempts = place.attempts
        for step in progress.advance(to: try sighting(of: place)) {
            switch step {
            case .begin(let number):
                tails = [:]
                try await reportFailures(attempts.filter { $0.number < number }, place, report)
                try await report(.attemptBegan(number))
            case .restart(let number):
                try restart(number)
                try await report(.attemptRestarted(number))
            case .read(let number):
                try await readOutput(of: number, report)
            case .finish(let number):
                while try await readOutput(of: number, report) {}
                if goal == .endOfAttempt { return .attemptEnded }
            }
        }
        switch place {
        case .ended(let result): return .ended(result)
        case .deadLettered(let letter, _, _): return .refused(letter)
        case .queued: return nil
        case .claimed(_, let state):
            // The last failure is told with the end of the task.
            if state.phase != .dead { try await reportFailures(attempts, place, report) }
            return nil
        }
    }

    private func sighting(of place: TaskWhereabouts) throws -> AttemptProgress.Sighting {
        switch place {
        case .queued, .deadLettered: return AttemptProgress.Sighting(number: 0, isLive: false)
        case .ended(let result):
            return AttemptProgress.Sighting(number: result.attempts.last?.number ?? 0, isLive: false)
        case .claimed(_, let state):
            let isLive = try state.phase == .running && !view.hasEnded(state)
            // Between two attempts the record still names a run, which may be one that was taken back.
            let runID = state.phase == .running ? state.agentRunID : nil
            return AttemptProgress.Sighting(number: state.attempt, runID: runID, isLive: isLive)
        }
    }

    /// Tells of the failures that were not told yet.
    private func reportFailures(
        _ attempts: [AttemptRecord],
        _ place: TaskWhereabouts,
        _ report: (Event) async throws -> Void
    ) async throws {
        for attempt in attempts where attempt.number > reportedFailures {
            reportedFailures = attempt.number
            guard attempt.reason != nil else { continue }
            var next: Timestamp?
            if case .claimed(_, let state) = place, state.phase == .waiting, attempt.number == state.attempt {
                next = state.notBefore
            }
            try await report(.attemptFailed(attempt, next: next))
        }
    }
}

// MARK: - Files

extension TaskFollower {
    private func watchQueue(of worker: WorkerID) throws {
        for directory in try view.directories(of: worker) {
            changes.watch(directory) { [id] in QueueView.isTrace($0, of: id) }
        }
    }

    /// Reads one chunk of each stream.
    /// - Returns: Whether there may be more.
    @discardableResult
    private func readOutput(of attempt: Int, _ report: (Event) async throws -> Void) async throws -> Bool {
        guard let worker, !streams.isEmpty else { return false }
        try watchOutput(of: attempt, worker)
        guard let directory = try view.outputDirectory(of: id, worker: worker, attempt: attempt) else { return false }
        var mayBeMore = false
        for stream in streams {
            guard try directory.status(of: stream.fileName) != nil else { continue }
            let bytes = try tails[stream, default: LogTail()]
                .next(from: directory.openFile(stream.fileName), count: Self.chunk)
            guard !bytes.isEmpty else { continue }
            mayBeMore = true
            try await report(.output(stream, bytes))
        }
        if mayBeMore { changes.readOn() }
        return mayBeMore
    }

    /// The directories of later attempts lie in that of the first.
    private func watchOutput(of attempt: Int, _ worker: WorkerID) throws {
        for number in Set([1, attempt]) where !watchedOutputs.contains(number) {
            guard let directory = try view.outputDirectory(of: id, worker: worker, attempt: number) else { continue }
            watchedOutputs.insert(number)
            changes.watchOutput(in: directory)
        }
    }

    private func restart(_ attempt: Int) throws {
        guard let worker else { return }
        let directory = try view.outputDirectory(of: id, worker: worker, attempt: attempt)
        for stream in streams {
            tails[stream, default: LogTail()].restart(unless: try directory?.status(of: stream.fileName))
        }
    }
}

extension TaskWhereabouts {
    /// Whose task it is.
    var worker: WorkerID {
        switch self {
        case .queued(_, let worker, _), .deadLettered(_, let worker, _): worker
        case .claimed(_, let state): state.worker
        case .ended(let result): result.worker
        }
    }

    /// The attempts that ended, in order.
    var attempts: [AttemptRecord] {
        switch self {
        case .queued: []
        case .claimed(_, let state): state.attempts
        case .ended(let result): result.attempts
        case .deadLettered(let letter, _, _): letter.attempts
        }
    }
}
