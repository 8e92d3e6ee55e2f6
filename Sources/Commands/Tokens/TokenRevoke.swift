// SPDX-License-Identifier: Apache-2.0
// `vigil token revoke`.

import ArgumentParser
import OrchestratorAPI
import QueueModel
import Settings

/// Takes a token back.
struct TokenRevoke: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Take a token back; it is no good from then on.",
        discussion: """
            Example:
              vigil token revoke ci
            """
    )

    @Argument(help: "Its name.", transform: { try AgentName($0) })
    var name: AgentName
    @OptionGroup
    var queue: QueueOptions

    func run() throws {
        let name = name
        try TokenFile(root: queue.load().settings.root).change { tokens in
            guard let index = tokens.tokens.firstIndex(where: { $0.name == name }) else {
                throw CommandFailure(.failed, "there is no token \(name); vigil token list shows them")
            }
            tokens.tokens.remove(at: index)
        }
        Output.write(Array("\(name) revoked\n".utf8))
    }
}
