// SPDX-License-Identifier: Apache-2.0
// Tells whether bytes are UTF-8 while they come.

/// Checks UTF-8 that comes in pieces (RFC 3629): a byte that cannot go on is found as soon as it is there.
struct UTF8Check: Sendable, Equatable {
    /// How many bytes the character that has begun still needs.
    private var missing = 0
    /// What the next of them may be; the first one after the leading byte rules out surrogates and longer forms.
    private var bounds: ClosedRange<UInt8> = 0x80...0xBF

    /// Whether no character is left half.
    var isComplete: Bool { missing == 0 }

    /// Takes the next bytes.
    /// - Parameter bytes: The bytes.
    /// - Returns: Whether they can be part of a text.
    mutating func accept(_ bytes: ArraySlice<UInt8>) -> Bool {
        for byte in bytes {
            if missing > 0 {
                guard bounds.contains(byte) else { return false }
                missing -= 1
                bounds = 0x80...0xBF
            } else if byte >= 0x80 {
                guard begin(byte) else { return false }
            }
        }
        return true
    }

    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
        case 0xC2...0xDF: missing = 1
        case 0xE0: (missing, bounds) = (2, 0xA0...0xBF)
        case 0xED: (missing, bounds) = (2, 0x80...0x9F)
        case 0xE1...0xEF: missing = 2
        case 0xF0: (missing, bounds) = (3, 0x90...0xBF)
        case 0xF1...0xF3: missing = 3
        case 0xF4: (missing, bounds) = (3, 0x80...0x8F)
        default: return false
        }
        return true
    }
}
