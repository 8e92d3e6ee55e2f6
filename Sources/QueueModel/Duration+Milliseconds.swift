// SPDX-License-Identifier: Apache-2.0
// Conversions of durations that saturate instead of trapping.

extension Duration {
    /// The duration rounded to milliseconds, halves away from zero, clamped to what 64 bits hold.
    package var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let attosecondsPerMillisecond: Int64 = 1_000_000_000_000_000
        let half = attosecondsPerMillisecond / 2
        let fraction = (attoseconds + (attoseconds < 0 ? -half : half)) / attosecondsPerMillisecond
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, carry) = scaled.addingReportingOverflow(fraction)
        guard !overflow, !carry else { return seconds < 0 ? .min : .max }
        return sum
    }

    /// A duration from a number of seconds, rounded to milliseconds, or nil when negative or over ten billion.
    init?(secondsFromOutside seconds: Double) {
        guard seconds >= 0, seconds <= 1e10 else { return nil }
        self = .milliseconds(Int64((seconds * 1000).rounded()))
    }
}
