// SPDX-License-Identifier: Apache-2.0
// Looks for bytes in text, eight at a time.

/// Eight bytes in one word; each question sets the highest bit of the bytes that it is true of.
///
/// The answers are exact up to the first byte that is marked; a byte after it may be marked in error.
private struct ByteGroup {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highest: UInt64 = 0x8080_8080_8080_8080

    let word: UInt64

    /// The bytes above 0x7F.
    var beyondASCII: UInt64 { word & Self.highest }

    /// The bytes below a bound of at most 0x80.
    func below(_ bound: UInt8) -> UInt64 {
        (word &- Self.ones &* UInt64(bound)) & ~word & Self.highest
    }

    /// The bytes of one value.
    func equal(to byte: UInt8) -> UInt64 {
        ByteGroup(word: word ^ Self.ones &* UInt64(byte)).below(1)
    }
}

extension Span<UInt8> {
    /// The index of the first byte from a place on that is neither printable ASCII nor a space, or is a quote or a
    /// backslash; the count when there is none.
    func firstOfNoPlainText(from start: Int) -> Int {
        first(
            from: start,
            inGroup: { $0.below(0x20) | $0.equal(to: 0x22) | $0.equal(to: 0x5C) | $0.beyondASCII },
            where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C || $0 >= 0x80 }
        )
    }

    /// The index of the first byte from a place on with which a scalar begins that JSONWriter may have to escape; the
    /// count when there is none.
    func firstThatMayNeedEscape(from start: Int) -> Int {
        first(
            from: start,
            inGroup: {
                $0.below(0x20) | $0.equal(to: 0x22) | $0.equal(to: 0x5C) | $0.equal(to: 0x7F) | $0.equal(to: 0xC2)
                    | $0.equal(to: 0xE2)
            },
            where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C || $0 == 0x7F || $0 == 0xC2 || $0 == 0xE2 }
        )
    }

    /// Whether one of the bytes is zero.
    package var holdsZero: Bool {
        first(from: 0, inGroup: { $0.below(1) }, where: { $0 == 0 }) < count
    }

    @inline(__always)
    private func first(
        from start: Int,
        inGroup marked: (ByteGroup) -> UInt64,
        where isWanted: (UInt8) -> Bool
    ) -> Int {
        var index = start
        while index + 8 <= count {
            let word = bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            let found = marked(ByteGroup(word: UInt64(littleEndian: word)))
            if found != 0 { return index + found.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < count {
            if isWanted(self[index]) { return index }
            index += 1
        }
        return count
    }
}
