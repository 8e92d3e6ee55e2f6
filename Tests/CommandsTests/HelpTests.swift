// SPDX-License-Identifier: Apache-2.0
// What the help texts of operating commands say, to the letter.

import ArgumentParser
import Commands
import Testing

@Suite("Help of operating commands")
struct HelpTests {
    private func help(_ words: String...) throws -> String {
        let error = #expect(throws: (any Error).self) { try VigilCommand.parseAsRoot(["help"] + words) }
        return VigilCommand.fullMessage(for: try #require(error))
    }

    @Test(arguments: [
        ("RUN", ["up", "worker", "demo"]),
        ("TASK", ["submit", "list", "show", "why", "logs", "cancel", "retry", "status"]),
        ("DEAD LETTER", ["dlq"]),
        ("WORKER", ["pause", "resume", "drain", "scale"]), ("SET-UP", ["setup", "config", "doctor"]),
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

    @Test func statusExplainsItself() throws {
        let expected = """
            OVERVIEW: Show queues, workers, problems and recent failures.

            USAGE: vigil status [--root <root>] [--config <config>] [--json] [--no-color]

            OPTIONS:
              --root <root>           The root directory; else VIGIL_ROOT.
              --config <config>       The configuration file; else vigil.json5 in the root.
              --json                  Print JSON with stable field names.
              --no-color              Print no colours, as NO_COLOR does.
              --version               Show the version.
              -h, --help              Show help information.

            DISCUSSION:
              Reads the queue's files and locks, so it answers while no worker runs, and
              says so. A worker whose heartbeat is older than three intervals is not
              running; one of this machine that went without a word is "crashed?". Causes of
              waiting and the counters are as old as the heartbeat; all else is as of now.
              Recent failures are dead letters, and attempts that failed and will be
              repeated.

              The exit code is 0 whatever the state is; with --json, "workers_running" tells
              whether anything runs.

              Example:
                vigil status --json
            """
        #expect(try help("status") == expected)
    }

    @Test func deadLettersExplainThemselves() throws {
        let expected = """
            OVERVIEW: List, show, run again or remove dead letters.

            USAGE: vigil dlq <subcommand>

            OPTIONS:
              --version               Show the version.
              -h, --help              Show help information.

            SUBCOMMANDS:
              list                    List dead letters, oldest first.
              show                    Show one dead letter whole: reason, attempts, task.
              retry                   Put the tasks of dead letters back into their inboxes.
              purge                   Remove dead letters for good.

            DISCUSSION:
              A dead letter is a task that failed for good, or a file that never was a task,
              with the reason. An id is a task's id, or the name of a dead letter's file;
              `vigil dlq list` shows what can be given.

              See 'vigil help dlq <subcommand>' for detailed help.
            """
        #expect(try help("dlq") == expected)
    }

    @Test func retryingExplainsWhatBecomesOfSeveralDeadLetters() throws {
        let expected = """
            OVERVIEW: Put the tasks of dead letters back into their inboxes.

            USAGE: vigil dlq retry [<options>] [<ids> ...]

            ARGUMENTS:
              <ids>                   Task ids, or the file names of dead letters.

            OPTIONS:
              --all                   All dead letters, less what the filters leave out.
              --worker <worker>       Only this worker's dead letters.
              --reason <reason>       Only those with this reason. (values: invalid_json,
                                      invalid_task, too_large, worker_mismatch, unsafe_file,
                                      duplicate_task_id, max_retries_exceeded,
                                      permanent_failure, dependency_failed,
                                      dependency_cycle, expired)
              --root <root>           The root directory; else VIGIL_ROOT.
              --config <config>       The configuration file; else vigil.json5 in the root.
              --json                  Print JSON with stable field names.
              --no-color              Print no colours, as NO_COLOR does.
              --version               Show the version.
              -h, --help              Show help information.

            DISCUSSION:
              A task comes back as it first came, with all its attempts; its failed result
              and its dead letter go. A task that has completed by now, and an id that is
              another task's by now, are left alone.

              Of a task with several dead letters, the newest is run again; older ones go
              with it when they hold the same task, and stay when they hold another. A
              file's name stands for exactly that one.

              Examples:
                vigil dlq retry report-17 report-18
                vigil dlq retry --all --reason max_retries_exceeded --worker marie
            """
        #expect(try help("dlq", "retry") == expected)
    }

    @Test func purgingSaysThatItAsks() throws {
        let text = try help("dlq", "purge")
        let discussion = """
            DISCUSSION:
              Asks first; without a terminal it needs --yes. A task's id stands for all its
              dead letters. Results stay.

              Examples:
                vigil dlq purge report-17
                vigil dlq purge --all --older-than 30d --yes
            """
        #expect(text.hasSuffix(discussion))
        #expect(text.contains("  --older-than <older-than>\n"))
        #expect(text.contains("  --yes                   Do not ask.\n"))
    }

    @Test func setUpCommandsExplainThemselves() throws {
        let setup = """
            OVERVIEW: Make the directories and a commented configuration file.

            USAGE: vigil setup [--workers <workers>] [--root <root>] [--config <config>]

            OPTIONS:
              --workers <workers>     WORKERS: the names, separated by commas; they go into
                                      the configuration file.
              --root <root>           The root directory; else VIGIL_ROOT.
              --config <config>       The configuration file; else vigil.json5 in the root.
              --version               Show the version.
              -h, --help              Show help information.

            DISCUSSION:
              Directories get mode 0750. What is there stays as it is: no file is ever
              overwritten, and calling it again does no harm. Without --workers it makes
              those of WORKERS.

              Example:
                vigil setup --root /srv/vigil --workers marie,anga
            """
        #expect(try help("setup") == setup)
        let config = """
            DISCUSSION:
              A flag comes before an environment variable, that before vigil.json5, that
              before the default. Durations without a unit are seconds, sizes bytes. When
              anything is wrong, every problem is printed on a line of standard error, and
              the exit code is 78.

              Examples:
                vigil config --worker marie
                vigil config --check && systemctl reload vigil
            """
        #expect(try help("config").hasSuffix(config))
        let doctor = """
            DISCUSSION:
              Looks at settings, directories and permissions, the file system, inotify, the
              agent and its version, the supervisor, ports, control groups, heartbeats, the
              clock, and what crashes left behind. It changes nothing. Run it as the user
              that the daemons run as.

              The exit code is 0 without problems (warnings do not count), 69 with some, 78
              when settings are wrong.

              Example:
                vigil doctor --json
            """
        #expect(try help("doctor").hasSuffix(doctor))
    }
}
