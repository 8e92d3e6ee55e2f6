// SPDX-License-Identifier: Apache-2.0
// What holds for the output of all reading commands.

import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Conventions of output", .takesTurns, .guardedAgainstHangs)
struct OutputConventionTests {
    private func prepare(_ daemon: DaemonFixture) throws {
        let results = try Directory.create("\(daemon.root)/results/marie")
        let time = try #require(Timestamp(iso8601: "2026-11-25T22:15:30Z"))
        let worker = try WorkerID("marie")
        var record = ResultRecord(taskID: try TaskID("bad"), worker: worker, status: .failed, timestamp: time)
        record.failure = Failure(reason: .exitCode, message: "the agent exited with code 3", isPermanent: false)
        try AtomicFile.write(record.encoded(), as: "bad.json", in: results, replacing: true, durability: .relaxed)
        try daemon.submit("t1", "do it")
    }

    @Test("every document says the version of its form")
    func documentsHaveVersions() async throws {
        try await DaemonFixture.idle { daemon in
            try prepare(daemon)
            let commands = [
                ["status"], ["list"], ["show", "t1"], ["show", "bad"], ["why", "t1"], ["why", "none"],
                ["wait", "bad"], ["submit", "marie", "x"], ["dlq", "list"], ["config"], ["config", "--check"],
                ["doctor"],
            ]
            for command in commands {
                let output = try await daemon.run(command + ["--json"]).output
                let lines = output.split(separator: "\n")
                #expect(!lines.isEmpty, "\(command)")
                for line in lines {
                    let document = try JSONParser.parse(Array(line.utf8), limits: .file(line.utf8.count)).objectValue
                    #expect(document?["schema_version"] == 1, "\(command): \(line)")
                }
            }
        }
    }

    @Test("COLUMNS cuts tables, a pipe without it does not")
    func tablesKeepToTheWidth() async throws {
        try await DaemonFixture.idle { daemon in
            try prepare(daemon)
            let wide = try await daemon.run("list").output
            #expect(wide.contains("exit_code: the agent exited with code 3"))
            let narrow = try await daemon.begin(["list"], ["COLUMNS": "40"]).end().output
            #expect(narrow.split(separator: "\n").allSatisfy { $0.count <= 40 })
            #expect(narrow.contains("…"))
        }
    }

    @Test("colours only on a terminal, and not when they are not wanted")
    func coloursAreOptional() async throws {
        try await DaemonFixture.idle { daemon in
            try prepare(daemon)
            for command in [["list"], ["status"], ["why", "t1"]] {
                let plain = try await daemon.run(command).output
                #expect(!plain.contains("\u{1B}["))
                let coloured = try await Terminal().run(command, answering: "", in: daemon).screen
                #expect(coloured.contains("\u{1B}["), "\(command)")
                let refused = try await Terminal().run(command + ["--no-color"], answering: "", in: daemon).screen
                #expect(!refused.contains("\u{1B}["), "\(command)")
            }
        }
        try await DaemonFixture.idle(["NO_COLOR": "1"]) { daemon in
            try prepare(daemon)
            let screen = try await Terminal().run(["list"], answering: "", in: daemon).screen
            #expect(screen.contains("bad") && !screen.contains("\u{1B}["))
        }
    }
}
