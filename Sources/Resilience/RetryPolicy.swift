// SPDX-License-Identifier: Apache-2.0
// How often and how late a failed attempt is repeated.

/// How often and how late a failed attempt is repeated: delays grow by a factor up to a longest one.
package struct RetryPolicy: Sendable, Equatable {
    /// The number of attempts after the first, not negative.
    package let maxRetries: Int
    /// The delay after the first attempt.
    package let initialDelay: Duration
    /// The factor from one delay to the next, at least 1.
    package let backoff: Double
    /// The longest delay, jitter included.
    package let maxDelay: Duration
    /// The part of a delay by which it is shortened or lengthened at random, 0 to 1.
    package let jitter: Double

    /// Thirty years; within it every number of nanoseconds fits into 64 bits.
    private static let longestDelay = Duration.seconds(946_080_000)

    /// A policy; values out of range are moved to the nearer bound.
    ///
    /// - Parameters:
    ///   - maxRetries: the number of attempts after the first.
    ///   - initialDelay: the delay after the first attempt.
    ///   - backoff: the factor from one delay to the next; 1 when it is below or not a number.
    ///   - maxDelay: the longest delay, jitter included.
    ///   - jitter: the part of a delay by which it varies; 0 when it is not a number.
    package init(
        maxRetries: Int,
        initialDelay: Duration,
        backoff: Double = 2,
        maxDelay: Duration = .seconds(300),
        jitter: Double = 0
    ) {
        self.maxRetries = max(0, maxRetries)
        self.initialDelay = min(max(initialDelay, .zero), Self.longestDelay)
        self.backoff = backoff >= 1 ? backoff : 1
        self.maxDelay = min(max(maxDelay, .zero), Self.longestDelay)
        self.jitter = jitter >= 0 ? min(jitter, 1) : 0
    }

    /// This policy with another number of retries.
    ///
    /// - Parameter retries: the number of attempts after the first; nil leaves it as it is.
    /// - Returns: the policy.
    package func limited(to retries: Int?) -> RetryPolicy {
        RetryPolicy(
            maxRetries: retries ?? maxRetries,
            initialDelay: initialDelay,
            backoff: backoff,
            maxDelay: maxDelay,
            jitter: jitter
        )
    }

    /// Whether another attempt may follow after so many.
    package func allowsRetry(afterAttempts n: Int) -> Bool {
        n <= maxRetries
    }

    /// How long to wait before the next attempt.
    ///
    /// - Parameters:
    ///   - n: the number of the attempt that failed, from 1; any number is safe.
    ///   - generator: the source of jitter; it is not used when there is none.
    /// - Returns: a delay from zero to `maxDelay`, in whole nanoseconds.
    package func delay(afterAttempt n: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        let longest = maxDelay.inSeconds
        let base = min(initialDelay.inSeconds * Self.power(backoff, max(n, 1) - 1), longest)
        // Zero times infinity is not a number; a delay that starts at zero stays there.
        guard base > 0, longest > 0 else { return .zero }
        guard jitter > 0 else { return Self.duration(base) }
        let factor = Double.random(in: (1 - jitter)...(1 + jitter), using: &generator)
        return Self.duration(min(base * factor, longest))
    }

    /// The power by repeated squaring: at most 63 steps, infinite when it is too large.
    private static func power(_ base: Double, _ exponent: Int) -> Double {
        var (result, square, rest) = (1.0, base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }

    /// A duration from seconds that are at most those of `longestDelay`.
    private static func duration(_ seconds: Double) -> Duration {
        .nanoseconds(Int64((seconds * 1e9).rounded()))
    }
}

extension Duration {
    /// The nearest number of seconds.
    fileprivate var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
