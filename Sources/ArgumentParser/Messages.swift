// SPDX-License-Identifier: Apache-2.0
// From errors to exit codes and to what the user reads.

import Glibc

extension ParsableCommand {
    /// What the process exits with when an error ends it.
    ///
    /// - Parameter error: An error of parsing or of `run()`.
    /// - Returns: 0 for help, version and other clean exits; 64 for what was typed wrong; the code that the error
    ///   carries; else 1.
    public static func exitCode(for error: any Error) -> ExitCode { ErrorMessage(error, root: Self.self).exitCode }

    /// What happened, without `Error:` and without usage.
    ///
    /// - Parameter error: An error of parsing or of `run()`.
    /// - Returns: The text; empty for an ``ExitCode``.
    public static func message(for error: any Error) -> String {
        ErrorMessage(error, root: Self.self).text(columns: 80)
    }

    /// What the user reads when an error ends the process.
    ///
    /// - Parameters:
    ///   - error: An error of parsing or of `run()`.
    ///   - columns: The width of the terminal; 80 when nil.
    /// - Returns: One line; for what was typed wrong with the usage and where to find help.
    public static func fullMessage(for error: any Error, columns: Int? = nil) -> String {
        ErrorMessage(error, root: Self.self).fullText(columns: columns ?? 80)
    }

    /// Ends the process with the message and exit code of an error.
    ///
    /// The message goes to standard output when the exit code is 0, else to standard error.
    ///
    /// - Parameter error: An error of parsing or of `run()`; success when nil.
    /// - Returns: Never.
    public static func exit(withError error: (any Error)? = nil) -> Never {
        guard let error else { Glibc.exit(ExitCode.success.rawValue) }
        let code = exitCode(for: error)
        let text = fullMessage(for: error)
        if !text.isEmpty { writeAll(text + "\n", to: code.isSuccess ? STDOUT_FILENO : STDERR_FILENO) }
        Glibc.exit(code.rawValue)
    }

    /// The help text of this command as the root.
    ///
    /// - Parameters:
    ///   - includeHidden: Whether hidden arguments and commands are listed.
    ///   - columns: The width of the terminal; 80 when nil.
    /// - Returns: The text, without a newline at its end.
    public static func helpMessage(includeHidden: Bool = false, columns: Int? = nil) -> String {
        helpMessage(for: Self.self, includeHidden: includeHidden, columns: columns)
    }

    /// The help text of a command below this one.
    ///
    /// - Parameters:
    ///   - subcommand: The command.
    ///   - includeHidden: Whether hidden arguments and commands are listed.
    ///   - columns: The width of the terminal; 80 when nil.
    /// - Returns: The text, without a newline at its end.
    public static func helpMessage(
        for subcommand: any ParsableCommand.Type,
        includeHidden: Bool = false,
        columns: Int? = nil
    ) -> String {
        let stack = path(to: subcommand) ?? [subcommand]
        return HelpText(stack: stack, columns: columns ?? 80, includesHidden: includeHidden).text
    }
}

/// What an error means for the process and for the user.
private struct ErrorMessage {
    /// The error itself, without the commands that lead to it.
    private let error: any Error
    private let stack: [any ParsableCommand.Type]
    /// Whether the error is about what was typed, not about what a command did.
    private let isUsageError: Bool

    init(_ error: any Error, root: any ParsableCommand.Type) {
        let wrapper = error as? CommandError
        self.error = wrapper?.underlying ?? error
        stack = wrapper?.stack ?? [root]
        switch self.error {
        case is ParserError, is ValidationError: isUsageError = true
        case is DecodingError: isUsageError = wrapper != nil
        default: isUsageError = false
        }
    }

    var exitCode: ExitCode {
        switch error {
        case let code as ExitCode: code
        case is CleanExit: .success
        case let error as any ExitCodeProviding: error.exitCode
        default: isUsageError ? .validationFailure : .failure
        }
    }

    func text(columns: Int) -> String {
        switch error {
        case is ExitCode: ""
        case let exit as CleanExit: text(of: exit, columns: columns)
        case let error as ParserError: escapingControls(error.message)
        default: escapingControls("\(error)")
        }
    }

    func fullText(columns: Int) -> String {
        let text = text(columns: columns)
        guard !(error is CleanExit), !text.isEmpty else { return text }
        var lines = ["Error: " + text]
        guard isUsageError else { return lines[0] }
        if let hint = (error as? ParserError)?.help, !hint.isEmpty { lines.append("Help:  \(hint)") }
        let help = HelpText(stack: stack, columns: columns)
        return (lines + ["Usage: \(help.usage)", "  See '\(help.path) --help' for more information."])
            .joined(separator: "\n")
    }

    private func text(of exit: CleanExit, columns: Int) -> String {
        switch exit.base {
        case .message(let text): return text
        case .version: return stack.last { !$0.configuration.version.isEmpty }?.configuration.version ?? ""
        case .helpRequest(nil): return HelpText(stack: stack, columns: columns).text
        case .helpRequest(let command?):
            let path = stack[0].path(to: command) ?? [command]
            return HelpText(stack: path, columns: columns).text
        }
    }

    /// Shows control characters, so that a hostile argument or file name cannot drive the terminal.
    private func escapingControls(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            let isControl = scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
            result += isControl ? scalar.escaped(asASCII: true) : String(scalar)
        }
    }
}

/// Writes a text with as many calls of write(2) as needed; gives up on an error, as there is nobody left to tell.
private func writeAll(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard written >= 0 || errno == EINTR else { return }
        bytes = bytes.dropFirst(max(written, 0))
    }
}
