// SPDX-License-Identifier: Apache-2.0
// The daemon's ends of one worker's pipes.

package import QueueModel
package import SystemKit

/// The control pipe, from which a worker reads, and the status pipe, to which it writes; neither ever makes it wait.
package final class WorkerPipes {
    private let worker: WorkerID
    private let path: String
    private var directory: Directory?
    private var control: OwnedDescriptor?
    private let status: PipeWriter

    /// Prepares the pipes of a worker; nothing is opened yet.
    /// - Parameters:
    ///   - worker: The worker.
    ///   - locations: The paths.
    package init(worker: WorkerID, locations: QueueLocations) {
        self.worker = worker
        path = locations.pipes
        status = PipeWriter(PipeName.status(of: worker))
    }

    /// The descriptor to wait on for commands; it stays the same until ``open()`` returns true.
    package var controlDescriptor: Int32? { control?.rawValue }

    /// Makes the pipes that are missing, and opens the control pipe when it is not the one that is open.
    ///
    /// What is in a pipe's place and is no pipe is left alone.
    /// - Parameter willClose: Called before the control pipe that is open gives way to another.
    /// - Returns: Whether the control pipe was opened.
    /// - Throws: When a pipe cannot be made or opened.
    package func open(_ willClose: (Int32) -> Void) throws(SystemCallError) -> Bool {
        if directory?.isOnPath() != true { directory = try Directory.create(path) }
        guard let directory else { return false }
        let name = PipeName.control(of: worker)
        for name in [name, PipeName.status(of: worker)] { try directory.ensurePipe(name, mode: 0o600) }
        if let own = try control?.status().identity, try directory.status(of: name)?.identity == own { return false }
        // Open for writing as well: the end of the last writer is then no end of the pipe.
        let fresh = try directory.openPipe(name, for: .both)
        if let old = control?.rawValue { willClose(old) }
        control = .some(fresh)
        return true
    }

    /// Reads what is in the control pipe.
    /// - Parameter count: The most bytes to take.
    /// - Returns: The bytes; none when there is nothing.
    /// - Throws: What read(2) reports.
    package func read(count: Int) throws(SystemCallError) -> [UInt8] {
        do throws(SystemCallError) {
            return try control?.read(count: count) ?? []
        } catch  where error.errno == .again { return [] }
    }

    /// Writes one line to the status pipe, whole or not at all.
    /// - Parameter line: The line with its newline, as ``PipeWriter/send(_:in:)`` takes it.
    /// - Returns: Whether a reader will get it.
    package func send(_ line: @autoclosure () -> [UInt8]) -> Bool {
        guard let directory else { return false }
        return status.send(line(), in: directory)
    }

    /// Closes both pipes; their names stay.
    /// - Parameter willClose: Called before the control pipe is closed.
    package func close(_ willClose: (Int32) -> Void) {
        if let descriptor = control?.rawValue { willClose(descriptor) }
        control = nil
        status.close()
    }
}
