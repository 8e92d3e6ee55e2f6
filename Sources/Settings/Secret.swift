// SPDX-License-Identifier: Apache-2.0
// A value that shows itself to nobody.

/// A value that prints as `<redacted>`, alone and inside other values.
package struct Secret<Value> {
    /// The value itself: to be handed to whoever needs it, never to a message.
    package let revealed: Value

    /// Hides a value.
    ///
    /// - Parameter value: the value to hide.
    package init(_ value: Value) { revealed = value }
}

extension Secret: Sendable where Value: Sendable {}
extension Secret: Equatable where Value: Equatable {}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible {
    /// What stands in the place of the value.
    package static var redacted: String { "<redacted>" }

    /// `<redacted>`.
    package var description: String { Self.redacted }
    /// `<redacted>`.
    package var debugDescription: String { Self.redacted }
}
