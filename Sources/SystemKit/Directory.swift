// SPDX-License-Identifier: Apache-2.0
// An open directory: the only way this project reaches files.

import CLinux

/// An open directory, and the path it was opened by.
///
/// All files are reached by one ``FileName`` relative to the open directory, so that nobody can lead a call elsewhere by
/// replacing a part of the path. No call follows a symbolic link in the last place. Safe to use from any thread.
package final class Directory: Sendable {
    private enum Origin {
        /// The path as C reads it, zero-terminated.
        case path([CChar])
        case child(of: Directory, FileName)
    }

    private let handle: OwnedDescriptor
    private let origin: Origin

    /// Device and inode of the open directory, which are its own as long as it is open.
    package let identity: FileIdentity

    private init(adopting descriptor: Int32, _ origin: Origin) {
        handle = OwnedDescriptor(adopting: descriptor)
        self.origin = origin
        var status = cl_status()
        // fstat(2) of an open directory fails for no reason; zeros would be on no path.
        _ = unsafe cl_status_of(descriptor, &status)
        identity = FileIdentity(device: status.device, inode: status.inode)
    }

    /// The path as C reads it, zero-terminated; put together when somebody asks, which is seldom.
    private var location: [CChar] {
        switch origin {
        case .path(let location): return location
        case .child(let parent, let name):
            var location = parent.location
            location.removeLast()
            if location.last != 0x2f { location.append(0x2f) }
            location += name.bytes.map { CChar(bitPattern: $0) }
            location.append(0)
            return location
        }
    }

    /// The path the directory was opened by, for messages; not exact when a component is not UTF-8.
    package var path: String {
        String(decoding: location.dropLast().lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The directory's descriptor, valid as long as this object lives.
    package var descriptor: Int32 { handle.rawValue }

    /// What fstat(2) says about the open directory.
    package func status() throws(SystemCallError) -> FileStatus {
        try handle.status()
    }

    /// What an ordinary user can still write to the directory's file system: fstatfs(2).
    /// - Returns: Bytes, and the number of files.
    /// - Throws: What fstatfs(2) reports.
    package func room() throws(SystemCallError) -> (bytes: UInt64, files: UInt64) {
        var bytes: UInt64 = 0
        var files: UInt64 = 0
        try check(unsafe cl_room(descriptor, &bytes, &files), "fstatfs", path)
        return (bytes, files)
    }

    /// Makes creations, renames and removals in this directory durable: fsync(2) of the directory.
    package func sync() throws(SystemCallError) {
        try check(cl_sync(descriptor), "fsync", path)
    }

    /// Whether ``path`` still names this very directory and not a replacement.
    package func isOnPath() -> Bool {
        var named = cl_status()
        guard unsafe cl_status_path(location, &named) == 0 else { return false }
        return FileIdentity(device: named.device, inode: named.inode) == identity
    }
}

// MARK: - Opening

extension Directory {
    /// Opens an existing directory; symbolic links in the path are followed.
    package static func open(_ path: String) throws(SystemCallError) -> Directory {
        let location = try cPath(path, "open")
        let descriptor = try check(unsafe cl_directory_open(location), "open", path)
        return Directory(adopting: descriptor, .path(location))
    }

    /// Opens a directory, making it and its missing parents first.
    ///
    /// New directories are durable when this returns: the parent of each is synced.
    /// - Parameters:
    ///   - path: Where.
    ///   - mode: Permission bits of new directories, less the process's umask.
    /// - Returns: The open directory.
    /// - Throws: What mkdir(2), fsync(2) or open(2) reports.
    package static func create(_ path: String, mode: UInt32 = 0o750) throws(SystemCallError) -> Directory {
        do { return try open(path) } catch  where error.errno == .noEntry {}
        let bytes = Array(path.utf8)
        for end in bytes.indices where end + 1 == bytes.count || bytes[end + 1] == UInt8(ascii: "/") {
            let prefix = String(decoding: bytes[...end], as: UTF8.self)
            guard bytes[end] != UInt8(ascii: "/") else { continue }
            let result = unsafe cl_directory_make(try cPath(prefix, "mkdir"), mode)
            // EEXIST is also what an existing file gives; the open at the end tells it apart.
            if result == -Errno.exists.rawValue { continue }
            try check(result, "mkdir", prefix)
            try syncParent(of: bytes[...end])
        }
        return try open(path)
    }

    private static func syncParent(of path: ArraySlice<UInt8>) throws(SystemCallError) {
        let slash = path.lastIndex(of: UInt8(ascii: "/"))
        let parent = slash.map { $0 == 0 ? "/" : String(decoding: path[..<$0], as: UTF8.self) } ?? "."
        // A directory may be writable but not readable; it then cannot be opened to be synced.
        do { try open(parent).sync() } catch  where error.errno == .access {}
    }

    /// Opens a directory in this one; a symbolic link is refused.
    /// - Parameters:
    ///   - name: Its name.
    ///   - mode: Permission bits to make it with when it is missing; nil to require that it is there.
    /// - Returns: The open directory.
    /// - Throws: ``Errno/noEntry``, ``Errno/notDirectory`` (also for a link), and whatever else open(2) reports.
    package func subdirectory(_ name: FileName, create mode: UInt32? = nil) throws(SystemCallError) -> Directory {
        if let mode {
            let result = unsafe name.withBytes { unsafe cl_directory_make_at(descriptor, $0, $1, mode) }
            if result != -Errno.exists.rawValue { try check(result, "mkdir", pathOf(name)) }
        }
        let opened = unsafe name.withBytes { unsafe cl_directory_open_at(descriptor, $0, $1) }
        return Directory(adopting: try check(opened, "open", pathOf(name)), .child(of: self, name))
    }

    /// Opens a directory somewhere below this one, part by part; symbolic links are refused.
    /// - Parameter path: Its relative path; empty for this directory itself.
    /// - Returns: The open directory.
    /// - Throws: What ``subdirectory(_:create:)`` throws for the first part that cannot be opened.
    package func descendant(_ path: String) throws(SystemCallError) -> Directory {
        var directory = self
        for part in path.utf8.split(separator: UInt8(ascii: "/")) {
            directory = try directory.subdirectory(FileName(bytes: part))
        }
        return directory
    }

    /// The path of a file in this directory, for messages.
    package func pathOf(_ name: FileName) -> String {
        path.utf8.last == UInt8(ascii: "/") ? "\(path)\(name)" : "\(path)/\(name)"
    }
}

/// The bytes of a path with a terminating zero; a zero inside is refused, because C would stop reading there.
func cPath(_ path: String, _ call: StaticString) throws(SystemCallError) -> [CChar] {
    guard !path.utf8.contains(0) else {
        throw SystemCallError(call: call.description, errno: .invalidArgument, path: path)
    }
    return path.utf8.map { CChar(bitPattern: $0) } + [0]
}
