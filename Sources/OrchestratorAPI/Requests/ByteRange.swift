// SPDX-License-Identifier: Apache-2.0
// The Range field, as far as one range of bytes goes (RFC 9110, 14.1.2).

/// One range of bytes that a client asks for.
package enum ByteRange: Sendable, Equatable {
    /// From a byte to another one, both included; nil: to the end.
    case from(Int64, through: Int64?)
    /// The last so many bytes.
    case last(Int64)

    /// Reads a Range field.
    /// - Parameter field: The field's value. Nil comes back for other units, several ranges and what is malformed, which
    ///   a server may answer as if there were no such field.
    package init?(_ field: String) {
        guard field.hasPrefix("bytes="), !field.contains(",") else { return nil }
        let halves = field.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        if halves[0].isEmpty {
            guard let count = Self.number(halves[1]) else { return nil }
            self = .last(count)
            return
        }
        guard let first = Self.number(halves[0]) else { return nil }
        if halves[1].isEmpty {
            self = .from(first, through: nil)
            return
        }
        guard let last = Self.number(halves[1]), first <= last else { return nil }
        self = .from(first, through: last)
    }

    /// Digits alone; more than fit mean the end of everything.
    private static func number(_ digits: Substring) -> Int64? {
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(digits) ?? .max
    }

    /// The bytes that are meant of a file.
    /// - Parameters:
    ///   - size: The file's size.
    ///   - limit: The most bytes; what is more is left out at the end.
    /// - Returns: Where to begin and how many to read; nil when the file has none of them.
    package func resolved(size: Int64, limit: Int) -> (offset: Int64, count: Int)? {
        let (first, last): (Int64, Int64)
        switch self {
        case .from(let start, let end): (first, last) = (start, min(end ?? .max, size - 1))
        case .last(let count): (first, last) = (max(0, size - min(count, size)), size - 1)
        }
        guard first <= last, first < size else { return nil }
        return (first, Int(min(last - first + 1, Int64(limit))))
    }
}
