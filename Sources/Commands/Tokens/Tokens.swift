// SPDX-License-Identifier: Apache-2.0
// `vigil token` and its commands.

import ArgumentParser

/// The commands about tokens of the API.
struct Tokens: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make, list and revoke tokens for the API.",
        discussion: """
            Their digests are in .api-tokens.json in the root; the tokens themselves are
            kept nowhere.

            Example:
              vigil token create ci --scope write
            """,
        subcommands: [TokenCreate.self, TokenList.self, TokenRevoke.self]
    )
}
