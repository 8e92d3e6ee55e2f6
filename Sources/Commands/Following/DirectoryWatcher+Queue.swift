// SPDX-License-Identifier: Apache-2.0
// Whether the kernel tells of changes in a queue's directories.

import SystemKit

/// Why changes have to be looked for.
struct NoDirectoryEvents: Error, CustomStringConvertible {
    /// The cause, in a few words.
    let description: String
}

extension DirectoryWatcher {
    /// Makes a watcher for a file system that reports its changes.
    /// - Parameters:
    ///   - path: A directory of the queue; made when missing.
    ///   - reactor: Where handlers run.
    /// - Throws: ``NoDirectoryEvents`` where the kernel tells nothing: on file systems that change without its doing,
    ///   and when the user's inotify instances are used up.
    convenience init(forQueueAt path: String, on reactor: Reactor) throws(NoDirectoryEvents) {
        do throws(SystemCallError) {
            let kind = try SystemInfo.fileSystemKind(of: Directory.create(path).path)
            guard FileSystemEvents.areReported(by: kind) else {
                throw SystemCallError(call: "inotify on \(kind)", errno: .notSupported, path: path)
            }
            try self.init(reactor: reactor)
        } catch {
            throw NoDirectoryEvents(description: error.description)
        }
    }
}
