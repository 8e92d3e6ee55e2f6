// SPDX-License-Identifier: Apache-2.0
// Whether a profile's program can be found before anything is started.

import SystemKit

extension AgentProfile {
    /// Looks for the profile's program as the supervisor will: by its path, or in the directories of `PATH`.
    ///
    /// - Parameter environment: the environment of the daemon.
    /// - Returns: what is wrong and what to do, in one line; nil when the program is there.
    package func missingProgram(environment: [String: String]) -> String? {
        if program.utf8.contains(UInt8(ascii: "/")) {
            return Self.isProgram(program)
                ? nil : "\(program) is not an executable file; install it, or mend the profile"
        }
        let path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        for directory in path.split(separator: ":") where Self.isProgram("\(directory)/\(program)") { return nil }
        return "\(program) is not found in PATH; install it, or set CLAUDE_COMMAND or the profile's command"
    }

    private static func isProgram(_ path: String) -> Bool {
        // What cannot be looked at cannot be run either.
        guard let status = try? HostPath.status(of: path) else { return false }
        return status.kind == .regular && status.permissions & 0o111 != 0
    }
}
