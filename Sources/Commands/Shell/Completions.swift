// SPDX-License-Identifier: Apache-2.0
// `vigil completions`, and the hidden command that its scripts call.

import ArgumentParser
import FileQueue
import QueueModel
import Settings
import SystemKit

/// Prints a completion script.
struct Completions: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print a completion script for a shell.",
        discussion: """
            The script asks vigil itself what may come next, so it knows the ids of tasks,
            the names of workers and of agent profiles, and never goes out of date.

            Examples:
              source <(vigil completions bash)
              vigil completions zsh > ~/.zfunc/_vigil
              vigil completions fish > ~/.config/fish/completions/vigil.fish
            """
    )

    @Argument(help: "Which shell.")
    var shell: CompletionScript

    func run() throws { Output.write(Array(shell.text.utf8)) }
}

/// Answers a completion script: a line for each word, with its meaning behind a tab; or `:files`, `:directories`.
struct Complete: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "complete",
        abstract: "Answer a completion script.",
        shouldDisplay: false
    )

    /// The most ended tasks that the orchestrator is asked for.
    private static let mostEnded = 500

    @Argument(parsing: .captureForPassthrough, help: "The words behind vigil; the last one is being typed.")
    var words: [String] = []

    func run() throws {
        let words = words.first == "--" ? Array(words.dropFirst()) : words
        let completion = Completion(ToolInfoV0(VigilCommand.self)) { Self.names($0, words) }
        switch completion.answer(to: words) {
        case .files: Output.write(Array(":files\n".utf8))
        case .directories: Output.write(Array(":directories\n".utf8))
        case .words(let found):
            Output.write(found.flatMap { Array("\($0.text)\t\($0.meaning)\n".utf8) })
        }
    }

    /// Names from the queue that the line is about; none when there is no queue, since nobody reads an error here.
    private static func names(_ kind: Completion.Names, _ words: [String]) -> [String] {
        // As said above.
        (try? found(kind, words)) ?? []
    }

    private static func found(_ kind: Completion.Names, _ words: [String]) throws -> [String] {
        var options = try QueueOptions.parse([])
        options.root = value(of: "--root", in: words)
        options.config = value(of: "--config", in: words)
        let loaded = try options.load()
        switch kind {
        case .agents: return loaded.settings.agents.keys.map(\.string).sorted()
        case .tasks: return try tasks(loaded.settings).map(\.string)
        case .workers:
            // Also those that have no files yet.
            let found = try? QueueView.existing(QueueLocations(loaded.settings)).workers()
            return Set(loaded.settings.workers + (found ?? [])).sorted().map(\.string)
        }
    }

    /// All that have not ended, and the latest that have: nobody picks one of a hundred thousand.
    private static func tasks(_ settings: VigilSettings) throws -> [TaskID] {
        let view = try QueueView.existing(QueueLocations(settings))
        let live = try view.liveTraces()
        let ended = try EndedTasks(view: view, settings: settings).latest(mostEnded, unlessMoreThan: mostEnded * 4)
        return Set((live + (ended ?? [])).compactMap(\.id)).sorted()
    }

    private static func value(of option: String, in words: [String]) -> String? {
        if let index = words.firstIndex(of: option), index + 1 < words.count { return words[index + 1] }
        return words.first { $0.hasPrefix(option + "=") }.map { String($0.dropFirst(option.count + 1)) }
    }
}
