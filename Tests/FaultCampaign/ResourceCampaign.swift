// SPDX-License-Identifier: Apache-2.0
// Takes away what a working daemon needs, and gives it back.

import ArgumentParser
import FaultChecker
import Glibc
import QueueModel
import SystemKit
import TestSupport

/// Lets a working daemon run short of one thing after another.
///
/// It has to stay up, to say what is wrong, and to go on by itself when the shortage is over. The queue holds a task
/// that runs when the shortage begins, and others that wait for its slot, so that ends and claims fall into it.
struct ResourceCampaign: Sendable {
    let laboratory: Laboratory
    let width: Int
    var only: String?

    func run() async throws -> Summary {
        let tally = Tally("resources")
        let began = ContinuousClock.now
        var skipped: [String] = []
        var possible: [Shortage] = []
        for shortage in Shortage.all where only == nil || shortage.name == only {
            if let obstacle = try await shortage.obstacle(laboratory) {
                skipped.append(shortage.name)
                laboratory.say("SKIPPED \(shortage.name): \(obstacle)")
            } else {
                possible.append(shortage)
            }
        }
        if possible.isEmpty && skipped.isEmpty { throw CampaignError("there is no shortage \(only ?? "")") }
        try await inParallel(possible, width: width) { shortage in
            let violations = try await ShortageRun(shortage, laboratory).run()
            tally.note { summary in
                summary.points += 1
                summary.violations += violations
            }
            return true
        }
        var summary = tally.summary(since: began)
        if !skipped.isEmpty { summary.note = "SKIPPED: \(skipped.joined(separator: ", "))" }
        return summary
    }
}

/// A daemon that does not say what is wrong.
private struct Silence: Error, CustomStringConvertible {
    let description: String
}

/// One shortage under one daemon.
private struct ShortageRun {
    let shortage: Shortage
    let laboratory: Laboratory
    let run: QueueRun
    /// How long a daemon may take to say what is wrong, and that it is right again.
    private static let patience = Duration.seconds(30)

    private var marker: String { "\(run.directory)/shortage" }
    private var group: String { "\(Shortage.processGroups)/vigil-\(SystemInfo.processID)-\(shortage.name)" }

    init(_ shortage: Shortage, _ laboratory: Laboratory) throws {
        self.shortage = shortage
        self.laboratory = laboratory
        var options = QueueRun.Options()
        options.maxConcurrent = 1
        run = try QueueRun(laboratory, label: "resources-\(shortage.name)", options: options)
    }

    func run() async throws -> Int {
        try await prepare()
        // Directories are watched once, at the start.
        if shortage.isFromTheStart { try write("on", to: marker) }
        let daemon = try run.start(settings: settings)
        var circumstances = Evidence.Circumstances()
        do {
            try await work(daemon)
            if case .timedOut(let why) = try await run.waitForRest(daemon) { circumstances.unrest = why }
            if !daemon.process.hasEnded, circumstances.unrest == nil { try await waitForHealth(daemon) }
        } catch let failure as Silence {
            circumstances.unrest = "\(failure)"
            try await end(daemon)
        } catch let failure as WaitFailure {
            circumstances.unrest = "\(failure)"
            try await end(daemon)
        }
        if daemon.process.hasEnded {
            try await run.noteEnd(of: daemon, wasEnded: false)
        } else {
            try await run.stop(daemon)
        }
        let violations = try await run.judge(circumstances, keepsFiles: true)
        if !violations.isEmpty {
            if hasMount { _ = try await laboratory.succeeds("cp", "-a", run.root, "\(run.directory)/root-at-rest") }
            laboratory.report(violations, of: run, repeatedBy: "resources --only \(shortage.name)")
        }
        try await cleanUp()
        if violations.isEmpty { try laboratory.remove(run.place) }
        laboratory.detail("resources \(shortage.name): \(violations.count) violations")
        return violations.count
    }

    // MARK: The course of events

