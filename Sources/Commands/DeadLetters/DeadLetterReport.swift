// SPDX-License-Identifier: Apache-2.0
// Dead letters for people and for programs.

package import FileQueue
package import QueueModel
import SystemKit

/// Some dead letters at one moment.
package struct DeadLetterReport {
    /// The version of the JSON form.
    package static let schemaVersion = 1

    private let letters: [DeadLetter]
    private let now: Timestamp

    /// Prepares dead letters to be shown.
    /// - Parameters:
    ///   - letters: The dead letters, in the order in which they are shown.
    ///   - now: The wall-clock time.
    package init(_ letters: [DeadLetter], now: Timestamp) {
        self.letters = letters
        self.now = now
    }

    /// All of them as one document.
    package var json: JSONValue {
        [
            "schema_version": .integer(Self.schemaVersion),
            "dead_letters": .array(letters.map { .object(head($0)) }),
        ]
    }

    /// A line for each; the first column is what the other commands take.
    /// - Parameter width: The most characters of a line; `nil`: no limit.
    /// - Returns: A table, or a sentence when there are none.
    package func text(width: Int?) -> String {
        if letters.isEmpty { return "no dead letters" }
        var table = Table(["id", "worker", "reason", "age", "attempts", "error"])
        for letter in letters {
            table.add([
                printable(id(of: letter)), letter.worker.string, letter.record.reason.rawValue,
                "\(Age(of: letter.record.timestamp, at: now))",
                letter.record.attempts.isEmpty ? "-" : String(letter.record.attempts.count),
                printable(letter.record.error ?? ""),
            ])
        }
        return table.text(width: width)
    }

    /// The task's id where it names one dead letter only, else the file's name.
    private func id(of letter: DeadLetter) -> String {
        guard let id = letter.record.taskID, letters.count(where: { $0.record.taskID == id }) == 1 else {
            return letter.file.description
        }
        return id.string
    }

    private func head(_ letter: DeadLetter) -> JSONObject {
        var object: JSONObject = [
            "file": .string(letter.file.description), "worker": .string(letter.worker.string),
            "task_id": letter.record.taskID.map { .string($0.string) } ?? .null,
            "reason": .string(letter.record.reason.rawValue),
            "timestamp": .string(letter.record.timestamp.description),
            "age_seconds": .integer(Age(of: letter.record.timestamp, at: now).seconds),
            "retry_count": .integer(letter.record.retryCount),
        ]
        object["error"] = letter.record.error.map(JSONValue.string)
        object["raw_file"] = letter.record.rawFile.map(JSONValue.string)
        return object
    }
}

// MARK: - One dead letter

extension DeadLetterReport {
    /// One dead letter whole, as a document.
    /// - Parameter letter: The dead letter.
    /// - Returns: What the list says, and the attempts and the task as it came.
    package func json(of letter: DeadLetter) -> JSONValue {
        var object: JSONObject = ["schema_version": .integer(Self.schemaVersion)]
        for (key, value) in head(letter).members { object[key] = value }
        object["attempts"] = .array(letter.record.attempts.map(\.json))
        object["task"] = letter.record.task.map(JSONValue.object) ?? .null
        return .object(object)
    }

    /// One dead letter whole, for people.
    /// - Parameters:
    ///   - letter: The dead letter.
    ///   - directory: Where it lies.
    /// - Returns: Lines.
    package func text(of letter: DeadLetter, in directory: String) -> String {
        let record = letter.record
        var table = Table([])
        table.add(["task", printable(record.taskID?.string ?? "none: the file never was a task")])
        table.add(["worker", letter.worker.string])
        table.add(["reason", record.reason.rawValue])
        if let error = record.error { table.add(["error", printable(error)]) }
        table.add(["since", "\(record.timestamp.second), \(Age(of: record.timestamp, at: now)) ago"])
        table.add(["file", printable("\(directory)/\(letter.file)")])
        if let raw = record.rawFile { table.add(["as it came", printable("\(directory)/\(raw)")]) }
        var blocks = [table.text(width: nil)]
        if !record.attempts.isEmpty { blocks.append(attempts(record.attempts)) }
        if let description = record.task?["description"]?.stringValue {
            let lines = description.split(separator: "\n", omittingEmptySubsequences: false)
            blocks.append("description\n" + lines.map { "  " + printable(String($0)) }.joined(separator: "\n"))
        }
        return blocks.joined(separator: "\n\n")
    }

    private func attempts(_ attempts: [AttemptRecord]) -> String {
        var table = Table(["attempt", "started", "took", "exit code", "reason", "what happened"])
        for attempt in attempts {
            table.add([
                String(attempt.number), attempt.startedAt?.second ?? "-", DurationText.format(attempt.duration),
                attempt.exitCode.map(String.init) ?? "-", attempt.reason?.rawValue ?? "-",
                printable(attempt.message ?? ""),
            ])
        }
        return table.text(width: nil)
    }
}
