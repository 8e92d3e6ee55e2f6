// SPDX-License-Identifier: Apache-2.0
// `vigil logs`.

import ArgumentParser
import FileQueue
import QueueModel
import Settings
import SystemKit

/// Prints the output of one attempt, byte for byte.
struct TaskLogs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Print the output of a task's attempt.",
        discussion: """
            Prints what the agent wrote to its standard output, unchanged, or to its
            standard error with --stderr. With --follow it goes on until the attempt
            has ended; of a task that has not started yet it waits for the start.

            Examples:
              vigil logs build-7 --follow
              vigil logs build-7 --attempt 1 --stderr
            """
    )

    private static let chunk = 256 << 10

    @Argument(help: "The task.", transform: { try TaskID($0) })
    var id: TaskID
    @Flag(help: "Go on until the attempt has ended.")
    var follow = false
    @Option(help: ArgumentHelp("Which attempt; else the latest.", valueName: "n"))
    var attempt: Int?
    @Flag(help: "Print standard error instead of standard output.")
    var stderr = false
    @OptionGroup
    var queue: QueueOptions

    func validate() throws {
        if let attempt, attempt < 1 { throw ValidationError("--attempt \(attempt): attempts are numbered from 1") }
    }

    func run() throws {
        let settings = try queue.load().settings
        do {
            let view = try QueueView.existing(QueueLocations(settings))
            let worker = try view.workerWithOutput(of: id)
            let attempts = try worker.map { try view.attemptsWithOutput(of: id, worker: $0) } ?? []
            if follow { return try followOutput(settings) }
            guard let worker, let number = attempt ?? attempts.last, attempts.contains(number) else {
                throw try missing(attempts, view, settings)
            }
            try copy(number, worker, view)
        } catch let error as SystemCallError {
            throw CommandFailure(error)
        }
    }

    private var stream: OutputStream { stderr ? .standardError : .standardOutput }

    private func copy(_ number: Int, _ worker: WorkerID, _ view: QueueView) throws {
        guard let directory = try view.outputDirectory(of: id, worker: worker, attempt: number),
            try directory.status(of: stream.fileName) != nil
        else { return }
        let file = try directory.openFile(stream.fileName)
        while case let bytes = try file.read(count: Self.chunk), !bytes.isEmpty {
            guard try writeStandardOutput(bytes) else { return }
        }
    }

    /// Why there is nothing to print.
    private func missing(_ attempts: [Int], _ view: QueueView, _ settings: VigilSettings) throws -> CommandFailure {
        if let attempt, let last = attempts.last {
            let list = attempts.count == 1 ? "is only attempt \(last)" : "are attempts \(attempts[0]) to \(last)"
            return CommandFailure(.failed, "task \(id) has no output of attempt \(attempt); there \(list)")
        }
        switch try view.find(id) {
        case nil: return .unknownTask(id, settings.root)
        case .queued?, .claimed?:
            return CommandFailure(
                .failed,
                "task \(id) has not started yet; wait for it with --follow, or see why: vigil show \(id)"
            )
        case .ended?:
            return CommandFailure(
                .failed,
                "task \(id) has no output: it ended without an attempt, or its logs were removed"
            )
        case .deadLettered?:
            return CommandFailure(.failed, "task \(id) has no output: it is a dead letter; see why: vigil show \(id)")
        }
    }

    private func followOutput(_ settings: VigilSettings) throws {
        let ending = try Following.run(settings, for: .reader) { [id, attempt, stream] following in
            let view = try QueueView(locations: QueueLocations(settings))
            let follower = TaskFollower(
                id,
                in: view,
                changes: following.changes(),
                streams: [stream],
                from: attempt.map { .attempt($0) } ?? .latest,
                until: .endOfAttempt
            )
            let pipe = OutputPipe(following)
            return try await follower.run { event in
                if case .output(_, let bytes) = event { try await pipe.write(bytes, to: .standardOutput) }
            }
        }
        switch ending {
        case nil: throw ExitCode(CommandFailure.Code.interrupted.rawValue)
        case .attemptEnded?: return
        case .ended?, .refused?, .unknown?:
            let view = try QueueView(locations: QueueLocations(settings))
            let attempts = try view.workerWithOutput(of: id).map { try view.attemptsWithOutput(of: id, worker: $0) }
            throw try missing(attempts ?? [], view, settings)
        }
    }
}
