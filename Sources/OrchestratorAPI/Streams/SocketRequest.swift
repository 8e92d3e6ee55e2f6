// SPDX-License-Identifier: Apache-2.0
// What a client asks for over a WebSocket.

package import HTTPServer
package import QueueModel

/// What a client asks for over a WebSocket, in one JSON object.
package enum SocketRequest: Sendable, Equatable {
    /// The output of a task.
    package struct Output: Sendable, Hashable {
        /// The task.
        package var task: TaskID
        /// Whether standard error is meant, and not standard output.
        package var isError = false

        /// Names an output.
        /// - Parameters:
        ///   - task: The task.
        ///   - isError: Whether standard error is meant.
        package init(task: TaskID, isError: Bool = false) {
            self.task = task
            self.isError = isError
        }

        /// The name of the stream.
        package var stream: String { isError ? "stderr" : "stdout" }
    }

    /// To be sent events.
    case followEvents(EventFilter, after: Int64?)
    /// To be sent output.
    case followOutput(Output, attempt: Int?, offset: Int64)
    /// To be sent no more events.
    case leaveEvents
    /// To be sent no more output.
    case leaveOutput(Output)

    /// The most bytes of a request.
    package static let maxBytes = 8 << 10

    /// Reads a request.
    /// - Parameter message: A message of the client.
    /// - Returns: The request.
    /// - Throws: 400 for what is no request, with the name of what is wrong.
    package static func read(_ message: WebSocketMessage) throws(HTTPError) -> SocketRequest {
        guard case .text(let bytes) = message else { throw .badRequest("send requests as text") }
        let value: JSONValue
        do { value = try JSONParser.parse(bytes, limits: .file(maxBytes)) } catch {
            throw .badRequest("the message is not JSON: \(error)")
        }
        guard let object = value.objectValue else { throw .badRequest("the message is not a JSON object") }
        let reader = MemberReader(object)
        switch (try reader.word("op"), try reader.word("to")) {
        case ("subscribe", "events"): return try reader.followEvents()
        case ("subscribe", "log"):
            try reader.require(["op", "to", "task", "stream", "attempt", "offset"])
            return .followOutput(
                try reader.output(),
                attempt: try reader.number("attempt", in: 1...1_000_000).map { Int($0) },
                offset: try reader.number("offset", in: 0...Int64.max) ?? 0
            )
        case ("unsubscribe", "events"):
            try reader.require(["op", "to"])
            return .leaveEvents
        case ("unsubscribe", "log"):
            try reader.require(["op", "to", "task", "stream"])
            return .leaveOutput(try reader.output())
        default: throw .badRequest("op: give subscribe or unsubscribe; to: give events or log")
        }
    }
}

/// The members of a request.
private struct MemberReader {
    let object: JSONObject

    init(_ object: JSONObject) { self.object = object }

    func require(_ known: [String]) throws(HTTPError) {
        guard let odd = object.keys.first(where: { !known.contains($0) }) else { return }
        throw .badRequest("there is no member \(odd) here; known are \(known.joined(separator: ", "))")
    }

    func word(_ name: String) throws(HTTPError) -> String? {
        guard let value = object[name] else { return nil }
        guard let word = value.stringValue else { throw .badRequest("\(name): give a text") }
        return word
    }

    func identifier<Rule>(_ name: String) throws(HTTPError) -> Identifier<Rule>? {
        guard let text = try word(name) else { return nil }
        guard let identifier = Identifier<Rule>(bytes: text.utf8) else {
            throw .badRequest("\(name): give \(Rule.ruleText)")
        }
        return identifier
    }

    func number(_ name: String, in range: ClosedRange<Int64>) throws(HTTPError) -> Int64? {
        guard let value = object[name] else { return nil }
        guard let number = value.intValue.map(Int64.init), range.contains(number) else {
            throw .badRequest("\(name): give a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func output() throws(HTTPError) -> SocketRequest.Output {
        guard let task: TaskID = try identifier("task") else { throw .badRequest("task: name a task") }
        var output = SocketRequest.Output(task: task)
        switch try word("stream") {
        case nil, "stdout": break
        case "stderr": output.isError = true
        default: throw .badRequest("stream: give stdout or stderr")
        }
        return output
    }

    func followEvents() throws(HTTPError) -> SocketRequest {
        try require(["op", "to", "after", "types", "worker", "task", "group"])
        var filter = EventFilter()
        if let value = object["types"] {
            guard let types = value.arrayValue else { throw .badRequest("types: give a list") }
            for type in types { filter.types.insert(try EventFilter.type(type.stringValue ?? "")) }
        }
        filter.worker = try identifier("worker")
        filter.task = try identifier("task")
        filter.group = try identifier("group")
        return .followEvents(filter, after: try number("after", in: 0...Int64.max))
    }
}
