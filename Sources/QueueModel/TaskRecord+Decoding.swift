// SPDX-License-Identifier: Apache-2.0
// The rules of a task file, each with one clear message.

extension TaskRecord {
    /// Reads a task file.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - worker: the worker in whose directory it lies.
    ///   - limits: the limits from the settings.
    /// - Returns: the task.
    /// - Throws: the first broken rule, with the reason `too_large`, `invalid_json`, `worker_mismatch` or
    ///   `invalid_task`.
    package static func decode(
        _ bytes: [UInt8],
        for worker: WorkerID,
        limits: TaskLimits = TaskLimits()
    ) throws(TaskRejection) -> TaskRecord {
        guard bytes.count <= limits.maxBytes else {
            let message = "the file has \(bytes.count) bytes; at most \(limits.maxBytes) are allowed"
            throw TaskRejection(reason: .tooLarge, message: message)
        }
        let document: JSONValue
        do throws(JSONParseError) {
            document = try JSONParser.parse(bytes, limits: .file(limits.maxBytes))
        } catch {
            throw TaskRejection(reason: .invalidJSON, message: error.description)
        }
        guard let object = document.objectValue else {
            let message = "the file holds \(document.kindForMessage); give one JSON object"
            throw TaskRejection(reason: .invalidTask, message: message)
        }
        return try decode(object, for: worker, limits: limits)
    }

    /// Checks the fields of a task.
    ///
    /// - Parameters:
    ///   - object: the fields as they came; what a dead letter adds is left out.
    ///   - worker: the worker that shall run it.
    ///   - limits: the limits from the settings.
    /// - Returns: the task.
    /// - Throws: the first broken rule, with the reason `worker_mismatch` or `invalid_task`.
    package static func decode(
        _ object: JSONObject,
        for worker: WorkerID,
        limits: TaskLimits = TaskLimits()
    ) throws(TaskRejection) -> TaskRecord {
        let fields = DeadLetterRecord.withoutAdditions(object)
        do throws(FieldFault) {
            return try TaskFields(fields).record(for: worker, limits: limits)
        } catch {
            let message = "\(error.field): \(error.message)"
            throw TaskRejection(reason: error.reason, field: error.field, message: message, fields: fields)
        }
    }
}

/// A field that broke a rule.
private struct FieldFault: Error {
    var reason = DeadLetterReason.invalidTask
    let field: String
    let message: String
}

/// Reads one field after the other; `null` counts as absent.
private struct TaskFields {
    private let object: JSONObject

    init(_ object: JSONObject) {
        self.object = object
    }

    func record(for worker: WorkerID, limits: TaskLimits) throws(FieldFault) -> TaskRecord {
        TaskRecord(
            id: try requiredID(),
            description: try requiredDescription(),
            worker: try matchingWorker(worker),
            timeout: try timeout(upTo: limits.maxTimeout),
            priority: try priority(),
            dependencies: try dependencies(),
            metadata: try metadata(),
            createdAt: try timestamp("created_at", zoneMayBeMissing: true),
            notBefore: try timestamp("not_before"),
            expiresAt: try timestamp("expires_at"),
            maxRetries: try integer("max_retries", 0...100),
            maxCostUSD: try maxCostUSD(),
            agent: try identifier("agent"),
            sessionID: try text("session_id", meaning: "the agent's conversation to resume"),
            workingDirectory: try text("cwd", meaning: "a directory"),
            group: try identifier("group"),
            verify: try verify(),
            verifyRounds: try integer("verify_rounds", 0...20),
            fields: object
        )
    }

    // MARK: Fields

    private func requiredID() throws(FieldFault) -> TaskID {
        guard let id: TaskID = try identifier("task_id") else {
            throw FieldFault(field: "task_id", message: "missing; give \(TaskIDRule.ruleText)")
        }
        return id
    }

    private func requiredDescription() throws(FieldFault) -> String {
        let rule = "the prompt for the agent as a string that is not only white space"
        guard let value = value("description") else {
            throw FieldFault(field: "description", message: "missing; give \(rule)")
        }
        guard let text = value.stringValue else { throw wrongKind("description", value, rule) }
        // Most begin with a letter, which needs no table of all characters.
        let hasText = { (scalar: UnicodeScalar) in
            ("!"..."~").contains(scalar) || !scalar.properties.isWhitespace
        }
        guard text.unicodeScalars.contains(where: hasText) else {
            throw FieldFault(field: "description", message: "empty; give \(rule)")
        }
        return text
    }

    private func matchingWorker(_ worker: WorkerID) throws(FieldFault) -> WorkerID? {
        guard let named: WorkerID = try identifier("worker") else { return nil }
        guard named == worker else {
            let message = "\"\(named)\" does not match the directory of \"\(worker)\"; move the file or leave it out"
            throw FieldFault(reason: .workerMismatch, field: "worker", message: message)
        }
        return named
    }

    private func timeout(upTo longest: Duration) throws(FieldFault) -> Duration? {
        guard let value = value("timeout") else { return nil }
        var rule: String {
            let most = JSONNumber(milliseconds: longest.wholeMilliseconds)
            return "a number of seconds greater than 0 and at most \(most.text)"
        }
        guard let number = value.numberValue else { throw wrongKind("timeout", value, rule) }
        guard let seconds = number.double, seconds > 0, let timeout = Duration(secondsFromOutside: seconds),
            timeout <= longest
        else { throw outOfRange("timeout", number, rule) }
        // A timeout below the resolution would read as none at all.
        return max(timeout, .milliseconds(1))
    }

