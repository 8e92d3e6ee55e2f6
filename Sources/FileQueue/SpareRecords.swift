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
        let spare = try open()
        let file = spare.name
        do throws(SystemCallError) {
            try spare.descriptor.write(all: bytes)
            // Most records are of one length, and to cut a file takes longer than to ask.
            if try spare.descriptor.status().size != Int64(bytes.count) {
                try spare.descriptor.truncate(to: bytes.count)
            }
            try spare.close()
            try directory.rename(file, to: directory, as: name)
        } catch {
            if error.errno == .exists {
                names.append(file)
            } else {
                // The first error is the one to report; what is left behind is junk, which a later start removes.
                _ = try? directory.remove(file)
            }
            throw SystemCallError(call: error.call, errno: error.errno, path: directory.pathOf(name))
        }
    }

    /// One of the spares, or a new file.
    private func open() throws(SystemCallError) -> OpenSpare {
        // One that somebody has removed is made again.
        if let name = names.popLast() {
            return OpenSpare(name, try directory.createFile(name, mode: 0o600, exclusive: false))
        }
        while true {
            let name = AtomicFile.uniqueName(Self.prefix)
            do throws(SystemCallError) {
                return OpenSpare(name, try directory.createFile(name, mode: 0o600))
            } catch  where error.errno == .exists {
                // A supervisor may be about to write into it that an earlier process with our number has left.
                continue
            }
        }
    }

    private struct OpenSpare: ~Copyable {
        let name: FileName
        let descriptor: OwnedDescriptor

        init(_ name: FileName, _ descriptor: consuming OwnedDescriptor) {
            self.name = name
            self.descriptor = descriptor
        }

        consuming func close() throws(SystemCallError) { try descriptor.close() }
    }

    /// Gives a spare away, for somebody else to write a record into.
    /// - Returns: Its name; `nil` when there is none.
    func take() -> FileName? { names.popLast() }

    /// Takes a spare back that was not used.
    /// - Parameter name: What ``take()`` gave.
    func giveBack(_ name: FileName) { names.append(name) }

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
