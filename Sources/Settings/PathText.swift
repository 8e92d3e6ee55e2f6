// SPDX-License-Identifier: Apache-2.0
// Paths as text, as they stand in settings.

/// What can be told about a path without looking at the file system.
enum PathText {
    /// Whether the kernel could take the path: not empty, no zero byte, not too long.
    static func isUsable(_ path: String) -> Bool {
        !path.isEmpty && !path.utf8.contains(0) && path.utf8.count < 4096
    }

    static func isAbsolute(_ path: String) -> Bool { path.utf8.first == UInt8(ascii: "/") }

    /// The path without doubled slashes, `.` components and a slash at the end; `..` stays, as it may follow a link.
    static func normalized(_ path: String) -> String {
        let parts = path.unicodeScalars.split(separator: "/").map(String.init).filter { $0 != "." }
        let joined = parts.joined(separator: "/")
        return isAbsolute(path) ? "/" + joined : joined.isEmpty ? "." : joined
    }

    /// The path itself when it is absolute, else the one under `directory`.
    static func resolved(_ path: String, under directory: String) -> String {
        if isAbsolute(path) { return normalized(path) }
        return normalized(directory + "/" + path)
    }

    /// The directory that holds the file of that path.
    static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
    }
}
