// SPDX-License-Identifier: Apache-2.0
// Files of records that are no longer needed, to write the next ones into.

import SystemKit

/// Writes records into the files of earlier ones.
///
/// A file system that makes a file and removes another for every task has to find, mark and free an inode each time.
/// That takes twice as long as two renames, and many times as long on ext4 without a journal, which goes over all
/// inodes that were freed within the last minute before it takes one.
///
/// What a crash leaves of them is removed when it is a day old.
final class SpareRecords {
    /// How the names of spares begin.
    static let prefix = ".spare-"
    /// More than are free at the same time when many attempts end together; the rest is removed.
    private static let most = 64

    private let directory: Directory
    private var names: [FileName] = []

    /// Begins without any.
    /// - Parameter directory: Where the records lie.
    init(in directory: Directory) { self.directory = directory }

    /// Writes a new record, whole or not at all, without a sync.
    /// - Parameters:
    ///   - bytes: The record.
    ///   - name: Its name.
    /// - Throws: ``Errno/exists`` when the name is taken, and whatever else keeps it from being written.
    func write(_ bytes: [UInt8], as name: FileName) throws(SystemCallError) {
        let spare = names.popLast() ?? AtomicFile.uniqueName(Self.prefix)
        do throws(SystemCallError) {
            // Made when it is not there: a new one, or one that somebody has removed.
            let file = try directory.createFile(spare, mode: 0o600, exclusive: false)
            try file.write(all: bytes)
            // Most records are of one length, and to cut a file takes longer than to ask.
            if try file.status().size != Int64(bytes.count) { try file.truncate(to: bytes.count) }
            try file.close()
            try directory.rename(spare, to: directory, as: name)
        } catch {
            if error.errno == .exists {
                names.append(spare)
            } else {
                // The first error is the one to report; what is left behind is junk, which a later start removes.
                _ = try? directory.remove(spare)
            }
            throw SystemCallError(call: error.call, errno: error.errno, path: directory.pathOf(name))
        }
    }

    /// Takes a record away; its file serves the next one.
    /// - Parameter name: The record; one that is not there is no error.
    /// - Throws: When it cannot be taken away; it is there as before.
    func keep(_ name: FileName) throws(SystemCallError) {
        guard names.count < Self.most else {
            try directory.remove(name)
            return
        }
        let spare = AtomicFile.uniqueName(Self.prefix)
        do throws(SystemCallError) {
            try directory.rename(name, to: directory, as: spare)
            names.append(spare)
        } catch {
            if error.errno == .noEntry { return }
            try directory.remove(name)
        }
    }

    /// Removes all spares.
    func removeAll() {
        // What cannot be removed is junk, which a later start removes.
        for name in names { _ = try? directory.remove(name) }
        names = []
    }
}
