// SPDX-License-Identifier: Apache-2.0
// Durations as they are kept over a restart.

extension Duration {
    /// The whole milliseconds, rounded up so that a wait does not end too early; for durations of weeks at most.
    var inMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