    private func priority() throws(FieldFault) -> Int {
        let rule = "\"critical\", \"high\", \"normal\", \"low\" or an integer from -100 to 100"
        switch value("priority") {
        case nil: return 0
        case .string(let word)?:
            guard let priority = Self.priorityWords[word] else {
                let message = "\(word.quotedForMessage) is not a priority; give \(rule)"
                throw FieldFault(field: "priority", message: message)
            }
            return priority
        case .number(let number)?:
            guard let priority = number.exactInt, (-100...100).contains(priority) else {
                throw outOfRange("priority", number, rule)
            }
            return Int(priority)
        case let value?: throw wrongKind("priority", value, rule)
        }
    }

    private static let priorityWords = ["critical": 100, "high": 50, "normal": 0, "low": -50]

    private func dependencies() throws(FieldFault) -> [TaskID] {
        guard let value = value("dependencies") else { return [] }
        guard let elements = value.arrayValue else { throw wrongKind("dependencies", value, "an array of task ids") }
        var (ids, seen): ([TaskID], Set<TaskID>) = ([], [])
        for (position, element) in elements.enumerated() {
            let id: TaskID = try identifier(element, in: "dependencies[\(position)]")
            if seen.insert(id).inserted { ids.append(id) }
        }
        return ids
    }

    private func metadata() throws(FieldFault) -> JSONObject? {
        guard let value = value("metadata") else { return nil }
        guard let object = value.objectValue else { throw wrongKind("metadata", value, "an object") }
        return object
    }

    private func verify() throws(FieldFault) -> [CheckName] {
        guard let value = value("verify") else { return [] }
        if value.stringValue != nil { return [try identifier(value, in: "verify")] }
        guard let elements = value.arrayValue else {
            throw wrongKind("verify", value, "the name of a check, or an array of such names")
        }
        var (names, seen): ([CheckName], Set<CheckName>) = ([], [])
        for (position, element) in elements.enumerated() {
            let name: CheckName = try identifier(element, in: "verify[\(position)]")
            if seen.insert(name).inserted { names.append(name) }
        }
        return names
    }

    private func maxCostUSD() throws(FieldFault) -> Double? {
        let rule = "a number of US dollars greater than 0 and at most 1000000"
        guard let value = value("max_cost_usd") else { return nil }
        guard let number = value.numberValue else { throw wrongKind("max_cost_usd", value, rule) }
        guard let cost = number.double, cost > 0, cost <= 1_000_000 else {
            throw outOfRange("max_cost_usd", number, rule)
        }
        return cost
    }

    // MARK: Kinds of fields

    private func integer(_ field: String, _ range: ClosedRange<Int64>) throws(FieldFault) -> Int? {
        guard let value = value(field) else { return nil }
        var rule: String { "an integer from \(range.lowerBound) to \(range.upperBound)" }
        guard let number = value.numberValue else { throw wrongKind(field, value, rule) }
        guard let integer = number.exactInt, range.contains(integer) else { throw outOfRange(field, number, rule) }
        return Int(integer)
    }

    private func value(_ field: String) -> JSONValue? {
        guard let value = object[field], !value.isNull else { return nil }
        return value
    }

    /// Producers of the older system stamp `created_at` without a zone; it only orders tasks, and is taken as UTC.
    private func timestamp(_ field: String, zoneMayBeMissing: Bool = false) throws(FieldFault) -> Timestamp? {
        let rule = "a time like 2026-01-02T03:04:05Z, with \"Z\" or an offset like +01:00"
        guard let value = value(field) else { return nil }
        guard let text = value.stringValue else { throw wrongKind(field, value, rule) }
        guard let timestamp = zoneMayBeMissing ? value.timestampValue : Timestamp(iso8601: text) else {
            throw FieldFault(field: field, message: "\(text.quotedForMessage) is not a time; give \(rule)")
        }
        return timestamp
    }

    /// A text that is handed to the operating system, which would cut it at a zero byte.
    private func text(_ field: String, meaning: String) throws(FieldFault) -> String? {
        guard let value = value(field) else { return nil }
        guard let text = value.stringValue else { throw wrongKind(field, value, "\(meaning) as a string") }
        guard !text.isEmpty, !text.utf8.contains(0) else {
            let found = text.isEmpty ? "empty" : "contains a zero byte"
            throw FieldFault(field: field, message: "\(found); give \(meaning), or leave it out")
        }
        return text
    }

    private func identifier<Rule>(_ field: String) throws(FieldFault) -> Identifier<Rule>? {
        guard let value = value(field) else { return nil }
        return try identifier(value, in: field)
    }

    private func identifier<Rule>(_ value: JSONValue, in field: String) throws(FieldFault) -> Identifier<Rule> {
        guard let text = value.stringValue else { throw wrongKind(field, value, Rule.ruleText) }
        do throws(IdentifierError) {
            return try Identifier(text)
        } catch {
            let message = "\(text.quotedForMessage) is not allowed; give \(Rule.ruleText)"
            throw FieldFault(field: field, message: message)
        }
    }

    // MARK: Faults

    private func wrongKind(_ field: String, _ value: JSONValue, _ rule: String) -> FieldFault {
        let found =
            switch value {
            case .string(let text): "\(text.quotedForMessage) is a string"
            case .number(let number): "\(number.textForMessage) is a number"
            case .bool(let flag): "\(flag) is a boolean"
            default: "is \(value.kindForMessage)"
            }
        return FieldFault(field: field, message: "\(found); give \(rule)")
    }

    private func outOfRange(_ field: String, _ number: JSONNumber, _ rule: String) -> FieldFault {
        FieldFault(field: field, message: "\(number.textForMessage) is not allowed; give \(rule)")
    }
}

extension JSONNumber {
    /// The number, cut after 40 characters.
    fileprivate var textForMessage: String {
        text.utf8.count <= 40 ? text : text.prefix(40) + "…"
    }
}
