// SPDX-License-Identifier: Apache-2.0
// `vigil token list`.

import ArgumentParser
import OrchestratorAPI
import QueueModel
import Settings

/// Lists tokens, which do not tell the tokens themselves.
struct TokenList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the tokens for the API by name.",
        discussion: """
            Example:
              vigil token list
            """
    )

    @OptionGroup
    var queue: QueueOptions
    @OptionGroup
    var form: OutputOptions

    func run() throws {
        let tokens = try TokenFile(root: queue.load().settings.root).read().tokens
        var table = Table(["name", "scope", "since"])
        for token in tokens { table.add([token.name.string, token.scope.rawValue, token.createdAt.second]) }
        let rows = tokens.map { token -> JSONValue in
            [
                "name": .string(token.name.string), "scope": .string(token.scope.rawValue),
                "created_at": .string(token.createdAt.description),
            ]
        }
        form.output.render(
            ["schema_version": 1, "tokens": .array(rows)],
            tokens.isEmpty ? "no tokens" : table.text(width: Output.width)
        )
    }
}
