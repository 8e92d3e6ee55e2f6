// SPDX-License-Identifier: Apache-2.0
// Why a command could not do what was asked, and what it exits with.

package import ArgumentParser
import FileQueue
package import Settings
import SystemKit

/// An error that ends a command with one line and a fitting exit code.
struct CommandFailure: Error, ExitCodeProviding, CustomStringConvertible {
    /// The exit codes of sysexits.h that commands use, and a few of their own.
    enum Code: Int32, Sendable {
        /// The task, or what was asked for, failed.
        case failed = 1
        /// The daemon that is needed is not there.
        case noDaemon = 2
        /// Wrong words on the command line.
        case usage = 64
        /// The input is not what it should be.
        case badData = 65
        /// Something that is needed is not there.
        case unavailable = 69
        /// The operating system refused something.
        case system = 70
        /// A file could not be made.
        case cannotCreate = 73
        /// Something may not be done.
        case notPermitted = 77
        /// The settings are wrong.
        case configuration = 78
        /// The time was over.
        case timedOut = 124
        /// Interrupted by a signal.
        case interrupted = 130
    }

    let code: Code
    /// One line: what was wrong, with what, and what to do.
    let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// Chooses the code that fits a system call's error.
    /// - Parameters:
    ///   - error: The error.
    ///   - isMaking: Whether files or directories were being made.
    init(_ error: SystemCallError, whileMaking isMaking: Bool = false) {
        switch error.errno {
        case .access, .notPermitted: self.init(.notPermitted, "\(error); run it as the queue's user")
        case .noSpace, .readOnlyFileSystem: self.init(.cannotCreate, error.description)
        default: self.init(isMaking ? .cannotCreate : .system, error.description)
        }
    }

    init(_ error: SubmissionError) {
        self.init(error.code == .io ? .cannotCreate : .badData, error.description)
    }

    var exitCode: ExitCode { ExitCode(code.rawValue) }
}

extension SettingsError: ExitCodeProviding {
    /// `EX_CONFIG`.
    package var exitCode: ArgumentParser.ExitCode {
        ArgumentParser.ExitCode(CommandFailure.Code.configuration.rawValue)
    }
}
