// SPDX-License-Identifier: Apache-2.0
// What the process exits with and prints.

import ArgumentParser
import Testing

/// Fails with an exit code of its own.
private struct DaemonMissing: ExitCodeProviding, CustomStringConvertible {
    var description: String { "no daemon at \u{7}/run/x; start one with 'tool up'" }
    var exitCode: ExitCode { ExitCode(2) }
}

/// Fails in the way its argument says.
private struct Fail: ParsableCommand {
    enum Way: String, CaseIterable, ExpressibleByArgument { case own, code, validation, other, clean, help, none }
    struct Other: Error {}

    static let configuration = CommandConfiguration(abstract: "Fails.")
    @Argument var way: Way

    func run() throws {
        switch way {
        case .own: throw DaemonMissing()
        case .code: throw ExitCode(3)
        case .validation: throw ValidationError("Not today.")
        case .other: throw Other()
        case .clean: throw CleanExit.message("Nothing to do.")
        case .help: throw CleanExit.helpRequest(self)
        case .none: break
        }
    }
}

@Suite("Exits")
struct ExitTests {
    @Test(arguments: [
        ("own", 2, "Error: no daemon at \\u{07}/run/x; start one with 'tool up'"),
        ("code", 3, ""),
        ("other", 1, "Error: Other()"),
        ("clean", 0, "Nothing to do."),
        ("help", 0, Fail.helpMessage()),
        (
            "validation", 64,
            "Error: Not today.\nUsage: fail <way>\n  See 'fail --help' for more information."
        ),
    ])
    func errorsOfACommandHaveTheirCodeAndText(way: String, code: Int32, text: String) throws {
        var command = try Fail.parseAsRoot([way])
        let error = try #require(throws: (any Error).self) { try command.run() }
        #expect(Fail.exitCode(for: error).rawValue == code)
        #expect(Fail.fullMessage(for: error) == text)
    }

    @Test func helpOfACommandDeepDownNamesItsParents() throws {
        var depot = try #require(try Tool.parseAsRoot(["depot", "open"]) as? Depot.Open)
        let error = try #require(throws: (any Error).self) { try depot.run() }
        #expect(Tool.fullMessage(for: error).contains("USAGE: tool depot open [--name <name>]"))
        #expect(Tool.exitCode(for: error).isSuccess)
    }

    @Test(arguments: [["--version"], ["list", "--version"], ["depot", "open", "--version"]])
    func theVersionIsKnownEverywhere(arguments: [String]) {
        let (text, code) = outcome(arguments)
        #expect(text == "tool 1.2.3" && code == 0)
    }

    @Test func withoutAVersionThereIsNoSuchOption() {
        #expect(throws: (any Error).self) { try Fail.parseAsRoot(["--version"]) }
        #expect(!Fail.helpMessage().contains("--version"))
    }

    @Test func usageErrorsGoToStandardError() async throws {
        let result = await #expect(
            processExitsWith: .exitCode(64),
            observing: [\.standardErrorContent, \.standardOutputContent]
        ) {
            Tool.main(["lsit"])
        }
        let text = try #require(result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) })
        #expect(text.hasPrefix("Error: Unknown command 'lsit'. Did you mean 'list'?\nUsage: tool "))
        #expect(text.hasSuffix("for more information.\n"))
        let data = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
        #expect(!data.contains("lsit"))
    }

    @Test func helpGoesToStandardOutput() async throws {
        let result = await #expect(
            processExitsWith: .success,
            observing: [\.standardErrorContent, \.standardOutputContent]
        ) {
            Tool.main(["help", "list"])
        }
        let text = try #require(result.map { String(decoding: $0.standardOutputContent, as: UTF8.self) })
        #expect(text.contains("OVERVIEW: Lists parcels."))
        let talk = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(!talk.contains("OVERVIEW"))
    }

    @Test func anAsynchronousCommandExitsWithItsCode() async {
        struct Run: AsyncParsableCommand {
            func run() async throws { throw ExitCode(124) }
        }
        await #expect(processExitsWith: .exitCode(124)) { await Run.main([]) }
        await #expect(processExitsWith: .exitCode(64)) { await Run.main(["x"]) }
        await #expect(processExitsWith: .success) { Tool.exit() }
    }
}
