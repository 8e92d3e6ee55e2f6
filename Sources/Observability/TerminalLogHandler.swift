// SPDX-License-Identifier: Apache-2.0
// Log lines for people.

package import Logging
import QueueModel
package import SystemKit

/// Writes each event as one line of text: time, level, logger, message, facts.
///
/// Whatever the text holds stays on its line and cannot drive the terminal: control characters are shown, not sent.
package struct TerminalLogHandler: LogHandler {
    /// Whether levels are coloured.
    package enum Style: Sendable {
        /// Text only.
        case plain
        /// With the terminal's colours.
        case coloured
    }

    /// The least severe level that is emitted.
    package var logLevel: Logger.Level
    /// Metadata attached to every event.
    package var metadata: Logger.Metadata = [:]

    private let label: String
    private let output: LogOutput
    private let clock: WallClock
    private let style: Style

    /// Creates a handler.
    ///
    /// - Parameters:
    ///   - label: The logger's label.
    ///   - output: Where lines go; one for all handlers of the process.
    ///   - logLevel: The least severe level that is emitted.
    ///   - clock: Where timestamps come from.
    ///   - style: Whether levels are coloured.
    package init(label: String, output: LogOutput, logLevel: Logger.Level, clock: WallClock, style: Style = .plain) {
        self.label = label
        self.output = output
        self.logLevel = logLevel
        self.clock = clock
        self.style = style
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
        let time = Timestamp(millisecondsSince1970: clock.nowMilliseconds).description
        let name = level.settingName
        let padded = name + String(repeating: " ", count: 8 - name.utf8.count)
        var bytes = Array("\(time) \(coloured(padded, for: level)) ".utf8)
        bytes.appendVisible("\(label): \(message)")
        for (name, value) in facts.sorted(by: { $0.key < $1.key }) {
            bytes.append(UInt8(ascii: " "))
            bytes.appendVisible(name)
            bytes.append(UInt8(ascii: "="))
            bytes.appendVisible(quoted(value.description))
        }
        return cut(bytes) + [UInt8(ascii: "\n")]
    }

    /// Cuts at a character's start and marks the cut, so that the line goes into a pipe whole.
    private func cut(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count >= NonblockingOutput.atomicBytes else { return bytes }
        var end = NonblockingOutput.atomicBytes - 4
        while bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return bytes[..<end] + Array("…".utf8)
    }

    /// Quotes what would not read as one value.
    private func quoted(_ text: String) -> String {
        let isPlain = !text.isEmpty && !text.unicodeScalars.contains { $0 == " " || $0 == "\"" || $0 == "=" }
        guard !isPlain else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"") + "\""
    }

    private func coloured(_ text: String, for level: Logger.Level) -> String {
        guard style == .coloured else { return text }
        let code =
            switch level {
            case .trace, .debug: "2"
            case .info, .notice: "32"
            case .warning: "33"
            case .error: "31"
            case .critical: "1;31"
            }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}
