// SPDX-License-Identifier: Apache-2.0
// Dead letters by the built program: listed, run again, removed.

import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Dead letter commands", .guardedAgainstHangs)
struct DeadLetterCommandTests {
    /// Fails until the file `mended` lies beside it.
    private static let agent = #"[ -e "$(dirname "$0")/mended" ] || { echo "no key" >&2; exit 3; }; echo done"#

    private func withFailedTasks(_ ids: [String], _ body: (DaemonFixture) async throws -> Void) async throws {
        let configure: (inout DaemonFixture.Options) -> Void = {
            $0.agent = Self.agent
            $0.environment = ["MAX_RETRIES": "0"]
        }
        try await DaemonFixture.with(configure: configure) { daemon in
            for id in ids { try daemon.submit(id, "work") }
            for id in ids { _ = try await daemon.deadLetter(of: id) }
            try await body(daemon)
        }
    }

    @Test("a task that is retried after the agent was mended completes")
    func retryLeadsToACompletedResult() async throws {
        try await withFailedTasks(["t1", "t2"]) { daemon in
            let list = try await daemon.run("dlq", "list")
            #expect(list.output.contains("t1") && list.output.contains("exit code 3: no key"))
            try daemon.scratch.directory.createFile("mended").close()
            let retry = try await daemon.run("dlq", "retry", "t1", "nix")
            // What can be done is done, and what cannot is said.
            #expect(retry.status == .exited(1))
            #expect(retry.output == "queued again: t1 (marie)\n")
            #expect(retry.errors == "Error: nix: there is no such dead letter; vigil dlq list shows them\n")
            let result = try await daemon.result(of: "t1")
            #expect(result.status == .completed)
            let all = try await daemon.run("dlq", "retry", "--all", "--reason", "max_retries_exceeded", "--json")
            #expect(all.status == .exited(0))
            #expect(all.output.hasPrefix(#"{"schema_version":1,"done":[{"file":"t2_"#))
            let other = try await daemon.result(of: "t2")
            #expect(other.status == .completed)
            let empty = try await daemon.run("dlq", "list")
            #expect(empty.output == "no dead letters\n")
        }
    }

    @Test("one is shown whole, and a file that never was a task by its file's name")
    func showsOne() async throws {
        try await withFailedTasks(["t1"]) { daemon in
            let shown = try await daemon.run("dlq", "show", "t1")
            #expect(shown.output.contains("reason  max_retries_exceeded"))
            #expect(shown.output.hasSuffix("description\n  work\n"))
            try daemon.drop(Array("{broken".utf8), as: "broken.json")
            _ = try await daemon.deadLetter(of: "broken")
            let name = try #require(try daemon.names(in: "dlq/marie").first { $0.hasPrefix("broken_") })
            let broken = try await daemon.run("dlq", "show", name.replacing(".json", with: ""), "--json")
            #expect(broken.status == .exited(0))
            #expect(broken.output.contains(#""reason":"invalid_json""#))
        }
    }

    @Test("purge asks first, and without a terminal refuses unless told not to ask")
    func purgeAsks() async throws {
        try await withFailedTasks(["t1", "t2"]) { daemon in
            let refused = try await daemon.run("dlq", "purge", "t1")
            #expect(refused.status == .exited(64))
            #expect(refused.errors.contains("add --yes"))
            let no = try await Terminal().run(["dlq", "purge", "t1"], answering: "n", in: daemon)
            #expect(no.status == .exited(1))
            #expect(no.screen.contains("Remove 1 dead letter for good? [y/N] "))
            #expect(try daemon.names(in: "dlq/marie").count == 2)
            let yes = try await Terminal().run(["dlq", "purge", "t1"], answering: "y", in: daemon)
            #expect(yes.status == .exited(0))
            #expect(yes.screen.hasSuffix("removed: t1 (marie)\n"))
            let young = try await daemon.run("dlq", "purge", "--all", "--older-than", "1h", "--yes")
            #expect(young.status == .exited(0))
            #expect(try daemon.names(in: "dlq/marie").count == 1)
            let all = try await daemon.run("dlq", "purge", "--all", "--yes")
            #expect(all.output == "removed: 1 dead letter\n")
            #expect(try daemon.names(in: "dlq/marie").isEmpty)
        }
    }

    @Test(
        "a selection that means nothing certain is refused",
        arguments: [
            ["dlq", "retry"], ["dlq", "retry", "t1", "--all"], ["dlq", "retry", "t1", "--reason", "expired"],
            ["dlq", "purge", "t1", "--older-than", "1h"], ["dlq", "purge", "--all", "--older-than", "soon"],
            ["dlq", "list", "--reason", "bad_luck"],
        ]
    )
    func refusesUnclearSelections(arguments: [String]) async throws {
        try await DaemonFixture.withRoot { fixture in
            let result = try await fixture.run(arguments)
            #expect(result.status == .exited(64))
            #expect(result.output.isEmpty)
        }
    }
}