    private func work(_ daemon: QueueRun.Daemon) async throws {
        try await eventually("readiness", in: [run.directory], unlessEnds: daemon.process) {
            run.log(daemon).contains(#""message":"ready""#) ? true : nil
        }
        try run.client.submit("during", "linger:400 bytes:3000", retries: 3)
        try await eventually("start", in: ["\(run.directory)/live"], unlessEnds: daemon.process) {
            try listing("\(run.directory)/live").contains("during") ? true : nil
        }
        if case .silence = shortage.means { return try await submitSilently() }
        try run.client.submit("next", "linger:5", retries: 3)
        try run.client.submit("again", "fail:1", retries: 2)
        try run.client.submit("never", "fail", retries: 1)
        try await begin(daemon)
        if case .clock(let seconds) = shortage.means { return try await moveClock(seconds) }
        try await waitForComplaint(daemon)
        try await end(daemon)
    }

    private func submitSilently() async throws {
        let client = try Client(root: "\(run.root)-upper", log: run.directory, durability: .full)
        try client.submit("quiet", "linger:5", retries: 0)
        try client.submit("quiet-again", "fail:1", retries: 2)
        _ = try run.client.reread()
    }

    private func moveClock(_ seconds: [Int]) async throws {
        for (second, task) in zip(seconds, ["during", "next"]) {
            try write("\(second)", to: marker)
            try await eventually("result of \(task)", in: ["\(run.root)/results/\(QueueRun.worker)"]) {
                try listing("\(run.root)/results/\(QueueRun.worker)").contains("\(task).json") ? true : nil
            }
        }
        // What the kernel stamps on files is another clock than the daemon's by now.
        try run.client.submit("later", "fail:1", retries: 1)
    }

    /// The daemon says what is wrong: in its log, and to whoever asks whether it is ready.
    private func waitForComplaint(_ daemon: QueueRun.Daemon) async throws {
        let wanted = shortage.problems
        guard shortage.hasLog else { return try await askForReadiness(daemon, within: Self.patience) }
        try await eventually("complaint about \(wanted)", in: [run.directory], unlessEnds: daemon.process) {
            let lines = run.log(daemon).split(separator: "\n").filter { $0.contains(#""message":"degraded""#) }
            return lines.contains { line in wanted.contains { line.contains(#""problem":"\#($0)""#) } } ? true : nil
        }
        if shortage.hasHeartbeat { try await waitForDegradedHeartbeat(daemon) }
        // A daemon tries again every second, and is ready for the moment of trying.
        if shortage.hasPage { try await askForReadiness(daemon, within: .seconds(5)) }
    }

    /// Asks whether the daemon is ready until it says what is wrong.
    private func askForReadiness(_ daemon: QueueRun.Daemon, within limit: Duration) async throws {
        let wanted = shortage.problems
        let deadline = ContinuousClock.now + limit
        let log = run.log(daemon)
        guard let line = log.split(separator: "\n").first(where: { $0.contains(#""message":"listening""#) }),
            let object = try JSONParser.parse(Array(line.utf8), limits: .file(1 << 16)).objectValue,
            let port = object["address"]?.stringValue?.split(separator: ":").last.flatMap({ UInt16($0) })
        else { throw CampaignError("\(run.directory): no line with the address") }
        while ContinuousClock.now < deadline, !daemon.process.hasEnded {
            let page = try await Page.get("/readyz", port: port)
            if page.status == 503, wanted.contains(where: { page.body.contains("\"\($0)\"") }) { return }
        }
        throw Silence(description: "/readyz does not tell of \(wanted)")
    }

    /// The heartbeat tells as well, where it can be written.
    private func waitForDegradedHeartbeat(_ daemon: QueueRun.Daemon) async throws {
        let wanted = shortage.problems
        try await waitForHeartbeat("heartbeat with \(wanted)", daemon) { beat in
            beat.status == .degraded && wanted.contains { beat.problems[$0] != nil }
        }
    }

    private func waitForHealth(_ daemon: QueueRun.Daemon) async throws {
        try await waitForHeartbeat("healthy heartbeat", daemon) { $0.status == .healthy && $0.problems.isEmpty }
    }

    private func waitForHeartbeat(
        _ wanted: String,
        _ daemon: QueueRun.Daemon,
        where isWanted: @escaping @Sendable (HeartbeatRecord) -> Bool
    ) async throws {
        let name = FileName("\(QueueRun.worker).json")
        let place = "\(run.root)/heartbeats"
        try await eventually(wanted, in: [place], unlessEnds: daemon.process, within: Self.patience) {
            () throws -> Bool? in
            guard let bytes = try Directory.open(place).read(name, limit: 1 << 20) else { return nil }
            return isWanted(try HeartbeatRecord.decode(bytes)) ? true : nil
        }
    }

    // MARK: Bringing it about

    private var settings: [String: String] {
        var values = ["HEARTBEAT_INTERVAL": "1", "POLL_INTERVAL": "0.2"]
        switch shortage.means {
        case .failingCalls(let errno, let kinds):
            values["FAULT"] = "\(errno):\(kinds):0"
            values["FAULT_WHILE"] = marker
            values["FAULT_ROOT"] = run.root
            values["LD_PRELOAD"] = laboratory.shim
        case .clock:
            values["FAULT_CLOCK"] = marker
            values["LD_PRELOAD"] = laboratory.shim
        case .fullFileSystem, .limit, .processes, .silence: break
        }
        return values
    }

    private var hasMount: Bool {
        switch shortage.means {
        case .fullFileSystem, .silence: true
        case .failingCalls, .limit, .processes, .clock: false
        }
    }

    private var mountPoint: String {
        if case .fullFileSystem(let place, _, _) = shortage.means, !place.isEmpty { return "\(run.root)/\(place)" }
        return run.root
    }

    private func prepare() async throws {
        var isDone = true
        switch shortage.means {
        case .fullFileSystem(_, let options, _):
            _ = try Directory.create(mountPoint)
            isDone = try await laboratory.succeeds("mount", "-t", "tmpfs", "none", "-o", options, mountPoint)
        case .silence: isDone = try await Shortage.mountOverlay(at: mountPoint, laboratory)
        case .processes: isDone = try await laboratory.succeeds("mkdir", group)
        case .failingCalls, .limit, .clock: break
        }
        if !isDone { throw CampaignError("\(shortage.name) cannot be brought about at \(mountPoint)") }
    }

    private func begin(_ daemon: QueueRun.Daemon) async throws {
        let pid = daemon.process.pid
        switch shortage.means {
        case .failingCalls: if !shortage.isFromTheStart { try write("on", to: marker) }
        case .fullFileSystem(_, _, let bytes): try fill(with: bytes)
        case .limit(let resource):
            let lowest = resource == "nofile" ? try listing("/proc/\(pid)/fd").count : 0
            guard try await laboratory.succeeds("prlimit", "--pid", "\(pid)", "--\(resource)=\(lowest):") else {
                throw CampaignError("prlimit fails")
            }
        case .processes:
            for process in [pid] + (try ScratchProcesses(root: run.root).numbers()) {
                try write("\(process)", to: "\(group)/cgroup.procs")
            }
            try write("1", to: "\(group)/pids.max")
        case .clock, .silence: break
        }
    }

    private func end(_ daemon: QueueRun.Daemon) async throws {
        switch shortage.means {
        case .failingCalls: _ = try await laboratory.succeeds("rm", "-f", marker)
        case .fullFileSystem: _ = try await laboratory.succeeds("rm", "-rf", "\(mountPoint)/ballast")
        case .limit(let resource):
            let highest = resource == "nofile" ? "1024" : "unlimited"
            _ = try await laboratory.succeeds("prlimit", "--pid", "\(daemon.process.pid)", "--\(resource)=\(highest):")
        case .processes: try write("max", to: "\(group)/pids.max")
        case .clock, .silence: break
        }
    }

    private func cleanUp() async throws {
        // Whatever process is left was judged; the kernel may let go of its last files a moment later.
        if hasMount, try await !laboratory.succeeds("umount", "--lazy", mountPoint) {
            throw CampaignError("\(mountPoint) cannot be unmounted")
        }
        if case .processes = shortage.means { _ = try await laboratory.succeeds("rmdir", group) }
    }

    /// Fills the file system until nothing more fits.
    private func fill(with bytes: Int) throws {
        let ballast = try Directory.create("\(mountPoint)/ballast")
        let block = [UInt8](repeating: 0, count: bytes)
        for number in 0..<100_000 {
            do throws(SystemCallError) {
                try ballast.createFile(FileName("\(number)")).write(all: block)
            } catch {
                if error.errno == .noSpace { return }
                throw error
            }
        }
        throw CampaignError("\(mountPoint) is too large to be filled")
    }

    private func write(_ text: String, to path: String) throws {
        let file = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SystemCallError(call: "open", errno: Errno(rawValue: errno), path: path) }
        try OwnedDescriptor(adopting: file).write(all: Array(text.utf8))
    }
}

/// Shortages as a command.
struct Resources: Campaign {
    static let configuration = CommandConfiguration(abstract: "Let a working daemon run short of one thing or another.")
    @Option(help: "Only this one.")
    var only: String?
    @OptionGroup var common: CommonOptions

    func campaign(in laboratory: Laboratory) async throws -> [Summary] {
        [laboratory.noted(try await ResourceCampaign(laboratory: laboratory, width: common.width, only: only).run())]
    }
}
