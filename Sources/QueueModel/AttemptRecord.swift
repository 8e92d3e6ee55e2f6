// SPDX-License-Identifier: Apache-2.0
// One attempt of a task, as results and dead letters list it.

/// One attempt of a task.
package struct AttemptRecord: Sendable, Hashable {
    /// The attempt's number, from 1.
    package var number: Int
    /// When it started, if it did.
    package var startedAt: Timestamp?
    /// When it ended, if that is known.
    package var finishedAt: Timestamp?
    /// The exit code: 124 on timeout, 128 + n for signal n, nil when there was none.
    package var exitCode: Int?
    /// Why it failed; nil when it succeeded.
    package var reason: FailureReason?
    /// What happened, in one line for a person.
    package var message: String?
    /// How long it ran.
    package var duration: Duration
    /// What it cost in US dollars; nil when that is not known.
    package var costUSD: Double?
    /// The agent's session that it went on with; nil when it began with a new one.
    package var resumedSession: String?
    /// The tokens that it used; nil when that is not known.
    package var tokens: TokenCounts?

    /// An attempt.
    ///
    /// - Parameters:
    ///   - number: the attempt's number, from 1.
    ///   - startedAt: when it started.
    ///   - finishedAt: when it ended.
    ///   - exitCode: 124 on timeout, 128 + n for signal n.
    ///   - reason: why it failed; nil when it succeeded.
    ///   - message: what happened, in one line for a person.
    ///   - duration: how long it ran.
    ///   - costUSD: what it cost in US dollars.
    ///   - resumedSession: the agent's session that it went on with.
    ///   - tokens: the tokens that it used.
    package init(
        number: Int,
        startedAt: Timestamp? = nil,
        finishedAt: Timestamp? = nil,
        exitCode: Int? = nil,
        reason: FailureReason? = nil,
        message: String? = nil,
        duration: Duration = .zero,
        costUSD: Double? = nil,
        resumedSession: String? = nil,
        tokens: TokenCounts? = nil
    ) {
        self.number = number
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.exitCode = exitCode
        self.reason = reason
        self.message = message
        self.duration = duration
        self.costUSD = costUSD
        self.resumedSession = resumedSession
        self.tokens = tokens
    }

    /// The attempt that a JSON object describes, or nil when it describes none.
    package init?(json: JSONValue) {
        guard let object = json.objectValue else { return nil }
        let fields = RecordFields(object)
        do throws(RecordError) {
            number = try fields.required("number") { value in value.intValue.flatMap { $0 >= 1 ? $0 : nil } }
            startedAt = try fields.optional("started_at", \.timestampValue)
            finishedAt = try fields.optional("finished_at", \.timestampValue)
            exitCode = try fields.optional("exit_code", \.intValue)
            reason = try fields.optional("reason") { $0.word() }
            message = try fields.optional("message", \.stringValue)
            duration = try fields.optional("duration_seconds", \.durationValue) ?? .zero
            costUSD = try fields.optional("cost_usd", \.doubleValue)
            resumedSession = try fields.optional("resumed_session", \.stringValue)
            tokens = try fields.optional("tokens", TokenCounts.init(json:))
        } catch {
            return nil
        }
    }
}

extension AttemptRecord: RecordPart {
    /// Hands over the members in the order in which they are written.
    package func add(to members: inout some MemberSink) {
        members.add("number", number)
        members.add("started_at", orNull: startedAt)
        members.add("finished_at", orNull: finishedAt)
        members.add("exit_code", orNull: exitCode)
        members.add("reason", orNull: reason?.rawValue)
        members.add("duration_seconds", seconds: duration)
        members.add("message", ifThere: message)
        members.add("cost_usd", dollars: costUSD)
        members.add("resumed_session", ifThere: resumedSession)
        members.add("tokens", ifThere: tokens)
    }
}
