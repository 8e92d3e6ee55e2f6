// SPDX-License-Identifier: Apache-2.0
// The time of day, for stamps on disk.

import CLinux

/// A source of the time of day; it may jump in both directions and is never used to measure how long something took.
package struct WallClock: Sendable {
    private let now: @Sendable () -> Int64

    /// Makes a clock from a closure that returns milliseconds since 1970.
    package init(_ now: @escaping @Sendable () -> Int64) {
        self.now = now
    }

    /// Milliseconds since 1970, UTC, without leap seconds.
    package var nowMilliseconds: Int64 { now() }

    /// The machine's clock: `CLOCK_REALTIME`.
    package static let system = WallClock { cl_clock_wall_milliseconds() }
}
