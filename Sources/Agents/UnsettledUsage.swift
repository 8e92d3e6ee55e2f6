// SPDX-License-Identifier: Apache-2.0
// What an agent has used since it last said what it has cost.

import QueueModel

/// Adds up the tokens of answers that are still being given, or whose cost was not told yet, at the prices of a list.
///
/// An answer is told in pieces: its first one has what was read, a later one has all that was written.
struct UnsettledUsage: Sendable {
    private struct Answer {
        var id: String
        var model: String?
        var usage: JSONObject
    }

    private static let counts = [
        "input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens",
    ]

    private let prices: PriceList
    /// The answers that go on, by the subagent that gives them; one without a name gives the agent's own.
    private var open: [String: Answer] = [:]
    private var closedUsage: JSONObject = [:]
    private var closedCost: Double?
    private var isStreamed = false

    init(_ prices: PriceList) { self.prices = prices }

    /// What it has cost in US dollars; nil when nothing was used, or nothing that has a price.
    var cost: Double? {
        open.values.compactMap { cost(of: $0) }.reduce(closedCost) { ($0 ?? 0) + $1 }
    }

    /// The tokens; empty when there are none.
    var usage: JSONObject { open.values.reduce(closedUsage) { Self.sum($0, $1.usage) } }

    /// Takes a piece of an answer as the service sends it.
    /// - Returns: Whether it told anything.
    mutating func takePiece(_ event: JSONObject) -> Bool {
        guard !prices.isEmpty, let piece = event["event"]?.objectValue else { return false }
        isStreamed = true
        let speaker = event["parent_tool_use_id"]?.stringValue ?? ""
        switch piece["type"]?.stringValue {
        case "message_start":
            guard let message = piece["message"]?.objectValue else { return false }
            begin(message, speaker)
        case "message_delta":
            guard let usage = piece["usage"]?.objectValue else { return false }
            for name in Self.counts {
                guard let count = usage[name]?.intValue, count >= 0 else { continue }
                open[speaker]?.usage[name] = .integer(count)
            }
        case "message_stop": close(speaker)
        default: return false
        }
        return true
    }

    /// Takes a whole block of an answer; it says what was read, and not what was written.
    /// - Returns: Whether it told anything.
    mutating func takeBlock(_ event: JSONObject) -> Bool {
        // Its pieces have said more.
        guard !prices.isEmpty, !isStreamed, let message = event["message"]?.objectValue else { return false }
        let speaker = event["parent_tool_use_id"]?.stringValue ?? ""
        guard let id = message["id"]?.stringValue, open[speaker]?.id != id else { return false }
        begin(message, speaker)
        return true
    }

    /// The agent has told itself what it used and cost.
    mutating func settle() {
        open = [:]
        closedUsage = [:]
        closedCost = nil
    }

    private mutating func begin(_ message: JSONObject, _ speaker: String) {
        close(speaker)
        var usage: JSONObject = [:]
        for name in Self.counts { usage[name] = message["usage"]?.objectValue?[name]?.intValue.map { .integer($0) } }
        open[speaker] = Answer(
            id: message["id"]?.stringValue ?? "",
            model: message["model"]?.stringValue,
            usage: usage
        )
    }

    private mutating func close(_ speaker: String) {
        guard let answer = open.removeValue(forKey: speaker) else { return }
        closedUsage = Self.sum(closedUsage, answer.usage)
        if let cost = cost(of: answer) { closedCost = (closedCost ?? 0) + cost }
    }

    private func cost(of answer: Answer) -> Double? { prices.prices(of: answer.model)?.cost(of: answer.usage) }

    /// The sums of the counts of two objects.
    static func sum(_ first: JSONObject, _ second: JSONObject) -> JSONObject {
        var sum = first
        for name in counts {
            guard let count = second[name]?.intValue, count >= 0 else { continue }
            sum[name] = .integer(count &+ (sum[name]?.intValue ?? 0))
        }
        return sum
    }
}
