// SPDX-License-Identifier: Apache-2.0
// Lines for whoever reads a named pipe just now.

/// Writes lines to a named pipe, see fifo(7), and never waits for a reader.
///
/// Without a reader, with one that is too slow, and with one that dies, lines are missed. A line is whole or missing, never
/// cut. Needs ``SignalSource/ignorePipe()``.
package final class PipeWriter {
    private let name: FileName
    private var output: OwnedDescriptor?

    /// Prepares to write; nothing is opened yet.
    /// - Parameter name: The pipe's name.
    package init(_ name: FileName) { self.name = name }

    /// Writes one line.
    /// - Parameters:
    ///   - line: The line with its newline; made only when somebody reads. One longer than
    ///     ``NonblockingOutput/atomicBytes`` is missed.
    ///   - directory: Where the pipe is looked for when it is not open.
    /// - Returns: Whether a reader will get it.
    package func send(_ line: @autoclosure () -> [UInt8], in directory: Directory) -> Bool {
        // Without a reader the pipe is not even opened, so that the next one does not get old news.
        if output == nil {
            // No reader, no pipe, no descriptor left: nobody gets the line.
            guard let opened = directory.pipeWithReader(name) else { return false }
            output = .some(opened)
        }
        let bytes = line()
        guard bytes.count <= NonblockingOutput.atomicBytes else { return false }
        do throws(SystemCallError) {
            try output?.write(all: bytes)
            return true
        } catch {
            // A slow reader may go on later; one that has gone makes way for another.
            if error.errno != .again { output = nil }
            return false
        }
    }

    /// Closes the pipe; its name stays.
    package func close() { output = nil }
}
