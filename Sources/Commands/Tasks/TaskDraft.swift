// SPDX-License-Identifier: Apache-2.0
// A task as the options of a command line describe it.

import ArgumentParser
package import QueueModel

/// What a person wants to have done; the rules of tasks are not checked yet.
package struct TaskDraft: Sendable {
    /// The prompt for the agent.
    package var description: String
    /// A word or a number.
    package var priority: String?
    /// The time limit of an attempt.
    package var timeout: Duration?
    /// The tasks that must complete first.
    package var dependencies: [TaskID] = []
    /// When the task may start at the earliest.
    package var notBefore: Timestamp?
    /// When the task may start at the latest.
    package var expiresAt: Timestamp?
    /// How often a failed attempt is repeated.
    package var maxRetries: Int?
    /// What all attempts together may cost in US dollars.
    package var maxCostUSD: Double?
    /// The agent profile.
    package var agent: AgentName?
    /// The agent's session to go on with.
    package var sessionID: String?
    /// The checks that the work must pass.
    package var verify: [CheckName] = []
    /// How often what a check found goes back to the agent.
    package var verifyRounds: Int?
    /// The working directory, an absolute path.
    package var workingDirectory: String?
    /// The group.
    package var group: GroupName?
    /// What comes back in the result.
    package var metadata: [Metadatum] = []

    /// One entry of the metadata.
    package struct Metadatum: Sendable, Equatable {
        /// Its name, not empty.
        package let key: String
        /// Its value, always a string.
        package let value: String

        /// Reads `key=value`; the value may be empty, and may hold further equals signs.
        /// - Parameter text: What was typed.
        /// - Throws: `ValidationError` without an equals sign or a key.
        package init(_ text: String) throws {
            guard let sign = text.utf8.firstIndex(of: UInt8(ascii: "=")), sign > text.startIndex else {
                throw ValidationError("give KEY=VALUE")
            }
            key = String(text[..<sign])
            value = String(text[text.utf8.index(after: sign)...])
        }
    }

    /// A draft with nothing but its prompt.
    /// - Parameter description: The prompt for the agent.
    package init(_ description: String) { self.description = description }

    /// The fields of the task file; what was not given is left to the worker.
    ///
    /// The same draft gives the same bytes, so that a repeat is known as one.
    /// - Parameter id: The task's id.
    /// - Returns: The fields in the order of the protocol.
    package func fields(id: TaskID) -> JSONObject {
        var fields: JSONObject = ["task_id": .string(id.string), "description": .string(description)]
        fields["timeout"] = timeout.map(JSONValue.seconds)
        fields["priority"] = priority.map { text in Int(text).map { .integer($0) } ?? .string(text) }
        if !dependencies.isEmpty { fields["dependencies"] = .array(dependencies.map { .string($0.string) }) }
        if !metadata.isEmpty { fields["metadata"] = .object(JSONObject(metadata.map { ($0.key, .string($0.value)) })) }
        fields["not_before"] = notBefore.map { .string($0.description) }
        fields["expires_at"] = expiresAt.map { .string($0.description) }
        fields["max_retries"] = maxRetries.map { .integer($0) }
        fields["max_cost_usd"] = maxCostUSD.map { .decimal($0) }
        fields["agent"] = agent.map { .string($0.string) }
        fields["session_id"] = sessionID.map(JSONValue.string)
        if !verify.isEmpty { fields["verify"] = .array(verify.map { .string($0.string) }) }
        fields["verify_rounds"] = verifyRounds.map { .integer($0) }
        fields["cwd"] = workingDirectory.map(JSONValue.string)
        fields["group"] = group.map { .string($0.string) }
        return fields
    }

    /// The task, judged by the rules that the worker has.
    /// - Parameters:
    ///   - id: The task's id.
    ///   - worker: Who is to do it.
    ///   - limits: The worker's limits.
    /// - Returns: The task.
    /// - Throws: `TaskRejection` with the first broken rule.
    package func task(id: TaskID, for worker: WorkerID, limits: TaskLimits) throws(TaskRejection) -> TaskRecord {
        try TaskRecord.decode(JSONWriter.bytes(.object(fields(id: id))), for: worker, limits: limits)
    }
}
