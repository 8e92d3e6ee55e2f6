// SPDX-License-Identifier: Apache-2.0
// What the help texts of operating commands say, to the letter.

import ArgumentParser
import Commands
import TestSupport
import Testing

@Suite("Help of operating commands")
struct HelpTests {
    private func help(_ words: String...) throws -> String {
        let error = #expect(throws: (any Error).self) { try VigilCommand.parseAsRoot(["help"] + words) }
        return VigilCommand.fullMessage(for: try #require(error))
    }

    @Test(arguments: [
        ("RUN", ["up", "worker", "orchestrator", "demo"]),
        ("TASK", ["submit", "list", "show", "why", "logs", "wait", "cancel", "retry", "status", "events"]),
        ("DEAD LETTER", ["dlq"]),
        ("WORKER", ["pause", "resume", "drain", "scale"]),
        ("SET-UP", ["setup", "config", "token", "doctor", "completions", "manual"]),
    ])
    func theRootGroupsItsCommands(group: String, commands: [String]) throws {
        let lines = try help().split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex(of: "\(group) SUBCOMMANDS:"))
        let listed = lines[(start + 1)...].prefix { !$0.isEmpty }
        let names = listed.filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }.map { line in
            String(line.dropFirst(2).prefix { $0 != " " })
        }
        for command in commands { #expect(names.contains(command)) }
    }

    /// The paths of all commands below one, with the command itself.
    private func paths(_ command: CommandInfoV0, _ path: [String] = []) -> [[String]] {
        [path] + command.subcommands.filter(\.shouldDisplay).flatMap { paths($0, path + [$0.commandName]) }
    }

    @Test func everyCommandExplainsItself() throws {
        let paths = paths(ToolInfoV0(VigilCommand.self).command)
        let name = { (path: [String]) in (["vigil"] + path).joined(separator: "-") + ".txt" }
        for path in paths {
            let error = #expect(throws: (any Error).self) { try VigilCommand.parseAsRoot(["help"] + path) }
            try Golden.expect(VigilCommand.fullMessage(for: try #require(error)), "help/\(name(path))")
        }
        #expect(try Golden.names(in: "help") == paths.map(name).sorted())
    }

    @Test func everyCommandShowsAnExampleOrNeedsNone() throws {
        let plain: Set = ["dlq", "worker", "up", "demo"]
        for path in paths(ToolInfoV0(VigilCommand.self).command).dropFirst() where !plain.contains(path[0]) {
            let error = #expect(throws: (any Error).self) { try VigilCommand.parseAsRoot(["help"] + path) }
            let text = VigilCommand.fullMessage(for: try #require(error))
            #expect(text.contains("\n  Example:\n") || text.contains("Examples:\n"), "\(path)")
        }
    }
}
