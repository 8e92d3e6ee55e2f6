// SPDX-License-Identifier: Apache-2.0
// Adds up events by the table of a profile.

import QueueModel

/// Adds up events by a table; an event that no row fits says only that the agent works.
struct MappedEvents: EventDialect {
    private(set) var report = AgentReport()
    private let mapping: EventMapping
    private let prices: PriceList
    private var hasToldCost = false

    init(_ mapping: EventMapping, prices: PriceList) {
        self.mapping = mapping
        self.prices = prices
    }

    mutating func take(_ event: JSONObject) {
        // Of a failure it may still recover.
        report.isAtRest = false
        for rule in mapping.rules where rule.when.allSatisfy({ Self.text(at: $0.key, in: event) == $0.value }) {
            for (fact, path) in rule.facts {
                guard let value = Self.value(at: path, in: event) else { continue }
                take(fact, value)
            }
            if rule.outcome != nil { report.openTools = [] }
            switch rule.outcome {
            case .completed?:
                report.ending = .succeeded
                report.isAtRest = true
                report.hasWorked = true
            case .failed(let named)?: report.ending = .failed(finding(named))
            case nil: break
            }
        }
        if report.output != nil { report.hasWorked = true }
        if !hasToldCost, let usage = report.usage, let prices = prices.prices(of: report.model) {
            report.costUSD = prices.cost(of: usage)
        }
    }

    private mutating func take(_ fact: EventMapping.Fact, _ value: JSONValue) {
        switch fact {
        case .sessionID: report.sessionID = value.stringValue ?? report.sessionID
        case .model: report.model = value.stringValue ?? report.model
        case .output: report.output = value.stringValue ?? JSONWriter.text(value)
        case .turns: report.turns = value.intValue ?? report.turns
        case .costUSD:
            guard let cost = value.doubleValue, cost >= 0 else { return }
            report.costUSD = cost
            hasToldCost = true
        case .usage: report.usage = value.objectValue ?? report.usage
        case .message: report.errorMessage = value.stringValue ?? JSONWriter.text(value)
        case .resetsAt: report.limitEnd = Self.time(value) ?? report.limitEnd
        case .toolStarted: report.toolStarted(value.stringValue ?? JSONWriter.text(value))
        case .toolEnded: report.toolEnded(value.stringValue ?? JSONWriter.text(value))
        }
    }

    private func finding(_ named: FailureClass?) -> AgentFinding {
        let message = report.errorMessage ?? "the agent failed without a word"
        return AgentFinding(of: named ?? mapping.failureClass(of: message) ?? .unknown, message: message)
    }

    /// Seconds since 1970, or a time as text.
    private static func time(_ value: JSONValue) -> Timestamp? {
        if let text = value.stringValue { return Timestamp(iso8601: text) }
        guard let seconds = value.doubleValue, 0...1e11 ~= seconds else { return nil }
        return Timestamp(millisecondsSince1970: Int64(seconds) * 1000)
    }

    private static func value(at path: String, in event: JSONObject) -> JSONValue? {
        var value = JSONValue.object(event)
        for key in path.split(separator: ".") {
            guard let next = value.objectValue?[String(key)], !next.isNull else { return nil }
            value = next
        }
        return value
    }

    private static func text(at path: String, in event: JSONObject) -> String? {
        guard let value = value(at: path, in: event) else { return nil }
        return value.stringValue ?? JSONWriter.text(value)
    }
}
