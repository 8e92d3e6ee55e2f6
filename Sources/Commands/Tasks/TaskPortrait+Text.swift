// SPDX-License-Identifier: Apache-2.0
// A task for people.

import QueueModel

extension TaskPortrait {
    /// How much of a description or an answer is shown.
    private static let mostLines = 20
    private static let mostCharacters = 4_000

    /// The task as a page of text.
    /// - Parameters:
    ///   - output: How to style it.
    ///   - now: The present time.
    /// - Returns: Several lines.
    func text(_ output: Output, now: Timestamp) -> String {
        var blocks = ["\(output.styled(id.string, .heading))  \(output.styled(state.rawValue, style))"]
        blocks.append(rows(facts(now)))
        if !attempts.isEmpty {
            let title = mostAttempts.map { "Attempts, at most \($0)" } ?? "Attempts"
            blocks.append(section(title, attempts.flatMap { $0.lines(now) }, output))
        }
        if let failure {
            blocks.append(section("Failure", [failureLine(failure)], output))
        }
        for check in result?.verification?.checks ?? [] {
            guard let written = check.output else { continue }
            let path = "verify-\(check.name) in the directory of its attempt has all"
            blocks.append(section("Check \(check.name)", Self.excerpt(written, path), output))
        }
        if !letters.isEmpty { blocks.append(section("Dead letters", letters.flatMap { $0.lines(now) }, output)) }
        if let answer = result?.output ?? result?.stdout, !answer.isEmpty {
            let remedy = "vigil logs \(id) shows all"
            blocks.append(section(result?.output == nil ? "Output" : "Answer", Self.excerpt(answer, remedy), output))
        }
        return blocks.joined(separator: "\n\n")
    }

    private var style: Output.Style {
        switch state {
        case .completed: .good
        case .failed, .cancelled, .refused: .bad
        case .queued, .waiting, .running: .warning
        }
    }

    private func failureLine(_ failure: Failure) -> String {
        "\(printable(failure.message)) (\(failure.reason.rawValue)"
            + (isBeyondRetrying ? ", another attempt would fail the same way)" : ")")
    }

    // MARK: Facts

    private func facts(_ now: Timestamp) -> [(String, [String])] {
        var facts: [(String, [String])] = [("worker", [worker.string])]
        // A running task waits for nothing, but its outcome may have to wait for a daemon.
        let title = state == .running ? "daemon" : "waits"
        if !waits.isEmpty { facts.append((title, waits.map { $0.text(now: now) })) }
        if let fields { facts += ownFacts(fields, now) }
        if let queuedAt { facts.append(("queued", [queuedAt.described(at: now)])) }
        if let result { facts += resultFacts(result, now) }
        if let check { facts.append(("check", ["\(check) looks at what the agent has done"])) }
        if let taskPath { facts.append(("file", [printable(taskPath)])) }
        if let description = fields?["description"]?.stringValue {
            facts.append(("description", Self.excerpt(description, "vigil show \(id) --json shows all")))
        }
        return facts
    }

    /// What the task asks for, as it came.
    private func ownFacts(_ fields: JSONObject, _ now: Timestamp) -> [(String, [String])] {
        let shown = [
            ("priority", "priority"), ("timeout", "timeout"), ("dependencies", "after"), ("not_before", "not before"),
            ("expires_at", "expires"), ("agent", "agent"), ("session_id", "resumes"), ("verify", "verify"),
            ("cwd", "directory"), ("group", "group"),
            ("metadata", "metadata"),
        ]
        return shown.compactMap { field, title in
            guard let value = fields[field], !value.isNull else { return nil }
            return (title, [printable(Self.text(of: value, field, now))])
        }
    }

    private static func text(of value: JSONValue, _ field: String, _ now: Timestamp) -> String {
        switch (field, value) {
        case ("timeout", .number(let number)): return number.text + " s"
        case ("not_before", .string(let text)), ("expires_at", .string(let text)):
            return Timestamp(iso8601: text)?.described(at: now) ?? text
        case (_, .string(let text)): return text
        case (_, .array(let values)): return values.compactMap(\.stringValue).joined(separator: ", ")
        case (_, .object(let object)):
            return object.members.map { key, value in
                "\(key)=\(value.stringValue ?? JSONWriter.text(value))"
            }.joined(separator: ", ")
        default: return JSONWriter.text(value)
        }
    }

