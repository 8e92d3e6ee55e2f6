// SPDX-License-Identifier: Apache-2.0
// Reads the events of an attempt from its log.

import QueueModel
package import SystemKit

extension AgentReport {
    /// The part of a log's start that is read, in bytes: who the agent is, and in which session.
    static let headBytes: Int64 = 256 << 10
    /// The part of a log's end that is read, in bytes: how it ended.
    static let tailBytes: Int64 = 24 << 20
    private static let chunk = 256 << 10

    /// Reads the events of an attempt; of a long log only its first and its last part.
    ///
    /// - Parameters:
    ///   - file: the log of standard output, a regular file.
    ///   - profile: the profile that ran, which prints events.
    /// - Returns: what the agent has said.
    /// - Throws: what fstat(2) or pread(2) reports.
    package static func read(
        _ file: borrowing OwnedDescriptor,
        profile: AgentProfile
    ) throws(SystemCallError) -> AgentReport {
        let total = max(0, try file.status().size)
        var reader = EventReader(profile: profile)
        if total <= headBytes + tailBytes {
            try reader.read(file, from: 0, to: total, chunk)
        } else {
            try reader.read(file, from: 0, to: headBytes, chunk)
            reader.skipToNextLine()
            try reader.read(file, from: total - tailBytes, to: total, chunk)
        }
        return reader.finish()
    }

    /// Reads events from memory.
    ///
    /// - Parameters:
    ///   - bytes: the whole output.
    ///   - profile: the profile that ran, which prints events.
    /// - Returns: what the agent has said.
    package static func report(of bytes: [UInt8], profile: AgentProfile) -> AgentReport {
        var reader = EventReader(profile: profile)
        reader.feed(bytes)
        return reader.finish()
    }
}

/// Lines of a log and what they add up to.
private struct EventReader: Sendable {
    private var lines = EventLines()
    private var dialect: any EventDialect
    private(set) var hasEvents = false

    var report: AgentReport { dialect.report }

    init(profile: AgentProfile) {
        dialect =
            switch profile.kind {
            case .events(let mapping): MappedEvents(mapping, prices: profile.prices)
            case .codex: MappedEvents(.codex, prices: profile.prices)
            case .claude, .claudeText, .command: ClaudeEvents(prices: profile.prices)
            }
    }

    mutating func read(
        _ file: borrowing OwnedDescriptor,
        from start: Int64,
        to end: Int64,
        _ chunk: Int
    ) throws(SystemCallError) {
        var offset = start
        while offset < end {
            let bytes = try file.read(at: offset, count: Int(min(Int64(chunk), end - offset)))
            guard !bytes.isEmpty else { return }
            feed(bytes)
            offset += Int64(bytes.count)
        }
    }

    mutating func skipToNextLine() { lines.skipToNextLine() }

    mutating func feed(_ bytes: [UInt8]) {
        lines.feed(bytes) { event in
            hasEvents = true
            dialect.take(event)
        }
    }

    mutating func finish() -> AgentReport {
        lines.finish { dialect.take($0) }
        return dialect.report
    }
}

/// Reads the events of an attempt while it runs, as its log grows.
///
/// Memory is bounded by the longest line of an event, whatever the log's size.
package struct EventTail: Sendable {
    private static let chunk = 256 << 10
    private var reader: EventReader
    private var offset: Int64 = 0

    /// Begins at the start of a log.
    ///
    /// - Parameter profile: the profile that runs, which prints events.
    package init(profile: AgentProfile) { reader = EventReader(profile: profile) }

    /// What the agent has said until now; a line without its end is not said yet.
    package var report: AgentReport { reader.report }

    /// Whether there was any event.
    package var hasEvents: Bool { reader.hasEvents }

    /// Reads what has come since the last call.
    ///
    /// - Parameters:
    ///   - file: the log of standard output.
    ///   - limit: the most bytes to read.
    /// - Returns: whether everything is read that is there.
    /// - Throws: what pread(2) reports.
    package mutating func read(_ file: borrowing OwnedDescriptor, limit: Int) throws(SystemCallError) -> Bool {
        var left = limit
        while left > 0 {
            let bytes = try file.read(at: offset, count: min(Self.chunk, left))
            guard !bytes.isEmpty else { return true }
            reader.feed(bytes)
            offset += Int64(bytes.count)
            left -= bytes.count
        }
        return false
    }
}

/// Understands the events of one kind of agent.
protocol EventDialect: Sendable {
    /// What the events so far add up to.
    var report: AgentReport { get }
    /// Takes the next event.
    mutating func take(_ event: JSONObject)
}
