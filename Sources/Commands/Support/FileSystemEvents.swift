// SPDX-License-Identifier: Apache-2.0
// Where inotify tells of changes.

/// Which file systems tell of all their changes.
enum FileSystemEvents {
    /// Other machines or programs change these without this kernel's doing.
    private static let silent: Set<String> = ["nfs", "fuse", "cifs", "smb2", "9p", "ceph"]

    /// Whether a file system reports every change.
    /// - Parameter kind: Its kind, as `SystemInfo.fileSystemKind(of:)` names it.
    /// - Returns: Whether inotify is enough.
    static func areReported(by kind: String) -> Bool { !silent.contains(kind) }
}
