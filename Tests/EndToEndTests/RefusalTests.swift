// SPDX-License-Identifier: Apache-2.0
// Files that are no task do no harm, and are kept with a reason.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

/// A file that must not run.
struct Refused: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let content: String
    let reason: DeadLetterReason

    init(_ description: String, _ content: String, _ reason: DeadLetterReason) {
        testDescription = description
        self.content = content
        self.reason = reason
    }

    /// A task whose one odd field is given as JSON.
    init(_ description: String, field: String, _ value: String) {
        self.init(description, #"{"task_id": "t", "description": "say ran", "\#(field)": \#(value)}"#, .invalidTask)
    }

    init(id: String) {
        self.init("id \(id)", #"{"task_id": "\#(id)", "description": "say ran"}"#, .invalidTask)
    }
}

@Suite(.takesTurns) struct RefusalTests {
    /// Drops all files, waits for all dead letters, and checks that nothing ran and every byte was kept.
    private func expectRefused(_ files: [Refused], settings: [String: String] = [:]) async throws {
        try await DaemonFixture.working(settings) { daemon in
            let before = try listing(of: daemon.scratch.path)
            for (index, file) in files.enumerated() {
                try daemon.drop(file.content, as: FileName("file-\(index).json"))
            }
            for (index, file) in files.enumerated() {
                let letter = try await daemon.deadLetter(of: "file-\(index)")
                #expect(letter.reason == file.reason, "\(file.testDescription): \(letter.error ?? "")")
                #expect(letter.error?.isEmpty == false)
                let raw = try #require(letter.rawFile)
                #expect(try daemon.contents(of: "dlq/marie/\(raw)") == file.content)
            }
            // Accepted and run as if nothing had happened.
            try daemon.submit("good", "say good")
            #expect(try await daemon.result(of: "good").status == .completed)
            #expect(try daemon.witness() == ["good 1 good"])
            #expect(try daemon.names(in: "tasks/marie") == [])
            let after = try listing(of: daemon.scratch.path)
            #expect(after.subtracting(before) == ["witness"])
        }
    }

    private func listing(of path: String) throws -> Set<String> {
        var names: Set<String> = []
        try Directory.open(path).names { name in
            names.insert(name.description)
            return true
        }
        return names
    }

    @Test func fileThatIsNoTaskGoesToTheDeadLettersByteForByte() async throws {
        try await expectRefused([
            Refused("no JSON", "{nope", .invalidJSON),
            Refused("an array", "[]", .invalidTask),
            Refused("a number", "5", .invalidTask),
            Refused("nothing", "", .invalidJSON),
            Refused("white space", " \n\t ", .invalidJSON),
            Refused("half a task", #"{"task_id": "t", "descri"#, .invalidJSON),
            Refused("two documents", #"{"task_id": "t", "description": "say ran"} {}"#, .invalidJSON),
            Refused("a comma too many", #"{"task_id": "t", "description": "say ran",}"#, .invalidJSON),
            Refused(
                "a key given twice",
                #"{"task_id": "t", "task_id": "u", "description": "say ran"}"#,
                .invalidJSON
            ),
            Refused(
                "a key given twice, once escaped",
                #"{"task_id": "t", "task\u005fid": "u", "description": "say ran"}"#,
                .invalidJSON
            ),
            Refused("half a surrogate pair", #"{"task_id": "t", "description": "say ran \ud800"}"#, .invalidJSON),
            Refused(
                "a number beyond all",
                #"{"task_id": "t", "description": "say ran", "timeout": 1e999}"#,
                .invalidJSON
            ),
            Refused("half a pair in the id", #"{"task_id": "\ud800", "description": "say ran"}"#, .invalidJSON),
            Refused(
                "nesting without end",
                #"{"task_id": "t", "description": "say ran", "metadata": "#
                    + String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000) + "}",
                .invalidJSON
            ),
            Refused(
                "another worker's task",
                #"{"task_id": "t", "description": "say ran", "worker": "anga"}"#,
                .workerMismatch
            ),
        ])
    }

    @Test func idThatCouldLeadElsewhereNeverBecomesAPath() async throws {
        try await expectRefused(
            [
                "../../outside/pwn", "../pwn", "/tmp/pwn", "..", ".", "", "a/b", #"..\u002fpwn"#, "../\u{301}pwn",
                #"a\u0000b"#, #"a\nb"#, #"a\u001b[31m"#, "a\u{202e}b", "a\u{200b}b", "-rf", " a", "a b", ".hidden", "é",
                "e\u{301}", "a..b", String(repeating: "a", count: 129), #"a\\b"#,
            ].map(Refused.init(id:))
        )
    }

    @Test func fieldOutOfItsRangeIsRefusedBeforeAnythingStarts() async throws {
        try await expectRefused([
            Refused("timeout as text", field: "timeout", #""60""#),
            Refused("timeout 0", field: "timeout", "0"),
            Refused("negative timeout", field: "timeout", "-1"),
            Refused("endless timeout", field: "timeout", "1e308"),
            Refused("timeout true", field: "timeout", "true"),
            Refused("priority out of range", field: "priority", "101"),
            Refused("unknown priority", field: "priority", #""urgent""#),
            Refused("fractional priority", field: "priority", "1.5"),
            Refused("dependencies as text", field: "dependencies", #""a""#),
            Refused("dependency that is no id", field: "dependencies", #"["../a"]"#),
            Refused("metadata as list", field: "metadata", "[]"),
            Refused("time without zone", field: "not_before", #""2026-01-02T03:04:05""#),
            Refused("time as number", field: "expires_at", "1767323045"),
            Refused("retries beyond 2^63", field: "max_retries", "9223372036854775808"),
            Refused("agent as path", field: "agent", #""../agent""#),
            Refused("list as description", #"{"task_id": "t", "description": ["say ran"]}"#, .invalidTask),
            Refused("empty description", #"{"task_id": "t", "description": " "}"#, .invalidTask),
        ])
    }

    @Test func timeoutBeyondTheWorkersLimitIsRefused() async throws {
        try await expectRefused(
            [Refused("more than the worker allows", field: "timeout", "61")],
            settings: ["MAX_TASK_TIMEOUT": "60"]
        )
    }

    @Test func byteOrderMarkIsSkippedAndNullCountsAsAbsent() async throws {
        try await DaemonFixture.working { daemon in
            try daemon.drop(
                "\u{feff}" + #"{"task_id": "t1", "description": "say ran", "timeout": null, "unknown": 7}"#,
                as: "t1.json"
            )
            #expect(try await daemon.result(of: "t1").status == .completed)
        }
    }
}

// MARK: - Files that are none

extension RefusalTests {
    @Test func pipesLinksAndDevicesAreRefusedWithinOneLook() async throws {
        try await DaemonFixture.working { daemon in
            let secret = daemon.scratch.path(of: "secret")
            try SlowWriter(secret).write(DaemonFixture.task("stolen", "say ran"))
            // Two of each: as many blocking opens as there are cores would stop a program's threads.
            for number in 1...2 {
                try Producer.pipe(daemon.inbox("pipe\(number).json"))
                try Producer.link(daemon.inbox("link\(number).json"), to: secret)
                try Producer.link(daemon.inbox("dangling\(number).json"), to: "/nonexistent/\(number)")
                try Producer.directory(daemon.inbox("directory\(number).json"))
                try Producer.node(daemon.inbox("socket\(number).json"), S_IFSOCK)
            }
            for name in ["pipe", "link", "dangling", "directory", "socket"] {
                for number in 1...2 {
                    let letter = try await daemon.deadLetter(of: "\(name)\(number)")
                    #expect(letter.reason == .unsafeFile)
                    #expect(letter.task == nil)
                }
            }
            try daemon.submit("good", "say good")
            _ = try await daemon.result(of: "good")
            #expect(try daemon.witness() == ["good 1 good"])
            #expect(try daemon.names(in: "tasks/marie") == [])
            #expect(try daemon.scratch.directory.read("secret", limit: 1000)?.isEmpty == false)
        }
    }

    @Test func pipeWithAWriterBlocksNobody() async throws {
        try await DaemonFixture.working { daemon in
            let gate = try Gate(daemon.inbox("pipe.tmp"))
            try Producer.move(daemon.inbox("pipe.tmp"), to: daemon.inbox("pipe.json"))
            #expect(try await daemon.deadLetter(of: "pipe").reason == .unsafeFile)
            try gate.pass()
            try daemon.submit("good", "true")
            _ = try await daemon.result(of: "good")
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root")) func deviceIsRefusedUnopened() async throws {
        try await DaemonFixture.working { daemon in
            // The device of /dev/zero: whoever reads it to its end never comes back.
            try Producer.node(daemon.inbox("zero.json"), S_IFCHR, device: 1 << 8 | 5)
            #expect(try await daemon.deadLetter(of: "zero").reason == .unsafeFile)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root")) func fileOfAStrangerIsRefused() async throws {
        try await DaemonFixture.idle { daemon in
            let draft = daemon.inbox("strange.tmp")
            _ = try Directory.create(daemon.inbox())
            try SlowWriter(draft).write(DaemonFixture.task("strange", "say ran"))
            try Producer.give(draft, to: 65534)
            try await daemon.start()
            try Producer.move(draft, to: daemon.inbox("strange.json"))
            let letter = try await daemon.deadLetter(of: "strange")
            #expect(letter.reason == .unsafeFile)
            #expect(try daemon.witness() == [])
            try await daemon.expectCleanEnd()
        }
    }

    @Test func fileWithASecondNameIsRefused() async throws {
        try await DaemonFixture.working { daemon in
            let other = daemon.scratch.path(of: "other")
            try SlowWriter(other).write(DaemonFixture.task("shared", "say ran"))
            try Producer.hardLink(daemon.inbox("shared.json"), to: other)
            #expect(try await daemon.deadLetter(of: "shared").reason == .unsafeFile)
            #expect(try daemon.witness() == [])
            #expect(try daemon.scratch.directory.read("other", limit: 1000)?.isEmpty == false)
        }
    }

    @Test func hugeFileIsRefusedWithoutBeingRead() async throws {
        try await DaemonFixture.working { daemon in
            let pid = try daemon.daemon.pid
            let before = memory(of: pid)
            try Producer.sparse(daemon.inbox("huge.json"), bytes: 2 << 30)
            #expect(try await daemon.deadLetter(of: "huge").reason == .tooLarge)
            #expect(memory(of: pid) - before < 32 << 20)
        }
    }

    @Test func largestFileThatIsAllowedRuns() async throws {
        try await DaemonFixture.working(["MAX_TASK_BYTES": "2048"]) { daemon in
            let short = #"{"task_id": "t", "description": "say ran"}"#
            let padding = String(repeating: " ", count: 2048 - short.utf8.count)
            try daemon.drop(short + padding + " ", as: "more.json")
            #expect(try await daemon.deadLetter(of: "more").reason == .tooLarge)
            try daemon.drop(short + padding, as: "most.json")
            #expect(try await daemon.result(of: "t").status == .completed)
        }
    }

    @Test func threeRefusedFilesOfOneNameAreThreeDeadLetters() async throws {
        try await DaemonFixture.working { daemon in
            for number in 1...3 {
                try daemon.drop(#"{"task_id": "x", "description": \#(number)}"#, as: "same.json")
                try await eventually("dead letter \(number)", in: ["\(daemon.root)/dlq/marie"]) {
                    try daemon.names(in: "dlq/marie").count { $0.hasSuffix(".json") } == number ? true : nil
                }
            }
            var kept: [String] = []
            for name in try daemon.names(in: "dlq/marie") where name.hasSuffix(".raw") {
                kept.append(try daemon.contents(of: "dlq/marie/\(name)") ?? "")
            }
            #expect(kept.sorted() == (1...3).map { #"{"task_id": "x", "description": \#($0)}"# })
        }
    }

    @Test func refusedBytesWithoutAReasonGetItAtTheStart() async throws {
        try await DaemonFixture.idle { daemon in
            let letters = try Directory.create("\(daemon.root)/dlq/marie")
            try AtomicFile.write(
                Array("{nope".utf8),
                as: "torn_1767323045.raw",
                in: letters,
                replacing: false,
                durability: .relaxed
            )
            try await daemon.start()
            let letter = try await daemon.deadLetter(of: "torn")
            #expect(letter.reason == .invalidJSON)
            #expect(letter.rawFile == "torn_1767323045.raw")
            try await daemon.expectCleanEnd()
        }
    }
    @Test func refusedBytesThatCannotBeReadKeepNobodyFromStarting() async throws {
        try await DaemonFixture.idle { daemon in
            let letters = try Directory.create("\(daemon.root)/dlq/marie")
            let raw: FileName = "torn_1767323045.raw"
            try AtomicFile.write(Array("{".utf8), as: raw, in: letters, replacing: false, durability: .relaxed)
            let holder = try letters.leasedFile(raw)
            try await daemon.start()
            _ = try await daemon.logEntry("dead letter without a reason cannot be read, the next start tries again")
            try daemon.submit("good", "true")
            _ = try await daemon.result(of: "good")
            #expect(try letters.status(of: "torn_1767323045.json") == nil)
            try holder.close()
        }
    }
}
