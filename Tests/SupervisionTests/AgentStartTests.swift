// SPDX-License-Identifier: Apache-2.0
// What an agent finds when it starts, and what is said when it cannot start.

import Glibc
import Supervision
import SystemKit
import Testing

@Suite(.timeLimit(.minutes(2))) struct AgentStartTests {
    @Test func agentSeesOnlyItsThreeDescriptors() async throws {
        try await Fixture.with { fixture in
            // The shell's own descriptor for the listing is closed again when it looks.
            let script = #"for f in /proc/$$/fd/*; do [ -e "$f" ] && echo "${f##*/} $(readlink "$f")"; done; true"#
            _ = try await fixture.record(script)
            let logs = fixture.logs.path
            #expect(try fixture.output() == "0 /dev/null\n1 \(logs)/stdout.log\n2 \(logs)/stderr.log\n")
        }
    }

    @Test func agentStartsWithDefaultSignalsAndAnEmptyMask() async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.record("") { $0.arguments = ["/bin/cat", "/proc/self/status"] }
            let wanted = ["SigBlk:", "SigIgn:", "SigCgt:", "SigPnd:", "ShdPnd:"]
            let lines = try fixture.output().split(separator: "\n").filter { wanted.contains(String($0.prefix(7))) }
            #expect(lines.count == wanted.count)
            #expect(lines.allSatisfy { $0.hasSuffix("\t0000000000000000") }, "\(lines)")
        }
    }

    @Test func environmentIsExactlyTheOneGiven() async throws {
        try await Fixture.with { fixture in
            let environment = ["A=1", "B=two words\nand a line", "C=", "no equals sign", "A=2", "é=\u{1F600}"]
            _ = try await fixture.record("") {
                $0.arguments = ["/usr/bin/env", "-0"]
                $0.environment = environment
            }
            #expect(try fixture.output() == environment.map { $0 + "\0" }.joined())
        }
    }

    @Test func anEmptyEnvironmentStaysEmpty() async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.record("") {
                $0.arguments = ["/usr/bin/env"]
                $0.environment = []
            }
            #expect(try fixture.output().isEmpty)
        }
    }

    @Test func aLongArgumentArrivesWhole() async throws {
        try await Fixture.with { fixture in
            let text = String(repeating: "0123456789abcde\n", count: 6400)
            _ = try await fixture.record("") { $0.arguments = ["/usr/bin/printf", "%s", text] }
            #expect(text.utf8.count == 100 << 10)
            #expect(try fixture.output() == text)
        }
    }

    @Test func anArgumentThatTheKernelRefusesIsAFailedStart() async throws {
        try await Fixture.with { fixture in
            let record = try await fixture.record("") {
                $0.arguments = ["/bin/true", String(repeating: "x", count: 200_000)]
            }
            #expect(record.ending == .spawnFailed(step: "exec", errno: Errno(rawValue: E2BIG)))
        }
    }

    @Test func inputArrivesWhole() async throws {
        try await Fixture.with { fixture in
            let input = (0..<10_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            _ = try await fixture.record("cat") { $0.input = input }
            #expect(try fixture.logs.read("stdout.log", limit: 20_000_000) == input)
        }
    }

    @Test func inputThatIsNeverReadHoldsNobodyUp() async throws {
        try await Fixture.with { fixture in
            let input = [UInt8](repeating: 120, count: 10_000_000)
            let record = try await fixture.record("exit 3") { $0.input = input }
            #expect(record.ending == .exited(code: 3))
        }
    }

    @Test func agentLeadsItsOwnSessionInItsWorkingDirectory() async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.record("read -r line < /proc/$$/stat; set -- $line; echo $1 $5 $6; pwd -P")
            let lines = try fixture.output().split(separator: "\n")
            let numbers = try #require(lines.first).split(separator: " ")
            #expect(numbers.count == 3 && Set(numbers).count == 1, "process, group and session: \(numbers)")
            #expect(lines.last.map(String.init) == fixture.scratch.path)
        }
    }

    @Test func programIsLookedUpInTheAgentsOwnPath() async throws {
        try await Fixture.with { fixture in
            let bin = try fixture.scratch.subdirectory("bin", create: 0o755)
            try bin.createFile("vigil-test-agent", mode: 0o755).write(all: Array("#!/bin/sh\necho found\n".utf8))
            _ = try await fixture.record("") {
                $0.arguments = ["vigil-test-agent"]
                $0.environment = ["PATH=/nowhere:bin:/usr/bin"]
            }
            #expect(try fixture.output() == "found\n")
        }
    }

    @Test(
        arguments: [
            (["vigil-no-such-program"], "search", ENOENT), (["/nowhere/program"], "exec", ENOENT),
            (["/etc/passwd"], "exec", EACCES), (["/tmp"], "exec", EACCES), (["./script"], "exec", ENOENT),
            (["not-executable"], "search", EACCES),
        ] as [([String], String, Int32)]
    )
    func whatCannotRunSaysWhy(arguments: [String], step: String, number: Int32) async throws {
        try await Fixture.with { fixture in
            // An interpreter that is not there, and a file in the path that may not run.
            try fixture.scratch.createFile("script", mode: 0o755).write(all: Array("#!/nowhere/sh\n".utf8))
            try fixture.scratch.createFile("not-executable", mode: 0o644).write(all: Array("#!/bin/sh\n".utf8))
            let record = try await fixture.record("") {
                $0.arguments = arguments
                $0.environment = ["PATH=/usr/bin:\(fixture.scratch.path)"]
            }
            #expect(record.ending == .spawnFailed(step: step, errno: Errno(rawValue: number)))
            #expect(record.cutOff == nil)
            #expect(try fixture.recordFile(fixture.runID) == record)
        }
    }

    @Test func aMissingWorkingDirectoryIsAFailedStart() async throws {
        try await Fixture.with { fixture in
            let record = try await fixture.record("true") { $0.workingDirectory = "/nowhere" }
            #expect(record.ending == .spawnFailed(step: "working_directory", errno: .noEntry))
        }
    }

    @Test func logsThatCannotBeMadeAreAFailedStart() async throws {
        try await Fixture.with { fixture in
            _ = try fixture.logs.subdirectory("stderr.log", create: 0o755)
            let record = try await fixture.record("true")
            #expect(record.ending == .spawnFailed(step: "logs", errno: .isDirectory))
        }
    }

    @Test func logsOfAnEarlierTryAreNotKept() async throws {
        try await Fixture.with { fixture in
            try fixture.logs.createFile("stdout.log").write(all: Array("old and long".utf8))
            _ = try await fixture.record("echo new")
            #expect(try fixture.output() == "new\n")
        }
    }
}
