// SPDX-License-Identifier: Apache-2.0
// Directories that get a file for every task.

import SystemKit

/// A directory that others read, and a hidden one in it where its files are made before they are renamed into it.
///
/// What is made in the hidden one inherits the group and the access lists of the directory. A file is there for a moment
/// only, so it stays small, however many files the directory has.
struct StagedDirectory {
    /// The name of the hidden one.
    private static let name: FileName = ".tmp"

    /// Where the files come to lie.
    let directory: Directory
    /// Where they are made; `nil` when there is no such place.
    let staging: Directory?

    /// Opens a directory, making it and its missing parents first.
    /// - Parameter path: Where.
    /// - Throws: When it cannot be made or opened.
    init(path: String) throws(SystemCallError) {
        directory = try Directory.create(path)
        // Made anew, since the directory's group may have changed. One with something in it is in use.
        _ = try? directory.removeDirectory(Self.name)
        // Without one the files are made in the directory itself.
        staging = try? directory.subdirectory(Self.name, create: 0o700)
    }

    /// The directories that a crash may have left temporary files in.
    var all: [Directory] { [directory, staging].compactMap { $0 } }

    /// Removes what no reader of the directory wants to see, at a clean end.
    func tidy() {
        // Another daemon may be at work in it.
        _ = try? directory.removeDirectory(Self.name)
    }
}
