// SPDX-License-Identifier: Apache-2.0
// What a supervisor leaves behind about an attempt, for the daemon of then or a later one.

package import QueueModel
package import SystemKit

/// The account of an attempt that has ended, written when no process of it was left.
package struct ExitRecord: Sendable, Equatable {
    /// How the agent itself ended.
    package enum Ending: Sendable, Equatable {
        /// It ended by itself, with a code from 0 to 255.
        case exited(code: Int)
        /// A signal ended it.
        case signalled(Int)
        /// It never ran.
        ///
        /// `step` says where it failed: `logs`, `search`, `clone`, `session`, `death_signal`, `working_directory`,
        /// `stdio`, or `exec`.
        case spawnFailed(step: String, errno: Errno)
    }

    /// Why the supervisor did not let the attempt come to its own end.
    ///
    /// Their order is that of the numbers in an answer.
    package enum CutOff: String, Sendable, CaseIterable {
        /// It ran for longer than its time.
        case timeout
        /// Somebody cancelled it.
        case cancelled
        /// It wrote more than its logs may hold.
        case outputLimit = "output_limit"
        /// The daemon went away and did not want it to go on.
        case shutdown
        /// The agent did not begin.
        case start
        /// The agent neither said nor computed anything.
        case silence
        /// One of the agent's tools took too long.
        case tool
        /// The agent had said its result, and did not end.
        case afterResult = "after_result"
        /// The attempt had cost as much as it may.
        case budget
    }

    /// Names the attempt among all others.
    package let runID: String
    /// The number of the attempt, from 1.
    package let attempt: Int
    /// How the agent itself ended.
    package let ending: Ending
    /// Why it was not left to its own end; nil when it was.
    package let cutOff: CutOff?
    /// When the supervisor took it up, by the wall clock.
    package let startedAt: Timestamp
    /// When the agent itself ended, by the wall clock.
    package let finishedAt: Timestamp
    /// How long the agent ran, by a clock that is never set.
    package let duration: Duration
    /// The size of the log of standard output.
    package let stdoutBytes: Int64
    /// The size of the log of standard error.
    package let stderrBytes: Int64
    /// How many processes had to be killed that the agent had left behind.
    package let stragglersKilled: Int
    /// The processor time of the whole tree.
    package let cpu: Duration
    /// The largest resident size that a process of the tree had, in bytes.
    package let maxResidentBytes: Int64

    /// The most bytes that a record's file can have.
    package static let maxEncodedBytes = 2048
}

extension ExitRecord {
    /// Reads the contents of a record's file.
    /// - Throws: ``ExitRecordError`` when it is not JSON, of another version, or lacks something.
    package init(decoding bytes: [UInt8]) throws(ExitRecordError) {
        let fields = try RecordFields(bytes)
        guard try fields.integer(.version) == 2 else {
            throw ExitRecordError(code: .unknownVersion, detail: "version")
        }
        runID = try fields.text(.runID)
        attempt = Int(try fields.integer(.attempt))
        ending = try fields.ending()
        cutOff = try fields.cutOff()
        startedAt = try fields.time(.startedAt)
        finishedAt = try fields.time(.finishedAt)
        duration = .microseconds(try fields.integer(.duration))
        stdoutBytes = try fields.integer(.stdoutBytes)
        stderrBytes = try fields.integer(.stderrBytes)
        stragglersKilled = Int(try fields.integer(.stragglersKilled))
        cpu = .microseconds(try fields.integer(.cpu))
        maxResidentBytes = try fields.integer(.maxResidentBytes)
    }
}

/// An exit record that cannot be understood.
package struct ExitRecordError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, as stable text.
    package enum Code: String, Sendable {
        /// It is not the JSON object that a supervisor writes.
        case malformed
        /// A field is missing, or holds what it cannot hold.
        case invalidField = "invalid_field"
        /// A supervisor of another version wrote it.
        case unknownVersion = "unknown_version"
    }

    /// What is wrong.
    package let code: Code
    /// Where it is wrong, or the parser's words.
    package let detail: String

    /// For example `exit record: invalid_field (signal)`.
    package var description: String { "exit record: \(code.rawValue) (\(detail))" }
}

/// The members of a record, each taken with the type it must have.
private struct RecordFields {
    /// In the order in which a supervisor writes them.
    enum Key: Int, CaseIterable {
        case version, runID, attempt, ending, exitCode, signal, step, errno, cutOff, startedAt, finishedAt, duration
        case stdoutBytes, stderrBytes, stragglersKilled, cpu, maxResidentBytes

        var text: StaticString {
            switch self {
            case .version: "version"
            case .runID: "run_id"
            case .attempt: "attempt"
            case .ending: "ending"
            case .exitCode: "exit_code"
            case .signal: "signal"
            case .step: "step"
            case .errno: "errno"
            case .cutOff: "cut_off"
            case .startedAt: "started_at"
            case .finishedAt: "finished_at"
            case .duration: "duration_us"
            case .stdoutBytes: "stdout_bytes"
            case .stderrBytes: "stderr_bytes"
            case .stragglersKilled: "stragglers_killed"
            case .cpu: "cpu_us"
            case .maxResidentBytes: "max_resident_bytes"
            }
        }
    }

    private static let keys = Key.allCases.map(\.text)

    private let values: [JSONScalar?]

    init(_ bytes: [UInt8]) throws(ExitRecordError) {
        let values: [JSONScalar?]?
        do {
            values = try JSONParser.members(Self.keys, of: bytes, limits: .file(ExitRecord.maxEncodedBytes))
        } catch {
            throw ExitRecordError(code: .malformed, detail: error.description)
        }
        guard let values else { throw ExitRecordError(code: .malformed, detail: "not an object") }
        self.values = values
    }

    func invalid(_ key: Key) -> ExitRecordError {
        ExitRecordError(code: .invalidField, detail: "\(key.text)")
    }

    func text(_ key: Key) throws(ExitRecordError) -> String {
        guard let text = values[key.rawValue]?.stringValue else { throw invalid(key) }
        return text
    }

    /// No number of a record is negative.
    func integer(_ key: Key, upTo most: Int64 = .max) throws(ExitRecordError) -> Int64 {
        guard let number = values[key.rawValue]?.intValue, number >= 0, number <= most else { throw invalid(key) }
        return number
    }

    func time(_ key: Key) throws(ExitRecordError) -> Timestamp {
        guard let time = Timestamp(iso8601: try text(key)) else { throw invalid(key) }
        return time
    }

    func ending() throws(ExitRecordError) -> ExitRecord.Ending {
        switch try text(.ending) {
        case "exited":
            return .exited(code: Int(try integer(.exitCode, upTo: 255)))
        case "signalled":
            return .signalled(Int(try integer(.signal, upTo: 127)))
        case "spawn_failed":
            let number = Int32(clamping: try integer(.errno, upTo: 4095))
            return .spawnFailed(step: try text(.step), errno: Errno(rawValue: number))
        default:
            throw invalid(.ending)
        }
    }

    func cutOff() throws(ExitRecordError) -> ExitRecord.CutOff? {
        guard let value = values[Key.cutOff.rawValue], !value.isNull else { return nil }
        guard let cutOff = ExitRecord.CutOff(rawValue: try text(.cutOff)) else { throw invalid(.cutOff) }
        return cutOff
    }
}
