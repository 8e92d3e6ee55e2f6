// SPDX-License-Identifier: Apache-2.0
// `vigil token create`.

import ArgumentParser
import OrchestratorAPI
import QueueModel
import Settings
import SystemKit

/// Makes a token, and prints it once.
struct TokenCreate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a token for the API, and print it once.",
        discussion: """
            Scopes: read looks at tasks, workers, dead letters and events; write also
            submits, cancels, retries, removes dead letters, pauses and resumes; admin
            also drains and scales workers, and sees the settings.

            Example:
              vigil token create ci --scope write
            """
    )

    @Argument(help: "A name, for the log and to revoke it.", transform: { try AgentName($0) })
    var name: AgentName
    @Option(help: "What it allows.")
    var scope: AccessScope = .read
    @OptionGroup
    var queue: QueueOptions
    @OptionGroup
    var form: OutputOptions

    func run() throws {
        let (name, scope) = (name, scope)
        let secret = try TokenFile(root: queue.load().settings.root).change { tokens in
            if tokens.tokens.contains(where: { $0.name == name }) {
                throw CommandFailure(.failed, "there is a token \(name) already; revoke it first, or give another name")
            }
            var generator = SystemRandomNumberGenerator()
            let (token, secret) = AccessToken.make(name, scope, now: .present(), using: &generator)
            tokens.tokens.append(token)
            return secret
        }
        form.output.render(
            [
                "schema_version": 1, "name": .string(name.string), "scope": .string(scope.rawValue),
                "token": .string(secret),
            ],
            secret
        )
    }
}

extension AccessScope: ExpressibleByArgument {}
