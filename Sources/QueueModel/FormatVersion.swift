// SPDX-License-Identifier: Apache-2.0
// The version of the on-disk protocol.

/// A version of the on-disk protocol.
package struct FormatVersion: RawRepresentable, Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The version's number, from 1.
    package let rawValue: Int

    /// A version by its number.
    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    /// The version that is written.
    package static let current = FormatVersion(rawValue: 1)

    /// Whether what was written in this version can be read.
    package var isSupported: Bool {
        (1...Self.current.rawValue).contains(rawValue)
    }

    /// The version's number.
    package var description: String { String(rawValue) }

    /// Whether the first version is older.
    package static func < (lhs: FormatVersion, rhs: FormatVersion) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}
