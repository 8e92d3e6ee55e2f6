// SPDX-License-Identifier: Apache-2.0
// Completion scripts in their shells, and the manual page in its formatters. What is not installed is left out.

import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Completion scripts and manual", .takesTurns, .guardedAgainstHangs)
struct ShellCommandTests {
    private static func isInstalled(_ program: String) -> Bool {
        // What cannot be looked at cannot be run.
        ["/usr/bin", "/bin"].contains { (try? HostPath.status(of: "\($0)/\(program)")) != nil }
    }

    /// Runs a script in a shell, with `vigil` on the path.
    private func run(_ command: [String], _ script: String, in fixture: DaemonFixture) async throws -> String {
        try await fixture.scratch.writeScript(script, as: "script")
        let programs = BuiltProgram.vigil.dropLast("/vigil".count)
        var environment = fixture.environment
        environment["PATH"] = "\(programs):\(environment["PATH"] ?? "")"
        let process = try ChildProcess(
            command + [fixture.scratch.path(of: "script")],
            environment: environment,
            output: fixture.scratch.path(of: "shell.out")
        )
        let status = try await process.waitForExit()
        let output = String(
            decoding: try fixture.scratch.directory.read("shell.out", limit: 1 << 20) ?? [],
            as: UTF8.self
        )
        #expect(status == .exited(0), "\(output)")
        return output
    }

    private func prepare(_ fixture: DaemonFixture) throws {
        try fixture.submit("build-7", "x")
        try fixture.submit("build-8", "x")
    }

    @Test("bash completes commands, values and the ids that are there")
    func bash() async throws {
        try await DaemonFixture.idle { fixture in
            try prepare(fixture)
            let script = #"""
                source <(vigil completions bash)
                complete -p vigil
                ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vigil; echo "${COMPREPLY[@]}"; }
                ask vigil wo
                ask vigil list --state = fa
                ask vigil why bu
                ask vigil submit marie --file /etc/host
                """#
            let lines = try await run(["/bin/bash"], script, in: fixture).split(separator: "\n").map(String.init)
            #expect(lines.prefix(4) == ["complete -F _vigil vigil", "worker", "failed", "build-7 build-8"])
            #expect(lines.last?.contains("/etc/hostname") == true)
        }
    }

    @Test("zsh completes", .enabled(if: isInstalled("zsh")))
    func zsh() async throws {
        try await DaemonFixture.idle { fixture in
            try prepare(fixture)
            let script = #"""
                compdef() { : }
                source <(vigil completions zsh)
                _describe() { print -l -- "${found[@]}" }
                words=(vigil why bu) CURRENT=3
                _vigil
                words=(vigil list --state=fa) CURRENT=3
                _vigil
                """#
            #expect(
                try await run(["/usr/bin/zsh", "-f"], script, in: fixture) == "build-7:\nbuild-8:\n--state=failed:\n"
            )
        }
    }

    @Test("fish completes", .enabled(if: isInstalled("fish")))
    func fish() async throws {
        try await DaemonFixture.idle { fixture in
            try prepare(fixture)
            let script = #"""
                vigil completions fish | source
                complete -C "vigil why bu"
                complete -C "vigil list --state=fa"
                """#
            #expect(
                try await run(["/usr/bin/fish", "--no-config"], script, in: fixture)
                    == "build-7\nbuild-8\n--state=failed\n"
            )
        }
    }

    @Test("the manual page pleases its formatters")
    func manual() async throws {
        try await DaemonFixture.idle { fixture in
            if Self.isInstalled("groff") {
                let script = "vigil manual | groff -man -ww -z -Tascii 2>&1"
                let complaints = try await run(["/bin/bash"], script, in: fixture)
                #expect(complaints.isEmpty)
            }
            if Self.isInstalled("mandoc") {
                // A page that is made at any time has no date.
                let script = "vigil manual | mandoc -Tlint -W warning | grep -v 'missing date' || true"
                let complaints = try await run(["/bin/bash"], script, in: fixture)
                #expect(complaints.isEmpty)
            }
        }
    }
}
