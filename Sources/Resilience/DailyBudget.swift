// SPDX-License-Identifier: Apache-2.0
// How much of a day's money is spent.

/// The money that a day may cost; days begin at midnight, UTC.
///
/// No clock and no I/O: the owner passes the wall-clock time in, in milliseconds since 1970.
package struct DailyBudget: Sendable, Hashable {
    /// A change that others want to hear of.
    package enum Change: Sendable, Hashable {
        /// Four fifths are spent.
        case nearlySpent
        /// Everything is spent.
        case spent
    }

    private static let day: Int64 = 86_400_000

    /// The most that a day may cost in US dollars; nil for no limit.
    package var limit: Double?
    /// The day that the sum is of, in days since 1970.
    package private(set) var dayNumber: Int64
    /// What was spent on that day, in US dollars.
    package private(set) var sum: Double

    /// A budget of which something may be spent already.
    ///
    /// - Parameters:
    ///   - limit: the most that a day may cost in US dollars; nil for no limit.
    ///   - dayNumber: the day that the sum is of, in days since 1970.
    ///   - sum: what was spent on that day.
    package init(limit: Double?, dayNumber: Int64 = 0, sum: Double = 0) {
        self.limit = limit
        self.dayNumber = dayNumber
        self.sum = sum.isFinite ? max(0, sum) : 0
    }

    /// What was spent on the present day.
    ///
    /// - Parameter now: the time.
    /// - Returns: US dollars.
    package func spent(at now: Int64) -> Double { dayNumber == now / Self.day ? sum : 0 }

    /// What is left of the present day's money.
    ///
    /// - Parameter now: the time.
    /// - Returns: US dollars, not negative; nil when there is no limit.
    package func left(at now: Int64) -> Double? { limit.map { max(0, $0 - spent(at: now)) } }

    /// When there is money again.
    ///
    /// - Parameter now: the time.
    /// - Returns: the next midnight when everything is spent, else nil.
    package func spentUntil(at now: Int64) -> Int64? {
        guard let left = left(at: now), left <= 0 else { return nil }
        return (now / Self.day + 1) * Self.day
    }

    /// Notes a cost.
    ///
    /// - Parameters:
    ///   - amount: US dollars; what is no positive number is ignored.
    ///   - now: the time.
    /// - Returns: which mark was passed by it, if one was.
    package mutating func spend(_ amount: Double, at now: Int64) -> Change? {
        guard amount > 0, amount.isFinite else { return nil }
        let before = spent(at: now)
        dayNumber = now / Self.day
        sum = before + amount
        guard let limit else { return nil }
        if before < limit, sum >= limit { return .spent }
        return before < 0.8 * limit && sum >= 0.8 * limit ? .nearlySpent : nil
    }
}
