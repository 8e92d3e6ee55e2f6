// SPDX-License-Identifier: Apache-2.0
// Runs the built programs in a root directory of their own, and leaves nothing behind.

import Glibc
package import QueueModel
import Synchronization
package import SystemKit
import Testing

/// A root directory with the built `vigil` at work in it, for one end-to-end test.
///
/// ```swift
/// try await DaemonFixture.with { daemon in
///     try daemon.submit("t1", "say hello")
///     let result = try await daemon.result(of: "t1")
///     #expect(result.status == .completed)
/// }
/// ```
///
/// Whatever the test does, at its end every process that belongs to the root is killed and the directory removed, the
/// last thing made first. When the test throws, the daemon's log is attached to the report.
package final class DaemonFixture: Sendable {
    /// What a fixture starts, and how.
    package struct Options: Sendable {
        /// The worker whose directories the helpers use.
        package var worker = "marie"
        /// The arguments of the daemon; `worker <worker>` when nil.
        package var arguments: [String]?
        /// Settings on top of those that every daemon of a test gets; an empty value takes one of these away.
        package var environment: [String: String] = [:]
        /// A shell script that takes the agent's place; it gets the agent's arguments.
        package var agent = "echo \"did: $*\""
        /// Where the fixture's directory is made; `TMPDIR` when nil.
        package var parent: String?
        /// The program to start; the built `vigil` when nil.
        package var program: String?

        /// The built worker with a stand-in agent that prints its arguments.
        package init() {}
    }

    /// What the fixture starts, and how.
    package let options: Options
    /// The root directory, `VIGIL_ROOT` of everything that is started.
    package let root: String
    /// Where the daemon's output goes, all its starts together.
    package let logPath: String
    /// The processes that belong to the root.
    package let processes: ScratchProcesses

    /// The directory of the log, the agent's script and whatever else the test makes; the root is in it.
    package let scratch: TemporaryDirectory
    private let started = Mutex<[ChildProcess]>([])
    private let commands = Atomic<Int>(0)

    private init(_ options: Options) throws {
        self.options = options
        scratch = try TemporaryDirectory(for: "daemon", in: options.parent)
        root = try scratch.directory.subdirectory("root", create: 0o750).path
        logPath = scratch.path(of: "daemon.log")
        processes = ScratchProcesses(root: root)
    }

    /// Starts a daemon in a new root, runs a test with it, and cleans up.
    ///
    /// - Parameters:
    ///   - configure: Changes what is started.
    ///   - body: The test; the daemon is ready when it begins.
    /// - Throws: What `body` throws, and ``WaitFailure`` when the daemon does not become ready.
    package static func with(
        configure: (inout Options) -> Void = { _ in },
        _ body: (DaemonFixture) async throws -> Void
    ) async throws {
        try await withRoot(configure: configure) { fixture in
            try await fixture.start()
            try await body(fixture)
        }
    }

    /// Runs a test in a new root without a daemon, and cleans up; the test may start one.
    ///
    /// - Parameters:
    ///   - configure: Changes what a start starts.
    ///   - body: The test.
    /// - Throws: What `body` throws.
    package static func withRoot(
        configure: (inout Options) -> Void = { _ in },
        _ body: (DaemonFixture) async throws -> Void
    ) async throws {
        var options = Options()
        configure(&options)
        let fixture = try DaemonFixture(options)
        try await fixture.scratch.writeScript(options.agent, as: "agent")
        do {
            try await body(fixture)
        } catch {
            let log = fixture.logText
            Attachment.record(Array(log.utf8), named: "daemon.log")
            // The test's own error is the one to report; this one would hide it.
            do { try await fixture.cleanUp() } catch { Issue.record(error) }
            throw error is WaitFailure ? WaitFailure("\(error); the log ends with:\n\(log.suffix(3000))") : error
        }
        try await fixture.cleanUp()
    }

    private func cleanUp() async throws {
        for process in started.withLock({ $0.reversed() }) { process.send(SIGKILL) }
        try await processes.killAll()
        for process in started.withLock({ $0.reversed() }) { try await process.waitForExit() }
    }
}

// MARK: - The daemon

extension DaemonFixture {
    /// The daemon that was started last.
    ///
    /// - Throws: ``WaitFailure`` when none was.
    package var daemon: ChildProcess {
        get throws {
            guard let last = started.withLock({ $0.last }) else { throw WaitFailure("no daemon was started") }
            return last
        }
    }

