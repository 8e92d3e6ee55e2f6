// SPDX-License-Identifier: Apache-2.0
// Money and tokens for people.

import QueueModel

/// What something has cost, in a few words.
enum CostText {
    /// Dollars with as many digits as say something.
    static func dollars(_ amount: Double) -> String { "$" + JSONWriter.text(.decimal(amount, fractionDigits: 4)) }

    /// Dollars and tokens, as far as they are known; nil when nothing is.
    static func text(_ amount: Double?, _ tokens: TokenCounts?) -> String? {
        let count = tokens.flatMap { $0.isEmpty ? nil : "\(short($0.total)) tokens" }
        let parts = [amount.map(dollars), count].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    private static func short(_ count: Int) -> String {
        switch count {
        case ..<10_000: "\(count)"
        case ..<10_000_000: "\(count / 1000)k"
        default: "\(count / 1_000_000)M"
        }
    }
}
