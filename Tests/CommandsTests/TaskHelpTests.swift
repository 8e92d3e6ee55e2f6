// SPDX-License-Identifier: Apache-2.0
// What the commands for tasks say about themselves and about wrong words, to the letter.

import ArgumentParser
import Commands
import Testing

@Suite("Words of the commands for tasks")
struct TaskHelpTests {
    private func outcome(_ words: [String]) throws -> (text: String, code: Int32) {
        let error = #expect(throws: (any Error).self) { try VigilCommand.parseAsRoot(words) }
        let found = try #require(error)
        return (VigilCommand.fullMessage(for: found), VigilCommand.exitCode(for: found).rawValue)
    }

    @Test(arguments: [
        (["submit"], "Missing expected argument '<worker>'"),
        (["submit", "marie"], "Give the description, as words or with --file or --batch"),
        (["submit", "marie", "x", "--file", "f"], "Give only one of description, --file and --batch"),
        (["submit", "marie", "--batch", "f", "--wait"], "--batch cannot be combined with --wait or --follow"),
        (
            ["submit", "marie", "--batch", "f", "--group", "g"],
            "--batch takes --group from its lines; leave the option out"
        ),
        (["submit", "marie", "x", "--at", "18:30", "--in", "1h"], "Give only one of --at and --in"),
        (["submit", "marie", "x", "--metadata", "a=1", "--metadata", "a=2"], "--metadata a is given twice"),
        (
            ["submit", "marie", "x", "--expires", "2020-01-01T00:00Z"],
            "--expires 2020-01-01T00:00:00.000Z is not after now"
        ),
        (
            ["submit", "marie", "x", "--at", "2099-01-02T00:00Z", "--expires", "2099-01-01T00:00Z"],
            "--expires 2099-01-01T00:00:00.000Z is not after --at"
        ),
        (
            ["submit", "marie", "x", "--in", "999999d", "--expires", "2033-01-01T00:00Z"],
            "--expires 2033-01-01T00:00:00.000Z is not after --in"
        ),
        (
            ["submit", "marie", "x", "--in", "soon"],
            "The value 'soon' is invalid for '--in <duration>': give a duration like 90s, 10m, 2h or 1d"
        ),
        (
            ["submit", "marie", "x", "--metadata", "a"],
            "The value 'a' is invalid for '--metadata <key=value>': give KEY=VALUE"
        ),
        (["submit", "marie", "x", "--json", "--follow"], "--json cannot be combined with --follow; use --wait"),
        (["list", "--limit", "-1"], "--limit -1: give 0 for all, or how many"),
        (["wait"], "Missing expected argument '<id> ...'"),
        (["logs", "t1", "--attempt", "0"], "--attempt 0: attempts are numbered from 1"),
    ])
    func wrongWordsAreUsageErrors(words: [String], sentence: String) throws {
        let (text, code) = try outcome(words)
        #expect(code == 64)
        #expect(text.hasPrefix("Error: \(sentence)\n"), "\(text)")
    }

    @Test(arguments: [
        ["submit", "orchestrator", "x"], ["submit", "marie", "x", "--id", "a b"],
        ["submit", "marie", "x", "--after", "../a"],
        ["submit", "marie", "x", "--agent", "Big"], ["submit", "marie", "x", "--group", ""], ["show", "-x"],
        ["show", "a/b"], ["logs", ""],
    ])
    func wrongNamesAreUsageErrors(words: [String]) throws {
        #expect(try outcome(words).code == 64)
    }
}
