// SPDX-License-Identifier: Apache-2.0
// The latest events, read once for all who follow them.

import HTTPServer
package import QueueModel
import Synchronization

/// The latest events.
///
/// However many clients follow the events, the history is read once for each of its changes; only a client that is far
/// behind has it read for itself. Nothing is kept for a client.
package final class EventTail: Sendable {
    /// An event in the forms in which it is sent.
    package struct Entry: Sendable {
        /// The event.
        package let event: NotificationRecord
        /// The line that `vigil events` prints.
        package let row: [UInt8]
        /// The frame of a WebSocket.
        package let frame: [UInt8]

        init(_ event: NotificationRecord) {
            self.event = event
            row = event.encoded(asRow: true)
            frame = WebSocketMessage.text(Array(#"{"type":"event","event":"#.utf8) + row + [UInt8(ascii: "}")]).frame
        }
    }

    private enum Step {
        case take([Entry])
        case readHistory
        case look(after: Int64?)
        case waitForLook(UInt64)
        case waitForRing
    }

    private struct State {
        /// Every event behind ``floor``; nil before the first look.
        var floor: Int64?
        var entries: [Entry] = []
        /// How often the bell had rung when there was nothing more to read.
        var seen: UInt64?
        var isLooking = false

        var last: Int64? { entries.last?.event.sequence ?? floor }
    }

    private let lane: BlockingLane
    private let operations: any APIOperations
    private let bell: ChangeBell
    private let looked: ChangeBell
    private let most: Int
    private let state = Mutex(State())
    /// How many events are read at once.
    private static let batch = 500

    /// A tail that begins with the first look.
    /// - Parameters:
    ///   - operations: Reads the history.
    ///   - lane: Where it is read.
    ///   - bell: Rings when there may be new events.
    ///   - most: How many events are kept.
    package init(operations: any APIOperations, lane: BlockingLane, bell: ChangeBell, most: Int = 1024) {
        self.operations = operations
        self.lane = lane
        self.bell = bell
        self.most = most
        looked = ChangeBell(reactor: bell.reactor)
    }

    /// Waits for the events behind a sequence.
    /// - Parameters:
    ///   - sequence: The last event that is known.
    ///   - limit: The longest wait.
    /// - Returns: The next events, in order, none left out; empty when none came in time.
    /// - Throws: What keeps the history from being read; `CancellationError`.
    package func next(after sequence: Int64, waiting limit: Duration) async throws -> [Entry] {
        let end = ContinuousClock.now + limit
        var sequence = sequence
        while true {
            try Task.checkCancellation()
            let rings = bell.rings
            let left = end - ContinuousClock.now
            switch step(after: sequence, rings) {
            case .take(let entries): return entries
            case .readHistory:
                let entries = try await read(after: sequence)
                if !entries.isEmpty { return entries }
                // What was there is too old and gone.
                sequence = state.withLock { $0.floor } ?? sequence
            case .look(let last): try await look(after: last, rings)
            case .waitForLook(let looks): _ = await looked.wait(since: looks, for: left)
            case .waitForRing:
                guard await bell.wait(since: rings, for: left) else {
                    try Task.checkCancellation()
                    return []
                }
            }
        }
    }

    private func step(after sequence: Int64, _ rings: UInt64) -> Step {
        let looks = looked.rings
        return state.withLock { state in
            if let floor = state.floor {
                if sequence < floor { return .readHistory }
                if let last = state.last, last > sequence { return .take(Self.entries(state.entries, sequence)) }
                if state.seen == rings { return .waitForRing }
            }
            if state.isLooking { return .waitForLook(looks) }
            state.isLooking = true
            return .look(after: state.last)
        }
    }

    /// The events behind a sequence, found from the end: most clients have all but a few.
    private static func entries(_ entries: [Entry], _ sequence: Int64) -> [Entry] {
        let start = entries.lastIndex { $0.event.sequence <= sequence }.map { $0 + 1 } ?? 0
        return Array(entries[start...])
    }

    private func look(after last: Int64?, _ rings: UInt64) async throws {
        defer {
            state.withLock { $0.isLooking = false }
            looked.ring()
        }
        guard let last else {
            let operations = operations
            let newest = try await lane.run(isPatient: true) { try operations.lastSequence() }
            return state.withLock { $0.floor = newest }
        }
        let new = try await read(after: last)
        state.withLock { state in
            state.entries += new
            if new.count < Self.batch { state.seen = rings }
            guard state.entries.count > 2 * most else { return }
            state.floor = state.entries[state.entries.count - most - 1].event.sequence
            state.entries.removeFirst(state.entries.count - most)
        }
    }

    private func read(after sequence: Int64) async throws -> [Entry] {
        let operations = operations
        return try await lane.run(isPatient: true) {
            try operations.events(after: sequence, limit: Self.batch).map(Entry.init)
        }
    }
}
