// SPDX-License-Identifier: Apache-2.0
// The agent of the demonstration.

import ArgumentParser
import SystemKit

/// Takes an agent's place in `vigil demo`: answers at once, or fails when the task says so.
struct StandInAgent: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stand-in-agent",
        abstract: "Take an agent's place in the demonstration.",
        shouldDisplay: false
    )

    @Option(name: .short, help: "The task's description.")
    var prompt: String

    func run() throws {
        let attempt = SystemInfo.environment["VIGIL_ATTEMPT"] ?? "1"
        let mustFail = prompt.hasPrefix("Fail always") || (prompt.hasPrefix("Fail once") && attempt == "1")
        if mustFail {
            throw CommandFailure(.failed, "the stand-in agent was told to fail (attempt \(attempt))")
        }
        Output.write(Array("The stand-in agent has read \"\(printable(prompt))\" and is done.\n".utf8))
    }
}
