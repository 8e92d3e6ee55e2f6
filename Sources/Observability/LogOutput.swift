// SPDX-License-Identifier: Apache-2.0
// Where log lines go, one at a time, without holding up the work.

package import SystemKit
import Synchronization

/// The one place that all log handlers of the process write their lines to.
///
/// Each line is one write(2). When the output is full, closed or broken the line is dropped and counted, and the next
/// line that gets through comes after a line that tells how many are missing. No call waits for a reader or fails.
package final class LogOutput: Sendable {
    fileprivate struct State: ~Copyable {
        let output: NonblockingOutput
        /// The rest of a line that was taken only in part, as a nearly full socket or disk does.
        var unfinished: [UInt8] = []
        /// Dropped lines that nobody was told of yet.
        var unreported = 0
    }

    private let state: Mutex<State>
    private let dropped = Atomic(0)

    /// Opens the output of a descriptor.
    ///
    /// - Parameter descriptor: Open for writing, 2 for standard error; it is not closed.
    /// - Throws: What dup(2) reports.
    package init(to descriptor: Int32) throws(SystemCallError) {
        state = Mutex(State(output: try NonblockingOutput(to: descriptor)))
    }

    /// How many lines were dropped until now.
    package var droppedLines: Int { dropped.load(ordering: .relaxed) }

    /// Writes a line, or drops it.
    ///
    /// - Parameters:
    ///   - line: The bytes, the newline included; into a pipe up to 4,096 go whole or not at all.
    ///   - notice: Makes the line that tells how many lines are missing.
    func write(_ line: [UInt8], notice: (_ missing: Int) -> [UInt8]) {
        // The lock is held during the calls, as it keeps lines apart; they do not wait for readers.
        state.withLock { state in
            guard state.finish() else { return drop(&state) }
            if state.unreported > 0 {
                guard state.put(notice(state.unreported)) else { return drop(&state) }
                state.unreported = 0
            }
            guard state.finish(), state.put(line) else { return drop(&state) }
        }
    }

    private func drop(_ state: inout State) {
        state.unreported += 1
        dropped.add(1, ordering: .relaxed)
    }
}

extension LogOutput.State {
    /// Writes the rest of the line before; false when some of it is still left.
    fileprivate mutating func finish() -> Bool {
        guard !unfinished.isEmpty else { return true }
        // A failure is the same as a full output: the line that is waiting is dropped and counted.
        guard let count = try? output.write(unfinished) else { return false }
        unfinished.removeFirst(count)
        return unfinished.isEmpty
    }

    /// Writes a line; false when nothing of it was taken.
    fileprivate mutating func put(_ line: [UInt8]) -> Bool {
        // As above.
        guard let count = try? output.write(line), count > 0 else { return false }
        unfinished = Array(line[count...])
        return true
    }
}
