// SPDX-License-Identifier: Apache-2.0
// `vigil submit --wait` and `--follow`: to the end of a task, and its verdict as an exit code.

import ArgumentParser
import FileQueue
import QueueModel
import Settings
import SystemKit

/// Waits for a task's end, and ends the command with the task's verdict.
struct TaskWaiting: Sendable {
    let id: TaskID
    let worker: WorkerID
    let settings: VigilSettings
    /// Whether to print output while it comes.
    let isFollowing: Bool
    /// Whether to print the result as JSON instead of the answer.
    var isJSON = false

    /// Waits, and prints what the agent said.
    /// - Throws: `CommandFailure` with the reason when the task did not complete; an exit code after Ctrl-C.
    func run() throws {
        let ending = try Following.run(settings, for: isFollowing ? .reader : .caller) { following in
            try await follow(following)
        }
        switch ending {
        case nil:
            Output.note("task \(id) goes on; see it with: vigil show \(id)")
            throw ExitCode(CommandFailure.Code.interrupted.rawValue)
        case .ended(let result)?: if let failure = Self.failure(of: result) { throw failure }
        case .refused(let letter)?:
            let isRefusal = letter.reason.isRefusal
            throw CommandFailure(
                isRefusal ? .badData : .failed,
                "task \(id) \(isRefusal ? "was refused" : "failed, and its result was removed"): "
                    + "\(printable(letter.error ?? "")) (\(letter.reason.rawValue))"
            )
        case .unknown?, .attemptEnded?:
            throw CommandFailure(.failed, "task \(id) is gone: its files were removed before it ended")
        }
    }

    @Sendable
    private func follow(_ following: Following) async throws -> TaskFollower.Ending {
        let view = try QueueView(locations: QueueLocations(settings))
        let follower = TaskFollower(
            id,
            in: view,
            changes: following.changes(),
            submittedTo: worker,
            streams: isFollowing ? OutputStream.allCases : []
        )
        let pipe = OutputPipe(following)
        defer { pipe.finish() }
        let ending = try await follower.run { event in
            switch event {
            case .output(let stream, let bytes): try await pipe.write(bytes, to: stream)
            case .attemptBegan(let number): if isFollowing { pipe.note("attempt \(number) of \(id)") }
            case .attemptRestarted(let number):
                if isFollowing { pipe.note("attempt \(number) of \(id) again, from its beginning") }
            case .attemptFailed(let attempt, let next):
                if isFollowing { pipe.note(Self.line(about: attempt, next: next, now: .present())) }
            }
        }
        if case .ended(let result) = ending {
            if isJSON {
                try await pipe.write(Self.document(result), to: .standardOutput)
            } else {
                try await printAnswer(of: result, view, pipe)
            }
        }
        return ending
    }

    /// The result with the version of its form in front.
    private static func document(_ result: ResultRecord) -> [UInt8] {
        let fields = result.json.objectValue?.members.map { ($0.key, $0.value) } ?? []
        return JSONWriter.bytes(.object(JSONObject([("schema_version", 1)] + fields))) + [UInt8(ascii: "\n")]
    }

    /// Prints what the agent said: its answer, else its standard output.
    private func printAnswer(of result: ResultRecord, _ view: QueueView, _ pipe: OutputPipe) async throws {
        let answer = result.output ?? result.stdout
        let isOutput = result.stdout == answer || result.stdout == answer + "\n"
        // What was shown while it came need not be shown again.
        if isFollowing && isOutput || answer.isEmpty { return }
        if isOutput && result.stdoutTruncated, let number = result.attempts.last?.number {
            try await printLog(of: number, result.worker, view, pipe)
        } else {
            let end = answer.utf8.last == UInt8(ascii: "\n") ? "" : "\n"
            try await pipe.write(Array((answer + end).utf8), to: .standardOutput)
        }
    }

    /// The result holds only parts of a long output; the log holds all of it.
    private func printLog(of attempt: Int, _ worker: WorkerID, _ view: QueueView, _ pipe: OutputPipe) async throws {
        guard let directory = try view.outputDirectory(of: id, worker: worker, attempt: attempt) else { return }
        let file = try directory.openFile(OutputStream.standardOutput.fileName)
        var tail = LogTail()
        while true {
            let bytes = try tail.next(from: file, count: 256 << 10)
            if bytes.isEmpty { return }
            try await pipe.write(bytes, to: .standardOutput)
        }
    }

    private static func line(about attempt: AttemptRecord, next: Timestamp?, now: Timestamp) -> String {
        let what = printable(attempt.message ?? attempt.reason?.rawValue ?? "for an unknown reason")
        guard let next else { return "attempt \(attempt.number) failed: \(what)" }
        return "attempt \(attempt.number) failed: \(what); the next in \(next.since(now).rounded)"
    }

    /// The verdict of a result, as an error for all but success.
    /// - Parameter result: The task's result.
    /// - Returns: Nil when the task completed.
    static func failure(of result: ResultRecord) -> CommandFailure? {
        if result.status == .completed { return nil }
        let reason = result.failure?.reason
        let message = result.failure.map { "\(printable($0.message)) (\($0.reason.rawValue))" } ?? "no reason is known"
        let attempts = result.attempts.count > 1 ? " after \(result.attempts.count) attempts" : ""
        return CommandFailure(
            reason == .timeout ? .timedOut : .failed,
            result.status == .cancelled
                ? "task \(result.taskID) was cancelled\(attempts): \(message)"
                : "task \(result.taskID) failed\(attempts): \(message)"
        )
    }
}
