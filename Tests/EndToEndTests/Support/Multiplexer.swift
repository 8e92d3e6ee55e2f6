// SPDX-License-Identifier: Apache-2.0
// Shells under a terminal emulator, for tests that type and read the screen as a person does.

import Synchronization
import SystemKit
import TestSupport

/// A tmux(1) server of a test, with a shell in each of its windows.
struct Multiplexer: Sendable {
    private static let program = "/usr/bin/tmux"
    /// Whether it is installed.
    static var isInstalled: Bool {
        // What cannot be looked at cannot be run.
        (try? HostPath.status(of: program)) != nil
    }

    private let fixture: DaemonFixture

    /// Describes a server; it starts with its first window.
    init(_ fixture: DaemonFixture) { self.fixture = fixture }

    /// A window with a shell at its prompt.
    func window(_ name: String) async throws -> Window {
        // The shell waits at the gate until what it shows is copied, from its first byte on.
        let gate = fixture.scratch.path(of: "\(name).gate")
        try Producer.pipe(gate)
        let shell = "read -r _ <'\(gate)'; ENV= PS1='\(Window.prompt)' exec sh -i"
        try await command(["new-session", "-d", "-s", name, "-x", "140", "-y", "40", shell])
        try await command(["pipe-pane", "-t", name, "cat >>'\(fixture.scratch.path(of: "\(name).shown"))'"])
        try await blocking { try SlowWriter(gate).write("\n") }
        let window = Window(self, name)
        try await window.showsPrompts(1)
        return window
    }

    /// Ends all windows.
    func end() async throws { try await command(["kill-server"]) }

    @discardableResult
    fileprivate func command(_ words: [String]) async throws -> String {
        let output: FileName = "tmux.out"
        try fixture.scratch.directory.remove(output)
        var environment = fixture.environment
        let programs = BuiltProgram.vigil.dropLast("/vigil".count)
        environment["PATH"] = "\(programs):\(environment["PATH"] ?? "")"
        environment["TERM"] = "xterm"
        environment["NO_COLOR"] = "1"
        let process = try ChildProcess(
            [Self.program, "-f", "/dev/null", "-S", fixture.scratch.path(of: "tmux")] + words,
            environment: environment,
            output: fixture.scratch.path(of: output.description)
        )
        let status = try await process.waitForExit()
        let text = try fixture.scratchText(output)
        guard status == .exited(0) else { throw Refusal(words: words, output: text) }
        return text
    }

    private struct Refusal: Error {
        let words: [String]
        let output: String
    }
}

extension Multiplexer {
    /// A window.
    final class Window: Sendable {
        fileprivate static let prompt = "you $ "
        private let multiplexer: Multiplexer
        private let name: String
        /// How much of what was shown lies before the screen was last cleared.
        private let cleared = Mutex(0)

        fileprivate init(_ multiplexer: Multiplexer, _ name: String) {
            self.multiplexer = multiplexer
            self.name = name
        }

        /// Clears the screen, types a command, and waits for the prompt behind its output.
        /// - Returns: What the screen shows.
        func run(_ line: String) async throws -> String {
            try await begin(line)
            return try await end()
        }

        /// Clears the screen and types a command.
        func begin(_ line: String) async throws {
            let size = try text().utf8.count
            cleared.withLock { $0 = size }
            try await type("clear")
            try await showsPrompts(1)
            try await type(line)
        }

        /// Waits for the end of the command that was begun.
        /// - Returns: What the screen shows.
        func end() async throws -> String {
            try await showsPrompts(2)
            return try await screen()
        }

        private func type(_ line: String) async throws {
            try await multiplexer.command(["send-keys", "-t", name, "-l", line])
            try await press("Enter")
        }

        /// Presses a key, such as `C-c`.
        func press(_ key: String) async throws { try await multiplexer.command(["send-keys", "-t", name, key]) }

        /// What the screen shows, without a prompt that waits at its end.
        func screen() async throws -> String {
            let shown = try await multiplexer.command(["capture-pane", "-t", name, "-p", "-J"])
            var lines = shown.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                String(line.replacing(/[ ]+$/, with: ""))
            }
            while let last = lines.last, last.isEmpty || last + " " == Self.prompt { lines.removeLast() }
            return lines.joined(separator: "\n").replacing(Self.prompt, with: "$ ")
        }

        /// Waits until a text was shown since the command was begun.
        func shows(_ wanted: String) async throws { try await shows("\"\(wanted)\"") { $0.contains(wanted) } }

        fileprivate func showsPrompts(_ count: Int) async throws {
            try await shows("prompt \(count)") { $0.ranges(of: Self.prompt).count >= count }
        }

        private func shows(_ what: String, _ isThere: @escaping @Sendable (String) -> Bool) async throws {
            let skipped = cleared.withLock { $0 }
            try await eventually("\(what) in window \(name)", in: [multiplexer.fixture.scratch.path]) { [self] in
                isThere(String(decoding: try text().utf8.dropFirst(skipped), as: UTF8.self)) ? true : nil
            }
        }

        /// Everything that was shown, as the terminal got it.
        private func text() throws -> String { try multiplexer.fixture.scratchText(FileName("\(name).shown")) }
    }
}

extension DaemonFixture {
    /// The text of a file in the scratch directory; empty while there is none.
    fileprivate func scratchText(_ name: FileName) throws -> String {
        String(decoding: try scratch.directory.read(name, limit: 1 << 24) ?? [], as: UTF8.self)
    }
}
