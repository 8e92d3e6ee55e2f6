// SPDX-License-Identifier: Apache-2.0
// What tasks have cost, in numbers that add up exactly.

package import QueueModel

/// What one task, or many together, have cost.
package struct TaskUse: Sendable, Equatable {
    /// Millionths of US dollars.
    package var microdollars: Int64
    /// Tokens of all kinds.
    package var tokens: Int64

    /// What has cost nothing, or nothing that is known.
    /// - Parameters:
    ///   - microdollars: Millionths of US dollars.
    ///   - tokens: Tokens of all kinds.
    package init(microdollars: Int64 = 0, tokens: Int64 = 0) {
        self.microdollars = microdollars
        self.tokens = tokens
    }

    /// What a result tells.
    /// - Parameters:
    ///   - costUSD: US dollars; what is no sensible number counts as unknown.
    ///   - tokens: The tokens.
    package init(costUSD: Double?, tokens: TokenCounts?) {
        let dollars = costUSD ?? 0
        microdollars = 0...1e9 ~= dollars ? Int64((dollars * 1e6).rounded()) : 0
        self.tokens = Int64(tokens?.total ?? 0)
    }

    /// The cost in US dollars.
    package var costUSD: Double { Double(microdollars) / 1e6 }

    /// Adds up.
    package static func += (sum: inout TaskUse, use: TaskUse) {
        sum.microdollars &+= use.microdollars
        sum.tokens &+= use.tokens
    }

    /// Takes away.
    package static func -= (sum: inout TaskUse, use: TaskUse) {
        sum.microdollars &-= use.microdollars
        sum.tokens &-= use.tokens
    }
}
