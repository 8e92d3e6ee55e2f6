// SPDX-License-Identifier: Apache-2.0
// Where the supervisor's program is.

import SystemKit

/// Finds `vigil-supervisor`.
enum SupervisorProgram {
    /// The path from `VIGIL_SUPERVISOR`, else the program beside this one.
    /// - Returns: An absolute path.
    /// - Throws: `CommandFailure` when there is no such program.
    static func path() throws -> String {
        if let path = SystemInfo.environment["VIGIL_SUPERVISOR"] { return path }
        let own = SystemInfo.executablePath ?? "/usr/local/bin/vigil"
        let path = own.prefix(through: own.lastIndex(of: "/") ?? own.startIndex) + "vigil-supervisor"
        guard try HostPath.status(of: String(path))?.kind == .regular else {
            throw CommandFailure(.unavailable, "\(path) is missing; install vigil and vigil-supervisor side by side")
        }
        return String(path)
    }
}
