// SPDX-License-Identifier: Apache-2.0
// A task as its producer wrote it, checked against every rule.

/// A task that keeps every rule of the protocol.
package struct TaskRecord: Sendable, Equatable {
    /// The identity of the task, across the whole root.
    package let id: TaskID
    /// The prompt for the agent, as it came; it has at least one character that is not white space.
    package let description: String
    /// The worker that the task names, if it does; it is the one whose directory the task lies in.
    package let worker: WorkerID?
    /// How long one attempt may take.
    package let timeout: Duration?
    /// From -100 to 100, the higher the earlier.
    package let priority: Int
    /// The tasks that must complete first, each once, in the order they came.
    package let dependencies: [TaskID]
    /// What comes back unchanged in the result.
    package let metadata: JSONObject?
    /// When the producer made the task, by its own clock.
    package let createdAt: Timestamp?
    /// When the task may start at the earliest.
    package let notBefore: Timestamp?
    /// When the task may start at the latest.
    package let expiresAt: Timestamp?
    /// How many times a failed attempt may be repeated, 0 to 100.
    package let maxRetries: Int?
    /// The most that all attempts together may cost in US dollars.
    package let maxCostUSD: Double?
    /// The agent profile to run.
    package let agent: AgentName?
    /// The agent's conversation to resume.
    package let sessionID: String?
    /// The working directory that the task asks for; whether it is allowed is not checked here.
    package let workingDirectory: String?
    /// The group the task belongs to.
    package let group: GroupName?
    /// The checks that its work must pass besides those of the agent's profile, each once, in the order they came.
    package let verify: [CheckName]
    /// How often what a check found goes back to the agent, 0 to 20.
    package let verifyRounds: Int?
    /// Every field as it came, unknown ones included, without what a dead letter adds.
    package let fields: JSONObject

    /// The task as JSON, every field as it came.
    ///
    /// - Parameter pretty: whether to put each member on its own line.
    /// - Returns: the document in UTF-8.
    package func encoded(pretty: Bool = false) -> [UInt8] {
        JSONWriter.bytes(.object(fields), pretty: pretty)
    }

    /// The SHA-256 digest of the content; the order of members, white space and the choice of escapes do not matter.
    package var contentDigest: String {
        Digest.sha256(JSONWriter.canonicalBytes(.object(fields)))
    }
}

/// The limits of a task that the settings may move.
package struct TaskLimits: Sendable, Equatable {
    /// The most bytes of a task file.
    package var maxBytes: Int
    /// The longest timeout that a task may ask for.
    package var maxTimeout: Duration

    /// Limits of a task.
    ///
    /// - Parameters:
    ///   - maxBytes: the most bytes of a task file.
    ///   - maxTimeout: the longest timeout that a task may ask for.
    package init(maxBytes: Int = 1 << 20, maxTimeout: Duration = .seconds(86_400)) {
        self.maxBytes = maxBytes
        self.maxTimeout = maxTimeout
    }
}

/// Why a file is not a task that may run.
package struct TaskRejection: Error, Sendable, Equatable, CustomStringConvertible {
    /// The reason that the dead letter carries.
    package let reason: DeadLetterReason
    /// The field that broke a rule, if it was one.
    package let field: String?
    /// What was found and what to give instead, in one line.
    package let message: String
    /// The fields as they came, when the file held a JSON object; without what an earlier dead letter had added.
    package let fields: JSONObject?

    /// A rejection.
    ///
    /// - Parameters:
    ///   - reason: the reason that the dead letter carries.
    ///   - field: the field that broke a rule.
    ///   - message: what was found and what to give instead, in one line.
    ///   - fields: the fields as they came.
    package init(reason: DeadLetterReason, field: String? = nil, message: String, fields: JSONObject? = nil) {
        self.reason = reason
        self.field = field
        self.message = message
        self.fields = fields
    }

    /// The id that the file gives, when at least that keeps its rule.
    package var taskID: TaskID? {
        fields?["task_id"]?.stringValue.flatMap { TaskID(bytes: $0.utf8) }
    }

    /// The message.
    package var description: String { message }
}
