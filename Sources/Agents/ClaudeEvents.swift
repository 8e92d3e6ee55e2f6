// SPDX-License-Identifier: Apache-2.0
// The events of the Claude command line, of all its versions.

import QueueModel

/// Adds up what `--output-format stream-json` prints; unknown events and fields say nothing.
struct ClaudeEvents: EventDialect {
    private(set) var report = AgentReport()
    private var runCost = 0.0
    private var hasRunCost = false
    private var settledCost: Double?
    private var settledUsage: JSONObject?
    private var unsettled: UnsettledUsage

    init(prices: PriceList) { unsettled = UnsettledUsage(prices) }

    mutating func take(_ event: JSONObject) {
        if let session = event["session_id"]?.stringValue { report.sessionID = session }
        takeTurn(event)
        switch (event["type"]?.stringValue, event["subtype"]?.stringValue) {
        case ("system", "init"): report.model = event["model"]?.stringValue ?? report.model
        case ("system", "background_tasks_changed"):
            report.isBusy = !(event["tasks"]?.arrayValue ?? []).isEmpty
        case ("system", "api_retry"):
            let status = event["error_status"]?.intValue.map { " \($0)" } ?? ""
            report.errorMessage = event["error"]?.stringValue.map { $0 + status }
        case ("assistant", _): takeAssistant(event)
        case ("user", _): takeToolResults(event)
        case ("stream_event", _): if unsettled.takePiece(event) { takeAccount() }
        case ("rate_limit_event", _): takeLimit(event["rate_limit_info"]?.objectValue ?? [:])
        case ("result", let subtype): takeResult(event, subtype ?? "")
        default: break
        }
    }

    /// After a result a further turn may begin, as when a background task has ended.
    private mutating func takeTurn(_ event: JSONObject) {
        switch (event["type"]?.stringValue, event["subtype"]?.stringValue) {
        case ("result", _): report.isAtRest = true
        case ("assistant", _), ("user", _), ("stream_event", _), ("system", "init"): report.isAtRest = false
        default: break
        }
    }

    private mutating func takeAssistant(_ event: JSONObject) {
        let message = event["message"]?.objectValue
        if event["is_api_error_message"]?.boolValue == true || message?["model"]?.stringValue == "<synthetic>" {
            report.errorMessage = Self.text(of: message?["content"]) ?? report.errorMessage
        } else {
            report.hasWorked = true
            takeCalls(event)
            if unsettled.takeBlock(event) { takeAccount() }
        }
    }

    private mutating func takeCalls(_ event: JSONObject) {
        for block in Self.blocks(of: event) where block["type"]?.stringValue == "tool_use" {
            if let call = block["id"]?.stringValue { report.toolStarted(call) }
        }
    }

    private mutating func takeToolResults(_ event: JSONObject) {
        for block in Self.blocks(of: event) where block["type"]?.stringValue == "tool_result" {
            if let call = block["tool_use_id"]?.stringValue { report.toolEnded(call) }
        }
    }

    private static func blocks(of event: JSONObject) -> [JSONObject] {
        (event["message"]?.objectValue?["content"]?.arrayValue ?? []).compactMap(\.objectValue)
    }

    private static func text(of content: JSONValue?) -> String? {
        content?.arrayValue?.lazy.compactMap { $0.objectValue?["text"]?.stringValue }.first
    }

    private mutating func takeLimit(_ info: JSONObject) {
        report.isLimited = info["status"]?.stringValue == "rejected"
        guard report.isLimited else { return }
        let seconds = info["resetsAt"]?.doubleValue.flatMap { Int64(exactly: $0.rounded(.up)) }
        report.limitEnd = seconds.flatMap { $0.multipliedReportingOverflow(by: 1000).overflow ? nil : $0 }
            .map { Timestamp(millisecondsSince1970: $0 * 1000) }
    }

    // MARK: The result

