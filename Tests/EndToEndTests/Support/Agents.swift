// SPDX-License-Identifier: Apache-2.0
// A stand-in agent that does what the task's description says, and what it leaves for the test to see.

import Glibc
import SystemKit
import TestSupport
import Testing

extension DaemonFixture.Options {
    /// An agent that takes its description for a shell script, and runs it in the scratch directory.
    ///
    /// The functions that a script can use: `say WORDS` appends a line to the file `witness`; `pass NAME` waits at a
    /// ``Gate``. The agent itself is the script, so that it ends as the script does.
    static let scripted = #"""
        here=${0%/*}
        cd "$here" || exit 99
        say() { echo "$VIGIL_TASK_ID $VIGIL_ATTEMPT $*" >>"$here/witness"; }
        pass() { read -r _ <"$here/$1"; }
        eval "$2"
        """#
}

extension DaemonFixture {
    /// Runs a test with a daemon whose agent is ``Options/scripted``, and checks that it ends as it should.
    ///
    /// After the test the daemon is asked to stop. It must exit with 0, and leave no process of its root behind.
    ///
    /// - Parameters:
    ///   - settings: Settings of the daemon.
    ///   - configure: Changes what else is started.
    ///   - body: The test; the daemon is ready when it begins.
    /// - Throws: What `body` throws.
    static func working(
        _ settings: [String: String] = [:],
        configure: (inout Options) -> Void = { _ in },
        _ body: (DaemonFixture) async throws -> Void
    ) async throws {
        try await idle(settings, configure: configure) { daemon in
            try await daemon.start()
            try await body(daemon)
            try await daemon.expectCleanEnd()
        }
    }

    /// As ``working(_:configure:_:)``, but the test starts the daemon, and ends it.
    static func idle(
        _ settings: [String: String] = [:],
        configure: (inout Options) -> Void = { _ in },
        _ body: (DaemonFixture) async throws -> Void
    ) async throws {
        let usual = ["KILL_GRACE_SECONDS": "1", "SETTLE_SECONDS": "0.2", "HEARTBEAT_INTERVAL": "1"]
        try await withRoot { options in
            options.agent = Options.scripted
            options.environment = usual.merging(settings) { _, own in own }
            configure(&options)
        } _: { fixture in
            try await body(fixture)
        }
    }

    /// Stops the daemon, which must exit with 0 and leave nobody behind.
    func expectCleanEnd() async throws {
        let status = try await stop()
        #expect(status == .exited(0))
        try await processes.waitForNone()
    }

    /// The lines that agents have said until now.
    func witness() throws -> [String] {
        let bytes = try scratch.directory.read("witness", limit: 1 << 26) ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Waits until agents have said so many lines.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - isWanted: Which lines count; all by default.
    /// - Returns: All of those lines.
    /// - Throws: `WaitFailure` when they do not come.
    @discardableResult
    func witness(
        _ count: Int,
        where isWanted: @escaping @Sendable (String) -> Bool = { _ in true }
    ) async throws -> [String] {
        try await eventually("\(count) lines of agents", in: [scratch.path]) { [self] in
            let lines = try witness().filter(isWanted)
            return lines.count >= count ? lines : nil
        }
    }

    /// Makes a gate that agents can wait at.
    func makeGate(_ name: String = "gate") throws -> Gate {
        try Gate(scratch.path(of: name))
    }

    /// Puts a text file into the worker's inbox, renamed into place.
    func drop(_ text: String, as name: FileName) throws {
        try drop(Array(text.utf8), as: name)
    }

    /// The path of the worker's inbox, or of a file in it.
    func inbox(_ name: String? = nil) -> String {
        "\(root)/tasks/\(options.worker)" + (name.map { "/\($0)" } ?? "")
    }

    /// The text of a file below the root; nil when it is missing.
    func contents(of path: String) throws -> String? {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let name = FileName(String(path[path.index(after: slash)...]))
        let bytes = try Directory.open("\(root)/\(path[..<slash])").read(name, limit: 1 << 26)
        return bytes.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The task file with the usual fields.
    static func task(_ id: String, _ description: String) -> String {
        #"{"task_id": "\#(id)", "description": "\#(description)"}"#
    }
}

/// A FIFO that agents read a line from, each its own.
final class Gate: Sendable {
    private let pipe: OwnedDescriptor

    /// Makes the FIFO, and keeps it open, so that nobody waits for the other end to open.
    init(_ path: String) throws {
        guard mkfifo(path, 0o600) == 0 else {
            throw SystemCallError(call: "mkfifo", errno: Errno(rawValue: errno), path: path)
        }
        let opened = open(path, O_RDWR | O_CLOEXEC)
        guard opened >= 0 else { throw SystemCallError(call: "open", errno: Errno(rawValue: errno), path: path) }
        pipe = OwnedDescriptor(adopting: opened)
    }

    /// Lets so many agents pass, those that wait and those to come.
    func pass(_ count: Int = 1) throws {
        try pipe.write(all: [UInt8](repeating: UInt8(ascii: "\n"), count: count))
    }
}
