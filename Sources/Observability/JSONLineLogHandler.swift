// SPDX-License-Identifier: Apache-2.0
// Log lines for programs: one JSON object per line.

package import Logging
import QueueModel
package import SystemKit

/// Writes each event as one line with a JSON object.
///
/// The members are `timestamp` (ISO 8601, UTC, milliseconds), `level`, `logger` and `message`, then the metadata by
/// name. A line is at most 4,096 bytes long, so that it goes into a pipe whole; what does not fit is left out, and
/// `"truncated": true` says so.
package struct JSONLineLogHandler: LogHandler {
    /// The least severe level that is emitted.
    package var logLevel: Logger.Level
    /// Metadata attached to every event.
    package var metadata: Logger.Metadata = [:]

    private let label: String
    private let output: LogOutput
    private let clock: WallClock

    /// Creates a handler.
    ///
    /// - Parameters:
    ///   - label: The logger's label.
    ///   - output: Where lines go; one for all handlers of the process.
    ///   - logLevel: The least severe level that is emitted.
    ///   - clock: Where timestamps come from.
    package init(label: String, output: LogOutput, logLevel: Logger.Level, clock: WallClock) {
        self.label = label
        self.output = output
        self.logLevel = logLevel
        self.clock = clock
    }

    /// Writes the event, or drops and counts it when the output does not take it at once.
    package func log(event: LogEvent) {
        let own = event.metadata ?? [:]
        let facts = metadata.isEmpty ? own : metadata.merging(own) { _, own in own }
        output.write(line(event.level, event.message.description, facts)) { missing in
            line(.warning, "Log lines dropped", ["dropped_lines": .stringConvertible(missing)])
        }
    }

    private func line(_ level: Logger.Level, _ message: String, _ facts: Logger.Metadata) -> [UInt8] {
        var line = JSONLine()
        line.append("timestamp", Timestamp(millisecondsSince1970: clock.nowMilliseconds).description)
        line.append("level", level.settingName)
        line.append("logger", label)
        line.append("message", message)
        for (name, value) in facts.sorted(by: { $0.key < $1.key }) {
            line.append(Self.reservedNames.contains(name) ? name + "_" : name, value)
        }
        return line.finished()
    }

    private static let reservedNames: Set = ["timestamp", "level", "logger", "message", "truncated"]
}

/// A JSON object of bounded size under construction.
private struct JSONLine {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]
    private var isTruncated = false

    /// What a string may take, so that one long value does not push out all others.
    private static let stringLimit = 1024
    private static let truncation = Array(#","truncated":true"#.utf8)

    mutating func append(_ name: String, _ text: String) {
        append(name) { $0.appendJSON(text, limit: Self.stringLimit) }
    }

    mutating func append(_ name: String, _ value: Logger.MetadataValue) {
        append(name) { Self.append(value, to: &$0, depth: 0) }
    }

    private mutating func append(_ name: String, _ value: (inout [UInt8]) -> Void) {
        let start = bytes.count
        if start > 1 { bytes.append(UInt8(ascii: ",")) }
        bytes.appendJSON(name, limit: Self.stringLimit)
        bytes.append(UInt8(ascii: ":"))
        value(&bytes)
        // The closing brace and the newline have to fit as well.
        guard bytes.count + Self.truncation.count + 2 > NonblockingOutput.atomicBytes else { return }
        bytes.removeSubrange(start...)
        isTruncated = true
    }

    func finished() -> [UInt8] {
        bytes + (isTruncated ? Self.truncation : []) + [UInt8(ascii: "}"), UInt8(ascii: "\n")]
    }

    private static func append(_ value: Logger.MetadataValue, to bytes: inout [UInt8], depth: Int) {
        switch value {
        case .string(let text): bytes.appendJSON(text, limit: stringLimit)
        case .stringConvertible(let value): append(value, to: &bytes)
        case .array, .dictionary:
            // Deeper than this a value is shown as text.
            guard depth < 8 else { return bytes.appendJSON(value.description, limit: stringLimit) }
            appendContainer(value, to: &bytes, depth: depth + 1)
        }
    }

    private static func appendContainer(_ value: Logger.MetadataValue, to bytes: inout [UInt8], depth: Int) {
        switch value {
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                append(value, to: &bytes, depth: depth)
            }
            bytes.append(UInt8(ascii: "]"))
        case .dictionary(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, (name, value)) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes.appendJSON(name, limit: stringLimit)
                bytes.append(UInt8(ascii: ":"))
                append(value, to: &bytes, depth: depth)
            }
            bytes.append(UInt8(ascii: "}"))
        case .string, .stringConvertible: append(value, to: &bytes, depth: depth)
        }
    }

    /// Numbers and Booleans keep their type; everything else becomes text.
    private static func append(_ value: any CustomStringConvertible & Sendable, to bytes: inout [UInt8]) {
        switch value {
        case let value as Bool: bytes.append(contentsOf: value.description.utf8)
        case let value as any BinaryInteger: bytes.append(contentsOf: value.description.utf8)
        case let value as Double where value.isFinite: bytes.append(contentsOf: value.description.utf8)
        default: bytes.appendJSON(value.description, limit: stringLimit)
        }
    }
}
