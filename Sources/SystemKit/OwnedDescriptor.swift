// SPDX-License-Identifier: Apache-2.0
// A file descriptor with exactly one owner.

import CLinux

/// An open file descriptor that is closed when its owner goes away.
package struct OwnedDescriptor: ~Copyable, Sendable {
    /// The descriptor's number, for calls that borrow it.
    package let rawValue: Int32

    /// Takes ownership of an open descriptor; nobody else may close it from here on.
    package init(adopting rawValue: Int32) {
        self.rawValue = rawValue
    }

    deinit {
        _ = cl_close(rawValue)
    }

    /// Makes a second descriptor for the same open file, close-on-exec (`F_DUPFD_CLOEXEC`).
    ///
    /// Both share position, status flags and flock(2) locks.
    package borrowing func duplicated() throws(SystemCallError) -> OwnedDescriptor {
        OwnedDescriptor(adopting: try check(cl_duplicate(rawValue), "dup"))
    }

    /// Gives up ownership without closing.
    package consuming func release() -> Int32 {
        let number = rawValue
        discard self
        return number
    }

    /// Closes now, and reports what close(2) reports: on some file systems the failure of an earlier write.
    package consuming func close() throws(SystemCallError) {
        let number = rawValue
        discard self
        try check(cl_close(number), "close")
    }
}

extension OwnedDescriptor {
    /// What fstat(2) says about the open file.
    package borrowing func status() throws(SystemCallError) -> FileStatus {
        var raw = cl_status()
        try check(unsafe cl_status_of(rawValue, &raw), "fstat")
        return FileStatus(raw)
    }

    /// Reads from the current position to the end.
    /// - Parameters:
    ///   - limit: The most bytes accepted.
    ///   - status: What ``status()`` has just said, for whoever knows.
    /// - Returns: The bytes, however many there are by now.
    /// - Throws: ``Errno/fileTooLarge`` when there are more than `limit` bytes.
    package borrowing func readAll(limit: Int, status: FileStatus? = nil) throws(SystemCallError) -> [UInt8] {
        let expected = if let status { status } else { try self.status() }
        let size = Int(clamping: expected.size)
        // One byte more than expected, so that the end shows without another round.
        var capacity = min(max(size, 0), limit) + 1
        if size <= 0 { capacity = min(limit, 4095) + 1 }
        var bytes: [UInt8] = []
        while true {
            let chunk = try read(count: capacity)
            if chunk.isEmpty { return bytes }
            if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
            if bytes.count > limit { throw SystemCallError(call: "read", errno: .fileTooLarge) }
            // A read that was asked for more than a regular file has has seen its end.
            if bytes.count == size { return bytes }
            capacity = min(limit - bytes.count + 1, max(capacity, 65536))
        }
    }

    /// Reads once, from the current position: read(2).
    /// - Parameter count: The most bytes to take.
    /// - Returns: The bytes, none at the end of the file.
    /// - Throws: What read(2) reports.
    package borrowing func read(count: Int) throws(SystemCallError) -> [UInt8] {
        try unsafe readBytes(count) { unsafe cl_read(rawValue, $0, $1) }
    }

    /// Reads once, from a given position: pread(2).
    /// - Parameters:
    ///   - offset: Bytes from the start of the file.
    ///   - count: The most bytes to take.
    /// - Returns: The bytes, none at or behind the end of the file.
    /// - Throws: What pread(2) reports.
    package borrowing func read(at offset: Int64, count: Int) throws(SystemCallError) -> [UInt8] {
        try unsafe readBytes(count) { unsafe cl_read_at(rawValue, $0, $1, offset) }
    }

    private borrowing func readBytes(
        _ count: Int,
        _ call: (UnsafeMutableRawPointer, Int) -> Int
    ) throws(SystemCallError) -> [UInt8] {
        guard count > 0 else { return [] }
        var result = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            guard let address = buffer.baseAddress else { return }
            result = unsafe call(address, count)
            filled = max(result, 0)
        }
        try check(result, "read")
        return bytes
    }

    /// Writes all bytes, in as many calls of write(2) as it takes.
    /// - Throws: What write(2) reports; part of the bytes may be written then.
    package borrowing func write(all bytes: [UInt8]) throws(SystemCallError) {
        try writeBytes(rawValue, bytes)
    }

    /// Writes all bytes over the beginning of the file, in as many calls of pwrite(2) as it takes.
    /// - Throws: What pwrite(2) reports; part of the bytes may be written then.
    package borrowing func overwrite(with bytes: [UInt8]) throws(SystemCallError) {
        try writeBytes(rawValue, bytes, isFromStart: true)
    }

    /// Cuts or lengthens the file: ftruncate(2).
    /// - Parameter size: Its bytes from now on.
    /// - Throws: What ftruncate(2) reports.
    package borrowing func truncate(to size: Int) throws(SystemCallError) {
        try check(cl_truncate(rawValue, Int64(size)), "ftruncate")
    }

    /// Makes data and size durable: fsync(2).
    ///
    /// After a failure the file must be given up and its bytes written to a new one: the kernel has dropped the pages
    /// and reports success the next time, see fsync(2).
    package borrowing func sync() throws(SystemCallError) {
        try check(cl_sync(rawValue), "fsync")
    }

    /// Has the kernel begin to write the data, so that a sync that follows soon waits for less: sync_file_range(2).
    package borrowing func beginSync() {
        cl_sync_begin(rawValue)
    }

    /// Locks the open file for one owner: flock(2), without waiting.
    ///
    /// The lock belongs to the open description: duplicates share it, and it ends with the last of them.
    /// - Returns: False when another open description holds a lock.
    package borrowing func tryLockExclusive() throws(SystemCallError) -> Bool {
        try lock(CL_LOCK_EXCLUSIVE)
    }

    /// Locks the open file together with other sharers: flock(2), without waiting.
    /// - Returns: False when another open description holds it exclusively.
    package borrowing func tryLockShared() throws(SystemCallError) -> Bool {
        try lock(CL_LOCK_SHARED)
    }

    /// Releases the lock of this open description, also for its duplicates.
    package borrowing func unlock() throws(SystemCallError) {
        _ = try lock(CL_LOCK_NONE)
    }

    private borrowing func lock(_ kind: Int) throws(SystemCallError) -> Bool {
        let result = cl_lock(rawValue, Int32(kind))
        if result == -Errno.again.rawValue { return false }
        try check(result, "flock")
        return true
    }

    /// Whether any process has this file open for writing, asked by taking and returning a read lease (`F_SETLEASE`).
    ///
    /// The descriptor must be read-only. While the lease stands, for some microseconds, an open for writing waits.
    /// - Returns: Nil where the question is not allowed (file of another owner) or not supported by the file system.
    package borrowing func hasWriter() -> Bool? {
        let result = cl_has_writer(rawValue)
        return result < 0 ? nil : result == 1
    }
}

/// Writes all bytes to a borrowed descriptor, at its position or from the start of its file.
func writeBytes(_ descriptor: Int32, _ bytes: [UInt8], isFromStart: Bool = false) throws(SystemCallError) {
    var result = 0
    unsafe bytes.withUnsafeBytes { buffer in
        guard let address = buffer.baseAddress else { return }
        var written = 0
        while written < buffer.count {
            let (rest, count) = unsafe (address + written, buffer.count - written)
            result =
                isFromStart
                ? unsafe cl_write_at(descriptor, rest, count, Int64(written))
                : unsafe cl_write(descriptor, rest, count)
            if result < 0 { return }
            written += result
        }
    }
    try check(result, "write")
}
