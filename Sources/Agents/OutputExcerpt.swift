// SPDX-License-Identifier: Apache-2.0
// As much of a log file as a result may hold.

package import SystemKit

/// The text of one output stream: all of it, or its first and last part with a marker line between.
package struct OutputExcerpt: Equatable, Sendable {
    /// The text; bytes that are not UTF-8 have become U+FFFD.
    package let text: String
    /// Whether something was left out.
    package let isTruncated: Bool
    /// The size of the whole output, in bytes.
    package let totalBytes: Int64

    /// Takes a whole output.
    ///
    /// - Parameter text: the output.
    package init(_ text: String) {
        self.text = text
        isTruncated = false
        totalBytes = Int64(text.utf8.count)
    }

    /// Joins the first and the last part of an output; a character that the cuts went through is left out whole.
    ///
    /// - Parameters:
    ///   - head: the first bytes.
    ///   - tail: the last bytes.
    ///   - totalBytes: the size of the whole output.
    package init(head: [UInt8], tail: [UInt8], totalBytes: Int64) {
        let head = head.prefix(Self.wholeCharacters(of: head))
        let tail = tail.drop(atMost: 3, while: { $0 & 0xC0 == 0x80 })
        let leftOut = totalBytes - Int64(head.count) - Int64(tail.count)
        let marker = "\n… \(leftOut) bytes left out …\n"
        text = String(decoding: head, as: UTF8.self) + marker + String(decoding: tail, as: UTF8.self)
        isTruncated = true
        self.totalBytes = totalBytes
    }

    /// Reads as much of a log file as fits; memory grows with the limit only.
    ///
    /// - Parameters:
    ///   - file: the log, a regular file.
    ///   - limit: the most bytes that are taken from the file, at least 2.
    /// - Returns: the whole text, or its first and last half within the limit.
    /// - Throws: what fstat(2) or pread(2) reports.
    package static func read(
        _ file: borrowing OwnedDescriptor,
        limit: Int
    ) throws(SystemCallError) -> OutputExcerpt {
        let total = max(0, try file.status().size)
        let limit = max(2, limit)
        guard total > Int64(limit) else {
            let bytes = try part(of: file, at: 0, count: Int(total))
            return OutputExcerpt(whole: bytes)
        }
        let head = try part(of: file, at: 0, count: limit / 2)
        let tailCount = limit - limit / 2
        let tail = try part(of: file, at: total - Int64(tailCount), count: tailCount)
        return OutputExcerpt(head: head, tail: tail, totalBytes: total)
    }

    private init(whole bytes: [UInt8]) {
        text = String(decoding: bytes, as: UTF8.self)
        isTruncated = false
        totalBytes = Int64(bytes.count)
    }

    private static func part(
        of file: borrowing OwnedDescriptor,
        at offset: Int64,
        count: Int
    ) throws(SystemCallError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let chunk = try file.read(at: offset + Int64(bytes.count), count: count - bytes.count)
            guard !chunk.isEmpty else { break }
            if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
        }
        return bytes
    }

    /// How many bytes are left without a character that the end cuts through.
    private static func wholeCharacters(of bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            let length =
                switch byte {
                case 0xC2...0xDF: 2
                case 0xE0...0xEF: 3
                case 0xF0...0xF4: 4
                default: 1
                }
            if length > back { return bytes.count - back }
            // Anything but a continuation ends the search: the character before it is whole.
            if byte & 0xC0 != 0x80 { return bytes.count }
        }
        return bytes.count
    }
}

extension [UInt8] {
    /// The bytes without those at the start that fit, up to a number of them.
    fileprivate func drop(atMost count: Int, while fits: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        var start = startIndex
        while start < endIndex, start < count, fits(self[start]) { start += 1 }
        return self[start...]
    }
}
