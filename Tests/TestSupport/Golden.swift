// SPDX-License-Identifier: Apache-2.0
// Compares what a program says with a file that a person has read and found right.

import SystemKit
package import Testing

/// Texts in `Goldens/` beside the tests that compare with them.
///
/// With `VIGIL_UPDATE_GOLDENS=1` in the environment the files are written anew instead; `git diff` then shows what has
/// changed, to be read before it is committed.
package enum Golden {
    /// Expects a text to be that of a file; a missing file is a difference, too.
    ///
    /// - Parameters:
    ///   - text: What was said; a line feed is added at its end.
    ///   - name: The file, from the directory `Goldens`.
    ///   - filePath: The test's source file.
    ///   - sourceLocation: Where a difference is reported.
    /// - Throws: `SystemCallError` when a file cannot be read or written.
    package static func expect(
        _ text: String,
        _ name: String,
        filePath: String = #filePath,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let path = "\(directory(of: filePath))/\(name)"
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let file = FileName(String(path[path.index(after: slash)...]))
        let bytes = Array((text + "\n").utf8)
        if SystemInfo.environment["VIGIL_UPDATE_GOLDENS"] == "1" {
            let directory = try Directory.create(String(path[..<slash]))
            try AtomicFile.write(bytes, as: file, in: directory, replacing: true, durability: .relaxed)
            return
        }
        // A missing file differs from every text.
        let expected = try? Directory.open(String(path[..<slash])).read(file, limit: 1 << 24)
        #expect(
            String(decoding: bytes, as: UTF8.self) == String(decoding: expected ?? [], as: UTF8.self),
            "\(path) differs; when the change is meant: VIGIL_UPDATE_GOLDENS=1 swift test",
            sourceLocation: sourceLocation
        )
    }

    /// The names of the files in a directory of goldens, sorted.
    ///
    /// - Parameters:
    ///   - name: The directory, from the directory `Goldens`.
    ///   - filePath: The test's source file.
    /// - Returns: The names.
    /// - Throws: `SystemCallError` when there is no such directory.
    package static func names(in name: String, filePath: String = #filePath) throws -> [String] {
        var found: [String] = []
        try Directory.open("\(directory(of: filePath))/\(name)").names { name in
            found.append(name.description)
            return true
        }
        return found.sorted()
    }

    private static func directory(of filePath: String) -> String {
        filePath[..<(filePath.lastIndex(of: "/") ?? filePath.startIndex)] + "/Goldens"
    }
}
