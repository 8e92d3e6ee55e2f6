// SPDX-License-Identifier: Apache-2.0
// What the checks of a task found, as results list it.

/// One check that was run after an agent's success.
package struct CheckRecord: Sendable, Hashable {
    /// The configured check.
    package var name: CheckName
    /// Its exit code: 124 on timeout, 128 + n for signal n, nil when it could not be started.
    package var exitCode: Int?
    /// How long it ran.
    package var duration: Duration
    /// What it found in one line; nil when it passed.
    package var problem: String?
    /// The end of what it wrote, when it failed.
    package var output: String?

    /// A check.
    ///
    /// - Parameters:
    ///   - name: the configured check.
    ///   - exitCode: 124 on timeout, 128 + n for signal n.
    ///   - duration: how long it ran.
    ///   - problem: what it found in one line; nil when it passed.
    ///   - output: the end of what it wrote, when it failed.
    package init(
        name: CheckName,
        exitCode: Int? = nil,
        duration: Duration = .zero,
        problem: String? = nil,
        output: String? = nil
    ) {
        self.name = name
        self.exitCode = exitCode
        self.duration = duration
        self.problem = problem
        self.output = output
    }

    /// Whether it found nothing wrong.
    package var hasPassed: Bool { problem == nil }

    /// Whether it could not be run, so that no agent can mend what is wrong.
    package var isBroken: Bool { problem != nil && exitCode == nil }

    /// The check that a JSON object describes, or nil when it describes none.
    package init?(json: JSONValue) {
        guard let object = json.objectValue else { return nil }
        let fields = RecordFields(object)
        do throws(RecordError) {
            name = try fields.required("name") { $0.identifier() }
            exitCode = try fields.optional("exit_code", \.intValue)
            duration = try fields.optional("duration_seconds", \.durationValue) ?? .zero
            problem = try fields.optional("problem", \.stringValue)
            output = try fields.optional("output", \.stringValue)
        } catch {
            return nil
        }
    }
}

/// What became of the work of an agent that said that it was done.
package struct VerificationRecord: Sendable, Hashable {
    /// How often what was found went back to the agent.
    package var rounds: Int
    /// The checks of the last round, in order; the first one that fails is the last.
    package var checks: [CheckRecord]

    /// A verification.
    ///
    /// - Parameters:
    ///   - rounds: how often what was found went back to the agent.
    ///   - checks: the checks of the last round.
    package init(rounds: Int, checks: [CheckRecord]) {
        self.rounds = rounds
        self.checks = checks
    }

    /// Whether all checks have passed.
    package var hasPassed: Bool { checks.allSatisfy(\.hasPassed) }

    /// The verification that a JSON object describes, or nil when it describes none.
    package init?(json: JSONValue) {
        guard let object = json.objectValue else { return nil }
        rounds = object["rounds"]?.intValue ?? 0
        checks = (object["checks"]?.arrayValue ?? []).compactMap(CheckRecord.init(json:))
    }
}

// MARK: - Writing

extension CheckRecord: RecordPart {
    /// Hands over the members in the order in which they are written.
    package func add(to members: inout some MemberSink) {
        members.add("name", name)
        members.add("exit_code", orNull: exitCode)
        members.add("duration_seconds", seconds: duration)
        members.add("problem", ifThere: problem)
        members.add("output", ifThere: output)
    }
}

extension VerificationRecord: RecordPart {
    /// Hands over the members in the order in which they are written.
    package func add(to members: inout some MemberSink) {
        members.add("status", hasPassed ? "passed" : "failed")
        members.add("rounds", rounds)
        members.add("checks", checks)
    }
}
