// SPDX-License-Identifier: Apache-2.0
// One path component, kept as the bytes that the kernel knows.

/// The name of a file within its directory.
///
/// Linux names are bytes, not text: two names that Swift's `String` holds equal (composed and decomposed letters) are
/// two files, and a name need not be UTF-8. Any bytes can be put in; every call that uses a name refuses those that are
/// not one plain component (empty, `.`, `..`, with a slash or a zero byte) with ``Errno/invalidArgument``.
package struct FileName: Hashable, Comparable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The name's bytes, without a terminating zero.
    package let bytes: [UInt8]

    /// Takes the UTF-8 bytes of a string, unchanged.
    package init(_ string: String) {
        bytes = Array(string.utf8)
    }

    /// Puts a name together.
    /// - Parameters:
    ///   - start: How it begins.
    ///   - middle: What comes then.
    ///   - end: What comes last.
    package init(_ start: String, _ middle: StaticString, _ end: String = "") {
        // Several of these are made for every task; a string in between would be one allocation and one copy more each.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(start.utf8.count + middle.utf8CodeUnitCount + end.utf8.count)
        unsafe start.utf8.span.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
        middle.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
        unsafe end.utf8.span.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
        self.bytes = bytes
    }

    /// Takes bytes as they are.
    package init(bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    /// Takes the UTF-8 bytes of a literal.
    package init(stringLiteral value: String) {
        self.init(value)
    }

    /// The name as text, or nil when it is not UTF-8.
    package var string: String? {
        String(validating: bytes, as: UTF8.self)
    }

    /// The name for people; bytes that are not UTF-8 show as U+FFFD.
    package var description: String {
        String(decoding: bytes, as: UTF8.self)
    }

    /// Whether the name begins with the bytes of a string.
    package func hasPrefix(_ prefix: String) -> Bool {
        bytes.starts(with: prefix.utf8)
    }

    /// Whether the name ends with the bytes of a string.
    package func hasSuffix(_ suffix: String) -> Bool {
        bytes.count >= suffix.utf8.count && bytes.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }

    /// Orders by bytes, as `LC_ALL=C ls` does.
    package static func < (left: FileName, right: FileName) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    /// Feeds all bytes at once, which is several times faster than the array's own way.
    package func hash(into hasher: inout Hasher) {
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }
}

extension FileName {
    /// Calls with the bytes where C can read them.
    @inline(__always)
    func withBytes<Result>(_ body: (UnsafePointer<UInt8>, Int) -> Result) -> Result {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            // An empty array may have no address; the length of zero is what the C side refuses.
            guard let address = buffer.baseAddress else {
                return unsafe withUnsafePointer(to: 0) { unsafe body($0, 0) }
            }
            return unsafe body(address, buffer.count)
        }
    }
}
