// SPDX-License-Identifier: Apache-2.0
// Why the database could not do something.

/// An error of the orchestrator's database.
package struct DatabaseError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of trouble that call for different answers.
    package enum Code: String, Sendable {
        /// There is no database.
        case missing
        /// The file holds no usable database.
        case corrupt
        /// The file was written by a version that this program does not know.
        case unknownVersion = "unknown_version"
        /// Somebody else holds the file for too long.
        case busy
        /// The file cannot be read or written.
        case io
        /// A statement was refused, which is a mistake of ours.
        case misuse
    }

    /// What kind of trouble it is.
    package let code: Code
    /// The database's file.
    package let path: String
    /// What was tried and what went wrong, in one line.
    package let message: String

    /// An error.
    /// - Parameters:
    ///   - code: What kind of trouble it is.
    ///   - path: The database's file.
    ///   - message: What was tried and what went wrong.
    package init(_ code: Code, path: String, _ message: String) {
        self.code = code
        self.path = path
        self.message = message
    }

    /// The file and what went wrong with it.
    package var description: String { "\(path): \(message)" }
}
