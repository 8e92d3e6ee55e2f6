// SPDX-License-Identifier: Apache-2.0
// Paths that the operator of this host names: symbolic links are followed.

import CLinux

/// Looks at paths of settings and working directories, where links are meant to be followed.
///
/// For everything inside the queue use ``Directory``, which follows none.
package enum HostPath {
    /// What stat(2) says about the file that a path leads to.
    ///
    /// - Parameter path: where; links are followed.
    /// - Returns: the status, or nil when the path leads nowhere.
    /// - Throws: what stat(2) reports, other than `ENOENT` and `ENOTDIR`.
    package static func status(of path: String) throws(SystemCallError) -> FileStatus? {
        var raw = cl_status()
        let result = unsafe cl_status_path(try cPath(path, "stat"), &raw)
        if result == -Errno.noEntry.rawValue || result == -Errno.notDirectory.rawValue { return nil }
        try check(result, "stat", path)
        return FileStatus(raw)
    }

    /// Whether this process may list, change and search a directory, by its effective user: faccessat(2).
    ///
    /// - Parameter path: a directory; links are followed.
    /// - Throws: what forbids it: `EACCES`, `EROFS`, or that it is not there.
    package static func checkMayChange(_ path: String) throws(SystemCallError) {
        try check(unsafe cl_may_change_directory(try cPath(path, "access")), "access", path)
    }

    /// The path of a readable file or directory without any link in it, as the kernel tells it by /proc/self/fd.
    ///
    /// - Parameter path: where; links are followed.
    /// - Returns: an absolute path.
    /// - Throws: what open(2) or readlink(2) reports.
    package static func resolved(_ path: String) throws(SystemCallError) -> String {
        let file = OwnedDescriptor(adopting: try check(unsafe cl_path_open(try cPath(path, "open")), "open", path))
        let link = "/proc/self/fd/\(file.rawValue)"
        // PATH_MAX counts the terminating zero, which readlink(2) does not write.
        var buffer = [CChar](repeating: 0, count: 4097)
        let length = try check(unsafe cl_link_target(link, &buffer, buffer.count), "readlink", link)
        return String(decoding: buffer.prefix(length).lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Reads a whole regular file, links followed.
    ///
    /// - Parameters:
    ///   - path: where.
    ///   - limit: the most bytes accepted.
    /// - Returns: the bytes, or nil when the path leads nowhere.
    /// - Throws: `EFBIG` above the limit, `EINVAL` for what is not a regular file, and what the kernel reports.
    package static func read(_ path: String, limit: Int) throws(SystemCallError) -> [UInt8]? {
        guard let status = try status(of: path) else { return nil }
        guard status.kind == .regular else {
            throw SystemCallError(call: "open", errno: .invalidArgument, path: path)
        }
        let file = OwnedDescriptor(adopting: try check(unsafe cl_path_open(try cPath(path, "open")), "open", path))
        do {
            return try file.readAll(limit: limit)
        } catch {
            throw SystemCallError(call: error.call, errno: error.errno, path: path)
        }
    }

    /// Reads a whole input that a person named: a file, a pipe such as `/dev/fd/63`, a device; links followed.
    ///
    /// Waits for the end of a pipe.
    ///
    /// - Parameters:
    ///   - path: where.
    ///   - limit: the most bytes accepted.
    /// - Returns: the bytes.
    /// - Throws: `EFBIG` above the limit, and what open(2) and read(2) report.
    package static func readInput(_ path: String, limit: Int) throws(SystemCallError) -> [UInt8] {
        let file = OwnedDescriptor(adopting: try check(unsafe cl_input_open(try cPath(path, "open")), "open", path))
        do {
            return try file.readAll(limit: limit)
        } catch {
            throw SystemCallError(call: error.call, errno: error.errno, path: path)
        }
    }
}
