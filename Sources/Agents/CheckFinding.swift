// SPDX-License-Identifier: Apache-2.0
// What a check has found, from how it ended and what it wrote.

package import QueueModel
package import Supervision
package import SystemKit

/// The end of what a check wrote, short enough to be told to an agent.
package struct CheckOutput: Equatable, Sendable {
    /// The most of standard output that is told, in bytes.
    private static let outputBytes = 12_000
    /// The most of standard error that is told, in bytes.
    private static let errorBytes = 4_000

    /// The end of its standard output, and of its standard error behind that.
    package let text: String

    /// Takes a text as it is.
    ///
    /// - Parameter text: the text.
    package init(_ text: String) {
        self.text = text
    }

    /// Reads the end of a check's logs.
    ///
    /// - Parameter directory: where the supervisor has put them.
    /// - Throws: what open(2), fstat(2) or pread(2) reports.
    package init(in directory: Directory) throws(SystemCallError) {
        let output = try Self.end(of: directory.openFile("stdout.log"), Self.outputBytes)
        let errors = try Self.end(of: directory.openFile("stderr.log"), Self.errorBytes)
        text = [output, errors].filter { !$0.isEmpty }.joined(separator: "\n")
    }

    /// No program can be given a zero byte, and no reader misses one.
    private static func end(
        of log: consuming OwnedDescriptor,
        _ limit: Int
    ) throws(SystemCallError) -> String {
        let total = max(0, try log.status().size)
        var bytes = try log.read(at: max(0, total - Int64(limit)), count: limit)[...]
        if total > limit {
            // From the next line on, or at least the next character.
            let start = bytes.prefix(1_000).firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.startIndex
            bytes = bytes[start...].drop { $0 & 0xC0 == 0x80 }
        }
        let text = String(decoding: bytes.map { $0 == 0 ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
        let lines = text.drop { $0.isNewline }
        let last = lines.lastIndex { !$0.isWhitespace }
        return last.map { String(lines[...$0]) } ?? ""
    }
}

extension CheckRecord {
    /// Judges a check; only an end of its own with exit code 0 passes.
    ///
    /// - Parameters:
    ///   - name: the check.
    ///   - record: how it ended.
    ///   - output: the end of what it wrote.
    /// - Returns: what is remembered of it.
    package static func finding(_ name: CheckName, _ record: ExitRecord, _ output: CheckOutput) -> CheckRecord {
        var found = CheckRecord(name: name, duration: record.duration)
        switch record.ending {
        case .exited(let code): found.exitCode = code
        case .signalled(let signal): found.exitCode = 128 + signal
        case .spawnFailed: found.exitCode = nil
        }
        if record.cutOff == .timeout { found.exitCode = 124 }
        found.problem = problem(record)
        if found.problem != nil, !output.text.isEmpty { found.output = output.text }
        return found
    }

    /// The failure of a task whose work has not passed the check.
    ///
    /// - Parameter isPermanent: whether nobody will mend what it found.
    /// - Returns: the failure; its message ends with the last line that the check wrote.
    package func failure(isPermanent: Bool) -> Failure {
        let line = output.flatMap { OutputExcerpt($0).lastLine }.map { ": \($0)" } ?? ""
        return Failure(
            reason: .verificationFailed,
            message: "the check \(name) failed: \(problem ?? "no reason")\(line)",
            isPermanent: isPermanent
        )
    }

    private static func problem(_ record: ExitRecord) -> String? {
        let time = DurationText.format(record.duration)
        switch record.cutOff {
        case .timeout?: return "took too long: stopped after \(time)"
        case .outputLimit?: return "wrote too much: stopped after \(record.stdoutBytes + record.stderrBytes) bytes"
        case .cancelled?, .shutdown?, .start?, .silence?, .tool?, .afterResult?, .budget?:
            return "stopped after \(time)"
        case nil: break
        }
        switch record.ending {
        case .exited(code: 0): return nil
        case .exited(let code): return "exit code \(code)"
        case .signalled(let signal): return "signal \(signal)"
        case .spawnFailed(let step, let errno): return "cannot be started: \(step.replacing("_", with: " ")): \(errno)"
        }
    }
}
