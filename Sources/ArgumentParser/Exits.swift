// SPDX-License-Identifier: Apache-2.0
// How a command ends.

/// A rule that was broken by what was typed.
public struct ValidationError: Error, CustomStringConvertible, Sendable {
    /// The sentence for the user.
    public let description: String

    /// Creates an error.
    ///
    /// - Parameter message: The sentence for the user.
    public init(_ message: String) { description = message }
}

/// Ends a command with an exit code and without a message.
public struct ExitCode: Error, Hashable, RawRepresentable, Sendable {
    /// What the process exits with.
    public let rawValue: Int32

    /// Creates an exit code.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Creates an exit code.
    public init(_ code: Int32) { rawValue = code }

    /// Whether the code stands for success.
    public var isSuccess: Bool { self == .success }

    /// Everything was done.
    public static let success = Self(0)
    /// What was asked for failed.
    public static let failure = Self(1)
    /// What was typed is wrong: `EX_USAGE` of sysexits.h.
    public static let validationFailure = Self(64)
}

/// An error that chooses the exit code of the process; an addition to the well-known package.
public protocol ExitCodeProviding: Error {
    /// What the process exits with when this error ends it.
    var exitCode: ExitCode { get }
}

/// Ends a command early and successfully.
public struct CleanExit: Error, Sendable {
    /// What is shown.
    enum Base: Sendable {
        case helpRequest((any ParsableCommand.Type)?)
        case message(String)
        case version
    }
    let base: Base

    /// Shows the help text of a command.
    ///
    /// - Parameter command: The command; the one that was named when nil.
    /// - Returns: The error to throw.
    public static func helpRequest(_ command: (any ParsableCommand.Type)? = nil) -> Self {
        Self(base: .helpRequest(command))
    }

    /// Shows the help text of a command.
    ///
    /// - Parameter command: The command.
    /// - Returns: The error to throw.
    public static func helpRequest(_ command: any ParsableCommand) -> Self { helpRequest(type(of: command)) }

    /// Shows a text on standard output.
    ///
    /// - Parameter text: The text.
    /// - Returns: The error to throw.
    public static func message(_ text: String) -> Self { Self(base: .message(text)) }

    static let version = Self(base: .version)
}

extension CleanExit: CustomStringConvertible {
    /// The text, or what is asked for.
    public var description: String {
        switch base {
        case .helpRequest: "--help"
        case .message(let text): text
        case .version: "--version"
        }
    }
}
