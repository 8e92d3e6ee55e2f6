// SPDX-License-Identifier: Apache-2.0
// One queue with its daemons, its witnesses and its verdict.

import FaultChecker
import FileQueue
import Glibc
import QueueModel
import Synchronization
import SystemKit
import TestSupport

/// One queue in a directory of its own: `root` for the daemon, beside it what the witnesses write.
final class QueueRun: Sendable {
    /// What a run is about.
    struct Options: Sendable {
        var durability = Durability.full
        var maxConcurrent = 3
        /// How long the queue may take to come to rest.
        var patience = Duration.seconds(30)
        /// Whether the observer reads from the start.
        var isObserved = true
    }

    /// A daemon that was started.
    struct Daemon: Sendable {
        let process: ChildProcess
        let number: Int
    }

    /// What a wait for rest came to.
    enum Rest: Sendable, Equatable {
        case atRest
        case ended
        case timedOut(String)
    }

    static let worker = "marie"
    let laboratory: Laboratory
    let options: Options
    let place: Directory
    let client: Client
    private let observer = Mutex<Observer?>(nil)
    private let started = Mutex<Int>(0)
    private let ends = Mutex<[DaemonEnd]>([])

    var directory: String { place.path }
    var root: String { "\(place.path)/root" }

    init(_ laboratory: Laboratory, label: String, options: Options = Options()) throws {
        self.laboratory = laboratory
        self.options = options
        place = try laboratory.makeDirectory(label)
        for name in ["root", "live"] { _ = try place.subdirectory(FileName(name), create: 0o750) }
        try Directory.open(laboratory.base).link("agent", to: place, as: "agent")
        client = try Client(root: "\(place.path)/root", log: place.path, durability: options.durability)
        if options.isObserved { try observe() }
    }

    /// Starts the observer.
    func observe() throws {
        let started = try Observer(directory: place.path, worker: WorkerID(Self.worker))
        observer.withLock { $0 = started }
    }

    // MARK: Daemons

    func start(_ fault: Fault? = nil, traced: Bool = false, settings: [String: String] = [:]) throws -> Daemon {
        let number = started.withLock { count in
            count += 1
            return count
        }
        var values = [
            "PATH": "/usr/bin:/bin", "HOME": directory, "LANG": "C.UTF-8", "VIGIL_ROOT": root, "METRICS_PORT": "0",
            "CLAUDE_COMMAND": "\(directory)/agent", "DURABILITY": options.durability.rawValue,
            "INITIAL_RETRY_DELAY": "0.01", "SETTLE_SECONDS": "0.1", "SCAN_INTERVAL": "1", "DRAIN_TIMEOUT": "10",
            "HEARTBEAT_INTERVAL": "60", "KILL_GRACE_SECONDS": "1", "CIRCUIT_BREAKER_THRESHOLD": "100",
            "CIRCUIT_BREAKER_TIMEOUT": "1", "MAX_CONCURRENT_TASKS": "\(options.maxConcurrent)",
            "SWIFT_BACKTRACE": "enable=no",
        ]
        if fault != nil || traced {
            values["LD_PRELOAD"] = laboratory.shim
            values["FAULT_ROOT"] = root
            values["FAULT_TRACE"] = "\(directory)/trace-\(number)"
            values["FAULT"] = fault?.setting
        }
        let process = try ChildProcess(
            [laboratory.program, "worker", Self.worker],
            environment: values.merging(settings) { _, own in own },
            output: "\(directory)/daemon-\(number).log"
        )
        return Daemon(process: process, number: number)
    }

    /// Whether the fault of a daemon has happened.
    func wasHit(_ daemon: Daemon) -> Bool { trace(daemon).contains("HIT ") }

    func trace(_ daemon: Daemon) -> String { text("trace-\(daemon.number)") }

