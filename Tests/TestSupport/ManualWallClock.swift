// SPDX-License-Identifier: Apache-2.0
// A wall clock that stands still until a test moves it.

import Synchronization
package import SystemKit

/// A wall clock that a test sets and moves, backwards as well.
package final class ManualWallClock: Sendable {
    private let milliseconds: Mutex<Int64>

    /// Creates a clock that stands still.
    ///
    /// - Parameter milliseconds: Its time, in milliseconds since 1970; by default 2026-01-02T03:04:05Z.
    package init(milliseconds: Int64 = 1_767_323_045_000) {
        self.milliseconds = Mutex(milliseconds)
    }

    /// The clock as the code under test takes it.
    package var clock: WallClock {
        WallClock { self.nowMilliseconds }
    }

    /// Its time, in milliseconds since 1970.
    package var nowMilliseconds: Int64 {
        milliseconds.withLock { $0 }
    }

    /// Moves the clock.
    ///
    /// - Parameter duration: How far; negative to move it back. Less than a millisecond is dropped.
    package func advance(by duration: Duration) {
        let (seconds, attoseconds) = duration.components
        milliseconds.withLock { $0 += seconds * 1000 + attoseconds / 1_000_000_000_000_000 }
    }

    /// Sets the clock, as an operator or a time server does.
    ///
    /// - Parameter milliseconds: The new time, in milliseconds since 1970.
    package func set(milliseconds: Int64) {
        self.milliseconds.withLock { $0 = milliseconds }
    }
}
