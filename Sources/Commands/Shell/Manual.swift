// SPDX-License-Identifier: Apache-2.0
// `vigil manual`.

import ArgumentParser
import Settings

/// Prints the manual page.
struct Manual: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual",
        abstract: "Print the manual page.",
        discussion: """
            Examples:
              vigil manual | man -l -
              vigil manual > /usr/local/share/man/man1/vigil.1
            """
    )

    func run() throws { Output.write(Array(Self.page.text.utf8)) }

    /// The page of this program.
    static var page: ManualPage {
        ManualPage(
            ToolInfoV0(VigilCommand.self),
            version: Version.current,
            variables: Setting.all.map { ManualPage.Variable(name: $0.name, summary: $0.summary, range: $0.range) }
        )
    }
}
