// SPDX-License-Identifier: Apache-2.0
// Text that comes in pieces, cut between characters.

/// Makes text of bytes that come in pieces, so that no character is cut in two.
package struct TextPieces: Sendable {
    private var held: [UInt8] = []

    /// No bytes yet.
    package init() {}

    /// How many bytes have come that are not passed on yet, as more of their character may come.
    package var heldBytes: Int { held.count }

    /// Takes bytes.
    /// - Parameter bytes: What has come.
    /// - Returns: The text until the last whole character; what is no UTF-8 is replaced by U+FFFD.
    package mutating func take(_ bytes: [UInt8]) -> String {
        let all = held + bytes
        let count = all.count - Self.unfinished(all)
        held = Array(all[count...])
        return String(decoding: all[..<count], as: UTF8.self)
    }

    /// Takes the end.
    /// - Returns: What was held back, as text.
    package mutating func end() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }

    /// How many bytes at the end begin a character that needs more.
    private static func unfinished(_ bytes: [UInt8]) -> Int {
        for (count, byte) in bytes.suffix(3).reversed().enumerated() {
            switch byte {
            case 0xC2...0xDF: return count + 1 < 2 ? count + 1 : 0
            case 0xE0...0xEF: return count + 1 < 3 ? count + 1 : 0
            case 0xF0...0xF4: return count + 1 < 4 ? count + 1 : 0
            case 0x80...0xBF: continue
            default: return 0
            }
        }
        return 0
    }
}
