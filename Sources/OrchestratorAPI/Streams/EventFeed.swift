// SPDX-License-Identifier: Apache-2.0
// Events as a stream that a browser and curl can follow (server-sent events).

import HTTPServer
import QueueModel

/// Sends every event behind a sequence, in order, for as long as the client listens.
///
/// The history is what is read from: a client that is slow has nothing kept for it, and holds up nobody.
struct EventFeed: Sendable {
    /// How many events are read at once.
    private static let batch = 100
    /// A comment after so much silence tells both sides that the other one lives.
    private static let heartbeat = Duration.seconds(15)

    let call: APICall

    /// Sends events until the stream is cancelled.
    /// - Parameters:
    ///   - sequence: The last event that the client has.
    ///   - writer: Takes the stream.
    /// - Throws: `CancellationError` at the end of the stream; what keeps events from being read.
    func run(after sequence: Int64, to writer: HTTPBodyWriter) async throws {
        var last = sequence
        try await writer.write(Array("retry: 1000\n\n".utf8))
        while true {
            let rings = call.bell.rings
            let after = last
            let events = try await call.perform(forStream: true) { try $0.events(after: after, limit: Self.batch) }
            if let newest = events.last {
                last = newest.sequence
                try await writer.write(events.flatMap(Self.message))
                continue
            }
            if await call.bell.wait(since: rings, for: Self.heartbeat) { continue }
            try Task.checkCancellation()
            try await writer.write(Array(": nothing new\n\n".utf8))
        }
    }

    /// One event; its data is the line that `vigil events` prints.
    static func message(_ event: NotificationRecord) -> [UInt8] {
        Array("id: \(event.sequence)\nevent: \(event.eventType.rawValue)\ndata: ".utf8)
            + event.encoded(asRow: true) + Array("\n\n".utf8)
    }
}
