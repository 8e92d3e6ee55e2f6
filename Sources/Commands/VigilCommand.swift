// SPDX-License-Identifier: Apache-2.0
// The program's root command.

package import ArgumentParser

/// `vigil`, with its commands in groups.
package struct VigilCommand: ParsableCommand {
    /// Names, help text and the commands below.
    package static let configuration = CommandConfiguration(
        commandName: "vigil",
        abstract: "A crash-safe task runtime for command-line agents.",
        discussion: """
            A task is a JSON file in tasks/<worker>/; its result is a JSON file in results/<worker>/.
            Start with: vigil demo
            """,
        version: Version.current,
        groupedSubcommands: [
            CommandGroup(
                name: "Run",
                subcommands: [Up.self, WorkerRun.self, OrchestratorRun.self, Demo.self, StandInAgent.self]
            ),
            CommandGroup(
                name: "Task",
                subcommands: [
                    TaskSubmit.self, TaskList.self, TaskShow.self, TaskWhy.self, TaskLogs.self, TaskWait.self,
                    TaskCancel.self, TaskRetry.self, Status.self, Events.self,
                ]
            ),
            CommandGroup(name: "Dead letter", subcommands: [DeadLetters.self]),
            CommandGroup(
                name: "Worker",
                subcommands: [WorkerPause.self, WorkerResume.self, WorkerDrain.self, WorkerScale.self]
            ),
            CommandGroup(
                name: "Set-up",
                subcommands: [
                    Setup.self, ConfigurationShow.self, Tokens.self, Doctor.self, Completions.self, Complete.self,
                    Manual.self,
                ]
            ),
        ]
    )

    /// Made by the parser.
    package init() {}
}
