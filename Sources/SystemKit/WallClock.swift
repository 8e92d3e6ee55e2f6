// SPDX-License-Identifier: Apache-2.0
// The time of day, for stamps on disk, and where on earth it is.

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

/// How far local time is from UTC; it changes with the season and with laws.
package struct LocalZone: Sendable {
    private let offset: @Sendable (Int64) -> Int

    /// Makes a zone from a closure that takes seconds since 1970 and returns how many seconds local time is ahead.
    package init(_ offset: @escaping @Sendable (Int64) -> Int) {
        self.offset = offset
    }

    /// How many seconds local time is ahead of UTC at a time in seconds since 1970.
    package func secondsAhead(at seconds: Int64) -> Int { offset(seconds) }

    /// The zone of this process: `TZ`, else /etc/localtime; see tzset(3).
    package static let system = LocalZone { Int(cl_clock_local_offset($0)) }
}
