// SPDX-License-Identifier: Apache-2.0
// What survives a crash about a claimed task: its attempts, and when it may run again.

package import QueueModel

/// The record `<id>~state`, replaced as a whole at every step.
package struct ClaimState: Sendable, Equatable {
    /// Where the claim stands.
    package enum Phase: String, Sendable {
        /// An attempt was started, or is about to be.
        case running
        /// No attempt runs; the next one may start at `notBefore`.
        case waiting
        /// The verdict is a dead letter; its files are being written.
        case dead
    }

    /// A final failure, complete enough to write the same dead letter again after a crash.
    package struct Verdict: Sendable, Equatable {
        /// Why the task went to the dead letters.
        package var reason: DeadLetterReason
        /// What the result says.
        package var failure: Failure
        /// The dead letter's file name, fixed before it is written.
        package var fileName: String
        /// When the verdict was made.
        package var timestamp: Timestamp

        /// Makes a verdict.
        /// - Parameters:
        ///   - reason: Why the task went to the dead letters.
        ///   - failure: What the result says.
        ///   - fileName: The dead letter's file name.
        ///   - timestamp: When the verdict was made.
        package init(reason: DeadLetterReason, failure: Failure, fileName: String, timestamp: Timestamp) {
            self.reason = reason
            self.failure = failure
            self.fileName = fileName
            self.timestamp = timestamp
        }
    }

    /// The version of this record that this program writes and reads.
    package static let version: Int64 = 1

    /// The claimed task.
    package var taskID: TaskID
    /// The worker whose inbox it came from.
    package var worker: WorkerID
    /// The daemon that wrote the record; see ``ClaimName/owner(_:)``.
    package var owner: String
    /// Where the claim stands.
    package var phase: Phase
    /// The number of the attempt that runs or ran last; 0 before the first.
    package var attempt: Int
    /// Names the running attempt in the environment of all its processes.
    package var runID: String
    /// When the task was put into the inbox.
    package var queuedAt: Timestamp
    /// When the first attempt started.
    package var firstStartedAt: Timestamp?
    /// When the next attempt may start; meaningful while waiting.
    package var notBefore: Timestamp?
    /// SHA-256 of the task's bytes, to tell a repeat from another task of the same id.
    package var digest: String
    /// The attempts that ended, in order.
    package var attempts: [AttemptRecord]
    /// What runs have cost in US dollars that do not count as attempts.
    package var uncountedCostUSD = 0.0
    /// The final failure, while its files are being written.
    package var verdict: Verdict?
    /// The session that the running attempt goes on with, or that the next one will.
    package var session: Session?
    /// The checks of the running attempt's work; nil while its agent runs.
    package var verification: Verification?
    /// What a check has found in the work of an earlier attempt.
    package var complaint: Complaint?

    /// A claim before its first attempt.
    /// - Parameters:
    ///   - taskID: The claimed task.
    ///   - worker: The worker whose inbox it came from.
    ///   - owner: The daemon that claims it.
    ///   - queuedAt: When the task was put into the inbox.
    ///   - digest: SHA-256 of the task's bytes.
    package init(taskID: TaskID, worker: WorkerID, owner: String, queuedAt: Timestamp, digest: String) {
        self.taskID = taskID
        self.worker = worker
        self.owner = owner
        phase = .waiting
        attempt = 0
        runID = ""
        self.queuedAt = queuedAt
        self.digest = digest
        attempts = []
    }
}