    private func resultFacts(_ result: ResultRecord, _ now: Timestamp) -> [(String, [String])] {
        var facts: [(String, [String])] = [("ended", [result.timestamp.described(at: now)])]
        if let queueTime = result.queueTime, !result.attempts.isEmpty {
            facts.append(("took", ["\(result.duration.rounded), after \(queueTime.rounded) in the queue"]))
        }
        if let group = result.group { facts.append(("group", [group.string])) }
        if let agent = result.agent {
            let parts = [
                agent.name.string, agent.model, agent.turns.map { "\($0) turns" },
                agent.sessionID.map { "conversation \($0)" },
            ]
            facts.append(("agent", [printable(parts.compactMap { $0 }.joined(separator: ", "))]))
        }
        if let cost = CostText.text(result.costUSD ?? result.agent?.costUSD, result.tokens) {
            facts.append(("cost", [cost]))
        }
        if let verification = result.verification {
            let checks = verification.checks.map { check in
                "\(check.name) \(check.hasPassed ? "passed" : "failed") after \(check.duration.rounded)"
            }
            let rounds = verification.rounds > 0 ? ", round \(verification.rounds)" : ""
            facts.append(("checks", [checks.joined(separator: ", ") + rounds]))
        }
        if let resultPath { facts.append(("result", [printable(resultPath)])) }
        return facts
    }

    // MARK: Layout

    private func rows(_ facts: [(String, [String])]) -> String {
        var seen: Set<String> = []
        // A fact of the task counts before the same one of its result.
        let facts = facts.filter { seen.insert($0.0).inserted }
        let width = facts.map(\.0.count).max() ?? 0
        return facts.map { title, lines in
            let margin = String(repeating: " ", count: width + 4)
            let head = "  \(title)" + String(repeating: " ", count: width - title.count + 2)
            return lines.enumerated().map { ($0.offset == 0 ? head : margin) + $0.element }.joined(separator: "\n")
        }.joined(separator: "\n")
    }

    private func section(_ title: String, _ lines: [String], _ output: Output) -> String {
        ([output.styled(title, .heading)] + lines.map { "  " + $0 }).joined(separator: "\n")
    }

    /// The first lines of a text, safe for a terminal.
    private static func excerpt(_ text: String, _ remedy: String) -> [String] {
        let head = text.prefix(mostCharacters)
        var lines = head.split(separator: "\n", omittingEmptySubsequences: false)
        while lines.last?.allSatisfy(\.isWhitespace) == true { lines.removeLast() }
        let isCut = head.endIndex < text.endIndex || lines.count > mostLines
        return lines.prefix(mostLines).map { printable(String($0).replacing("\t", with: "    ")) }
            + (isCut ? ["… \(remedy)"] : [])
    }
}

extension TaskPortrait.Attempt {
    fileprivate func lines(_ now: Timestamp) -> [String] {
        let files = logs.map { "\(printable($0.path)) (\($0.size) bytes)" }
        return ["\(record.number)  \(summary(now))"] + files.map { "   \($0)" }
    }

    private var cost: String { CostText.text(record.costUSD, record.tokens).map { ", " + $0 } ?? "" }

    private func summary(_ now: Timestamp) -> String {
        if isCurrent {
            let start = record.startedAt.map { ", since \($0.described(at: now))" } ?? ""
            return hasEnded ? "ended, its outcome is not taken up yet" : "running\(start)\(cost)"
        }
        guard let reason = record.reason else { return "completed in \(record.duration.rounded)\(cost)" }
        let message = "\(printable(record.message ?? "")) (\(reason.rawValue))"
        return "failed after \(record.duration.rounded)\(cost): \(message)"
    }
}

extension TaskPortrait.Letter {
    fileprivate func lines(_ now: Timestamp) -> [String] {
        [
            "\(record.timestamp.described(at: now)): \(printable(record.error ?? "")) (\(record.reason.rawValue))",
            "  \(printable(path))",
        ]
    }
}
