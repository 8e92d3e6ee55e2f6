// SPDX-License-Identifier: Apache-2.0
// Whether a profile's program can be found before anything is started, and how to ask it for its version.

import SystemKit

extension AgentProfile {
    /// Looks for the profile's program as the supervisor will: by its path, or in the directories of `PATH`.
    ///
    /// - Parameter environment: the environment of the daemon.
    /// - Returns: the path of the file; nil when there is no such program.
    package func programPath(environment: [String: String]) -> String? {
        if program.utf8.contains(UInt8(ascii: "/")) { return Self.isProgram(program) ? program : nil }
        let path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").lazy.map { "\($0)/\(program)" }.first(where: Self.isProgram)
    }

    /// Looks for the profile's program as ``programPath(environment:)`` does.
    ///
    /// - Parameter environment: the environment of the daemon.
    /// - Returns: what is wrong and what to do, in one line; nil when the program is there.
    package func missingProgram(environment: [String: String]) -> String? {
        if programPath(environment: environment) != nil { return nil }
        return program.utf8.contains(UInt8(ascii: "/"))
            ? "\(program) is not an executable file; install it, or mend the profile"
            : "\(program) is not found in PATH; install it, or set CLAUDE_COMMAND or the profile's command"
    }

    /// How to ask the program for its version: its own arguments and `--version`, in the environment of an attempt.
    ///
    /// - Parameter context: stands for the attempt; its mark finds what the program may leave behind.
    /// - Returns: what to start; nil for a program that might take the question for a task.
    package func versionQuery(in context: InvocationContext) -> AgentInvocation? {
        guard [.claudeText, .claude, .codex].contains(kind) else { return nil }
        return AgentInvocation(
            arguments: arguments + ["--version"],
            environment: PassedEnvironment(for: self, from: context.environment).variables(in: context),
            input: nil
        )
    }

    private static func isProgram(_ path: String) -> Bool {
        // What cannot be looked at cannot be run either.
        guard let status = try? HostPath.status(of: path) else { return false }
        return status.kind == .regular && status.permissions & 0o111 != 0
    }
}
