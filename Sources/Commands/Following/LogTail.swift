// SPDX-License-Identifier: Apache-2.0
// How far a growing log has been read.

package import SystemKit

/// A place in a log that grows, and may be emptied to begin anew.
package struct LogTail: Sendable {
    private var offset: Int64 = 0
    /// The log of a run that did not count, as long as the new run has not emptied it.
    private var stale: FileStatus?

    /// The beginning of a log.
    package init() {}

    /// Begins anew once the log is not the one that was read until now.
    /// - Parameter status: The log as it is; nil when there is none.
    package mutating func restart(unless status: FileStatus?) {
        stale = status
        if status == nil { offset = 0 }
    }

    /// Reads on.
    /// - Parameters:
    ///   - file: The log.
    ///   - count: The most bytes to take.
    /// - Returns: The bytes that follow; none when nothing new is there.
    /// - Throws: What fstat(2) or pread(2) reports.
    package mutating func next(from file: borrowing OwnedDescriptor, count: Int) throws(SystemCallError) -> [UInt8] {
        let status = try file.status()
        if let stale {
            guard status != stale else { return [] }
            self.stale = nil
            offset = 0
        }
        if status.size < offset { offset = 0 }
        let bytes = try file.read(at: offset, count: count)
        offset += Int64(bytes.count)
        return bytes
    }
}
