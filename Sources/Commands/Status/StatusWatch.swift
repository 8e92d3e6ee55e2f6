// SPDX-License-Identifier: Apache-2.0
// `vigil status --watch`.

import ArgumentParser
import FileQueue
import QueueModel
import Settings
import Synchronization
import SystemKit

/// Shows the state of a queue again whenever it has changed.
struct StatusWatch: Sendable {
    /// The shortest time between two looks.
    private static let pause = Duration.milliseconds(300)

    let loaded: LoadedSettings
    let output: Output

    /// Shows until Ctrl-C, or until nobody reads any more.
    /// - Throws: `CommandFailure`; after Ctrl-C an exit code.
    func run() throws {
        let isScreen = !output.isJSON && SystemInfo.isTerminal(1) && SystemInfo.environment["TERM"] != "dumb"
        let ending: Void? = try Following.run(loaded.settings, for: .reader) { following in
            try await show(following, isScreen)
        }
        if ending == nil { throw ExitCode(CommandFailure.Code.interrupted.rawValue) }
    }

    private func show(_ following: Following, _ isScreen: Bool) async throws {
        let view = try QueueView.existing(QueueLocations(loaded.settings))
        let changes = following.changes()
        let pipe = OutputPipe(following)
        let news = EndedNames()
        var watched: Set<String> = []
        var endings = try RecentEndings(in: view, loaded.settings)
        var shown: JSONValue?
        while true {
            for place in try view.places(Set(WatchedPlace.Kind.allCases))
            where watched.insert(place.directory.path).inserted {
                changes.watch(place.directory) { [kind = place.kind] name in news.note(name, in: kind) }
            }
            try endings.note(news.take(), in: view)
            var survey = StatusSurvey(loaded: loaded, host: SystemInfo.hostName, now: .present())
            survey.endings = endings
            let report = try survey.report()
            if isScreen || report.substance != shown {
                try await pipe.write(Array(form(report, isScreen, isFirst: shown == nil).utf8), to: .standardOutput)
                shown = report.substance
            }
            _ = await changes.next()
            await following.pause(for: Self.pause)
        }
    }

    private func form(_ report: StatusReport, _ isScreen: Bool, isFirst: Bool) -> String {
        if output.isJSON { return JSONWriter.text(report.json) + "\n" }
        let text = report.text(width: Output.width, paint: output.styled)
        guard isScreen else { return (isFirst ? "" : "\n") + text + "\n" }
        return Screen.frame(text, isFirst: isFirst)
    }
}

/// A terminal that always shows the latest text.
package enum Screen {
    /// Draws over what is there, so that nothing flickers: each line is cleared behind its end, and all below the last.
    /// - Parameters:
    ///   - text: What is to be seen.
    ///   - isFirst: Whether something else is on the screen yet.
    /// - Returns: The text with what a terminal understands, see console_codes(4).
    package static func frame(_ text: String, isFirst: Bool) -> String {
        let lines = text.replacing("\n", with: "\u{1B}[K\n")
        return (isFirst ? "\u{1B}[2J" : "") + "\u{1B}[H\(lines)\u{1B}[K\n\u{1B}[J"
    }
}

/// The tasks whose results have appeared since the last look.
private final class EndedNames: Sendable {
    private let ids = Mutex<Set<TaskID>>([])

    /// Takes an event into account.
    /// - Parameters:
    ///   - name: The name that has changed.
    ///   - kind: Where.
    /// - Returns: Whether the state of the queue may be another now.
    func note(_ name: FileName, in kind: WatchedPlace.Kind) -> Bool {
        // What is being written appears under its own name later.
        if name.hasPrefix(".") { return false }
        guard kind == .results else { return true }
        // The output of an attempt lies among the results, in a directory for each task.
        guard name.hasSuffix(".json"), let id = TaskID(bytes: name.bytes.dropLast(5)) else { return false }
        ids.withLock { _ = $0.insert(id) }
        return true
    }

    /// Takes what was noted.
    func take() -> Set<TaskID> {
        ids.withLock { ids in
            defer { ids = [] }
            return ids
        }
    }
}
