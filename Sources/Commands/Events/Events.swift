// SPDX-License-Identifier: Apache-2.0
// `vigil events`.

import ArgumentParser
import FileQueue
import Orchestrator
import QueueModel
import Settings
import SystemKit

/// Prints what the orchestrator has told, and what it tells from now on.
struct Events: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Print the orchestrator's events, a JSON object per line.",
        discussion: """
            The same events as the notifications in triggers/orchestrator/, in their order, as far back as
            TRIGGER_RETENTION. With --follow it goes on with every new event until Ctrl-C; begun again with the last
            sequence it saw (--after), it misses none.

            Without a living orchestrator it prints what there is, says so on standard error, and exits 2.

            Example:
              vigil events --follow --limit 0 | jq -r .event_type
            """
    )

    @Flag(help: "Go on with new events.")
    var follow = false
    @Option(help: "Only the last so many of the events so far; 0 for none. Default: all.")
    var limit: Int?
    @Option(help: "Only events with a higher sequence.")
    var after: Int64 = 0
    @OptionGroup var queue: QueueOptions

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit: give a number from 0") }
    }

    func run() throws {
        let settings = try queue.load().settings
        let location = HistoryLocation(settings)
        do {
            let isServed = try location.isServed()
            if !isServed { Output.note("no orchestrator serves this queue; start one: vigil up") }
            guard follow, isServed else {
                let stream = EventStream(location, from: try start(location))
                while let lines = try stream.next() { Output.write(lines) }
                if !isServed { throw ExitCode(CommandFailure.Code.noDaemon.rawValue) }
                return
            }
            let first = try start(location)
            _ = try Following.run(settings, for: .reader) { following in
                try await EventStream(location, from: first).follow(following)
            }
        } catch let error as DatabaseError {
            if error.code == .missing { throw ExitCode(CommandFailure.Code.noDaemon.rawValue) }
            throw CommandFailure(.unavailable, error.description)
        } catch let error as SystemCallError {
            throw CommandFailure(error)
        }
    }

    /// The last sequence that is not wanted.
    private func start(_ location: HistoryLocation) throws -> Int64 {
        guard let limit else { return after }
        var reader = try HistoryReader(location)
        return max(after, try reader.sequence(beforeLast: limit))
    }
}

/// Prints events in order, each once.
final class EventStream {
    private static let batch = 500
    private let location: HistoryLocation
    private var last: Int64

    /// Begins behind an event.
    /// - Parameters:
    ///   - location: Where the orchestrator's files lie.
    ///   - sequence: The last event that is not wanted.
    init(_ location: HistoryLocation, from sequence: Int64) {
        self.location = location
        last = sequence
    }

    /// The next events as lines.
    /// - Returns: Nil when there are no further ones yet.
    /// - Throws: `DatabaseError` when the history cannot be read.
    func next() throws -> [UInt8]? {
        // Opened each time: a database that was made anew is another file of the same name.
        var reader = try HistoryReader(location)
        let events = try reader.events(after: last, limit: Self.batch)
        guard let newest = events.last else { return nil }
        last = newest.sequence
        return events.flatMap(\.streamLine)
    }

    /// Prints everything new, until the command ends.
    func follow(_ following: Following) async throws {
        let changes = following.changes()
        defer { changes.stop() }
        // The journal goes when a change is complete, and the database comes when it is made anew.
        let names = [HistoryLocation.journalName, HistoryLocation.databaseName]
        changes.watch(try Directory.open(location.directory)) { names.contains($0) }
        let pipe = OutputPipe(following)
        while true {
            do {
                while let lines = try next() { try await pipe.write(lines, to: .standardOutput) }
            } catch let error as DatabaseError where error.code == .busy || error.code == .missing {
                // Another writer, or a database that is just being made: there will be another change.
            }
            _ = await changes.next()
        }
    }
}

extension NotificationRecord {
    /// The event as a line of a stream.
    fileprivate var streamLine: [UInt8] { encoded(asRow: true) + [UInt8(ascii: "\n")] }
}
