// SPDX-License-Identifier: Apache-2.0
// What was to be seen of an attempt when it was ended.

import FileQueue
package import QueueModel
package import Supervision
import SystemKit

/// The last view of an attempt that was ended before its time, for people.
package struct AttemptEvidence: Sendable {
    private static let mostLines = 50
    private static let mostBytes = 128 << 10
    private static let mostCharacters = 2_000

    /// Why it was ended.
    package let cause: String
    /// When this was seen.
    package let timestamp: Timestamp
    /// The run.
    package let runID: String
    /// Its processes, parents before their children.
    package var processes: [TreeMember] = []
    /// The last lines of its output.
    package var lastOutput: [String] = []
    /// The last lines of its errors.
    package var lastErrors: [String] = []

    /// Evidence of which nothing is gathered yet.
    /// - Parameters:
    ///   - cause: Why it is ended.
    ///   - timestamp: When this is seen.
    ///   - runID: The run.
    package init(cause: String, timestamp: Timestamp, runID: String) {
        self.cause = cause
        self.timestamp = timestamp
        self.runID = runID
    }

    /// The evidence as a page of text.
    package var text: String {
        let rows =
            [["PID", "PPID", "STATE", "AGE", "CPU", "COMMAND"]]
            + processes.map { process in
                [
                    "\(process.pid)", "\(process.parent)", process.state, Self.time(process.age),
                    Self.time(process.cpu), Self.oneLine(process.command),
                ]
            }
        let widths = (0..<5).map { column in rows.map { $0[column].count }.max() ?? 0 }
        let table = rows.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
                + "  \(row[5])"
        }
        let parts = [
            ["ended: \(cause)", "time: \(timestamp)", "run: \(runID)"], table,
            ["last lines of standard output:"] + lastOutput.map(Self.oneLine),
            ["last lines of standard error:"] + lastErrors.map(Self.oneLine),
        ]
        return parts.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
    }

    private static func time(_ duration: Duration) -> String { DurationText.format(duration) }

    /// Safe for a terminal, and of a length that can be read.
    private static func oneLine(_ text: String) -> String {
        let cut = text.prefix(mostCharacters)
        let plain = String(String.UnicodeScalarView(cut.unicodeScalars.map { isPlain($0) ? $0 : " " }))
        return cut.endIndex < text.endIndex ? plain + " …" : plain
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value)
    }

    /// The last lines of a log; none when it cannot be read.
    static func lastLines(of stream: OutputStream, in directory: Directory) -> [String] {
        // It is told as empty then, as a log that was taken away.
        guard let file = try? directory.openFile(stream.fileName), let size = try? file.status().size,
            let bytes = try? file.read(at: max(0, size - Int64(mostBytes)), count: mostBytes)
        else { return [] }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: true).suffix(mostLines).map(String.init)
    }
}
