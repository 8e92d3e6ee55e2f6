// SPDX-License-Identifier: Apache-2.0
// A directory of its own for each test, removed with all that is in it.

import Glibc
package import SystemKit

/// A new directory that exists as long as this object does.
package final class TemporaryDirectory: Sendable {
    /// The directory's absolute path, without links.
    package let path: String
    /// The open directory.
    package let directory: Directory

    /// Makes an empty directory of mode 0700 with a name that no other test has: mkdtemp(3).
    ///
    /// - Parameters:
    ///   - purpose: A word of the name, so that a directory left by a killed run tells where it comes from.
    ///   - parent: The directory that it is made in; `TMPDIR` when nil.
    /// - Throws: `SystemCallError` when it cannot be made.
    package init(for purpose: String = "test", in parent: String? = nil) throws {
        let base = parent ?? SystemInfo.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        var template = "\(base)/vigil-\(purpose).XXXXXX".utf8CString.map { $0 }
        guard mkdtemp(&template) != nil else {
            throw SystemCallError(call: "mkdtemp", errno: Errno(rawValue: errno), path: base)
        }
        let made = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        path = try Self.withoutLinks(made)
        directory = try Directory.open(path)
    }

    /// The path of a file in the directory.
    ///
    /// - Parameter name: A relative path; the file need not exist.
    /// - Returns: The absolute path.
    package func path(of name: String) -> String {
        "\(path)/\(name)"
    }

    deinit {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let name = FileName(String(path[path.index(after: slash)...]))
        // A directory that cannot be removed is litter, and no reason for a test to fail.
        _ = try? Directory.open(String(path[..<slash])).removeTree(name)
    }

    private static func withoutLinks(_ path: String) throws -> String {
        guard let resolved = realpath(path, nil) else {
            throw SystemCallError(call: "realpath", errno: Errno(rawValue: errno), path: path)
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

/// Runs a test in a directory of its own.
///
/// - Parameter body: The test; the directory is removed when it ends, unless it keeps the object.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws, and `SystemCallError` when the directory cannot be made.
package func withTemporaryDirectory<T>(_ body: (TemporaryDirectory) async throws -> T) async throws -> T {
    try await body(TemporaryDirectory())
}

/// Runs a test that does not wait in a directory of its own.
///
/// - Parameter body: The test; the directory is removed when it ends, unless it keeps the object.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws, and `SystemCallError` when the directory cannot be made.
package func withTemporaryDirectory<T>(_ body: (TemporaryDirectory) throws -> T) throws -> T {
    try body(TemporaryDirectory())
}