    /// Takes note of the end of a daemon.
    func noteEnd(of daemon: Daemon, wasEnded: Bool) async throws {
        let status = try await daemon.process.waitForExit()
        var end = DaemonEnd(wasReady: false, wasEnded: wasEnded, signal: nil, code: nil)
        end.wasReady = text("daemon-\(daemon.number).log").contains(#""message":"ready""#)
        switch status {
        case .exited(let code): end.code = Int(code)
        case .signaled(let signal): end.signal = Int(signal)
        }
        let noted = end
        ends.withLock { $0.append(noted) }
    }

    /// Asks a daemon to stop.
    func stop(_ daemon: Daemon) async throws {
        daemon.process.send(SIGTERM)
        try await daemon.process.waitForExit()
        try await noteEnd(of: daemon, wasEnded: true)
    }

    /// What a daemon has logged.
    func log(_ daemon: Daemon) -> String { text("daemon-\(daemon.number).log") }

    private func text(_ name: String) -> String {
        // What was not written says nothing.
        String(decoding: (try? place.read(FileName(name), limit: 1 << 28)) ?? [], as: UTF8.self)
    }

    // MARK: Rest

    /// Waits until every accepted task is over and no claim is left.
    func waitForRest(_ daemon: Daemon) async throws -> Rest {
        let places = [
            "tasks/\(Self.worker)", "tasks/.claims", "tasks/.control", "results/\(Self.worker)", "dlq/\(Self.worker)",
        ]
        do {
            try await eventually(
                "rest",
                in: places.map { "\(root)/\($0)" },
                unlessEnds: daemon.process,
                within: options.patience
            ) { [self] in try unrest() == nil ? true : nil }
            return .atRest
        } catch is WaitFailure {
            if daemon.process.hasEnded { return .ended }
            return .timedOut("not at rest after \(options.patience): \(try unrest() ?? "at rest just now")")
        }
    }

    /// What is still to be done; nil at rest.
    private func unrest() throws -> String? {
        let inbox = try names("tasks/\(Self.worker)").filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }
        if let first = inbox.first { return "inbox has \(first)" }
        let claims = try names("tasks/.claims").filter { !$0.hasPrefix("~") && !$0.hasPrefix(".") }
        if let first = claims.first { return "claims have \(first)" }
        let requests = try names("tasks/.control").filter { $0.hasSuffix("~cancel") }
        if let first = requests.first { return "requests have \(first)" }
        let results = Set(try names("results/\(Self.worker)"))
        let letters = Set(try names("dlq/\(Self.worker)"))
        for raw in letters where raw.hasSuffix(".raw") && !letters.contains("\(raw.dropLast(4)).json") {
            return "\(raw) has no reason"
        }
        for event in client.accepted {
            if event.isTask ? results.contains("\(event.name).json") : letters.contains(where: { isRaw($0, of: event) })
            {
                continue
            }
            return "nothing came of \(event.name)"
        }
        return nil
    }

    private func isRaw(_ name: String, of event: ClientEvent) -> Bool {
        name.hasPrefix("\(event.name)_") && name.hasSuffix(".raw")
    }

    private func names(_ path: String) throws -> [String] { try listing("\(root)/\(path)") }

    // MARK: Verdict

    /// Starts a last daemon without faults, waits for rest, stops it, and judges everything.
    func conclude(
        _ circumstances: Evidence.Circumstances = .init(),
        keepsFiles: Bool = false
    ) async throws -> [Violation] {
        var circumstances = circumstances
        let daemon = try start()
        switch try await waitForRest(daemon) {
        case .atRest: try await stop(daemon)
        case .timedOut(let why):
            circumstances.unrest = why
            try await stop(daemon)
        case .ended: try await noteEnd(of: daemon, wasEnded: false)
        }
        return try await judge(circumstances, keepsFiles: keepsFiles)
    }

    /// Judges everything; no daemon runs any more.
    func judge(_ circumstances: Evidence.Circumstances, keepsFiles: Bool = false) async throws -> [Violation] {
        var evidence = Evidence()
        evidence.circumstances = circumstances
        let processes = ScratchProcesses(root: root)
        do { try await processes.waitForNone(within: .seconds(5)) } catch {
            evidence.survivors = ["\(error)"]
            try await processes.killAll()
        }
        try await observer.withLock { $0 }?.stop()
        evidence.daemons = ends.withLock { $0 }
        evidence.files = try FilesAtRest(root: root)
        evidence.client = try lines("client.log")
        evidence.witness = try lines("witness.log")
        evidence.observations = try lines("observer.log")
        let violations = Checker.violations(in: evidence)
        let text = violations.map { "\($0)\n" }.joined()
        if violations.isEmpty {
            if !keepsFiles { try laboratory.remove(place) }
        } else {
            try append(Array(text.utf8), to: "violations", in: directory)
        }
        return violations
    }

    private func lines<Line: EvidenceLine>(_ name: String) throws -> [Line] {
        let bytes = try place.read(FileName(name), limit: 1 << 28) ?? []
        guard let lines = Line.lines(of: bytes) else { throw CampaignError("\(directory)/\(name) cannot be read") }
        return lines
    }
}
