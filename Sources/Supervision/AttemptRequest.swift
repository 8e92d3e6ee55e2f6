// SPDX-License-Identifier: Apache-2.0
// What the daemon asks of a supervisor: one run of one agent, with its limits.

package import SystemKit

/// One attempt to run an agent.
package struct AttemptRequest: Sendable {
    /// Names this attempt among all others, in marker and record; see ``isValidRunID(_:)``.
    package var runID: String
    /// The number of the attempt, from 1.
    package var attempt: Int
    /// How long the agent may run, at least a millisecond; nil for as long as it likes.
    package var timeout: Duration?
    /// How long the tree has between SIGTERM and SIGKILL; zero kills at once.
    package var grace: Duration
    /// The most bytes that both logs together may hold; 0 for no limit.
    package var maxLogBytes: Int64
    /// Whether the exit record is synced to disk before it is answered.
    package var syncRecord: Bool
    /// The name of the exit record in its directory.
    package var recordName: FileName
    /// Room for the exit record in the file of the claim's record; nil when there is none, and the exit record gets a file
    /// of its own.
    package var exitRoom: ExitRoom?
    /// A file in the record's directory that nobody else uses, to write the record into; nil for a new one.
    package var spareName: FileName?
    /// The directory for the logs in the one that comes with the request, made if need be; nil for that one itself.
    package var logsName: FileName?
    /// The agent's working directory, an absolute path.
    package var workingDirectory: String
    /// A control group (version 2) in which the supervisor may have one for its attempts; nil to do without.
    package var cgroupParent: String?
    /// The agent's argument vector.
    ///
    /// The first is the program: a path, or a name to look up in `PATH` of `environment`.
    package var arguments: [String]
    /// The agent's whole environment, entries of the form `NAME=VALUE`.
    package var environment: [String]
    /// What the agent reads on its standard input; nil for `/dev/null`.
    package var input: [UInt8]?

    /// 512 bytes in a file, for an exit record to be written over.
    package struct ExitRoom: Sendable {
        /// The file, open for writing; the supervisor gets a copy of the descriptor.
        package let descriptor: Int32
        /// Where the room begins, in bytes from the file's start; not 0.
        package let offset: Int

        /// Names the room.
        /// - Parameters:
        ///   - descriptor: The file.
        ///   - offset: Where the room begins in it.
        package init(descriptor: Int32, offset: Int) {
            self.descriptor = descriptor
            self.offset = offset
        }
    }

    /// Describes an attempt; see the properties for what the values mean.
    package init(
        runID: String,
        attempt: Int,
        timeout: Duration?,
        grace: Duration,
        maxLogBytes: Int64,
        syncRecord: Bool,
        recordName: FileName,
        exitRoom: ExitRoom? = nil,
        spareName: FileName? = nil,
        logsName: FileName? = nil,
        workingDirectory: String,
        cgroupParent: String?,
        arguments: [String],
        environment: [String],
        input: [UInt8]?
    ) {
        self.runID = runID
        self.attempt = attempt
        self.timeout = timeout
        self.grace = grace
        self.maxLogBytes = maxLogBytes
        self.syncRecord = syncRecord
        self.recordName = recordName
        self.exitRoom = exitRoom
        self.spareName = spareName
        self.logsName = logsName
        self.workingDirectory = workingDirectory
        self.cgroupParent = cgroupParent
        self.arguments = arguments
        self.environment = environment
        self.input = input
    }

    /// Whether a text can name a run: 1 to 128 of the characters `A-Z a-z 0-9 . _ : -`.
    package static func isValidRunID(_ text: String) -> Bool {
        let bytes = text.utf8
        guard (1...128).contains(bytes.count) else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "-"): true
            default: false
            }
        }
    }
}

/// A request that no supervisor would accept.
package struct RequestError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, as stable text.
    package enum Code: String, Sendable {
        /// The run id has characters that it may not have, or is too long.
        case invalidRunID = "invalid_run_id"
        /// A file's name is not one plain path component.
        case invalidName = "invalid_name"
        /// The working directory is not an absolute path.
        case relativeWorkingDirectory = "relative_working_directory"
        /// There is no program to run.
        case noProgram = "no_program"
        /// A text holds a zero byte, where every text of a process ends.
        case zeroByte = "zero_byte"
        /// A number is negative.
        case negative
        /// The whole is larger than a supervisor takes.
        case tooLarge = "too_large"
    }

    /// What is wrong.
    package let code: Code
    /// Which value it is about.
    package let field: String

    /// For example `arguments: zero_byte`.
    package var description: String { "\(field): \(code.rawValue)" }
}
