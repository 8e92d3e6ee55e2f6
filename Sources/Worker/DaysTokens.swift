// SPDX-License-Identifier: Apache-2.0
// How many tokens a day has used.

import QueueModel

/// The tokens of one day; days begin at midnight, UTC.
struct DaysTokens: Sendable {
    private static let day: Int64 = 86_400_000

    /// The day, in days since 1970.
    private(set) var dayNumber: Int64 = 0
    /// What was used on that day.
    private(set) var counts = TokenCounts()

    init() {}

    init(dayNumber: Int64, counts: TokenCounts) {
        self.dayNumber = dayNumber
        self.counts = counts
    }

    /// What was used on the day of a time, in milliseconds since 1970.
    func tokens(at now: Int64) -> TokenCounts { dayNumber == now / Self.day ? counts : TokenCounts() }

    mutating func add(_ tokens: TokenCounts, at now: Int64) {
        counts = self.tokens(at: now) + tokens
        dayNumber = now / Self.day
    }
}
