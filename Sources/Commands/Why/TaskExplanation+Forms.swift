// SPDX-License-Identifier: Apache-2.0
// An explanation for people and for programs.

package import QueueModel

extension TaskExplanation {
    /// The version of the JSON form: it grows when a member changes its meaning or goes.
    package static let schemaVersion = 1

    /// The explanation as a page of text.
    /// - Parameter now: The present time.
    /// - Returns: Blocks of lines; only the sentence when there is no more to say.
    package func text(now: Timestamp) -> String { text(now: now) { text, _ in text } }

    func text(now: Timestamp, paint: (String, Output.Style) -> String) -> String {
        var blocks = [sentence]
        func add(_ title: String, _ lines: [String]) {
            if lines.isEmpty { return }
            blocks.append(([paint(title, .heading)] + lines.map { "  " + $0 }).joined(separator: "\n"))
        }
        add("What it needs", chain.map { String(repeating: "  ", count: $0.depth - 1) + $0.text })
        add("What happened", events.map { $0.line(now) })
        add("What to do", remedies)
        return blocks.joined(separator: "\n\n")
    }

    /// The explanation as one document; every member is always there.
    /// - Parameter facts: What it was drawn from.
    /// - Returns: The document.
    package func json(_ facts: TaskCircumstances) -> JSONValue {
        [
            "schema_version": .integer(Self.schemaVersion),
            "task_id": .string(facts.id.string),
            "worker": facts.portrait.map { .string($0.worker.string) } ?? .null,
            "state": facts.portrait.map { .string($0.state.rawValue) } ?? .null,
            "cause": .string(cause),
            "sentence": .string(sentence),
            "waiting_for": .array((facts.portrait?.waits ?? []).map(\.json)),
            "chain": .array(chain.map(\.json)),
            "ring": ids(facts.ring),
            "cancel_requested_at": facts.cancelAskedAt.map { .string($0.description) } ?? .null,
            "ahead": facts.ahead.map { .integer($0.count) } ?? .null,
            "events": .array(events.map(\.json)),
            "remedies": .array(remedies.map(JSONValue.string)),
            "nearest": ids(facts.nearest),
        ]
    }

    private func ids(_ ids: [TaskID]) -> JSONValue { .array(ids.map { .string($0.string) }) }
}

extension TaskExplanation.Event {
    fileprivate func line(_ now: Timestamp) -> String { (time.map { "\($0.described(at: now)): " } ?? "") + text }

    fileprivate var json: JSONValue {
        ["timestamp": time.map { .string($0.description) } ?? .null, "text": .string(text)]
    }
}

extension TaskExplanation.Step {
    fileprivate var json: JSONValue {
        [
            "depth": .integer(depth), "task_id": .string(id.string), "state": state.map(JSONValue.string) ?? .null,
            "text": .string(text),
        ]
    }
}
