// SPDX-License-Identifier: Apache-2.0
// Output that never waits for whoever reads it.

import CLinux

/// A file, pipe, socket or terminal that is written to without ever waiting for whoever reads it.
///
/// It is a descriptor of its own: the one it was made from keeps its flags, and may be closed. Needs
/// ``SignalSource/ignorePipe()``, as a pipe without a reader would end the process otherwise.
package struct NonblockingOutput: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor
    private let kind: Int32

    /// What one call of ``write(_:)`` puts into a pipe whole or not at all: `PIPE_BUF`, see pipe(7).
    package static let atomicBytes = 4096

    /// Opens the output of a descriptor once more.
    ///
    /// - Parameter descriptor: Open for writing; it is not closed.
    /// - Throws: What fstat(2) and dup(2) report.
    package init(to descriptor: Int32) throws(SystemCallError) {
        var kind: Int32 = 0
        let copy = OwnedDescriptor(adopting: try check(unsafe cl_output_open(descriptor, &kind), "dup"))
        self.descriptor = copy
        self.kind = kind
    }

    /// Writes once: write(2), or send(2) to a socket.
    ///
    /// - Parameter bytes: What to write, not empty.
    /// - Returns: How many bytes were taken; all of up to ``atomicBytes`` if the output is a pipe.
    /// - Throws: ``Errno/again`` when a reader must read first, ``Errno/brokenPipe`` when there is none.
    package borrowing func write(_ bytes: [UInt8]) throws(SystemCallError) -> Int {
        try check(unsafe cl_output_write(descriptor.rawValue, kind, bytes, bytes.count), "write")
    }
}
