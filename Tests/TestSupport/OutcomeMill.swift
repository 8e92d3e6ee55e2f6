// SPDX-License-Identifier: Apache-2.0
// Ends of tasks without a worker, and what an orchestrator must have told of them.

package import QueueModel
import Synchronization
import SystemKit

/// Writes what a worker leaves behind when tasks end, as fast as the disk takes it, and checks the notifications.
package final class OutcomeMill: Sendable {
    private struct Outcome: Sendable {
        var id: TaskID
        var status: TaskStatus
    }

    private let root: String
    private let worker: WorkerID
    private let results: Directory
    private let letters: Directory
    private let outcomes = Mutex<[Outcome]>([])

    /// Makes a mill for one worker of a root.
    /// - Parameters:
    ///   - root: The root directory.
    ///   - worker: The worker whose results are written.
    /// - Throws: `SystemCallError` when a directory cannot be made.
    package init(root: String, worker: String = "marie") throws {
        self.root = root
        self.worker = try WorkerID(worker)
        results = try Directory.create("\(root)/results/\(worker)")
        letters = try Directory.create("\(root)/dlq/\(worker)")
    }

    /// How many tasks have ended.
    package var count: Int { outcomes.withLock { $0.count } }

    /// Lets tasks end; every fourth one fails, with a dead letter before its result.
    /// - Parameter number: How many.
    /// - Throws: `SystemCallError` when a file cannot be written.
    package func run(_ number: Int) throws {
        for _ in 0..<number {
            let index = count
            let outcome = Outcome(id: try TaskID("t\(index)"), status: index % 4 == 3 ? .failed : .completed)
            try write(outcome)
            outcomes.withLock { $0.append(outcome) }
        }
    }

    private func write(_ outcome: Outcome) throws {
        let now = Timestamp(millisecondsSince1970: WallClock.system.nowMilliseconds)
        var result = ResultRecord(taskID: outcome.id, worker: worker, status: outcome.status, timestamp: now)
        result.exitCode = outcome.status == .completed ? 0 : 1
        if outcome.status == .failed {
            let task: JSONObject = ["task_id": .string(outcome.id.string), "description": "d"]
            let letter = DeadLetterRecord(task: task, worker: worker, reason: .maxRetriesExceeded, timestamp: now)
            let name = FileName("\(outcome.id)_\(now.unixSeconds).json")
            try AtomicFile.write(letter.encoded(), as: name, in: letters, replacing: false, durability: .relaxed)
            result.failure = Failure(reason: .exitCode, message: "exit code 1", isPermanent: false)
        }
        let name = FileName("\(outcome.id).json")
        try AtomicFile.write(result.encoded(), as: name, in: results, replacing: false, durability: .relaxed)
    }

    /// Reads all notifications of the root, in their order.
    /// - Parameter root: The root directory.
    /// - Returns: The notifications.
    /// - Throws: `SystemCallError` or `RecordError` when one cannot be read.
    package static func notifications(in root: String) throws -> [NotificationRecord] {
        let directory = try Directory.create("\(root)/triggers/orchestrator")
        var names: [FileName] = []
        try directory.names { name in
            if name.hasSuffix(".json") { names.append(name) }
            return true
        }
        return try names.compactMap { name in
            try directory.read(name, limit: 1 << 20).map { try NotificationRecord.decode($0) }
        }.sorted { $0.sequence < $1.sequence }
    }

    /// Compares the notifications and the snapshot with what has ended.
    /// - Returns: What is wrong, a line for each thing; none when all is well.
    /// - Throws: `SystemCallError` or `RecordError` when a file cannot be read.
    package func complaints() throws -> [String] {
        var complaints: [String] = []
        var completed: [String: Int64] = [:]
        var died: [String: Int64] = [:]
        var statuses: [String: String] = [:]
        var sequences: Set<Int64> = []
        for record in try Self.notifications(in: root) {
            if !sequences.insert(record.sequence).inserted { complaints.append("sequence \(record.sequence) twice") }
            guard let id = record.data["task_id"]?.stringValue else { continue }
            if record.eventType == .taskCompleted {
                completed[id] = completed[id] ?? record.sequence
                statuses[id] = record.data["status"]?.stringValue
            }
            if record.eventType == .taskDeadLettered { died[id] = died[id] ?? record.sequence }
        }
        let outcomes = outcomes.withLock { $0 }
        for outcome in outcomes {
            let id = outcome.id.string
            guard let end = completed[id] else {
                complaints.append("\(id): no task_completed")
                continue
            }
            if statuses[id] != outcome.status.rawValue { complaints.append("\(id): told as \(statuses[id] ?? "")") }
            guard outcome.status == .failed else { continue }
            guard let death = died[id] else {
                complaints.append("\(id): no task_dead_lettered")
                continue
            }
            if death > end { complaints.append("\(id): told completed before dead") }
        }
        return complaints + (try countComplaints(outcomes))
    }

    private func countComplaints(_ outcomes: [Outcome]) throws -> [String] {
        let bytes = try Directory.open(root).read("orchestrator_state.json", limit: 1 << 24) ?? []
        let snapshot = try SnapshotRecord.decode(bytes)
        let failed = outcomes.count { $0.status == .failed }
        let told = [snapshot.totalTasks, snapshot.completedTasks, snapshot.failedTasks]
        let wanted = [outcomes.count, outcomes.count - failed, failed]
        return told == wanted ? [] : ["snapshot counts \(told), the files \(wanted)"]
    }
}

