// SPDX-License-Identifier: Apache-2.0
// How long ago something was, in one short word.

import QueueModel
import SystemKit

/// An age for people, in the one unit that fits: `4s`, `5m`, `3h`, `12d`.
struct Age: CustomStringConvertible {
    /// In whole seconds, never negative.
    let seconds: Int64

    /// The time from one point to another.
    /// - Parameters:
    ///   - then: The earlier point.
    ///   - now: The later one; when it is earlier, the age is zero.
    init(of then: Timestamp, at now: Timestamp) {
        seconds = now.since(then).components.seconds
    }

    /// A duration as an age.
    init(_ duration: Duration) {
        seconds = max(0, duration.components.seconds)
    }

    var description: String {
        switch seconds {
        case ..<60: "\(seconds)s"
        case ..<3600: "\(seconds / 60)m"
        case ..<172_800: "\(seconds / 3600)h"
        default: "\(seconds / 86_400)d"
        }
    }
}

extension Timestamp {
    /// The present time of this machine.
    static func present(_ clock: WallClock = .system) -> Timestamp {
        Timestamp(millisecondsSince1970: clock.nowMilliseconds)
    }

    /// To the second, for people: `2026-01-02T03:04:05Z`.
    var second: String { description.prefix(19) + "Z" }
}
