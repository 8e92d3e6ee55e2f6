// SPDX-License-Identifier: Apache-2.0
// A scratch directory, a running reactor and a pool of real supervisors for one test.

import Glibc
import Logging
import Supervision
import Synchronization
import SystemKit
import TestSupport
import Testing

/// What one test works with; taken down when `with` returns.
final class Fixture: Sendable {
    let reactor: Reactor
    let pool: SupervisorPool
    /// Where the agents work.
    let scratch: Directory
    private let temporary: TemporaryDirectory
    let logs: Directory
    let exits: Directory
    let runID: String

    private init(warm: Int, idleTimeout: Duration, executable: String) throws {
        temporary = try TemporaryDirectory(for: "supervision")
        scratch = temporary.directory
        logs = try scratch.subdirectory("logs", create: 0o755)
        exits = try scratch.subdirectory("exits", create: 0o755)
        reactor = try Reactor()
        // A name that no other test has, of characters that a run id may have.
        runID = String(temporary.path.split(separator: "/").last ?? "")
        pool = SupervisorPool(
            executable: executable,
            reactor: reactor,
            warm: warm,
            idleTimeout: idleTimeout,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    /// Runs a test with a pool that is stopped, and whose processes are gone, afterwards.
    ///
    /// From the second attempt on, a supervisor has an agent that waits, in the control group of the first one. Tests meet
    /// such a supervisor, unless they ask for one that has not served anybody before.
    static func with<Result>(
        warm: Int = 1,
        idleTimeout: Duration = .seconds(600),
        executable: String = supervisorPath,
        isFirst: Bool = false,
        cgroup: String? = nil,
        _ body: (Fixture) async throws -> Result
    ) async throws -> Result {
        let fixture = try Fixture(warm: warm, idleTimeout: idleTimeout, executable: executable)
        let reactor = fixture.reactor
        try startThread { reactor.run() }
        let outcome: Swift.Result<Result, any Error>
        do {
            if !isFirst { try await fixture.runBefore(in: cgroup) }
            outcome = .success(try await body(fixture))
        } catch {
            outcome = .failure(error)
            // What the test has to say is the error above.
            _ = try? await fixture.sweep()
        }
        await fixture.pool.stop()
        for pid in await fixture.pool.processIDs { await fixture.awaitEnd(of: pid) }
        await fixture.awaitReaped()
        reactor.stop()
        return try outcome.get()
    }

    /// The pool hears of an end on the reactor, after this test did.
    private func awaitReaped() async {
        while await !pool.processIDs.isEmpty { await Task.yield() }
    }
}

// MARK: Attempts

extension Fixture {
    /// A request that runs a shell script; change what the test is about.
    func request(_ script: String) -> AttemptRequest {
        AttemptRequest(
            runID: runID,
            attempt: 1,
            timeout: nil,
            grace: .seconds(20),
            maxLogBytes: 0,
            syncRecord: false,
            recordName: FileName("record-\(runID)"),
            workingDirectory: scratch.path,
            cgroupParent: nil,
            arguments: ["/bin/sh", "-c", script],
            environment: ["PATH=/usr/bin:/bin", "VIGIL_RUN_ID=\(runID)"],
            input: nil
        )
    }

    /// Runs a script to its end.
    func run(_ script: String, _ change: (inout AttemptRequest) -> Void = { _ in }) async throws -> AttemptEnding {
        var request = request(script)
        change(&request)
        return try await run(request)
    }

    /// Runs a request with a lock of its own; a test that fails meanwhile does not wait for the agent.
    func run(_ request: AttemptRequest) async throws -> AttemptEnding {
        let lock = try await openLocked(request.runID)
        return await withTaskCancellationHandler {
            await pool.run(request, lock: lock.rawValue, output: logs, exits: exits)
        } onCancel: { [reactor, pool] in
            reactor.perform {
                pool.assumeIsolated { _ = $0.terminate(runID: request.runID, reason: .cancelled, grace: .zero) }
            }
        }
    }

    /// Runs an attempt that leaves nothing behind.
    private func runBefore(in cgroup: String?) async throws {
        let place = try TemporaryDirectory(for: "supervision")
        var request = request("")
        request.arguments = ["/bin/true"]
        request.runID += "-before"
        request.cgroupParent = cgroup
        let lock = try await openLocked(request.runID)
        let ending = await pool.run(request, lock: lock.rawValue, output: place.directory, exits: place.directory)
        #expect(ending.record?.ending == .exited(code: 0))
    }

    /// Runs a script to its record; any other ending fails the test.
    func record(_ script: String, _ change: (inout AttemptRequest) -> Void = { _ in }) async throws -> ExitRecord {
        try #require(try await run(script, change).record)
    }

    /// Runs a script in several attempts at the same time, with the fixture's run id and `-0`, `-1` and so on.
    func runSeveral(_ count: Int, _ script: String) async throws -> [AttemptEnding] {
        try await withThrowingTaskGroup(of: AttemptEnding.self) { group in
            for number in 0..<count {
                group.addTask {
                    try await self.run(script) {
                        $0.runID += "-\(number)"
                        $0.recordName = FileName("record-\($0.runID)")
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// Kills what is left of a run, by default the fixture's, without holding up other tests.
    func sweep(_ other: String? = nil) async throws -> TreeSweep {
        let runID = other ?? runID
        return try await blocking { ProcessTree.killMarked(runID: runID) }
    }

    /// Opens the lock file of a run anew, so that a lock taken with it is not that of anybody else.
    func openLock(_ runID: String) throws -> OwnedDescriptor {
        try scratch.createFile(FileName("lock-\(runID)"), mode: 0o600, exclusive: false)
    }

    /// Opens the lock file of a run, and takes the lock as soon as nobody else has it.
    ///
    /// Whenever this process starts another one, that one has all descriptors until it runs its program, locked files
    /// included. So not getting a lock at once proves nothing in a process that runs several tests.
    func openLocked(_ runID: String) async throws -> OwnedDescriptor {
        let number = try openLock(runID).release()
        let result = try await blocking { flock(number, LOCK_EX) }
        #expect(result == 0)
        return OwnedDescriptor(adopting: number)
    }

    /// The text of a log.
    func output(_ name: FileName = "stdout.log") throws -> String {
        String(decoding: try logs.read(name, limit: 64 << 20) ?? [], as: UTF8.self)
    }

    /// The number that the last attempt printed.
    func number() throws -> Int32 {
        try #require(Int32(try output().split(separator: "\n").first ?? ""))
    }

    /// The record in its file.
    func recordFile(_ runID: String) throws -> ExitRecord? {
        try exits.read(FileName("record-\(runID)"), limit: ExitRecord.maxEncodedBytes).map {
            try ExitRecord(decoding: $0)
        }
    }
}

extension AttemptEnding {
    /// The record, when there is one.
    var record: ExitRecord? {
        if case .recorded(let record, _) = self { record } else { nil }
    }
}

extension TreeSweep {
    /// A full scan found none of the tree, and nothing had to be killed for it.
    static let nothingFound = TreeSweep(killed: 0, isComplete: true)
}

// MARK: Events

extension Fixture {
    /// Calls the pool without giving way to anything else on the reactor.
    func onReactor<Result: Sendable>(
        _ body: @escaping @Sendable (isolated SupervisorPool) throws -> Result
    ) async throws -> Result {
        try await body(pool)
    }

    /// Waits until a process has ended; it may be a zombie then.
    func awaitEnd(of pid: Int32) async {
        // A process that cannot be opened has ended.
        guard let handle = try? pidfdOpen(pid).release() else { return }
        await awaitReadable(handle)
        close(handle)
    }

    /// Waits until no more than `kept` of some processes are left.
    func awaitEnd(ofAllBut kept: Int, of pids: [Int32]) async {
        await withTaskGroup { group in
            for pid in pids { group.addTask { await self.awaitEnd(of: pid) } }
            for _ in 0..<pids.count - kept { await group.next() }
            group.cancelAll()
        }
    }

    /// Waits for an event on a descriptor, or until the test is cancelled because its time is over.
    func awaitReadable(_ descriptor: Int32) async {
        let wait = Wait(descriptor: descriptor, reactor: reactor)
        await withTaskCancellationHandler {
            await withCheckedContinuation { wait.begin($0) }
        } onCancel: {
            wait.end()
        }
    }

    /// Tells whenever something happens in a directory from now on, after acting on it at once.
    func occurrences(
        of wanted: DirectoryEvent,
        in directory: Directory,
        _ act: @escaping @Sendable () -> Void = {}
    ) async throws -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        try await onReactor { [reactor] _ in
            let watcher = try DirectoryWatcher(reactor: reactor)
            _ = try watcher.add(directory) { event in
                guard event == wanted else { return }
                act()
                continuation.yield()
            }
            continuation.onTermination = { _ in reactor.perform { watcher.stop() } }
        }
        return stream
    }

    /// Makes a pipe by name in the scratch directory, through which an agent can tell something.
    func makePipe(_ name: String) throws -> NamedPipe {
        try NamedPipe(path: scratch.path + "/" + name, fixture: self)
    }
}

extension SupervisorPool {
    /// Runs one attempt to its end.
    func run(
        _ request: AttemptRequest,
        lock: Int32,
        output: Directory,
        exits: Directory
    ) async -> AttemptEnding {
        await ending(of: begin(request, lock: lock, output: output, exits: exits))
    }
}

/// One wait for a descriptor; all of it happens on the reactor.
private final class Wait: Sendable {
    private let descriptor: Int32
    private let reactor: Reactor
    private let continuation = Mutex<CheckedContinuation<Void, Never>?>(nil)

    init(descriptor: Int32, reactor: Reactor) {
        self.descriptor = descriptor
        self.reactor = reactor
    }

    func begin(_ continuation: CheckedContinuation<Void, Never>) {
        self.continuation.withLock { $0 = continuation }
        reactor.perform { [self] in
            do {
                try reactor.watch(descriptor, for: .read) { _ in self.finish() }
            } catch {
                Issue.record(error)
                finish()
            }
        }
        if Task.isCancelled { end() }
    }

    func end() {
        reactor.perform { [self] in finish() }
    }

    private func finish() {
        reactor.unwatch(descriptor)
        continuation.withLock { continuation in
            continuation?.resume()
            continuation = nil
        }
    }
}

/// A pipe with a name, held open so that no writer waits for a reader.
struct NamedPipe: ~Copyable {
    let path: String
    private let descriptor: OwnedDescriptor
    private let fixture: Fixture

    init(path: String, fixture: Fixture) throws {
        mkfifo(path, 0o600)
        let number = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        try #require(number >= 0)
        self.path = path
        self.fixture = fixture
        descriptor = OwnedDescriptor(adopting: number)
    }

    /// Waits for `count` whole lines.
    func lines(_ count: Int = 1) async throws -> [String] {
        var text: [UInt8] = []
        while text.count(where: { $0 == UInt8(ascii: "\n") }) < count {
            try Task.checkCancellation()
            await fixture.awaitReadable(descriptor.rawValue)
            text += try descriptor.read(count: 65536)
        }
        return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Writes what some agent reads.
    func write(_ text: String) throws {
        try descriptor.write(all: Array(text.utf8))
    }

    /// Waits for a line with a number.
    func number() async throws -> Int32 {
        try #require(Int32(try await lines()[0]))
    }
}

// MARK: Surroundings

/// The directory of the built products, found by the test bundle that is mapped into this process.
private let productsDirectory: String = {
    // Without /proc the products are not found, and every test says so.
    let maps = (try? Directory.open("/proc/self").openFile("maps").readAll(limit: 64 << 20)) ?? []
    let line = String(decoding: maps, as: UTF8.self).split(separator: "\n").first { $0.hasSuffix(".xctest") }
    guard let line, let start = line.firstIndex(of: "/"), let end = line.lastIndex(of: "/") else { return "." }
    return String(line[start..<end])
}()

/// The supervisor under test.
let supervisorPath = productsDirectory + "/vigil-supervisor"

/// Where tests may make control groups; nil when this machine does not let them.
let cgroupParent = CgroupLocation.usableParent()

/// With and without a control group, as far as this machine has them.
let cgroupParents: [String?] = cgroupParent == nil ? [nil] : [nil, cgroupParent]
