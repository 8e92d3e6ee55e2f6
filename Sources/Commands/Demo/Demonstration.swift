// SPDX-License-Identifier: Apache-2.0
// The tasks of the demonstration, the worker that runs them, and the story they tell.

import FileQueue
import QueueModel
import Synchronization
import SystemKit

/// A queue, a worker as a child process, and the results as they come.
struct Demonstration: Sendable {
    private let locations: QueueLocations
    private let root: String
    private let worker: WorkerID
    private let output: Output

    /// How long the whole may take.
    private static let limit = Duration.seconds(20)

    private static let tasks: [(text: String, story: String)] = [
        (
            #"{"task_id":"hello","description":"Say hello"}"#,
            "a task that simply succeeds"
        ),
        (
            #"{"task_id":"flaky","description":"Fail once, then work","priority":"high"}"#,
            "one whose first attempt fails"
        ),
        (
            #"{"task_id":"after","description":"Work after flaky","dependencies":["flaky"]}"#,
            "one that waits for it"
        ),
        (
            #"{"task_id":"hopeless","description":"Fail always","max_retries":1}"#,
            "one that cannot succeed"
        ),
    ]

    /// Makes the queue's directories.
    /// - Parameters:
    ///   - root: An empty directory.
    ///   - output: For the story.
    /// - Throws: `IdentifierError`.
    init(root: String, output: Output) throws {
        self.root = root
        self.output = output
        locations = QueueLocations(root: root)
        worker = try WorkerID("marie")
    }

    /// Submits the tasks, runs the worker, and waits for every result.
    /// - Returns: The results in the order of their ends.
    /// - Throws: `CommandFailure` when the worker ends early or the time is over.
    func run() throws -> [ResultRecord] {
        SignalSource.ignorePipe()
        say("Tasks go into \(locations.inbox(of: worker))/ as JSON files:")
        let submission = TaskSubmission(locations: locations)
        for (text, story) in Self.tasks {
            let task = try TaskRecord.decode(Array(text.utf8), for: worker)
            _ = try submission.submit(task, to: worker)
            say("  \(task.id).json".padded(to: 18) + story)
        }
        say("\nA worker runs an agent for each, here a stand-in; results come into \(locations.results)/marie/:")
        let reactor = try Reactor()
        let outcome = Mutex<Result<[ResultRecord], any Error>>(.success([]))
        _ = reactor.runUntilComplete {
            do {
                let results = try await self.collect(on: reactor)
                outcome.withLock { $0 = .success(results) }
            } catch { outcome.withLock { $0 = .failure(error) } }
            return 0
        }
        return try outcome.withLock { $0 }.get()
    }

    private func collect(on reactor: Reactor) async throws -> [ResultRecord] {
        let results = try Directory.create(locations.results + "/" + worker.string)
        let (events, feed) = AsyncStream.makeStream(of: Bool.self, bufferingPolicy: .bufferingNewest(1))
        let watcher = try DirectoryWatcher(reactor: reactor)
        _ = try watcher.add(results) { _ in feed.yield(true) }
        let daemon = try startWorker()
        let process = try pidfdOpen(daemon)
        try reactor.watch(process.rawValue, for: .read) { _ in feed.yield(false) }
        let deadline = reactor.schedule(at: ContinuousClock.now.advanced(by: Self.limit)) { feed.finish() }
        var found: [ResultRecord] = []
        for await isRunning in events {
            try takeNew(from: results, into: &found)
            if found.count == Self.tasks.count { break }
            guard isRunning else {
                throw CommandFailure(.failed, "the worker has ended early; its log is \(logPath), see it with --keep")
            }
        }
        reactor.cancel(deadline)
        reactor.unwatch(process.rawValue)
        watcher.stop()
        try sendSignal(15, toProcess: process)
        _ = try await reactor.offload { Result { try reap(daemon, nohang: false) } }.get()
        guard found.count == Self.tasks.count else {
            throw CommandFailure(
                .timedOut,
                "not all tasks have ended in time; the log is \(logPath), see it with --keep"
            )
        }
        return found
    }

    private func takeNew(from results: Directory, into found: inout [ResultRecord]) throws {
        let shelf = try ResultShelf(path: locations.results)
        var names: [TaskID] = []
        try results.names { name in
            if name.hasSuffix(".json"), let id = TaskID(bytes: name.bytes.dropLast(5)) { names.append(id) }
            return true
        }
        for id in names where !found.contains(where: { $0.taskID == id }) {
            guard let result = try shelf.result(of: id) else { continue }
            found.append(result)
            say(line(about: result))
        }
    }

    private var logPath: String { root + "/worker.log" }

    private func startWorker() throws -> Int32 {
        guard let program = SystemInfo.executablePath else {
            throw CommandFailure(.system, "/proc/self/exe cannot be read; mount /proc")
        }
        var environment = SystemInfo.environment.filter {
            ["PATH", "HOME", "LANG", "VIGIL_SUPERVISOR"].contains($0.key)
        }
        environment["VIGIL_ROOT"] = root
        environment["CLAUDE_COMMAND"] = "'\(program)' stand-in-agent"
        environment["INITIAL_RETRY_DELAY"] = "0.3"
        environment["ENABLE_METRICS"] = "false"
        let log = try Directory.open(root).createFile("worker.log")
        let nothing = try MemoryFile.make([])
        return try spawnDetached(
            path: program,
            arguments: [program, "worker", worker.string],
            environment: environment.map { "\($0.key)=\($0.value)" },
            descriptors: [nothing.rawValue, log.rawValue, log.rawValue]
        )
    }
}

// MARK: - The story

extension Demonstration {
    private func say(_ text: String) {
        if !output.isJSON { Output.write(Array((text + "\n").utf8)) }
    }

    private func line(about result: ResultRecord) -> String {
        let mark = output.styled(
            result.status.rawValue.padded(to: 10),
            result.status == .completed ? .good : .bad
        )
        var text = "  \(result.taskID.string.padded(to: 10))\(mark)"
        let attempts = result.attempts.count
        if attempts != 1 { text += " after \(attempts) attempts" }
        if let answer = result.output { text += "  \(printable(answer))" }
        if let failure = result.failure { text += "  \(printable(failure.message))" }
        return text
    }

    /// What there is to see at the end.
    /// - Parameters:
    ///   - results: All results.
    ///   - isKept: Whether the files can still be looked at.
    /// - Returns: The end of the story.
    func summary(of results: [ResultRecord], isKept: Bool) -> String {
        var lines = [""]
        if let hello = results.first(where: { $0.taskID.string == "hello" }) {
            lines += ["The result of hello, as in results/marie/hello.json:", ""]
            lines.append(String(decoding: JSONWriter.bytes(hello.json, pretty: true), as: UTF8.self))
        }
        lines += [
            "", "hopeless is kept in dlq/marie/ with its attempts; `vigil dlq retry hopeless` would run it again.",
        ]
        if isKept { lines.append("Everything is in \(root).") }
        lines += ["", "With an agent of your own: vigil setup, then vigil up, then vigil submit marie \"…\""]
        return lines.joined(separator: "\n")
    }
}

extension String {
    /// The text with spaces at its end.
    fileprivate func padded(to width: Int) -> String {
        count >= width ? self + " " : self + String(repeating: " ", count: width - count)
    }
}
