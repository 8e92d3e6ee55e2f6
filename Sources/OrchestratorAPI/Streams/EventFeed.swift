// SPDX-License-Identifier: Apache-2.0
// Events as a stream that a browser and curl can follow (server-sent events).

import HTTPServer
import QueueModel

/// Sends every event behind a sequence that is wanted, in order, for as long as the client listens.
///
/// A client that is slow has nothing kept for it, and holds up nobody.
struct EventFeed: Sendable {
    /// A comment after so much silence tells both sides that the other one lives.
    private static let heartbeat = Duration.seconds(15)

    let call: APICall
    let filter: EventFilter

    /// Sends events until the stream is cancelled, or the caller may not see them any more.
    /// - Parameters:
    ///   - sequence: The last event that the client has.
    ///   - writer: Takes the stream.
    /// - Throws: `CancellationError` at the end of the stream; what keeps events from being read.
    func run(after sequence: Int64, to writer: HTTPBodyWriter) async throws {
        var last = sequence
        var admission = call.admission
        try await writer.write(Array("retry: 1000\n\n".utf8))
        while true {
            let entries = try await call.desk.tail.next(after: last, waiting: Self.heartbeat)
            guard try await admission.holds() else { return }
            guard let newest = entries.last else {
                try await writer.write(Array(": nothing new\n\n".utf8))
                continue
            }
            last = newest.event.sequence
            try await writer.write(entries.filter { filter.includes($0.event) }.flatMap(Self.message))
        }
    }

    /// One event; its data is the line that `vigil events` prints.
    static func message(_ entry: EventTail.Entry) -> [UInt8] {
        Array("id: \(entry.event.sequence)\nevent: \(entry.event.eventType.rawValue)\ndata: ".utf8) + entry.row
            + Array("\n\n".utf8)
    }
}