/// Kills an orchestrator again and again while tasks end, and judges what it has told in the end.
package struct OrchestratorHunt: Sendable {
    /// The program.
    package var program: String
    /// The queue's root.
    package var root: String
    /// The environment of the program.
    package var environment: [String: String]
    /// Where its output goes.
    package var log: String

    /// Describes a hunt.
    /// - Parameters:
    ///   - program: The program.
    ///   - root: The queue's root.
    ///   - environment: The environment of the program, `VIGIL_ROOT` included.
    ///   - log: Where its output goes.
    package init(program: String, root: String, environment: [String: String], log: String) {
        self.program = program
        self.root = root
        self.environment = environment
        self.log = log
    }

    /// Kills at random moments, now and then removes the database as well, and lets the last one come to rest.
    /// - Parameters:
    ///   - kills: How many kills.
    ///   - generator: Where the moments come from.
    /// - Returns: What is wrong in the end, and how many tasks have ended.
    /// - Throws: `SystemCallError`, and ``WaitFailure`` when the last orchestrator does not end well.
    package func run(
        kills: Int,
        using generator: inout SeededGenerator
    ) async throws -> (complaints: [String], tasks: Int) {
        let mill = try OutcomeMill(root: root)
        var complaints: [String] = []
        for number in 1...max(1, kills) {
            let daemon = try start()
            let pause = Duration.milliseconds(Int.random(in: 0...120, using: &generator))
            let load = Int.random(in: 5...40, using: &generator)
            async let milled: Void = blocking { try mill.run(load) }
            // Ends early only when the daemon does, which it must not.
            let early = try? await daemon.waitForExit(within: pause)
            if let early { complaints.append("kill \(number): it had ended by itself: \(early)") }
            daemon.send(9)
            _ = try await daemon.waitForExit()
            try await milled
            if Int.random(in: 0..<25, using: &generator) == 0 {
                try Directory.open(root).remove(".orchestrator.db")
                try Directory.open(root).remove(".orchestrator.db-journal")
            }
        }
        try await rest()
        return (complaints + (try mill.complaints()), mill.count)
    }

    private func start() throws -> ChildProcess {
        try ChildProcess([program, "orchestrator"], environment: environment, output: log)
    }

    /// The last one sees everything before it is ready, and tells everything before it ends.
    private func rest() async throws {
        let slash = log.lastIndex(of: "/") ?? log.startIndex
        let directory = String(log[..<slash])
        let name = FileName(String(log[log.index(after: slash)...]))
        let before = try Directory.open(directory).read(name, limit: 1 << 28)?.count ?? 0
        let daemon = try start()
        try await eventually("line that it is ready", in: [directory], unlessEnds: daemon) {
            let bytes = try Directory.open(directory).read(name, limit: 1 << 28) ?? []
            let text = String(decoding: bytes.dropFirst(before), as: UTF8.self)
            return text.contains(#""message":"ready""#) ? true : nil
        }
        daemon.send(15)
        let status = try await daemon.waitForExit()
        guard status == .exited(0) else { throw WaitFailure("the last orchestrator: \(status)") }
    }
}