extension ClaimState {
    /// The record's bytes.
    /// - Returns: One JSON object, spaces up to a whole step, and a newline.
    package func encoded() -> [UInt8] {
        var bytes = line
        // Most records are of one length then, as exit records are, and a spare need not be cut.
        let spaces = Self.step - 1 - bytes.count % Self.step
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: spaces))
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    /// What a claim's first record has behind it: a line of 512 bytes, as room for the exit record of the first attempt.
    ///
    /// The supervisor knows it as `CLAIM_RECORD_ROOM`.
    static let exitRoom = [UInt8](repeating: UInt8(ascii: " "), count: 511) + [UInt8(ascii: "\n")]

    /// The exit record in the room behind a record.
    /// - Parameters:
    ///   - bytes: The file's contents.
    ///   - runID: The run that it has to be of.
    /// - Returns: Its bytes; `nil` when there is none, or none of that run that is whole.
    static func exitRecord(behind bytes: [UInt8], of runID: String) -> [UInt8]? {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = Array(bytes[(end + 1)...].prefix { $0 != UInt8(ascii: "\n") })
        return isExitRecord(line, of: runID) ? line : nil
    }

    /// Whether something is the exit record of a run.
    static func isExitRecord(_ bytes: [UInt8], of runID: String) -> Bool {
        // Losing the error is right: spaces, and what a power cut has mixed, are no record.
        let record = try? JSONParser.parse(bytes, limits: .file(bytes.count)).objectValue
        return record?["run_id"]?.stringValue == runID
    }

    /// Reads the record of a task; `nil` for a torn one, for one of a later version, and for one of another task.
    ///
    /// The file of a record becomes that of another one: who has opened it before then, or reads it after a power cut
    /// that kept the name and lost the contents, finds what belongs to another task.
    /// - Parameters:
    ///   - bytes: The file's contents.
    ///   - id: The task whose record it should be.
    package init?(decoding bytes: [UInt8], of id: TaskID) {
        let line = Array(bytes.prefix { $0 != UInt8(ascii: "\n") })
        // A torn record says nothing; recovery goes by the names of the other files then.
        guard let object = (try? JSONParser.parse(line, limits: .file(ClaimState.maxBytes)))?.objectValue,
            object["version"]?.intValue == Int(Self.version),
            object["task_id"]?.stringValue == id.string,
            let worker = object["worker"]?.stringValue.flatMap({ WorkerID(bytes: Array($0.utf8)) }),
            let owner = object["owner"]?.stringValue,
            let phase = object["phase"]?.stringValue.flatMap(Phase.init(rawValue:)),
            let attempt = object["attempt"]?.intValue, attempt >= 0,
            let runID = object["run_id"]?.stringValue,
            let queuedAt = object["queued_at"]?.stringValue.flatMap(Timestamp.init(iso8601:)),
            let digest = object["digest"]?.stringValue
        else { return nil }
        self.init(taskID: id, worker: worker, owner: owner, queuedAt: queuedAt, digest: digest)
        self.phase = phase
        self.attempt = attempt
        self.runID = runID
        firstStartedAt = object["first_started_at"]?.stringValue.flatMap(Timestamp.init(iso8601:))
        notBefore = object["not_before"]?.stringValue.flatMap(Timestamp.init(iso8601:))
        attempts = (object["attempts"]?.arrayValue ?? []).compactMap(AttemptRecord.init(json:))
        uncountedCostUSD = max(0, object["uncounted_cost_usd"]?.doubleValue ?? 0)
        verdict = object["verdict"]?.objectValue.flatMap(Verdict.init)
        session = object["session"]?.objectValue.flatMap(Session.init)
        verification = object["verification"]?.objectValue.flatMap(Verification.init)
        complaint = object["complaint"]?.objectValue.flatMap(Complaint.init)
        if phase == .dead && verdict == nil { return nil }
    }

    /// What the lengths of records are multiples of.
    static let step = 64

    /// More than a hundred attempts with their messages need.
    static let maxBytes = 4 << 20
}

extension ClaimState: RecordPart {
    /// Hands over the members in the order in which they are written.
    package func add(to members: inout some MemberSink) {
        members.add("version", Int(Self.version))
        members.add("task_id", taskID)
        members.add("worker", worker)
        members.add("owner", owner)
        members.add("phase", phase.rawValue)
        members.add("attempt", attempt)
        members.add("run_id", runID)
        members.add("queued_at", queuedAt)
        members.add("digest", digest)
        members.add("first_started_at", ifThere: firstStartedAt)
        members.add("not_before", ifThere: notBefore)
        members.add("uncounted_cost_usd", dollars: uncountedCostUSD > 0 ? uncountedCostUSD : nil)
        if !attempts.isEmpty { members.add("attempts", attempts) }
        // Most records have none of these, and to hand over an empty one takes longer than to look.
        if let session { members.add("session", session) }
        if let verification { members.add("verification", verification) }
        if let complaint { members.add("complaint", complaint) }
        if let verdict { members.add("verdict", verdict) }
    }
}

extension ClaimState.Verdict: RecordPart {
    /// Hands over the members in the order in which they are written.
    package func add(to members: inout some MemberSink) {
        members.add("reason", reason.rawValue)
        members.add("failure_reason", failure.reason.rawValue)
        members.add("message", failure.message)
        members.add("permanent", json: .bool(failure.isPermanent))
        members.add("file", fileName)
        members.add("timestamp", timestamp)
    }
}

extension ClaimState.Verdict {
    fileprivate init?(_ object: JSONObject) {
        guard let reason = object["reason"]?.stringValue.flatMap(DeadLetterReason.init(rawValue:)),
            let failureReason = object["failure_reason"]?.stringValue.flatMap(FailureReason.init(rawValue:)),
            let message = object["message"]?.stringValue, let permanent = object["permanent"]?.boolValue,
            let file = object["file"]?.stringValue,
            let timestamp = object["timestamp"]?.stringValue.flatMap(Timestamp.init(iso8601:))
        else { return nil }
        self.init(
            reason: reason,
            failure: Failure(reason: failureReason, message: message, isPermanent: permanent),
            fileName: file,
            timestamp: timestamp
        )
    }
}
