// SPDX-License-Identifier: Apache-2.0
// What producers do to the file system that SystemKit has no need of.

import Glibc
import SystemKit

/// A file that is written in place, as `cat >file` does.
final class SlowWriter: Sendable {
    private let file: OwnedDescriptor

    /// Opens the file under its final name.
    init(_ path: String) throws {
        file = OwnedDescriptor(adopting: try checked("open", path, open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o640)))
    }

    /// Writes a part, which everyone can see at once.
    func write(_ text: String) throws {
        try file.write(all: Array(text.utf8))
    }
}

/// Makes files of kinds that are no task files, and changes what is there.
enum Producer {
    /// Makes a FIFO.
    static func pipe(_ path: String) throws { try checked("mkfifo", path, mkfifo(path, 0o640)) }

    /// Makes a socket, a device and the like, see mknod(2).
    static func node(_ path: String, _ kind: mode_t, device: dev_t = 0) throws {
        try checked("mknod", path, mknod(path, kind | 0o640, device))
    }

    /// Makes an empty directory.
    static func directory(_ path: String) throws { try checked("mkdir", path, mkdir(path, 0o750)) }

    /// Makes a symbolic link.
    static func link(_ path: String, to target: String) throws { try checked("symlink", path, symlink(target, path)) }

    /// Gives a file another name.
    static func hardLink(_ path: String, to target: String) throws {
        try checked("link", path, Glibc.link(target, path))
    }

    /// Renames, also over what is there.
    static func move(_ path: String, to target: String) throws { try checked("rename", path, rename(path, target)) }

    /// Removes a file.
    static func remove(_ path: String) throws { try checked("unlink", path, unlink(path)) }

    /// Removes an empty directory.
    static func removeDirectory(_ path: String) throws { try checked("rmdir", path, rmdir(path)) }

    /// Makes a file of a size that takes no room.
    static func sparse(_ path: String, bytes: Int) throws {
        let file = OwnedDescriptor(
            adopting: try checked("open", path, open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o640))
        )
        try checked("ftruncate", path, ftruncate(file.rawValue, bytes))
    }

    /// Gives a file to another user.
    static func give(_ path: String, to user: uid_t) throws { try checked("chown", path, chown(path, user, user)) }
}

@discardableResult
private func checked(_ call: String, _ path: String, _ result: Int32) throws -> Int32 {
    guard result >= 0 else { throw SystemCallError(call: call, errno: Errno(rawValue: errno), path: path) }
    return result
}
