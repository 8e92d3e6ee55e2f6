// SPDX-License-Identifier: Apache-2.0
// Files that a person names, and standard input as `-`.

import SystemKit

/// What a command reads.
enum Input {
    /// Reads a whole file, or standard input.
    /// - Parameters:
    ///   - path: The file; `-` for standard input.
    ///   - limit: The most bytes accepted.
    /// - Returns: The bytes, without a byte-order mark.
    /// - Throws: `CommandFailure` with what is wrong with which file.
    static func read(_ path: String, limit: Int) throws -> [UInt8] {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        do throws(SystemCallError) {
            let bytes = try path == "-" ? readStandardInput(limit: limit) : HostPath.readInput(path, limit: limit)
            return bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
        } catch {
            let name = name(of: path)
            if error.errno == .fileTooLarge {
                throw CommandFailure(.badData, "\(name) has more than \(limit) bytes; give it in smaller parts")
            }
            throw CommandFailure(.badData, "\(name) cannot be read: \(error.errno)")
        }
    }

    /// Reads a text.
    /// - Parameters:
    ///   - path: The file; `-` for standard input.
    ///   - limit: The most bytes accepted.
    /// - Returns: The text, without the newline at its end.
    /// - Throws: `CommandFailure` with what is wrong with which file.
    static func readText(_ path: String, limit: Int) throws -> String {
        var bytes = try read(path, limit: limit)
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure(.badData, "\(name(of: path)) is not UTF-8 text")
        }
        return text
    }

    /// What the input is called in messages.
    static func name(of path: String) -> String { path == "-" ? "standard input" : printable(path) }
}
