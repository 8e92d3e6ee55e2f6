// SPDX-License-Identifier: Apache-2.0
// Comparing and quoting text by its bytes, never by Unicode equivalence.

extension String {
    /// Whether both strings have the same UTF-8 bytes; composed and decomposed forms differ, unlike with `==`.
    func hasSameBytes(as other: String) -> Bool {
        // What has the same bytes is equal too, and `==` looks at whole words; only what it takes for equal is compared.
        utf8.count == other.utf8.count && self == other && haveSameBytes(utf8.span, other.utf8.span)
    }

    /// Whether this string's UTF-8 bytes sort before the other's.
    func bytesPrecede(_ other: String) -> Bool {
        let (left, right) = (utf8.span, other.utf8.span)
        for index in 0..<min(left.count, right.count) where left[index] != right[index] {
            return left[index] < right[index]
        }
        return left.count < right.count
    }

    /// Feeds the UTF-8 bytes and their number to a hasher.
    func hashBytes(into hasher: inout Hasher) {
        var copy = self
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(utf8.count)
    }

    /// Whether one of the bytes is zero, where the text of a process ends.
    package var hasZeroByte: Bool {
        utf8.span.holdsZero
    }

    /// The text between double quotes, escaped as in JSON and cut after 64 characters, for messages and logs.
    var quotedForMessage: String {
        let limit = 64
        var head = String.UnicodeScalarView()
        head.append(contentsOf: unicodeScalars.prefix(limit))
        let isCut = unicodeScalars.dropFirst(limit).isEmpty == false
        return JSONWriter.text(.string(String(head))) + (isCut ? "…" : "")
    }
}

private func haveSameBytes(_ left: borrowing Span<UInt8>, _ right: borrowing Span<UInt8>) -> Bool {
    for index in left.indices where left[index] != right[index] { return false }
    return true
}

/// A key that is equal to another only when their bytes are; its hash takes every byte, so it cannot be flooded.
struct ByteKey: Hashable {
    let text: String

    static func == (lhs: ByteKey, rhs: ByteKey) -> Bool {
        lhs.text.hasSameBytes(as: rhs.text)
    }

    func hash(into hasher: inout Hasher) {
        text.hashBytes(into: &hasher)
    }
}
