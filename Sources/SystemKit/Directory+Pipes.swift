// SPDX-License-Identifier: Apache-2.0
// Named pipes of an open directory, see fifo(7).

import CLinux

/// What a named pipe is opened for.
package enum PipeAccess: Sendable {
    /// Reading; the end is reached when no writer is left.
    case reading
    /// Writing; only possible while there is a reader.
    case writing
    /// Both, so that a reader never sees an end.
    case both

    var number: Int32 {
        switch self {
        case .reading: Int32(CL_PIPE_READ)
        case .writing: Int32(CL_PIPE_WRITE)
        case .both: Int32(CL_PIPE_BOTH)
        }
    }
}

extension Directory {
    /// Makes a named pipe: mkfifo(3).
    /// - Parameters:
    ///   - name: Its name.
    ///   - mode: Permission bits, less the process's umask.
    /// - Returns: False when the name is taken, by whatever.
    /// - Throws: What mkfifo(3) reports.
    package func makePipe(_ name: FileName, mode: UInt32) throws(SystemCallError) -> Bool {
        let result = unsafe name.withBytes { unsafe cl_pipe_make(descriptor, $0, $1, mode) }
        if result == -Errno.exists.rawValue { return false }
        try check(result, "mkfifo", pathOf(name))
        return true
    }

    /// Makes a named pipe unless it is there.
    /// - Parameters:
    ///   - name: Its name.
    ///   - mode: Permission bits of a new one, less the process's umask.
    /// - Throws: ``Errno/exists`` when the name is that of something else, which is left alone, and what mkfifo(3)
    ///   reports.
    package func ensurePipe(_ name: FileName, mode: UInt32) throws(SystemCallError) {
        if try makePipe(name, mode: mode) { return }
        guard try status(of: name)?.kind == .fifo else {
            throw SystemCallError(call: "mkfifo", errno: .exists, path: pathOf(name))
        }
    }

    /// Opens a named pipe for writing when somebody reads it; says nothing of why it cannot be, which is the usual case.
    /// - Parameter name: Its name.
    /// - Returns: The open pipe; `nil` without a reader, or when ``openPipe(_:for:)`` would throw.
    package func pipeWithReader(_ name: FileName) -> OwnedDescriptor? {
        let result = unsafe name.withBytes { unsafe cl_pipe_open(descriptor, $0, $1, PipeAccess.writing.number) }
        return result < 0 ? nil : OwnedDescriptor(adopting: result)
    }

    /// Opens a named pipe without waiting for the other end; reads and writes do not wait either.
    /// - Parameters:
    ///   - name: Its name.
    ///   - access: What for.
    /// - Returns: The open pipe.
    /// - Throws: ``Errno/noDeviceOrAddress`` when it is to be written and nobody reads, ``Errno/loop`` for a symbolic
    ///   link, ``Errno/invalidArgument`` for anything else that is no pipe; such a file is not opened at all.
    package func openPipe(_ name: FileName, for access: PipeAccess) throws(SystemCallError) -> OwnedDescriptor {
        let result = unsafe name.withBytes { unsafe cl_pipe_open(descriptor, $0, $1, access.number) }
        return OwnedDescriptor(adopting: try check(result, "open", pathOf(name)))
    }
}
