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

    @Test func submitExplainsItself() throws {
        #expect(try outcome(["submit", "--help"]) == (Self.submitHelp, 0))
    }

    @Test func showExplainsItself() throws {
        #expect(try outcome(["show", "--help"]) == (Self.showHelp, 0))
    }

    @Test func logsExplainThemselves() throws {
        #expect(try outcome(["logs", "--help"]) == (Self.logsHelp, 0))
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

extension TaskHelpTests {
    private static let submitHelp = """
        OVERVIEW: Put a task into a worker's inbox.

        USAGE: vigil submit [<options>] <worker> [<description> ...]

        ARGUMENTS:
          <worker>                Whose inbox.
          <description>           The prompt for the agent; the words are joined by
                                  spaces.

        THE TASK:
          --id <id>               The task's id; else one is made.
          --priority <priority>   critical, high, normal, low, or a number from -100 to
                                  100; higher goes first.
          --timeout <duration>    The time limit of an attempt, such as 10m.
          --after <id>            Start when this task has completed; may be repeated.
          --at <time>             Start no earlier: ISO 8601, or 18:30 for the next such
                                  time.
          --in <duration>         Start no earlier than so long from now, such as 2h.
          --expires <time>        Give up when not started by then.
          --max-retries <n>       Retries of a failed attempt, 0 to 100.
          --agent <agent>         The agent profile; else the worker's.
          --cwd <directory>       Where the agent works, within ALLOWED_CWD.
          --group <group>         A name for tasks that belong together.
          --metadata <key=value>  A text for the result to carry; may be repeated.

        OPTIONS:
          --file <file>           Take the description from a file; - is standard input.
          --batch <file>          Submit a JSON task from each line of a file, all or
                                  none; - is standard input.
          --replace               Take the place of a queued or ended task of the same
                                  id.
          --wait                  Wait for the end, and print the agent's answer.
          --follow                Wait for the end, and print the agent's output while
                                  it comes.
          --root <root>           The root directory; else VIGIL_ROOT.
          --config <config>       The configuration file; else vigil.json5 in the root.
          --version               Show the version.
          -h, --help              Show help information.

        DISCUSSION:
          Prints the task's id when the task is safe on disk; a daemon need not
          run. Submitting the same task again does no harm: it is known by its id
          and contents.

          With --wait or --follow, standard output holds what the agent says and
          nothing else; the id goes to standard error. The exit code is the task's
          verdict: 0 completed, 1 failed or cancelled, 124 timed out. Ctrl-C ends
          the waiting, not the task.

          Examples:
            vigil submit marie Summarise the changes of today
            vigil submit marie --wait --timeout 10m 'Which tests are slow?'
            vigil submit marie --after build-7 --priority high --file task.md
            generate-tasks | vigil submit marie --batch -
        """

    private static let showHelp = """
        OVERVIEW: Show one task whole: state, attempts, why it waits, result, logs.

        USAGE: vigil show [--json] [--no-color] [--root <root>] [--config <config>] <id>

        ARGUMENTS:
          <id>                    The task.

        OPTIONS:
          --json                  Print JSON with stable field names.
          --no-color              Print no colours, as NO_COLOR does.
          --root <root>           The root directory; else VIGIL_ROOT.
          --config <config>       The configuration file; else vigil.json5 in the root.
          --version               Show the version.
          -h, --help              Show help information.

        DISCUSSION:
          Looks at the queue's files alone, so it answers whether a daemon runs or
          not. Exits 1 when there is no such task.

          Examples:
            vigil show t-20261125-221530-4f9a1c07
            vigil show build-7 --json
        """

    private static let logsHelp = """
        OVERVIEW: Print the output of a task's attempt.

        USAGE: vigil logs [<options>] <id>

        ARGUMENTS:
          <id>                    The task.

        OPTIONS:
          --follow                Go on until the attempt has ended.
          --attempt <n>           Which attempt; else the latest.
          --stderr                Print standard error instead of standard output.
          --root <root>           The root directory; else VIGIL_ROOT.
          --config <config>       The configuration file; else vigil.json5 in the root.
          --version               Show the version.
          -h, --help              Show help information.

        DISCUSSION:
          Prints what the agent wrote to its standard output, unchanged, or to its
          standard error with --stderr. With --follow it goes on until the attempt
          has ended; of a task that has not started yet it waits for the start.

          Examples:
            vigil logs build-7 --follow
            vigil logs build-7 --attempt 1 --stderr
        """
}