    /// Starts the daemon, again where it has ended, and waits for its line that it is ready.
    ///
    /// - Parameter changes: Settings that this start has in place of the fixture's.
    /// - Returns: The daemon.
    /// - Throws: ``WaitFailure`` when it ends before or does not become ready.
    @discardableResult
    package func start(with changes: [String: String] = [:]) async throws -> ChildProcess {
        let before = logText.utf8.count
        let process = try launch(with: changes)
        try await eventually("line that the daemon is ready", in: [scratch.path], unlessEnds: process) { [self] in
            logEntries(from: before).contains { $0["message"] == "ready" } ? true : nil
        }
        return process
    }

    /// Starts the daemon without waiting for anything, for tests of a start that fails.
    ///
    /// - Parameter changes: Settings that this start has in place of the fixture's.
    /// - Returns: The daemon.
    /// - Throws: `SystemCallError` when it cannot be started.
    @discardableResult
    package func launch(with changes: [String: String] = [:]) throws -> ChildProcess {
        let arguments = options.arguments ?? ["worker", options.worker]
        let process = try ChildProcess(
            [options.program ?? BuiltProgram.vigil] + arguments,
            environment: environment.merging(changes) { _, own in own },
            output: logPath
        )
        started.withLock { $0.append(process) }
        return process
    }

    /// Asks the daemon to stop, and waits for its end.
    ///
    /// - Returns: How it ended.
    /// - Throws: ``WaitFailure`` when it goes on.
    @discardableResult
    package func stop() async throws -> SystemKit.ExitStatus {
        try daemon.send(SIGTERM)
        return try await daemon.waitForExit()
    }

    /// Kills the daemon alone, as a crash would, and waits for its end.
    ///
    /// - Throws: ``WaitFailure`` when it was not killed by this.
    package func crash() async throws {
        try daemon.send(SIGKILL)
        let status = try await daemon.waitForExit()
        guard status == .signaled(SIGKILL) else { throw WaitFailure("the daemon had ended before: \(status)") }
    }
}

// MARK: - Commands and the environment

extension DaemonFixture {
    /// What a command printed, and how it ended.
    package struct CommandResult: Sendable {
        /// How it ended.
        package let status: SystemKit.ExitStatus
        /// Its standard output.
        package let output: String
        /// Its standard error.
        package let errors: String
    }

    /// Runs a command of `vigil` on this root, and waits for its end.
    ///
    /// - Parameters:
    ///   - arguments: The command and its arguments.
    ///   - limit: The longest wait.
    /// - Returns: What it printed, and how it ended.
    /// - Throws: ``WaitFailure`` when it does not end.
    package func run(_ arguments: String..., within limit: Duration = Patience.limit) async throws -> CommandResult {
        try await run(arguments, within: limit)
    }

    /// Runs a command of `vigil` on this root, and waits for its end.
    ///
    /// - Parameters:
    ///   - arguments: The command and its arguments.
    ///   - limit: The longest wait.
    /// - Returns: What it printed, and how it ended.
    /// - Throws: ``WaitFailure`` when it does not end.
    package func run(_ arguments: [String], within limit: Duration = Patience.limit) async throws -> CommandResult {
        try await begin(arguments).end(within: limit)
    }

    /// A command of `vigil` that a test talks to while it runs.
    package struct RunningCommand: Sendable {
        /// The command's process.
        package let process: ChildProcess
        private let fixture: DaemonFixture
        private let name: String

        fileprivate init(_ fixture: DaemonFixture, _ name: String, _ process: ChildProcess) {
            self.fixture = fixture
            self.name = name
            self.process = process
        }

        /// Its standard output until now.
        package var output: String { fixture.text(of: FileName(name + ".out")) }
        /// Its standard error until now.
        package var errors: String { fixture.text(of: FileName(name + ".err")) }

        /// Waits until it has printed something.
        ///
        /// - Parameters:
        ///   - text: What, as a part of either stream.
        ///   - limit: The longest wait.
        /// - Throws: ``WaitFailure`` when it ends before, or does not print it.
        package func says(_ text: String, within limit: Duration = Patience.limit) async throws {
            let place = [fixture.scratch.path]
            try await eventually("\"\(text)\" of a command", in: place, unlessEnds: process, within: limit) {
                output.contains(text) || errors.contains(text) ? true : nil
            }
        }

        /// Waits for its end.
        ///
        /// - Parameter limit: The longest wait.
        /// - Returns: What it printed, and how it ended.
        /// - Throws: ``WaitFailure`` when it does not end.
        package func end(within limit: Duration = Patience.limit) async throws -> CommandResult {
            let status = try await process.waitForExit(within: limit)
            return CommandResult(status: status, output: output, errors: errors)
        }
    }

