// SPDX-License-Identifier: Apache-2.0
// The output of an attempt as a stream, for as long as the attempt runs.

import HTTPServer
package import QueueModel
package import SystemKit

/// Where the output of an attempt comes to be.
package struct OutputPlace: Sendable {
    /// The task.
    package let id: TaskID
    /// Whether standard error is meant, and not standard output.
    package let isError: Bool
    /// The attempt's number, from 1.
    package let attempt: Int
    /// The directory of its logs.
    package let directory: Directory
    /// Where something changes when the attempt ends.
    package let queue: [Directory]
    /// Which names there belong to the task.
    package let concerns: @Sendable (FileName) -> Bool

    /// Names a place.
    /// - Parameters:
    ///   - query: Which output is meant.
    ///   - attempt: The attempt's number.
    ///   - directory: The directory of its logs.
    ///   - queue: Where something changes when the attempt ends.
    ///   - concerns: Which names there belong to the task.
    package init(
        _ query: LogQuery,
        attempt: Int,
        directory: Directory,
        queue: [Directory],
        concerns: @escaping @Sendable (FileName) -> Bool
    ) {
        id = query.id
        isError = query.isError
        self.attempt = attempt
        self.directory = directory
        self.queue = queue
        self.concerns = concerns
    }
}

/// What a look at an attempt's output has found.
package struct OutputLook: Sendable, Equatable {
    /// How many bytes there were.
    package let size: Int64
    /// The bytes behind the place that was asked for; not all when they are many.
    package let bytes: [UInt8]
    /// Whether the attempt ran before they were read.
    package let isLive: Bool

    /// Tells what was found.
    /// - Parameters:
    ///   - size: How many bytes there were.
    ///   - bytes: Those behind the place that was asked for.
    ///   - isLive: Whether the attempt ran before they were read.
    package init(size: Int64, bytes: [UInt8], isLive: Bool) {
        self.size = size
        self.bytes = bytes
        self.isLive = isLive
    }
}

/// Sends the output of an attempt from its beginning, and what comes until the attempt has ended.
struct OutputFeed: Sendable {
    /// How long events are relied on without a look.
    private static let patience = Duration.seconds(15)

    let call: APICall

    /// Sends the output.
    /// - Parameters:
    ///   - place: Whose.
    ///   - start: How many bytes the client has.
    ///   - send: Takes a part, and where it begins; it begins again at 0 when the run did not count.
    /// - Throws: `CancellationError` when the client is gone; what keeps the output from being read.
    func run(
        _ place: OutputPlace,
        from start: Int64,
        _ send: (Int64, [UInt8]) async throws -> Void
    ) async throws {
        let bell = ChangeBell(reactor: call.desk.reactor)
        let watches = watch(place, bell)
        defer { for watch in watches { call.desk.watcher?.remove(watch) } }
        var offset = start
        var admission = call.admission
        while true {
            let rings = bell.rings
            let behind = offset
            let look = try await call.perform(forStream: true) { try $0.look(place, from: behind) }
            if !look.bytes.isEmpty {
                try await send(offset, look.bytes)
                offset += Int64(look.bytes.count)
            } else if look.size < offset {
                // The run did not count, and the next one has emptied the log.
                offset = 0
            } else if look.isLive {
                _ = await bell.wait(since: rings, for: Self.patience)
                try Task.checkCancellation()
                guard try await admission.holds() else { return }
            } else {
                return
            }
        }
    }

    /// Watches first and looks then, so that nothing is missed; what cannot be watched is looked at from time to time.
    private func watch(_ place: OutputPlace, _ bell: ChangeBell) -> [WatchID] {
        guard let watcher = call.desk.watcher else { return [] }
        let concerns = place.concerns
        // As said above.
        var watches = [try? watcher.watchWrites(in: place.directory) { _ in bell.ring() }]
        for directory in place.queue {
            // As said above.
            let watch = try? watcher.add(directory) { event in
                switch event {
                case .settled(let name), .appeared(let name), .vanished(let name):
                    if concerns(name) { bell.ring() }
                case .overflow, .gone: bell.ring()
                }
            }
            watches.append(watch)
        }
        return watches.compactMap(\.self)
    }
}
