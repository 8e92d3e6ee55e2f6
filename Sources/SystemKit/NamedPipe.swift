// SPDX-License-Identifier: Apache-2.0
// A FIFO in a directory, for whoever wants to listen.

/// A FIFO, see fifo(7), of which this process is a writer that never waits.
package struct NamedPipe: Sendable {
    /// The directory it lies in.
    package let directory: Directory
    /// Its name.
    package let name: FileName

    /// Makes the FIFO, or takes the one that is there.
    /// - Parameters:
    ///   - name: Its name.
    ///   - directory: Where.
    ///   - mode: Permission bits of a new one, less the process's umask.
    /// - Throws: ``Errno/exists`` when the name is that of something else, and what mkfifo(3) reports.
    package init(_ name: FileName, in directory: Directory, mode: UInt32 = 0o640) throws(SystemCallError) {
        self.directory = directory
        self.name = name
        if try directory.makePipe(name, mode: mode) { return }
        guard try directory.status(of: name)?.kind == .fifo else {
            throw SystemCallError(call: "mkfifo", errno: .exists, path: directory.pathOf(name))
        }
    }

    /// Opens the FIFO for writing, if somebody reads it.
    /// - Returns: Nil when nobody does.
    /// - Throws: What open(2) reports; ``Errno/invalidArgument`` when the name is that of something else by now.
    package func openForWriting() throws(SystemCallError) -> NonblockingOutput? {
        do throws(SystemCallError) {
            return NonblockingOutput(adoptingPipe: try directory.openPipe(name, for: .writing))
        } catch {
            guard error.errno == .noDeviceOrAddress else { throw error }
            return nil
        }
    }
}
