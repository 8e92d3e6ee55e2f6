// SPDX-License-Identifier: Apache-2.0
// One reading of both clocks.

package import QueueModel

/// A point in time on the wall clock, for stamps on disk, and on the monotonic clock, for every delay.
package struct Moment: Sendable, Equatable {
    /// The wall clock; may jump.
    package var wall: Timestamp
    /// The monotonic clock, which also runs while the machine sleeps.
    package var instant: ContinuousClock.Instant

    /// Makes a moment from two readings.
    /// - Parameters:
    ///   - wall: The wall clock.
    ///   - instant: The monotonic clock.
    package init(wall: Timestamp, instant: ContinuousClock.Instant) {
        self.wall = wall
        self.instant = instant
    }

    /// The monotonic instant at which the wall clock shows a time, if it does not jump.
    /// - Parameter time: The time; what is past already gives this instant.
    /// - Returns: The instant, at most ten years away.
    package func instant(of time: Timestamp) -> ContinuousClock.Instant {
        let distance = min(max(time.since(wall), .zero), .seconds(315_360_000))
        return instant.advanced(by: distance)
    }
}
