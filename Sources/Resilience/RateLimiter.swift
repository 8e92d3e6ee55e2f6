// SPDX-License-Identifier: Apache-2.0
// Keeps the number of starts within a span of time under a limit.

/// A limit of starts within any span of a given length.
///
/// It remembers the times of the last starts, as many as are allowed, so that no span ever holds more: a bucket that
/// refills would let through twice as many in the span in which it is emptied. No clock and no I/O: the owner passes
/// the time in.
package struct RateLimiter: Sendable {
    /// The most starts within a span, at least 1.
    package let count: Int
    /// The length of the span.
    package let interval: Duration

    private var starts: [ContinuousClock.Instant] = []
    /// Where the oldest of the remembered starts is, once there are as many as are allowed.
    private var oldest = 0

    /// A limiter that has seen no start yet.
    ///
    /// - Parameters:
    ///   - count: the most starts within a span; below 1 counts as 1.
    ///   - interval: the length of the span.
    package init(count: Int, interval: Duration) {
        self.count = max(1, count)
        self.interval = max(interval, .zero)
    }

    /// When the next start is allowed.
    ///
    /// - Parameter now: the time.
    /// - Returns: nil when that is now.
    package func blockedUntil(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard starts.count == count else { return nil }
        let free = starts[oldest].advanced(by: interval)
        return free > now ? free : nil
    }

    /// Notes a start.
    ///
    /// - Parameter now: the time.
    package mutating func started(now: ContinuousClock.Instant) {
        if starts.count < count {
            starts.append(now)
        } else {
            starts[oldest] = now
            oldest = (oldest + 1) % count
        }
    }

    /// How many starts are within the span that ends now.
    ///
    /// - Parameter now: the time.
    /// - Returns: at most `count`.
    package func used(now: ContinuousClock.Instant) -> Int {
        starts.count { $0.advanced(by: interval) > now }
    }

    /// The same starts under another limit, as after a change of the settings.
    ///
    /// - Parameters:
    ///   - count: the most starts within a span.
    ///   - interval: the length of the span.
    /// - Returns: a limiter that remembers as many starts as it can.
    package func changed(count: Int, interval: Duration) -> RateLimiter {
        var limiter = RateLimiter(count: count, interval: interval)
        for start in (starts[oldest...] + starts[..<oldest]).suffix(limiter.count) { limiter.started(now: start) }
        return limiter
    }
}
