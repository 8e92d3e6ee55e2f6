// SPDX-License-Identifier: Apache-2.0
// Files of an open directory: look, open, read, rename, remove.

import CLinux

extension Directory {
    /// What lstat(2) says about a name; a symbolic link is described, not followed.
    /// - Returns: Nil when there is no such name.
    package func status(of name: FileName) throws(SystemCallError) -> FileStatus? {
        var raw = cl_status()
        let result = unsafe name.withBytes { unsafe cl_status_at(descriptor, $0, $1, &raw) }
        if result == -Errno.noEntry.rawValue { return nil }
        try check(result, "fstatat", pathOf(name))
        return FileStatus(raw)
    }

    /// Opens a regular file for reading, with `O_NOFOLLOW`, `O_NONBLOCK` and `O_CLOEXEC`.
    /// - Throws: ``Errno/loop`` for a symbolic link, ``Errno/invalidArgument`` for any other file that is not regular;
    ///   such a file is not opened at all.
    package func openFile(_ name: FileName) throws(SystemCallError) -> OwnedDescriptor {
        let result = unsafe name.withBytes { unsafe cl_file_open(descriptor, $0, $1) }
        return OwnedDescriptor(adopting: try check(result, "open", pathOf(name)))
    }

    /// Creates a regular file for writing, with `O_NOFOLLOW` and `O_CLOEXEC`; an existing file is not truncated.
    /// - Parameters:
    ///   - name: Its name.
    ///   - mode: Permission bits, less the process's umask.
    ///   - exclusive: Whether an existing name is refused with ``Errno/exists``.
    ///   - append: Whether every write goes to the end of the file.
    /// - Returns: The open file.
    /// - Throws: What open(2) reports, and ``Errno/invalidArgument`` when the name is not a regular file.
    package func createFile(
        _ name: FileName,
        mode: UInt32 = 0o640,
        exclusive: Bool = true,
        append: Bool = false
    ) throws(SystemCallError) -> OwnedDescriptor {
        let result = unsafe name.withBytes {
            unsafe cl_file_create(descriptor, $0, $1, mode, exclusive ? 1 : 0, append ? 1 : 0)
        }
        return OwnedDescriptor(adopting: try check(result, "open", pathOf(name)))
    }

    /// Reads a whole regular file.
    /// - Parameters:
    ///   - name: Its name.
    ///   - limit: The most bytes accepted.
    /// - Returns: Nil when there is no such name.
    /// - Throws: ``Errno/fileTooLarge`` above the limit, and what ``openFile(_:)`` throws.
    package func read(_ name: FileName, limit: Int) throws(SystemCallError) -> [UInt8]? {
        let result = unsafe name.withBytes { unsafe cl_file_open(descriptor, $0, $1) }
        if result == -Errno.noEntry.rawValue { return nil }
        let file = OwnedDescriptor(adopting: try check(result, "open", pathOf(name)))
        do {
            return try file.readAll(limit: limit)
        } catch {
            throw SystemCallError(call: error.call, errno: error.errno, path: pathOf(name))
        }
    }

    /// Renames a file, into another directory or within this one.
    ///
    /// With `replacing`, renaming onto another name of the same file succeeds and does nothing: both names stay, see
    /// rename(2). Without it an existing name is refused with ``Errno/exists`` and both files are kept.
    /// - Parameters:
    ///   - name: The name in this directory.
    ///   - target: The directory of the new name, on the same file system.
    ///   - newName: The new name.
    ///   - replacing: Whether an existing file of the new name is replaced.
    /// - Throws: What renameat2(2) reports, ``Errno/exists`` and ``Errno/noEntry`` among them.
    package func rename(
        _ name: FileName,
        to target: Directory,
        as newName: FileName,
        replacing: Bool = false
    ) throws(SystemCallError) {
        let result = unsafe name.withBytes { old, oldLength in
            unsafe newName.withBytes { new, newLength in
                replacing
                    ? unsafe cl_rename(descriptor, old, oldLength, target.descriptor, new, newLength)
                    : unsafe cl_rename_exclusive(descriptor, old, oldLength, target.descriptor, new, newLength)
            }
        }
        try check(result, "rename", "\(pathOf(name)) to \(target.pathOf(newName))")
    }

    /// Gives a file another name, into another directory or in this one: link(2), which never replaces.
    package func link(_ name: FileName, to target: Directory, as newName: FileName) throws(SystemCallError) {
        let result = unsafe name.withBytes { old, oldLength in
            unsafe newName.withBytes { new, newLength in
                unsafe cl_link(descriptor, old, oldLength, target.descriptor, new, newLength)
            }
        }
        try check(result, "link", "\(pathOf(name)) to \(target.pathOf(newName))")
    }

    /// Removes a file's name: unlink(2).
    /// - Returns: False when there was no such name.
    @discardableResult
    package func remove(_ name: FileName) throws(SystemCallError) -> Bool {
        try removed(unsafe name.withBytes { unsafe cl_remove(descriptor, $0, $1) }, "unlink", name)
    }

    /// Removes an empty directory: rmdir(2).
    /// - Returns: False when there was no such name.
    @discardableResult
    package func removeDirectory(_ name: FileName) throws(SystemCallError) -> Bool {
        try removed(unsafe name.withBytes { unsafe cl_remove_directory(descriptor, $0, $1) }, "rmdir", name)
    }

    private func removed(_ result: Int32, _ call: StaticString, _ name: FileName) throws(SystemCallError) -> Bool {
        if result == -Errno.noEntry.rawValue { return false }
        try check(result, call, pathOf(name))
        return true
    }
}
