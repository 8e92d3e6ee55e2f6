// SPDX-License-Identifier: Apache-2.0
// What a request may have beside its path, as data: what is read and what is documented cannot differ.

package import QueueModel

/// A parameter of a query.
package struct APIParameter: Sendable, Equatable {
    /// The name.
    package let name: String
    /// What it does, in one line.
    package let summary: String
    /// The JSON schema of its value.
    package let schema: JSONValue
    /// Whether it may be there more than once.
    package let isRepeatable: Bool

    init(_ name: String, _ summary: String, _ schema: JSONValue, isRepeatable: Bool = false) {
        self.name = name
        self.summary = summary
        self.schema = schema
        self.isRepeatable = isRepeatable
    }

    /// One of a few words.
    static func word(_ name: String, _ summary: String, _ words: [String], isRepeatable: Bool = false) -> APIParameter {
        let schema: JSONValue = ["type": "string", "enum": .array(words.map(JSONValue.string))]
        return APIParameter(name, summary, schema, isRepeatable: isRepeatable)
    }

    /// Any text.
    static func text(_ name: String, _ summary: String) -> APIParameter {
        APIParameter(name, summary, ["type": "string"])
    }

    /// A whole number.
    static func number(_ name: String, _ summary: String, in range: ClosedRange<Int>) -> APIParameter {
        APIParameter(
            name,
            summary,
            ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
        )
    }
}

/// What the body of a request has to be.
package enum APIBody: Sendable, Equatable {
    /// There is none.
    case none
    /// A task file with its worker.
    case task
    /// How many attempts a worker runs at once.
    case slots

    /// The JSON schema; nil for none.
    var schema: JSONValue? {
        switch self {
        case .none: nil
        case .task:
            [
                "type": "object",
                "description": "A task file, as docs/tasks.md describes it; without a task_id it gets one.",
                "required": ["worker", "description"],
                "properties": ["worker": ["type": "string"], "description": ["type": "string"]],
            ]
        case .slots:
            [
                "type": "object", "additionalProperties": false, "required": ["max_concurrent"],
                "properties": [
                    "max_concurrent": [
                        "type": "integer", "minimum": .integer(WorkerSlots.range.lowerBound),
                        "maximum": .integer(WorkerSlots.range.upperBound),
                    ]
                ],
            ]
        }
    }
}
