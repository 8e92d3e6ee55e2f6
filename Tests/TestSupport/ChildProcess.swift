// SPDX-License-Identifier: Apache-2.0
// A program that a test has started.

import Glibc
import Synchronization
package import SystemKit

/// A started program, whose end can be waited for.
package final class ChildProcess: Sendable {
    /// Its process number, which no other process gets before its end was taken note of.
    package let pid: Int32
    private let handle: OwnedDescriptor
    private let reaped = Mutex<ExitStatus?>(nil)

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - arguments: The program's path and its arguments.
    ///   - environment: All of its environment.
    ///   - output: The file that its standard output is appended to.
    ///   - errors: The file that its standard error is appended to; the one of the output when nil.
    ///   - input: The file that is its standard input.
    /// - Throws: `SystemCallError` when a file cannot be opened or the program cannot be started.
    package init(
        _ arguments: [String],
        environment: [String: String],
        output: String,
        errors: String? = nil,
        input: String = "/dev/null"
    ) throws {
        let input = try Self.open(input, O_RDONLY)
        let output = try Self.open(output, O_WRONLY | O_CREAT | O_APPEND)
        let errors = try errors.map { try Self.open($0, O_WRONLY | O_CREAT | O_APPEND).release() }
        defer { if let errors { close(errors) } }
        pid = try spawnDetached(
            path: arguments.first ?? "",
            arguments: arguments,
            environment: environment.sorted { $0.key < $1.key }.map { "\($0)=\($1)" },
            descriptors: [input.rawValue, output.rawValue, errors ?? output.rawValue]
        )
        handle = try pidfdOpen(pid)
    }

    private static func open(_ path: String, _ flags: Int32) throws -> OwnedDescriptor {
        let opened = Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw SystemCallError(call: "open", errno: Errno(rawValue: errno), path: path) }
        return OwnedDescriptor(adopting: opened)
    }

    /// Readable once the process has ended.
    var descriptor: Int32 { handle.rawValue }

    /// Whether the process has ended.
    package var hasEnded: Bool { exitStatus != nil }

    /// How the process ended; nil while it runs.
    package var exitStatus: ExitStatus? {
        reaped.withLock { status in
            // It fails only for a process whose end was noted, and then the status is there.
            if status == nil { status = try? reap(pid, nohang: true) }
            return status
        }
    }

    /// Sends a signal; a process that has ended gets none.
    ///
    /// - Parameter signal: Its number.
    package func send(_ signal: Int32) {
        // It fails when the process has ended, and then there is nobody to be told.
        try? sendSignal(signal, toProcess: handle)
    }

    /// Waits for the end of the process.
    ///
    /// - Parameter limit: The longest wait.
    /// - Returns: How it ended.
    /// - Throws: ``WaitFailure`` when it still runs after that.
    @discardableResult
    package func waitForExit(within limit: Duration = Patience.limit) async throws -> ExitStatus {
        try await blocking { [self] in
            guard try waitForInput(on: [descriptor], until: .now + limit), let status = exitStatus else {
                throw WaitFailure("process \(pid) still runs after \(limit)")
            }
            return status
        }
    }
}

extension TemporaryDirectory {
    /// Writes a shell script that can be run at once.
    ///
    /// Another process makes the file. If this one did, a process that another test starts at that moment could still
    /// hold it open for writing, and execve(2) would refuse it with `ETXTBSY`.
    ///
    /// - Parameters:
    ///   - script: What it does, for `sh`.
    ///   - name: Its name.
    /// - Returns: Its absolute path.
    /// - Throws: `SystemCallError` or ``WaitFailure`` when it cannot be written.
    @discardableResult
    package func writeScript(_ script: String, as name: FileName) async throws -> String {
        let target = path(of: name.description)
        let source = FileName("\(name).text")
        let text = Array("#!/bin/sh\n\(script)\n".utf8)
        try AtomicFile.write(text, as: source, in: directory, replacing: true, durability: .relaxed)
        let copy = #"cp -- "$1.text" "$1.new" && chmod 700 "$1.new" && mv -- "$1.new" "$1""#
        let process = try ChildProcess(
            ["/bin/sh", "-c", copy, "sh", target],
            environment: ["PATH": "/usr/bin:/bin"],
            output: "/dev/null"
        )
        let status = try await process.waitForExit()
        guard status == .exited(0) else { throw WaitFailure("the script \(target) could not be made: \(status)") }
        return target
    }
}