    /// One run may print several; the last one counts, and their costs add up.
    private mutating func takeResult(_ event: JSONObject, _ subtype: String) {
        let turns = event["num_turns"]?.intValue
        report.turns = turns.map { $0 + (report.turns ?? 0) } ?? report.turns
        takeCost(event)
        for denial in event["permission_denials"]?.arrayValue ?? [] {
            let tool = denial.objectValue?["tool_name"]?.stringValue ?? "a tool"
            if !report.deniedTools.contains(tool) { report.deniedTools.append(tool) }
        }
        report.openTools = []
        let text = event["result"]?.stringValue
        let errors = (event["errors"]?.arrayValue ?? []).compactMap(\.stringValue)
        let isError = event["is_error"]?.boolValue ?? true
        if isError || subtype != "success" {
            report.output = nil
            let words = text ?? errors.last ?? report.errorMessage ?? subtype
            report.ending = .failed(finding(event, subtype, words))
        } else {
            report.output = text ?? event["structured_output"].map { JSONWriter.text($0) }
            report.ending = turns == 0 ? .failed(Self.nothingAsked(text ?? "")) : .succeeded
        }
    }

    private static func nothingAsked(_ text: String) -> AgentFinding {
        AgentFinding(
            .noResult,
            isPermanent: true,
            message: "the agent ended without asking its model anything" + (text.isEmpty ? "" : ": \(text)")
        )
    }

    /// `total_cost_usd` is the whole session's after a resume, so what this run itself says is preferred.
    private mutating func takeCost(_ event: JSONObject) {
        if let own = event["model_usage_since_last_result"]?.objectValue {
            let costs = own.members.compactMap { $0.value.objectValue?["costUSD"]?.doubleValue }
            runCost += costs.filter { $0 >= 0 }.reduce(0, +)
            hasRunCost = true
            settledCost = runCost
            unsettled.settle()
        } else if !hasRunCost, let total = event["total_cost_usd"]?.doubleValue, total >= 0 {
            settledCost = max(total, settledCost ?? 0)
            unsettled.settle()
        }
        if let usage = event["usage"]?.objectValue, unsettled.usage.members.isEmpty {
            settledUsage = UnsettledUsage.sum(settledUsage ?? [:], usage)
        }
        takeAccount()
    }

    /// What is known by now: what the agent has told itself, and what it has used since.
    private mutating func takeAccount() {
        report.costUSD = unsettled.cost.map { $0 + (settledCost ?? 0) } ?? settledCost
        let usage = unsettled.usage
        report.usage = usage.members.isEmpty ? settledUsage : UnsettledUsage.sum(settledUsage ?? [:], usage)
    }

    private func finding(_ event: JSONObject, _ subtype: String, _ words: String) -> AgentFinding {
        let status = event["api_error_status"]?.intValue
        let named = event["api_error"]?.stringValue
        // Words count only where the program names no kind of error.
        let spoken = ClaudeText.finding(inLastLine: words)
        if named == "usage_limit_reached" || report.isLimited || spoken?.reason == .usageLimit {
            return AgentFinding(.usageLimit, message: words)
        }
        switch subtype {
        case "error_max_budget_usd": return AgentFinding(.budgetExceeded, isPermanent: true, message: words)
        case "error_max_turns", "error_max_structured_output_retries":
            return AgentFinding(.agentError, isPermanent: true, message: words)
        case "error_during_execution":
            if event["terminal_reason"]?.stringValue?.hasPrefix("aborted") == true {
                return AgentFinding(.interrupted, message: "the agent was interrupted")
            }
            if words.hasPrefix("No conversation found") {
                return AgentFinding(.agentError, isPermanent: true, message: words)
            }
        default: break
        }
        return Self.finding(status: status, named, words) ?? spoken.map { Self.saying(words, $0) }
            ?? AgentFinding(.agentError, countsTowardBreaker: status != nil, message: words)
    }

    private static func finding(status: Int?, _ named: String?, _ words: String) -> AgentFinding? {
        if named == "connection_failed" { return AgentFinding(of: .transient, message: words) }
        return switch status {
        case 401?, 403?: AgentFinding(of: .authentication, message: words)
        // The settings of the profile are wrong: every task would fail so.
        case 404?: AgentFinding(.agentError, isPermanent: true, countsTowardBreaker: true, message: words)
        case 400?, 413?: AgentFinding(of: .permanent, message: words)
        case .some(429), .some(500..<600): AgentFinding(of: .transient, message: words)
        default: nil
        }
    }

    private static func saying(_ words: String, _ finding: AgentFinding) -> AgentFinding {
        var finding = finding
        finding.message = words
        return finding
    }
}
