// SPDX-License-Identifier: Apache-2.0
// Events for whoever listens at a FIFO just now.

import SystemKit

/// Writes a line for each event to a FIFO; never waits for a reader.
///
/// Without a reader, with one that is too slow, and with one that dies, events are missed and counted. A line is whole or
/// missing, never cut: one that no pipe takes in one piece is missed as well.
final class EventPipe {
    private let pipe: NamedPipe
    private let onMiss: () -> Void
    private var output: NonblockingOutput?

    init(_ pipe: NamedPipe, onMiss: @escaping () -> Void) {
        self.pipe = pipe
        self.onMiss = onMiss
    }

    /// Writes one event.
    /// - Parameter json: The event as JSON on one line, without its end.
    func write(_ json: [UInt8]) {
        let line = json + [UInt8(ascii: "\n")]
        if line.count > NonblockingOutput.atomicBytes || !send(line) { onMiss() }
    }

    private func send(_ line: [UInt8]) -> Bool {
        // A name that is no pipe any more has no readers either.
        if output == nil { output = (try? pipe.openForWriting()) ?? nil }
        guard output != nil else { return false }
        do throws(SystemCallError) {
            return try output?.write(line) == line.count
        } catch {
            // A slow reader may go on later; one that has gone makes way for another.
            if error.errno != .again { output = nil }
            return false
        }
    }
}
