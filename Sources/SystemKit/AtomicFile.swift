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

    /// Writes a temporary file in the same directory, syncs it, renames it into place, and syncs the directory.
    ///
    /// A crash in between leaves the old state and perhaps a file named `.tmp-<pid>-<counter>`. When a sync of the file
    /// fails, that file is removed and nothing was changed. When only the sync of the directory fails the file is in
    /// place, but may be gone after a power cut.
    /// - Parameters:
    ///   - bytes: The content.
    ///   - name: The name.
    ///   - directory: Where.
    ///   - mode: Permission bits, less the process's umask.
    ///   - replacing: Whether an existing file is replaced; otherwise it is refused with ``Errno/exists``.
    ///   - durability: Whether to wait for the device.
    /// - Throws: What the failed call reports, with the path of `name`.
    package static func write(
        _ bytes: [UInt8],
        as name: FileName,
        in directory: Directory,
        mode: UInt32 = 0o640,
        replacing: Bool,
        durability: Durability
    ) throws(SystemCallError) {
        let temporary: FileName
        do {
            temporary = try prepare(bytes, in: directory, mode: mode, durability: durability)
        } catch {
            throw SystemCallError(call: error.call, errno: error.errno, path: directory.pathOf(name))
        }
        do {
            try directory.rename(temporary, to: directory, as: name, replacing: replacing)
        } catch {
            // The first error is the one to report; a file that cannot even be removed is found by its name later.
            _ = try? directory.remove(temporary)
            throw SystemCallError(call: error.call, errno: error.errno, path: directory.pathOf(name))
        }
        if durability == .full { try directory.sync() }
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

    /// Writes and syncs a temporary file, for those who rename it later.
    ///
    /// Nothing is left behind on an error.
    /// - Parameters:
    ///   - bytes: The content.
    ///   - directory: Where.
    ///   - mode: Permission bits, less the process's umask.
    ///   - durability: Whether to wait for the device.
    /// - Returns: The file's name, to be renamed within the directory.
    /// - Throws: What the failed call reports.
    package static func prepare(
        _ bytes: [UInt8],
        in directory: Directory,
        mode: UInt32 = 0o640,
        durability: Durability
    ) throws(SystemCallError) -> FileName {
        let begun = try begin(bytes, in: directory, mode)
        return try finish(begun, in: directory, durability)
    }

    /// Writes and syncs several temporary files, for those who rename them together.
    ///
    /// All of a stretch are written before the first is synced, so that the device has them at the same time, and a
    /// file system with a journal commits them together. That takes a fraction of the time of one after the other.
    /// - Parameters:
    ///   - files: What to write, and where; the permission bits are less the process's umask.
    ///   - durability: Whether to wait for the device.
    /// - Returns: For each file its name, or what the failed call reports; nothing is left behind of such a file.
    package static func prepare(
        all files: [(bytes: [UInt8], directory: Directory, mode: UInt32)],
        durability: Durability
    ) -> [Result<FileName, SystemCallError>] {
        var results: [Result<FileName, SystemCallError>] = []
        for start in stride(from: 0, to: files.count, by: stretch) {
            let files = files[start..<min(start + stretch, files.count)]
            let begun = files.map { file in
                Result { () throws(SystemCallError) in
                    let begun = try begin(file.bytes, in: file.directory, file.mode)
                    if durability == .full && files.count > 1 { cl_sync_begin(begun.descriptor) }
                    return begun
                }
            }
            for (file, begun) in zip(files, begun) {
                results.append(
                    begun.flatMap { begun in
                        Result { () throws(SystemCallError) in try finish(begun, in: file.directory, durability) }
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
        let name: FileName
        let descriptor: Int32
    }

    private static func begin(
        _ bytes: [UInt8],
        in directory: Directory,
        _ mode: UInt32
    ) throws(SystemCallError) -> Begun {
        while true {
            let temporary = uniqueName(temporaryPrefix)
            let file: OwnedDescriptor
            do {
                file = try directory.createFile(temporary, mode: mode)
            } catch  where error.errno == .exists {
                // Left over from a process with our number, or made just now by one in another pid namespace.
                continue
            }
            do {
                try file.write(all: bytes)
            } catch {
                // The first error is the one to report.
                _ = try? directory.remove(temporary)
                throw error
            }
            return Begun(name: temporary, descriptor: file.release())
        }
    }

    private static func finish(
        _ begun: Begun,
        in directory: Directory,
        _ durability: Durability
    ) throws(SystemCallError) -> FileName {
        let file = OwnedDescriptor(adopting: begun.descriptor)
        do {
            if durability == .full { try file.sync() }
            try file.close()
            return begun.name
        } catch {
            // As above: the first error is the one to report.
            _ = try? directory.remove(begun.name)
            throw error
        }
    }
}
