// SPDX-License-Identifier: Apache-2.0
// The client that submits, and writes down what it was told.

import FaultChecker
import FileQueue
import QueueModel
import Synchronization
import SystemKit

/// Submits to one queue, and keeps a log that lies outside it.
final class Client: Sendable {
    private let submission: TaskSubmission
    private let root: String
    private let log: String
    private let durability: Durability
    private let events = Mutex<[ClientEvent]>([])

    init(root: String, log: String, durability: Durability) throws {
        self.root = root
        self.log = log
        self.durability = durability
        submission = TaskSubmission(locations: QueueLocations(root: root), durability: durability)
    }

    /// What was acknowledged.
    var accepted: [ClientEvent] {
        events.withLock { $0.filter { $0.kind == .accepted || $0.kind == .repeated } }
    }

    /// Takes up what another process has logged.
    func reread() throws -> [ClientEvent] {
        let bytes = try Directory.open(log).read("client.log", limit: 1 << 28) ?? []
        guard let lines = ClientEvent.lines(of: bytes) else { throw CampaignError("\(log)/client.log cannot be read") }
        events.withLock { $0 = lines }
        return lines
    }

    /// Submits a task as a program that links the queue does.
    func submit(_ id: String, _ description: String, retries: Int = 0) throws {
        let worker = try WorkerID(QueueRun.worker)
        let fields: JSONObject = [
            "task_id": .string(id), "description": .string(description), "max_retries": .integer(retries),
        ]
        let task = try TaskRecord.decode(fields, for: worker, limits: TaskLimits())
        var event = ClientEvent(.attempted, id, digest: task.contentDigest, maxAttempts: retries + 1)
        try note(event)
        event.kind = try answer(to: task, for: worker)
        try note(event)
    }

    private func answer(to task: TaskRecord, for worker: WorkerID) throws -> ClientEvent.Kind {
        do throws(SubmissionError) {
            switch try submission.submit(task, to: worker) {
            case .accepted: return .accepted
            case .repeated: return .repeated
            }
        } catch {
            if error.code == .duplicateTaskID { return .refused }
            throw error
        }
    }

    /// Asks for a task to be cancelled as a command does, before any daemon runs.
    func cancel(_ id: String) throws {
        let request = try cancelRequest(id)
        try note(ClientEvent(.cancelling, id, digest: request.digest))
        try ControlRequests(locations: QueueLocations(root: root), durability: durability).ask(request)
        try note(ClientEvent(.cancelRequested, id, digest: request.digest))
    }

    /// Puts a request to cancel where the task's own agent finds it, to make it when it runs.
    func prepareCancel(_ id: String) throws {
        let request = try cancelRequest(id)
        try note(ClientEvent(.cancelling, id, digest: request.digest))
        try AtomicFile.write(
            request.encoded(),
            as: FileName("cancel-\(id)"),
            in: Directory.open(log),
            replacing: true,
            durability: .relaxed
        )
    }

    private func cancelRequest(_ id: String) throws -> CancelRequest {
        let digest = events.withLock { $0.last { $0.name == id }?.digest } ?? ""
        return CancelRequest(
            taskID: try TaskID(id),
            worker: try WorkerID(QueueRun.worker),
            digest: digest,
            requestedAt: Timestamp(millisecondsSince1970: WallClock.system.nowMilliseconds)
        )
    }

    /// Drops a file into the inbox as a script does; `id` is that of the task that it is, nil when it is none.
    func drop(_ text: String, as name: String, id: String? = nil) throws {
        let worker = try WorkerID(QueueRun.worker)
        let bytes = Array(text.utf8)
        var event = ClientEvent(.attempted, id ?? name, digest: Digest.sha256(bytes), isTask: id != nil)
        if id != nil {
            let task = try TaskRecord.decode(bytes, for: worker, limits: TaskLimits())
            event.digest = task.contentDigest
            event.maxAttempts = (task.maxRetries ?? 3) + 1
        }
        try note(event)
        let inbox = try Directory.create(QueueLocations(root: root).inbox(of: worker))
        try AtomicFile.write(bytes, as: FileName("\(name).json"), in: inbox, replacing: false, durability: durability)
        event.kind = .accepted
        try note(event)
    }

    private func note(_ event: ClientEvent) throws {
        try append(event.line, to: "client.log", in: log)
        events.withLock { $0.append(event) }
    }
}
