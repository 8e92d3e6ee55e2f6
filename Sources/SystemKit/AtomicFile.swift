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

    /// Writes and syncs a temporary file, for those who rename several at once.
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
        while true {
            let number = counter.add(1, ordering: .relaxed).newValue
            let temporary = FileName("\(temporaryPrefix)\(SystemInfo.processID)-\(number)")
            let file: OwnedDescriptor
            do {
                file = try directory.createFile(temporary, mode: mode)
            } catch  where error.errno == .exists {
                // Left over from a process with our number, or made just now by one in another pid namespace.
                continue
            }
            do {
                try fill(file, with: bytes, durability)
                return temporary
            } catch {
                // As above: the first error is the one to report.
                _ = try? directory.remove(temporary)
                throw error
            }
        }
    }

    private static func fill(
        _ file: consuming OwnedDescriptor,
        with bytes: [UInt8],
        _ durability: Durability
    ) throws(SystemCallError) {
        try file.write(all: bytes)
        if durability == .full { try file.sync() }
        try file.close()
    }
}
