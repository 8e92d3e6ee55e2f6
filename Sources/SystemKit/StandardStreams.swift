// SPDX-License-Identifier: Apache-2.0
// Output to the standard streams without stdio.

/// Writes all bytes to standard output.
///
/// A reader that went away (EPIPE) is no error: there is nobody left to tell. Needs ``SignalSource/ignorePipe()``.
/// - Throws: What write(2) reports otherwise, for example ``Errno/noSpace``.
package func writeStandardOutput(_ bytes: [UInt8]) throws(SystemCallError) {
    try writeUnlessGone(1, bytes)
}

/// Writes all bytes to standard error, as ``writeStandardOutput(_:)`` does.
package func writeStandardError(_ bytes: [UInt8]) throws(SystemCallError) {
    try writeUnlessGone(2, bytes)
}

private func writeUnlessGone(_ descriptor: Int32, _ bytes: [UInt8]) throws(SystemCallError) {
    do { try writeBytes(descriptor, bytes) } catch  where error.errno == .brokenPipe {}
}
