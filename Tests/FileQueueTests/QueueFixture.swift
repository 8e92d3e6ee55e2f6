// SPDX-License-Identifier: Apache-2.0
// A queue in a directory of its own, and daemons on it that can die.

import FileQueue
import QueueModel
import SystemKit
import TestSupport

/// A queue without a daemon; workers open it, and dropping one leaves what a killed process leaves.
struct QueueFixture {
    let scratch: TemporaryDirectory
    let locations: QueueLocations
    let now = Timestamp(millisecondsSince1970: 1_800_000_000_000)

    init() throws {
        scratch = try TemporaryDirectory(for: "queue")
        locations = QueueLocations(root: scratch.path)
    }

    /// A daemon's view; when the value goes, its locks go, as by SIGKILL, and its owner file stays.
    func open(_ worker: String = "marie") throws -> WorkerQueue {
        try WorkerQueue(
            worker: WorkerID(worker),
            locations: locations,
            limits: TaskLimits(),
            committer: Committer(durability: .relaxed, reactor: Reactor())
        )
    }

    func drop(_ json: String, as name: FileName, worker: String = "marie") throws {
        let inbox = try Directory.create(locations.tasks + "/" + worker)
        try AtomicFile.write(Array(json.utf8), as: name, in: inbox, replacing: true, durability: .relaxed)
    }

    func task(_ id: String, _ description: String = "do it") -> String {
        #"{"task_id":"\#(id)","description":"\#(description)"}"#
    }

    /// Drops and claims a task.
    func claim(_ id: String, in queue: WorkerQueue, worker: String = "marie") throws -> Claim {
        try drop(task(id), as: FileName(id + ".json"), worker: worker)
        guard case .claimed(let claim) = try claimOutcome(of: FileName(id + ".json"), in: queue) else {
            throw FixtureError("\(id) was not claimed")
        }
        return claim
    }

    func claimOutcome(of name: FileName, in queue: WorkerQueue) throws -> ClaimOutcome {
        guard case .task(let queued, _) = try queue.inspect(name) else { throw FixtureError("\(name) is no task") }
        return try queue.claim(queued, runID: "run-1", now: now)
    }

    func result(_ claim: Claim, _ status: TaskStatus = .completed) -> ResultRecord {
        var record = ResultRecord(taskID: claim.id, worker: claim.state.worker, status: status, timestamp: now)
        record.taskDigest = claim.state.digest
        if status == .failed { record.failure = failure }
        return record
    }

    var failure: Failure { Failure(reason: .exitCode, message: "exit code 3", isPermanent: false) }

    func attempt(_ number: Int) -> AttemptRecord {
        AttemptRecord(
            number: number,
            startedAt: now,
            finishedAt: now,
            exitCode: 3,
            reason: .exitCode,
            message: "exit code 3",
            duration: .seconds(1)
        )
    }

    /// Every file in a directory of the root, without the owners' files; of the place where files are made only what is
    /// left in it.
    func names(in path: String) throws -> [String] {
        try queueNames(in: scratch.path(of: path)).filter { !$0.hasPrefix("~owner-") && !$0.hasPrefix(".spare-") }
    }

    func bytes(_ path: String) throws -> [UInt8]? {
        let parts = path.split(separator: "/").map(String.init)
        let directory = try Directory.open(scratch.path(of: parts.dropLast().joined(separator: "/")))
        return try directory.read(FileName(parts.last ?? ""), limit: 1 << 20)
    }
}

extension WorkerQueue {
    /// Moves a file to the dead letters and says why, as a worker does.
    func reject(_ name: FileName, _ rejection: TaskRejection, now: Timestamp) async throws -> FileName? {
        guard let file = try setAside(name, now: now) else { return nil }
        try await explain(file, rejection, now: now)
        return file.letter
    }
}

struct FixtureError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
