// SPDX-License-Identifier: Apache-2.0
// The standard streams without stdio.

import CLinux

/// Writes all bytes to standard output.
///
/// A reader that went away (EPIPE) is no error: there is nobody left to tell. Needs ``SignalSource/ignorePipe()``, or
/// a thread of the reactor's pool, where the signal is blocked.
/// - Returns: False when the reader went away.
/// - Throws: What write(2) reports otherwise, for example ``Errno/noSpace``.
@discardableResult
package func writeStandardOutput(_ bytes: [UInt8]) throws(SystemCallError) -> Bool {
    try writeUnlessGone(1, bytes)
}

/// Writes all bytes to standard error, as ``writeStandardOutput(_:)`` does.
/// - Returns: False when the reader went away.
/// - Throws: What write(2) reports otherwise.
@discardableResult
package func writeStandardError(_ bytes: [UInt8]) throws(SystemCallError) -> Bool {
    try writeUnlessGone(2, bytes)
}

private func writeUnlessGone(_ descriptor: Int32, _ bytes: [UInt8]) throws(SystemCallError) -> Bool {
    do {
        try writeBytes(descriptor, bytes)
        return true
    } catch  where error.errno == .brokenPipe { return false }
}

/// Reads all of standard input; waits for its end.
/// - Parameter limit: The most bytes accepted.
/// - Returns: The bytes.
/// - Throws: ``Errno/fileTooLarge`` above the limit, and what read(2) reports.
package func readStandardInput(limit: Int) throws(SystemCallError) -> [UInt8] {
    try OwnedDescriptor(adopting: try check(cl_duplicate(0), "dup")).readAll(limit: limit)
}
