// SPDX-License-Identifier: Apache-2.0
// What stat(2) says about a file.

import CLinux

/// What makes a file the same file whatever its name: device and inode.
///
/// An inode number is used again after the file is gone; hold the file open where that matters.
package struct FileIdentity: Hashable, Sendable {
    /// The file system's device number.
    package let device: UInt64
    /// The file's number within the file system.
    package let inode: UInt64

    /// Names a file by its numbers.
    package init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }
}

/// A file's kind, size, times, and owner at one moment.
package struct FileStatus: Hashable, Sendable {
    /// What sort of file it is.
    package enum Kind: Hashable, Sendable {
        case regular, directory, symbolicLink, fifo, socket, characterDevice, blockDevice, other
    }

    /// Device and inode.
    package let identity: FileIdentity
    /// What sort of file it is.
    package let kind: Kind
    /// Bytes in the file.
    package let size: Int64
    /// When the content last changed, in nanoseconds since 1970.
    package let modifiedNanoseconds: Int64
    /// When content, name count, owner or permissions last changed, in nanoseconds since 1970.
    package let changedNanoseconds: Int64
    /// The owning user's number.
    package let owner: UInt32
    /// The permission bits, `mode & 0o7777`.
    package let permissions: UInt32
    /// How many names the file has; 0 when it is open but deleted.
    package let linkCount: UInt64

    init(_ raw: cl_status) {
        identity = FileIdentity(device: raw.device, inode: raw.inode)
        kind = Kind(mode: raw.mode)
        size = raw.size
        modifiedNanoseconds = raw.modified_nanoseconds
        changedNanoseconds = raw.changed_nanoseconds
        owner = raw.owner
        permissions = raw.mode & 0o7777
        linkCount = raw.links
    }
}

extension FileStatus.Kind {
    /// Reads the file type bits of a mode, see inode(7).
    init(mode: UInt32) {
        switch mode & 0o170000 {
        case 0o100000: self = .regular
        case 0o040000: self = .directory
        case 0o120000: self = .symbolicLink
        case 0o010000: self = .fifo
        case 0o140000: self = .socket
        case 0o020000: self = .characterDevice
        case 0o060000: self = .blockDevice
        default: self = .other
        }
    }
}
