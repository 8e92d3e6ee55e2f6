// SPDX-License-Identifier: Apache-2.0
// What the text mode of the Claude command line says about its failures.

import QueueModel

/// Recognises failures by the program's words, for want of anything else in text mode.
///
/// An answer may quote such words, so they count only after an exit code other than 0, and only in the last line; or
/// when they are the whole output.
enum ClaudeText {
    private static let authentication = AgentFinding(.authentication, isPermanent: true, countsTowardBreaker: true)
    private static let usageLimit = AgentFinding(.usageLimit)
    private static let service = AgentFinding(.agentError, countsTowardBreaker: true)
    /// The settings of the profile are wrong: every task would fail so.
    private static let setup = AgentFinding(.agentError, isPermanent: true, countsTowardBreaker: true)
    /// This task is what the program cannot take.
    private static let task = AgentFinding(.agentError, isPermanent: true)

    /// The first row all of whose words are in the line decides; all in lower case.
    private static let rows: [(words: [String], finding: AgentFinding)] = [
        (["you've hit your", "limit"], usageLimit),
        (["usage limit reached"], usageLimit),
        (["limit reached", "resets"], usageLimit),
        (["credit balance is too low"], usageLimit),
        (["invalid api key"], authentication),
        (["not logged in"], authentication),
        (["oauth token has expired"], authentication),
        (["oauth token revoked"], authentication),
        (["failed to authenticate"], authentication),
        (["please run /login"], authentication),
        (["api error: 401"], authentication),
        (["api error: 403"], authentication),
        (["prompt is too long"], task),
        (["request too large"], task),
        (["reached max turns"], task),
        (["api error: 400"], task),
        (["api error: 413"], task),
        (["issue with the selected model"], setup),
        (["api error"], service),
        (["overloaded"], service),
        (["connection dropped"], service),
        (["connection error"], service),
        (["unable to connect"], service),
    ]

    /// Judges the last line of a run that ended with another exit code than 0.
    static func finding(inLastLine line: String) -> AgentFinding? {
        let text = line.lowercased().replacing("\u{2019}", with: "'")
        return rows.first { row in row.words.allSatisfy { text.contains($0) } }?.finding
    }

    /// Judges the output of a run that ended with exit code 0, as the program's older versions do after some errors.
    static func finding(inWholeOutput output: String) -> AgentFinding? {
        guard output.utf8.count < 200 else { return nil }
        // Both texts begin with this letter, and an answer seldom does: that is asked of every success.
        guard let first = output.utf8.first(where: { $0 > UInt8(ascii: " ") }),
            first == UInt8(ascii: "E") || first > 127
        else { return nil }
        let text = output.trimmedOfWhitespace
        if text == "Execution error" { return service }
        guard text.hasPrefix("Error: Reached max turns ("), text.hasSuffix(")") else { return nil }
        return task
    }

    // MARK: The end of a usage limit

    /// When a usage limit ends: `limit reached|1700000000`, or `resets 4:32am (UTC)`, the next such time of day.
    static func limitEnd(in line: String, after now: Timestamp) -> Timestamp? {
        let seconds = epoch(in: line) ?? timeOfDay(in: line).map { next($0, after: now.unixSeconds) }
        // A limit that ended before, or ends in more than a month, was misread.
        guard let seconds, seconds > now.unixSeconds, seconds - now.unixSeconds <= 31 * 86_400 else { return nil }
        return Timestamp(millisecondsSince1970: seconds * 1000)
    }

    private static func epoch(in line: String) -> Int64? {
        guard let bar = line.utf8.lastIndex(of: UInt8(ascii: "|")) else { return nil }
        let digits = String(line[line.utf8.index(after: bar)...]).trimmedOfWhitespace
        guard digits.utf8.count == 10 else { return nil }
        return Int64(digits)
    }

    private static func next(_ secondsOfDay: Int64, after now: Int64) -> Int64 {
        let today = now - now % 86_400 + secondsOfDay
        return today > now ? today : today + 86_400
    }

    /// The time of day behind "resets", in seconds since midnight; only where it is said to be UTC.
    private static func timeOfDay(in line: String) -> Int64? {
        let words = line.lowercased().split(separator: " ")
        guard let place = words.lastIndex(of: "resets"), words.count > place + 2, words[place + 2].hasPrefix("(utc)")
        else { return nil }
        let word = words[place + 1]
        guard let half = ["am", "pm"].first(where: word.hasSuffix) else { return nil }
        let parts = word.dropLast(2).split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, let hour = Int64(parts[0]), 1...12 ~= hour,
            let minute = parts.count == 2 ? Int64(parts[1]) : 0, 0...59 ~= minute
        else { return nil }
        return (hour % 12 + (half == "pm" ? 12 : 0)) * 3600 + minute * 60
    }
}

extension String {
    /// The text without white space at either end.
    fileprivate var trimmedOfWhitespace: String {
        let view = unicodeScalars
        guard let first = view.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = view.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(view[first...last])
    }
}
