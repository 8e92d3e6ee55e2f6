// SPDX-License-Identifier: Apache-2.0
// How dead letters are named, shown, and chosen for another run.

import Commands
import FileQueue
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("Dead letters")
struct DeadLetterTests {
    private static let now = Timestamp(millisecondsSince1970: 1_800_000_000_000)

    /// Writes dead letters and reads them back, oldest first.
    private func letters(_ files: [(path: String, fields: String)]) throws -> [DeadLetter] {
        try withTemporaryDirectory { scratch in
            for (index, file) in files.enumerated() {
                let parts = file.path.split(separator: "/").map(String.init)
                let directory = try Directory.create(scratch.path(of: "dlq/\(parts[0])"))
                let time = Self.now.adding(.seconds(index - 3_600))
                let json = #"{\#(file.fields),"dlq_timestamp":"\#(time)","retry_count":0}"#
                try AtomicFile.write(
                    Array(json.utf8),
                    as: FileName(parts[1]),
                    in: directory,
                    replacing: false,
                    durability: .relaxed
                )
            }
            return try DeadLetterBox(locations: QueueLocations(root: scratch.path)).list(worker: nil)
        }
    }

    private func task(_ id: String, _ description: String = "d") -> String {
        #""task_id":"\#(id)","description":"\#(description)","dlq_reason":"max_retries_exceeded""#
    }

    private let stray = #""dlq_reason":"invalid_json","dlq_error":"line 1","dlq_raw_file":"x_1.raw""#

    @Test func anIdMeansAllOfATaskAndAFileNameExactlyOne() throws {
        let index = DeadLetterIndex(
            try letters([
                ("marie/t_1.json", task("t")), ("marie/t_2.json", task("t")), ("marie/x_1.json", stray),
                ("anga/x_1.json", stray), ("anga/y_1.json", stray),
            ])
        )
        #expect(try index.letters(named: "t").map(\.file.description) == ["t_1.json", "t_2.json"])
        #expect(try index.letters(named: "t_1").map(\.file.description) == ["t_1.json"])
        #expect(try index.letters(named: "y_1.json").map(\.worker.string) == ["anga"])
        #expect(try index.letters(named: "marie/x_1").map(\.worker.string) == ["marie"])
        let ambiguous = #expect(throws: (any Error).self) { try index.letters(named: "x_1") }
        #expect("\(try #require(ambiguous))".contains("marie/x_1"))
        let unknown = #expect(throws: (any Error).self) { try index.letters(named: "nix") }
        #expect("\(try #require(unknown))" == "nix: there is no such dead letter; vigil dlq list shows them")
    }

    @Test func theNewestOfATaskIsRunAgainAndEqualOnesGoWithIt() throws {
        let plan = RetryPlan(
            try letters([
                ("marie/t_1.json", task("t")), ("marie/t_2.json", task("t", "another")), ("anga/u_1.json", task("u")),
                ("marie/t_3.json", task("t")), ("marie/x_1.json", stray),
            ])
        )
        #expect(plan.steps.map(\.letter.file.description) == ["u_1.json", "t_3.json", "x_1.json"])
        #expect(plan.steps.map { $0.superseded.map(\.file.description) } == [[], ["t_1.json"], []])
        #expect(plan.left.map(\.file.description) == ["t_2.json"])
    }

    @Test func theListNamesEachSoThatItCanBeGivenBack() throws {
        let letters = try letters([
            ("marie/t_1.json", task("t")), ("marie/t_2.json", task("t")), ("anga/u_1.json", task("u")),
            ("marie/x_1.json", stray),
        ])
        let expected = """
            id        worker  reason                age  attempts  error
            t_1.json  marie   max_retries_exceeded  1h   -         
            t_2.json  marie   max_retries_exceeded  59m  -         
            u         anga    max_retries_exceeded  59m  -         
            x_1.json  marie   invalid_json          59m  -         line 1
            """
        #expect(DeadLetterReport(letters, now: Self.now).text(width: nil) == expected)
        #expect(DeadLetterReport([], now: Self.now).text(width: nil) == "no dead letters")
    }

    @Test func theDocumentsHaveStableNames() throws {
        let letters = try letters([("marie/t_1.json", task("t")), ("marie/x_1.json", stray)])
        let report = DeadLetterReport(letters, now: Self.now)
        let expected = #"""
            {"schema_version":1,"dead_letters":[\#
            {"file":"t_1.json","worker":"marie","task_id":"t","reason":"max_retries_exceeded",\#
            "timestamp":"2027-01-15T07:00:00.000Z","age_seconds":3600,"retry_count":0},\#
            {"file":"x_1.json","worker":"marie","task_id":null,"reason":"invalid_json",\#
            "timestamp":"2027-01-15T07:00:01.000Z","age_seconds":3599,"retry_count":0,"error":"line 1",\#
            "raw_file":"x_1.raw"}]}
            """#
        #expect(String(decoding: JSONWriter.bytes(report.json), as: UTF8.self) == expected)
        let whole = #"""
            {"schema_version":1,"file":"t_1.json","worker":"marie","task_id":"t","reason":"max_retries_exceeded",\#
            "timestamp":"2027-01-15T07:00:00.000Z","age_seconds":3600,"retry_count":0,"attempts":[],\#
            "task":{"task_id":"t","description":"d"}}
            """#
        #expect(String(decoding: JSONWriter.bytes(report.json(of: letters[0])), as: UTF8.self) == whole)
    }

    @Test func oneIsShownWhole() throws {
        let attempt = #"""
            "attempts":[{"number":1,"started_at":"2027-01-15T06:59:00Z","finished_at":"2027-01-15T06:59:02Z",\#
            "exit_code":3,"reason":"exit_code","duration_seconds":2,"message":"exit code 3"}]
            """#
        let letters = try letters([
            ("marie/t_1.json", task("t", #"one\ntwo \u001b[2J"#) + "," + attempt), ("marie/x_1.json", stray),
        ])
        let report = DeadLetterReport(letters, now: Self.now)
        let expected = """
            task    t
            worker  marie
            reason  max_retries_exceeded
            since   2027-01-15T07:00:00Z, 1h ago
            file    /q/dlq/marie/t_1.json

            attempt  started               took  exit code  reason     what happened
            1        2027-01-15T06:59:00Z  2s    3          exit_code  exit code 3

            description
              one
              two \\u{1b}[2J
            """
        #expect(report.text(of: letters[0], in: "/q/dlq/marie") == expected)
        let stray = """
            task        none: the file never was a task
            worker      marie
            reason      invalid_json
            error       line 1
            since       2027-01-15T07:00:01Z, 59m ago
            file        /q/dlq/marie/x_1.json
            as it came  /q/dlq/marie/x_1.raw
            """
        #expect(report.text(of: letters[1], in: "/q/dlq/marie") == stray)
    }
}
