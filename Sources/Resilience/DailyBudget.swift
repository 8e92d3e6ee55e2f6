// SPDX-License-Identifier: Apache-2.0
// How much of a day's money is spent.

/// The money that a day may cost; days begin at midnight, UTC.
///
/// No clock and no I/O: the owner passes the wall-clock time in, in milliseconds since 1970.
package struct DailyBudget: Sendable {
    /// A change that others want to hear of.
    package enum Change: Sendable, Hashable {
        /// Four fifths are spent.
        case nearlySpent
        /// Everything is spent.
        case spent
    }

    private static let day: Int64 = 86_400_000
    /// Less than this is nothing, in US dollars: sums of fractions are never exact.
    package static let smallest = 1e-6

    /// The most that a day may cost in US dollars; nil for no limit.
    package var limit: Double? {
        didSet { if limit != oldValue { told = nil } }
    }
    /// What attempts that still run have cost so far, in US dollars.
    package var running = 0.0
    /// The last mark that was told of, and the day.
    private var told: (change: Change, day: Int64)?
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
        told = mark(at: dayNumber * Self.day).map { ($0, dayNumber) }
    }

    /// What was spent on the present day, by attempts that have ended.
    ///
    /// - Parameter now: the time.
    /// - Returns: US dollars.
    package func spent(at now: Int64) -> Double { dayNumber == now / Self.day ? sum : 0 }

    /// What is left of the present day's money.
    ///
    /// - Parameter now: the time.
    /// - Returns: US dollars, not negative; nil when there is no limit.
    package func left(at now: Int64) -> Double? {
        guard let limit else { return nil }
        let left = limit - total(at: now)
        return left < Self.smallest ? 0 : left
    }

    /// What the present day has cost, with what still runs.
    ///
    /// - Parameter now: the time.
    /// - Returns: US dollars.
    package func total(at now: Int64) -> Double { spent(at: now) + running }

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
        sum = spent(at: now) + amount
        dayNumber = now / Self.day
        return checked(at: now)
    }

    /// Looks for a mark that was passed, after ``running`` has changed; each is told once a day.
    ///
    /// - Parameter now: the time.
    /// - Returns: which mark was passed, if one was.
    package mutating func checked(at now: Int64) -> Change? {
        let day = now / Self.day
        let before = told.flatMap { $0.day == day ? $0.change : nil }
        guard let mark = mark(at: now), mark != before, before != .spent else { return nil }
        told = (mark, day)
        return mark
    }

    private func mark(at now: Int64) -> Change? {
        guard let limit, let left = left(at: now) else { return nil }
        return left == 0 ? .spent : left <= 0.2 * limit + Self.smallest ? .nearlySpent : nil
    }
}
