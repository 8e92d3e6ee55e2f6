// SPDX-License-Identifier: Apache-2.0
// Where an agent works, and whether a task may ask for it.

package import QueueModel
import SystemKit

/// Finds the working directory of an attempt.
package enum WorkingDirectory {
    /// Finds the directory to start in: the task's, else the profile's, else the worker's.
    ///
    /// A directory that the task asks for must, with all links followed, be one of the allowed directories or lie in
    /// one. What comes back has no links left, so that swapping one later leads nowhere else.
    ///
    /// - Parameters:
    ///   - task: may ask for a directory.
    ///   - profile: may name one.
    ///   - allowed: absolute paths of the directories that tasks may ask for.
    ///   - fallback: the worker's directory, an absolute path.
    /// - Returns: an absolute path; only a task's own was looked at.
    /// - Throws: `AgentError` when the task asks for a directory that it may not have, or that is not there.
    package static func resolve(
        for task: TaskRecord,
        profile: AgentProfile,
        allowed: [String],
        fallback: String
    ) throws(AgentError) -> String {
        guard let wanted = task.workingDirectory else { return profile.workingDirectory ?? fallback }
        let shown = wanted.unicodeScalars.allSatisfy { $0.value >= 0x20 } ? wanted : "the directory"
        guard !allowed.isEmpty else {
            throw refusal("cwd: no directory is allowed for tasks; leave the field out, or set ALLOWED_CWD")
        }
        guard wanted.utf8.first == UInt8(ascii: "/") else { throw refusal("cwd: \(shown) is not an absolute path") }
        let resolved: String
        do throws(SystemCallError) {
            resolved = try HostPath.resolved(wanted)
            guard try HostPath.status(of: resolved)?.kind == .directory else {
                throw SystemCallError(call: "open", errno: .notDirectory, path: wanted)
            }
        } catch {
            throw AgentError(code: .workingDirectoryMissing, message: "cwd: \(shown): \(error.errno)")
        }
        for directory in allowed {
            // An allowed directory that is not there allows nothing.
            guard let base = try? HostPath.resolved(directory) else { continue }
            if contains(base, resolved) { return resolved }
        }
        throw refusal("cwd: \(shown) lies in none of the directories of ALLOWED_CWD")
    }

    /// Whether a path without links is the directory or lies in it, by bytes.
    private static func contains(_ directory: String, _ path: String) -> Bool {
        let base = directory.utf8.last == UInt8(ascii: "/") ? directory.utf8.dropLast() : directory.utf8[...]
        guard path.utf8.starts(with: base) else { return false }
        let rest = path.utf8.dropFirst(base.count)
        return rest.isEmpty || rest.first == UInt8(ascii: "/")
    }

    private static func refusal(_ message: String) -> AgentError {
        AgentError(code: .workingDirectoryRefused, message: message)
    }
}
