// SPDX-License-Identifier: Apache-2.0
// `vigil dlq purge`.

import ArgumentParser
import FileQueue
import QueueModel
import SystemKit

/// Removes dead letters for good.
struct DeadLetterPurge: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Remove dead letters for good.",
        discussion: """
            Asks first; without a terminal it needs --yes. A task's id stands for all its
            dead letters. Results stay.

            Examples:
              vigil dlq purge report-17
              vigil dlq purge --all --older-than 30d --yes
            """
    )

    @OptionGroup
    var selection: DeadLetterSelection
    @Option(help: "With --all: only those older than this, for example 90m or 30d.", transform: Self.age)
    var olderThan: Duration?
    @Flag(help: "Do not ask.")
    var yes = false
    @OptionGroup
    var queue: QueueOptions
    @OptionGroup
    var form: OutputOptions

    private static func age(_ text: String) throws -> Duration {
        guard let duration = DurationText.parse(text) else {
            throw ValidationError("give a duration like 90m, 12h or 30d")
        }
        return duration
    }

    mutating func validate() throws {
        if olderThan != nil && !selection.all { throw ValidationError("--older-than goes with --all") }
    }

    func run() throws {
        do {
            let box = DeadLetterBox(locations: try queue.locations())
            let now = Timestamp.present()
            var batch = DeadLetterBatch(verb: "removed")
            let letters = try batch.select(selection, from: box).filter { letter in
                olderThan.map { now.since(letter.record.timestamp) > $0 } ?? true
            }
            guard try letters.isEmpty || yes || isConfirmed(letters.count) else {
                Output.note("nothing was removed")
                throw ExitCode(CommandFailure.Code.failed.rawValue)
            }
            for letter in letters {
                batch.perform(letter) { () throws(SubmissionError) in try box.remove(letter) }
            }
            try batch.finish(form.output, lists: !selection.all)
        } catch let error as SystemCallError { throw CommandFailure(error) }
    }

    private func isConfirmed(_ count: Int) throws -> Bool {
        let noun = count == 1 ? "1 dead letter" : "\(count) dead letters"
        guard SystemInfo.isTerminal(0) else {
            throw CommandFailure(
                .usage,
                "\(noun) would be removed for good; add --yes, as there is no terminal to ask at"
            )
        }
        Output.ask("Remove \(noun) for good? [y/N] ")
        let answer = readLine() ?? ""
        return ["y", "yes"].contains(answer.lowercased())
    }
}
