// SPDX-License-Identifier: Apache-2.0
// What completion offers, and that the manual page has everything.

import ArgumentParser
import Commands
import Testing

@Suite("Completion and manual")
struct CompletionTests {
    private func words(_ line: String...) -> [String] {
        let completion = Completion(ToolInfoV0(VigilCommand.self)) { names in
            switch names {
            case .tasks: ["build-7", "test-7"]
            case .workers: ["marie", "anga"]
            case .agents: ["claude"]
            }
        }
        switch completion.answer(to: line) {
        case .words(let words): return words.map(\.text)
        case .files: return [":files"]
        case .directories: return [":directories"]
        }
    }

    @Test func commandsCompleteAlsoBelowOthers() {
        #expect(words("wo") == ["worker"])
        #expect(words("").contains("help"))
        #expect(!words("").contains("complete"))
        #expect(words("dlq", "") == ["list", "show", "retry", "purge"])
        #expect(words("help", "dl") == ["dlq"])
    }

    @Test func optionsAndTheirValuesComplete() {
        #expect(words("list", "--st") == ["--state"])
        #expect(words("list", "--state", "c") == ["completed", "cancelled"])
        #expect(words("list", "--state", "=", "fa") == ["failed"])
        #expect(words("list", "--state", "=") == words("list", "--state", ""))
        #expect(words("list", "--state=fa") == ["--state=failed"])
        #expect(words("list", "--limit", "5", "--wor") == ["--worker"])
        #expect(words("submit", "marie", "--agent", "") == ["claude"])
        #expect(words("submit", "marie", "--file", "x") == [":files"])
        #expect(words("show", "--root", "x") == [":directories"])
        #expect(words("submit", "marie", "--", "--wa") == [])
    }

    @Test func namesOfTheQueueComplete() {
        #expect(words("why", "b") == ["build-7"])
        #expect(words("wait", "build-7", "") == ["build-7", "test-7"])
        #expect(words("cancel", "b") == ["build-7"])
        #expect(words("pause", "") == ["marie", "anga"])
        #expect(words("logs", "--follow", "t") == ["test-7"])
        #expect(words("show", "build-7", "") == [])
        #expect(words("submit", "") == ["marie", "anga"])
        #expect(words("submit", "marie", "--after", "te") == ["test-7"])
        #expect(words("list", "--worker", "m") == ["marie"])
    }

    @Test func theManualNamesEveryCommandAndOption() {
        let page = ManualPage(
            ToolInfoV0(VigilCommand.self),
            version: "1.2.3",
            variables: [ManualPage.Variable(name: "VIGIL_ROOT", summary: "where all lies", range: "a directory – any")]
        ).text
        func check(_ command: CommandInfoV0) {
            let path = (command.superCommands + [command.commandName]).joined(separator: " ")
            if !command.superCommands.isEmpty { #expect(page.contains(".SS \(path)\n"), "\(path)") }
            for argument in command.arguments where argument.shouldDisplay {
                for name in argument.names {
                    #expect(page.contains(name.synopsis.replacing("-", with: "\\-")), "\(path) \(name.synopsis)")
                }
            }
            command.subcommands.filter(\.shouldDisplay).forEach(check)
        }
        check(ToolInfoV0(VigilCommand.self).command)
        #expect(!page.contains("\\fBcomplete"))
        #expect(page.contains(".B VIGIL_ROOT\nwhere all lies (a directory \\[u2013] any)\n"))
        #expect(page.utf8.allSatisfy { $0 < 0x80 })
    }
}
