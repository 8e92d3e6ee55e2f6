// SPDX-License-Identifier: Apache-2.0
// The one final result of a task.

/// The one final result of a task.
package struct ResultRecord: Sendable, Equatable {
    /// The task.
    package var taskID: TaskID
    /// The worker that ran it.
    package var worker: WorkerID
    /// How it ended.
    package var status: TaskStatus
    /// The last attempt's exit code: 124 on timeout, 128 + n for signal n, nil when nothing ran.
    package var exitCode: Int?
    /// The last attempt's standard output, or its first and last half with a marker between.
    package var stdout = ""
    /// The last attempt's standard error, or its first and last half with a marker between.
    package var stderr = ""
    /// Whether `stdout` is not the whole.
    package var stdoutTruncated = false
    /// Whether `stderr` is not the whole.
    package var stderrTruncated = false
    /// The agent's final answer, where its format gives one.
    package var output: String?
    /// Why the task ended without success.
    package var failure: Failure?
    /// How long the last attempt ran.
    package var duration = Duration.zero
    /// When the task ended.
    package var timestamp: Timestamp
    /// The number of attempts after the first.
    package var retryCount = 0
    /// When the task was accepted.
    package var queuedAt: Timestamp?
    /// When the last attempt started.
    package var startedAt: Timestamp?
    /// When the last attempt ended.
    package var finishedAt: Timestamp?
    /// How long the task waited before its first attempt.
    package var queueTime: Duration?
    /// Every attempt, in order.
    package var attempts: [AttemptRecord] = []
    /// What the agent said about its own run.
    package var agent: AgentSummary?
    /// What all runs cost together in US dollars, those that did not count included; nil when nothing is known.
    package var costUSD: Double?
    /// The tokens of all attempts together; nil when nothing is known.
    package var tokens: TokenCounts?
    /// What the checks of the last attempt found; nil when none were run.
    package var verification: VerificationRecord?
    /// Where the full output of every attempt is, relative to the result's directory.
    package var logs: String?
    /// The task's metadata, unchanged.
    package var metadata: JSONObject?
    /// The task's group.
    package var group: GroupName?
    /// The digest of the task's content, by which a repeated submission is known; empty in older results.
    package var taskDigest = ""

    /// A result with only what every result has.
    ///
    /// - Parameters:
    ///   - taskID: the task.
    ///   - worker: the worker that ran it.
    ///   - status: how it ended.
    ///   - timestamp: when it ended.
    package init(taskID: TaskID, worker: WorkerID, status: TaskStatus, timestamp: Timestamp) {
        self.taskID = taskID
        self.worker = worker
        self.status = status
        self.timestamp = timestamp
    }

    /// The result as JSON on one line.
    package func encoded() -> [UInt8] {
        line
    }
}

extension ResultRecord: RecordPart {
    /// Hands over the members in the order in which they are written.
    ///
    /// What does not apply is left out, except for `exit_code`, which is then `null`.
    package func add(to members: inout some MemberSink) {
        members.add("task_id", taskID)
        members.add("worker", worker)
        members.add("status", status.rawValue)
        members.add("exit_code", orNull: exitCode)
        members.add("stdout", stdout)
        members.add("stderr", stderr)
        members.add("stdout_truncated", ifSet: stdoutTruncated)
        members.add("stderr_truncated", ifSet: stderrTruncated)
        members.add("output", ifThere: output)
        members.add("failure", ifThere: failure)
        members.add("duration_seconds", seconds: duration)
        members.add("timestamp", timestamp)
        members.add("retry_count", retryCount)
        members.add("queued_at", ifThere: queuedAt)
        members.add("started_at", ifThere: startedAt)
        members.add("finished_at", ifThere: finishedAt)
        if let queueTime { members.add("queue_seconds", seconds: queueTime) }
        members.add("attempts", attempts)
        members.add("agent", ifThere: agent)
        members.add("cost_usd", dollars: costUSD)
        members.add("tokens", ifThere: tokens)
        members.add("verification", ifThere: verification)
        members.add("logs", ifThere: logs)
        members.add("metadata", ifThere: metadata)
        members.add("group", ifThere: group?.string)
        if !taskDigest.isEmpty { members.add("task_digest", taskDigest) }
    }
}

// MARK: - Reading

extension ResultRecord {
    /// Reads a result of this or the older system; unknown fields are ignored.
    ///
    /// - Parameter bytes: the whole file.
    /// - Returns: the result; a timestamp without a zone is taken as UTC.
    /// - Throws: ``RecordError`` with the first field that cannot be read.
    package static func decode(_ bytes: [UInt8]) throws(RecordError) -> ResultRecord {
        let fields = try RecordFields(parsing: bytes)
        var record = ResultRecord(
            taskID: try fields.required("task_id") { $0.identifier() },
            worker: try fields.required("worker") { $0.identifier() },
            status: try fields.required("status") { $0.word() },
            timestamp: try fields.required("timestamp", \.timestampValue)
        )
        try record.readOutcome(fields)
        try record.readHistory(fields)
        return record
    }

    private mutating func readOutcome(_ fields: RecordFields) throws(RecordError) {
        exitCode = try fields.optional("exit_code", \.intValue)
        stdout = try fields.optional("stdout", \.stringValue) ?? ""
        stderr = try fields.optional("stderr", \.stringValue) ?? ""
        stdoutTruncated = try fields.optional("stdout_truncated", \.boolValue) ?? false
        stderrTruncated = try fields.optional("stderr_truncated", \.boolValue) ?? false
        output = try fields.optional("output", \.stringValue)
        failure = try fields.optional("failure", Failure.init(json:))
        agent = try fields.optional("agent", AgentSummary.init(json:))
        costUSD = try fields.optional("cost_usd", \.doubleValue)
        tokens = try fields.optional("tokens", TokenCounts.init(json:))
        verification = try fields.optional("verification", VerificationRecord.init(json:))
        logs = try fields.optional("logs", \.stringValue)
        metadata = try fields.optional("metadata", \.objectValue)
        group = try fields.optional("group") { $0.identifier() }
        taskDigest = try fields.optional("task_digest", \.stringValue) ?? ""
    }

    private mutating func readHistory(_ fields: RecordFields) throws(RecordError) {
        duration = try fields.optional("duration_seconds", \.durationValue) ?? .zero
        retryCount = try fields.optional("retry_count", \.countValue) ?? 0
        queuedAt = try fields.optional("queued_at", \.timestampValue)
        startedAt = try fields.optional("started_at", \.timestampValue)
        finishedAt = try fields.optional("finished_at", \.timestampValue)
        queueTime = try fields.optional("queue_seconds", \.durationValue)
        attempts = try fields.optional("attempts", \.attemptsValue) ?? []
    }
}

extension Failure: RecordPart {
    /// Hands over the members in the order in which they are written.
    package func add(to members: inout some MemberSink) {
        members.add("reason", reason.rawValue)
        members.add("message", message)
        members.add("permanent", json: .bool(isPermanent))
        members.add("class", failureClass.rawValue)
    }

    /// The failure that a JSON object describes, or nil when it describes none.
    package init?(json: JSONValue) {
        guard let object = json.objectValue else { return nil }
        let fields = RecordFields(object)
        do throws(RecordError) {
            reason = try fields.required("reason") { $0.word() }
            message = try fields.optional("message", \.stringValue) ?? ""
            isPermanent = try fields.optional("permanent", \.boolValue) ?? false
        } catch {
            return nil
        }
    }
}