    /// Starts a command of `vigil` on this root.
    ///
    /// - Parameters:
    ///   - arguments: The command and its arguments.
    ///   - settings: Its environment, on top of the fixture's.
    ///   - input: Its standard input; empty when nil.
    /// - Returns: The command at work.
    /// - Throws: `SystemCallError` when it cannot be started.
    package func begin(
        _ arguments: [String],
        _ settings: [String: String] = [:],
        input: String? = nil
    ) throws -> RunningCommand {
        let name = "command-\(commands.wrappingAdd(1, ordering: .relaxed).newValue)"
        if let input {
            try scratch.directory.createFile(FileName(name + ".in")).write(all: Array(input.utf8))
        }
        let process = try ChildProcess(
            [options.program ?? BuiltProgram.vigil] + arguments,
            environment: environment.merging(settings) { _, own in own },
            output: scratch.path(of: name + ".out"),
            errors: scratch.path(of: name + ".err"),
            input: input == nil ? "/dev/null" : scratch.path(of: name + ".in")
        )
        started.withLock { $0.insert(process, at: 0) }
        return RunningCommand(self, name, process)
    }

    /// The environment of everything that the fixture starts: nothing of the machine but what is needed.
    package var environment: [String: String] {
        let outer = SystemInfo.environment
        var values = [
            "PATH": outer["PATH"] ?? "/usr/bin:/bin",
            "HOME": scratch.path,
            "TMPDIR": scratch.path,
            "LANG": "C.UTF-8",
            "VIGIL_ROOT": root,
            "METRICS_PORT": "0",
            "API_PORT": "0",
            "LOG_FORMAT": "json",
            "CLAUDE_COMMAND": scratch.path(of: "agent"),
        ]
        for name in ["ASAN_OPTIONS", "TSAN_OPTIONS", "SWIFT_BACKTRACE", "LD_LIBRARY_PATH"] {
            values[name] = outer[name]
        }
        values["LLVM_PROFILE_FILE"] = outer["VIGIL_TEST_PROFILE_FILE"]
        return values.merging(options.environment) { _, own in own }.filter { !$0.value.isEmpty }
    }

    /// The daemon's output until now.
    package var logText: String { text(of: "daemon.log") }

    /// The daemon's log lines until now; lines that are not JSON are left out.
    ///
    /// - Parameter offset: How many bytes of the output to leave out.
    /// - Returns: One object for each line.
    package func logEntries(from offset: Int = 0) -> [JSONObject] {
        Array(logText.utf8.dropFirst(offset)).split(separator: UInt8(ascii: "\n")).compactMap { line in
            // What a crashing runtime prints is no JSON, and no log entry.
            (try? JSONParser.parse(Array(line), limits: .file(line.count)))?.objectValue
        }
    }

    /// Waits for a log line.
    ///
    /// - Parameters:
    ///   - message: The line's constant message.
    ///   - isWanted: Which of the lines with that message.
    /// - Returns: The first such line.
    /// - Throws: ``WaitFailure`` when none comes.
    package func logEntry(
        _ message: String,
        where isWanted: @escaping @Sendable (JSONObject) -> Bool = { _ in true }
    ) async throws -> JSONObject {
        try await eventually("log line \"\(message)\"", in: [scratch.path]) { [self] in
            logEntries().first { $0["message"]?.stringValue == message && isWanted($0) }
        }
    }

    fileprivate func text(of name: FileName) -> String {
        // Not there before the first start.
        String(decoding: (try? scratch.directory.read(name, limit: 1 << 28)) ?? [], as: UTF8.self)
    }
}

/// Where the programs under test are.
package enum BuiltProgram {
    /// The built `vigil`.
    package static var vigil: String { path(of: "vigil") }

    /// The built `vigil-supervisor`.
    package static var supervisor: String { path(of: "vigil-supervisor") }

    /// The path of a built program: beside the test bundle, or in `VIGIL_TEST_PROGRAMS`.
    ///
    /// - Parameter name: The program's name.
    /// - Returns: Its absolute path.
    private static func path(of name: String) -> String {
        let bundle = SystemInfo.executablePath ?? ""
        let beside = String(bundle[..<(bundle.lastIndex(of: "/") ?? bundle.startIndex)])
        return "\(SystemInfo.environment["VIGIL_TEST_PROGRAMS"] ?? beside)/\(name)"
    }
}
