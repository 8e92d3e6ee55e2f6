// SPDX-License-Identifier: Apache-2.0
// `vigil dlq`.

import ArgumentParser

/// The commands for dead letters.
struct DeadLetters: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dlq",
        abstract: "List, show, run again or remove dead letters.",
        discussion: """
            A dead letter is a task that failed for good, or a file that never was a task,
            with the reason. An id is a task's id, or the name of a dead letter's file;
            `vigil dlq list` shows what can be given.
            """,
        subcommands: [DeadLetterList.self, DeadLetterShow.self, DeadLetterRetry.self, DeadLetterPurge.self]
    )
}
