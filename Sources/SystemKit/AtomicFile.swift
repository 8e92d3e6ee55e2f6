// SPDX-License-Identifier: Apache-2.0
// Files that appear whole or not at all, also after a power cut.

import CLinux
import Synchronization

/// How much a write waits for.
package enum Durability: String, Sendable {
    /// Returns when file and directory entry are on the device.
    case full
    /// Returns when the kernel has them; a power cut within the next seconds may lose or empty the file.
    case relaxed
}

/// Writing a file so that readers never see a part of it.
package enum AtomicFile {
    private static let counter = Atomic<UInt64>(0)

    /// Writes a temporary file, syncs it, renames it into place, and syncs the directory.
    ///
    /// A crash in between leaves the old state and perhaps a file named `.tmp-<pid>-<counter>`. When a sync of the file
    /// fails, that file is removed and nothing was changed. When only the sync of the directory fails the file is in
    /// place, but may be gone after a power cut.
    /// - Parameters:
    ///   - bytes: The content.
    ///   - name: The name.
    ///   - directory: Where.
    ///   - staging: Where the temporary file is made, on the same file system; `nil`, or when it is gone: where it is
    ///     renamed to. Two thirds of the work of a rename is that of the directory that it leaves, and ext4 takes three
    ///     times as long for one with thousands of names.
    ///   - mode: Permission bits, less the process's umask.
    ///   - replacing: Whether an existing file is replaced; otherwise it is refused with ``Errno/exists``.
    ///   - durability: Whether to wait for the device.
    /// - Throws: What the failed call reports, with the path of `name`.
    package static func write(
        _ bytes: [UInt8],
        as name: FileName,
        in directory: Directory,
        staging: Directory? = nil,
        mode: UInt32 = 0o640,
        replacing: Bool,
        durability: Durability
    ) throws(SystemCallError) {
        do throws(SystemCallError) {
            let file = Content(bytes: bytes, directory: directory, staging: staging, mode: mode)
            let temporary = try finish(begin(file), durability)
            do throws(SystemCallError) {
                try temporary.rename(to: directory, as: name, replacing: replacing)
            } catch {
                temporary.remove()
                throw error
            }
        } catch {
            throw SystemCallError(call: error.call, errno: error.errno, path: directory.pathOf(name))
        }
        if durability == .full { try directory.sync() }
    }

    /// What a file is going to be.
    package struct Content: Sendable {
        let bytes: [UInt8]
        let directory: Directory
        let staging: Directory?
        let mode: UInt32

        /// Describes a file.
        /// - Parameters:
        ///   - bytes: The content.
        ///   - directory: Where it is going to be.
        ///   - staging: Where it is made, see ``AtomicFile/write(_:as:in:staging:mode:replacing:durability:)``.
        ///   - mode: Permission bits, less the process's umask.
        package init(bytes: [UInt8], directory: Directory, staging: Directory? = nil, mode: UInt32 = 0o640) {
            self.bytes = bytes
            self.directory = directory
            self.staging = staging
            self.mode = mode
        }
    }

    /// A file that is whole, and not in its place yet.
    package struct Temporary: Sendable {
        let name: FileName
        let place: Directory

        /// Puts it into its place.
        /// - Parameters:
        ///   - directory: Where.
        ///   - name: The name.
        ///   - replacing: Whether an existing file is replaced; otherwise it is refused with ``Errno/exists``.
        /// - Throws: What rename(2) reports; the file is still there.
        package func rename(
            to directory: Directory,
            as name: FileName,
            replacing: Bool
        ) throws(SystemCallError) {
            try place.rename(self.name, to: directory, as: name, replacing: replacing)
        }

        /// Removes it, if that can be; else it is found by its name later.
        package func remove() {
            // Whoever gives a file up has another error to report.
            _ = try? place.remove(name)
        }
    }

    /// How the names of temporary files begin; whoever finds an old one may remove it.
    package static let temporaryPrefix = ".tmp-"

    /// A name that nobody of this process has been given before.
    /// - Parameter prefix: How it begins.
    /// - Returns: `<prefix><pid>-<counter>`. A file of that name may be there all the same, left by an earlier process.
    package static func uniqueName(_ prefix: String) -> FileName {
        let number = counter.add(1, ordering: .relaxed).newValue
        var name: [UInt8] = []
        name.reserveCapacity(48)
        name.append(contentsOf: prefix.utf8)
        name.append(contentsOf: process.utf8)
        name.append(contentsOf: String(number).utf8)
        return FileName(bytes: name)
    }

    private static let process = "\(SystemInfo.processID)-"

    /// Writes and syncs several temporary files, for those who rename them together.
    ///
    /// All of a stretch are written before the first is synced, so that the device has them at the same time, and a
    /// file system with a journal commits them together. That takes a fraction of the time of one after the other.
    /// - Parameters:
    ///   - files: What to write, and where.
    ///   - durability: Whether to wait for the device.
    /// - Returns: For each file what is to be renamed, or what the failed call reports; nothing is left behind of such a
    ///   file.
    package static func prepare(
        all files: [Content],
        durability: Durability
    ) -> [Result<Temporary, SystemCallError>] {
        var results: [Result<Temporary, SystemCallError>] = []
        for start in stride(from: 0, to: files.count, by: stretch) {
            let files = files[start..<min(start + stretch, files.count)]
            let begun = files.map { file in
                Result { () throws(SystemCallError) in
                    let begun = try begin(file)
                    if durability == .full && files.count > 1 { cl_sync_begin(begun.descriptor) }
                    return begun
                }
            }
            for begun in begun {
                results.append(
                    begun.flatMap { begun in
                        Result { () throws(SystemCallError) in try finish(begun, durability) }
                    }
                )
            }
        }
        return results
    }

    /// How many files are open at the same time, of which a process may have only so many.
    private static let stretch = 64

    /// A file that is written, and neither synced nor closed; whoever finishes it owns the descriptor.
    private struct Begun {
        let file: Temporary
        let descriptor: Int32
    }

    private static func begin(_ content: Content) throws(SystemCallError) -> Begun {
        var place = content.staging ?? content.directory
        while true {
            let temporary = Temporary(name: uniqueName(temporaryPrefix), place: place)
            let file: OwnedDescriptor
            do {
                file = try place.createFile(temporary.name, mode: content.mode)
            } catch  where error.errno == .exists {
                // Left over from a process with our number, or made just now by one in another pid namespace.
                continue
            } catch  where error.errno == .noEntry && place !== content.directory {
                place = content.directory
                continue
            }
            do {
                try file.write(all: content.bytes)
            } catch {
                temporary.remove()
                throw error
            }
            return Begun(file: temporary, descriptor: file.release())
        }
    }

    private static func finish(_ begun: Begun, _ durability: Durability) throws(SystemCallError) -> Temporary {
        let file = OwnedDescriptor(adopting: begun.descriptor)
        do {
            if durability == .full { try file.sync() }
            try file.close()
            return begun.file
        } catch {
            begun.file.remove()
            throw error
        }
    }
}
