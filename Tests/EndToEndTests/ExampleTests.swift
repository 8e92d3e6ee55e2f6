// SPDX-License-Identifier: Apache-2.0
// The examples that are shown to others do what is said of them.

import SystemKit
import TestSupport
import Testing

@Suite("Examples", .takesTurns, .guardedAgainstHangs)
struct ExampleTests {
    /// The directory of the sources.
    private static let sources = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

    private func text(_ name: FileName, in directory: String) throws -> String {
        let bytes = try #require(try Directory.open(directory).read(name, limit: 1 << 20))
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("a shell script submits three tasks that need each other, waits, and prints the answers")
    func threeTasks() async throws {
        try await DaemonFixture.working(configure: { $0.agent = #"echo "did: $2""# }) { daemon in
            var environment = daemon.environment
            let programs = BuiltProgram.vigil.dropLast("/vigil".count)
            environment["PATH"] = "\(programs):\(environment["PATH"] ?? "")"
            let script = try ChildProcess(
                ["/bin/sh", "\(Self.sources)/examples/three-tasks.sh"],
                environment: environment,
                output: daemon.scratch.path(of: "answers"),
                errors: daemon.scratch.path(of: "words")
            )
            let status = try await script.waitForExit()
            let words = try text("words", in: daemon.scratch.path)
            #expect(status == .exited(0), "\(words)")
            #expect(
                try text("answers", in: daemon.scratch.path) == """
                    did: List the facts
                    did: Write a draft from the facts
                    did: Check the draft

                    """
            )
        }
    }

    @Test("README shows the script as it is")
    func readmeShowsTheScript() throws {
        let script = try text("three-tasks.sh", in: "\(Self.sources)/examples")
        // All but the first two lines, which say how to run it and under which licence.
        let shown = script.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(2)
            .joined(separator: "\n")
        #expect(try text("README.md", in: Self.sources).contains("```sh\n\(shown)```\n"))
    }
}
