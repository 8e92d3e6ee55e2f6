// SPDX-License-Identifier: Apache-2.0
// Files of records that are no longer needed, to write the next ones into.

import SystemKit

/// A record's file that stays open from one record to the next, since to open it takes as long as to write it.
final class RecordFile {
    /// Where it lies while it is a spare.
    fileprivate var name: FileName
    fileprivate let descriptor: OwnedDescriptor
    /// Where the room behind the present record begins, in bytes from its start.
    fileprivate(set) var roomOffset = 0

    /// The descriptor of the file, open for writing.
    var rawValue: Int32 { descriptor.rawValue }

    fileprivate init(_ name: FileName, _ descriptor: consuming OwnedDescriptor) {
        self.name = name
        self.descriptor = descriptor
    }
}

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
    /// How many of them stay open.
    private static let mostOpen = 8

    private let directory: Directory
    private var closed: [FileName] = []
    private var open: [RecordFile] = []

    /// Begins without any.
    /// - Parameter directory: Where the records lie.
    init(in directory: Directory) { self.directory = directory }

    /// Writes a new record, whole or not at all, without a sync.
    /// - Parameters:
    ///   - bytes: The record, a line.
    ///   - room: What comes behind it, for something else to be written over.
    ///   - name: Its name.
    /// - Returns: Its file, to be passed to ``keep(_:file:)``.
    /// - Throws: ``Errno/exists`` when the name is taken, and whatever else keeps it from being written.
    func write(_ bytes: [UInt8], room: [UInt8], as name: FileName) throws(SystemCallError) -> RecordFile {
        let file = try nextFile()
        file.roomOffset = bytes.count
        do throws(SystemCallError) {
            try file.descriptor.overwrite(with: bytes + room)
            let status = try file.descriptor.status()
            // Most records are of one length, and to cut a file takes longer than to ask.
            let size = bytes.count + room.count
            if status.size != Int64(size) { try file.descriptor.truncate(to: size) }
            // Somebody has removed it; the bytes are in no directory.
            if status.linkCount == 0 { return try write(bytes, room: room, as: name) }
            try directory.rename(file.name, to: directory, as: name)
            return file
        } catch {
            if error.errno == .exists {
                open.append(file)
            } else {
                // The first error is the one to report; what is left behind is junk, which a later start removes.
                _ = try? directory.remove(file.name)
            }
            throw SystemCallError(call: error.call, errno: error.errno, path: directory.pathOf(name))
        }
    }

    /// One of the spares, or a new file.
    private func nextFile() throws(SystemCallError) -> RecordFile {
        if let file = open.popLast() { return file }
        // One that somebody has removed is made again.
        if let name = closed.popLast() {
            return RecordFile(name, try directory.createFile(name, mode: 0o600, exclusive: false))
        }
        while true {
            let name = AtomicFile.uniqueName(Self.prefix)
            do throws(SystemCallError) {
                return RecordFile(name, try directory.createFile(name, mode: 0o600))
            } catch  where error.errno == .exists {
                // A supervisor may be about to write into it that an earlier process with our number has left.
                continue
            }
        }
    }

    /// Gives a spare away, for somebody else to write a record into.
    /// - Returns: Its name; `nil` when there is none.
    func take() -> FileName? { closed.popLast() ?? open.popLast()?.name }

    /// Takes a spare back that was not used.
    /// - Parameter name: What ``take()`` gave.
    func giveBack(_ name: FileName) { closed.append(name) }

    /// Takes a record away; its file serves the next one.
    /// - Parameters:
    ///   - name: The record; one that is not there is no error.
    ///   - file: What ``write(_:as:)`` has returned for it, where that is known. It may have been replaced since.
    /// - Throws: When it cannot be taken away; it is there as before.
    func keep(_ name: FileName, file: RecordFile? = nil) throws(SystemCallError) {
        guard closed.count + open.count < Self.most else {
            try directory.remove(name)
            return
        }
        let spare = AtomicFile.uniqueName(Self.prefix)
        do throws(SystemCallError) {
            try directory.rename(name, to: directory, as: spare)
        } catch {
            if error.errno == .noEntry { return }
            try directory.remove(name)
            return
        }
        if let file, open.count < Self.mostOpen, isStillNamed(file) {
            file.name = spare
            open.append(file)
        } else {
            closed.append(spare)
        }
    }

    /// Whether a file has a name: it never has two, and so it is the one that it was last known by.
    private func isStillNamed(_ file: RecordFile) -> Bool {
        // What nothing is known of is opened anew.
        (try? file.descriptor.status().linkCount) == 1
    }

    /// Removes all spares.
    func removeAll() {
        // What cannot be removed is junk, which a later start removes.
        for name in closed + open.map(\.name) { _ = try? directory.remove(name) }
        closed = []
        open = []
    }
}
