// SPDX-License-Identifier: Apache-2.0
// Listing an open directory, and removing a whole tree in it.

import CLinux

extension Directory {
    /// Visits every name, in the file system's order, without `.` and `..`.
    ///
    /// Scans do not disturb each other. While others add and remove files, a name that stays is visited once, and one
    /// that comes or goes may or may not be. Memory does not grow with the directory.
    /// - Parameter body: Called for each name; false ends the scan.
    /// - Throws: What getdents64(2) reports, after the names read so far were visited.
    package func names(_ body: (FileName) -> Bool) throws(SystemCallError) {
        try entries { name, _ in body(name) }
    }

    /// Visits every name as ``names(_:)`` does, with its kind where the file system says so without a look at the file.
    /// - Parameter body: Called for each name; false ends the scan.
    /// - Throws: What getdents64(2) reports, after the names read so far were visited.
    package func entries(_ body: (FileName, FileStatus.Kind?) -> Bool) throws(SystemCallError) {
        let scan = OwnedDescriptor(adopting: try check(cl_directory_reopen(descriptor), "open", path))
        let result = unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32768) { buffer in
            guard let address = buffer.baseAddress else { return 0 }
            var filled = unsafe cl_entries_read(scan.rawValue, address, buffer.count)
            while filled > 0, unsafe Self.decode(address, filled, body) {
                filled = unsafe cl_entries_read(scan.rawValue, address, buffer.count)
            }
            return min(filled, 0)
        }
        try check(result, "getdents", path)
    }

    private static func decode(
        _ buffer: UnsafePointer<UInt8>,
        _ filled: Int,
        _ body: (FileName, FileStatus.Kind?) -> Bool
    ) -> Bool {
        var offset = 0
        while offset < filled {
            var entry = cl_entry()
            let isListed = unsafe cl_entry_decode(buffer, offset, &entry) == 1
            offset = entry.next
            guard isListed else { continue }
            let name = unsafe FileName(bytes: UnsafeBufferPointer(start: buffer + entry.start, count: entry.length))
            guard body(name, entry.mode == 0 ? nil : FileStatus.Kind(mode: entry.mode)) else { return false }
        }
        return true
    }

    /// Removes a file, or a directory with all that is in it; symbolic links are removed, not followed.
    ///
    /// Depth costs neither stack nor descriptors: deep directories are first moved up to the top one. What others add
    /// meanwhile is removed too, up to a limit.
    /// - Returns: False when there was no such name.
    @discardableResult
    package func removeTree(_ name: FileName) throws(SystemCallError) -> Bool {
        guard let status = try status(of: name) else { return false }
        guard status.kind == .directory else { return try remove(name) }
        let top = try subdirectory(name)
        var rounds = 0
        while true {
            try top.removeContents()
            do { return try removeDirectory(name) } catch  where error.errno == .notEmpty && rounds < 8 { rounds += 1 }
        }
    }

    /// Empties this directory, moving directories that lie deeper up into it, one after the other.
    private func removeContents() throws(SystemCallError) {
        var pending = try removeFiles()
        var moved = 0
        var retries = 0
        while let child = pending.popLast() {
            let inner = try subdirectory(child)
            for grandchild in try inner.removeFiles() {
                pending.append(try inner.moveUp(grandchild, into: self, &moved))
            }
            do {
                try removeDirectory(child)
            } catch  where error.errno == .notEmpty && retries < 8 {
                retries += 1
                pending.append(child)
            }
        }
    }

    private func moveUp(
        _ name: FileName,
        into top: Directory,
        _ counter: inout Int
    ) throws(SystemCallError) -> FileName {
        while true {
            counter += 1
            let newName = FileName(".moved-\(counter)")
            do {
                try rename(name, to: top, as: newName)
                return newName
            } catch  where error.errno == .exists {}
        }
    }

    /// Removes everything but directories, and returns those.
    private func removeFiles() throws(SystemCallError) -> [FileName] {
        var names: [FileName] = []
        try entries { name, _ in
            names.append(name)
            return true
        }
        var directories: [FileName] = []
        for name in names {
            do { try remove(name) } catch  where error.errno == .isDirectory { directories.append(name) }
        }
        return directories
    }
}
