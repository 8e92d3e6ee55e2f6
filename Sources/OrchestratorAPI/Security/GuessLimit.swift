// SPDX-License-Identifier: Apache-2.0
// How often a wrong token is answered.

/// Counts wrong tokens: so many within a window are answered, those beyond are told to wait.
package struct GuessLimit: Sendable {
    /// What to do about a wrong token.
    package enum Action: Sendable, Equatable {
        /// Tell that it is wrong.
        case refuse
        /// Tell to wait, and note that guessing has begun.
        case alarm
        /// Tell to wait.
        case delay
    }

    private let most: Int
    private let window: Duration
    private var began: ContinuousClock.Instant?
    private var count = 0

    /// A limit that nobody has come near to.
    /// - Parameters:
    ///   - most: How many are answered within a window.
    ///   - window: How long a window is.
    package init(most: Int = 10, window: Duration = .seconds(60)) {
        self.most = most
        self.window = window
    }

    /// A wrong token was shown.
    /// - Parameter now: The present moment.
    /// - Returns: What to do about it.
    package mutating func guessed(at now: ContinuousClock.Instant) -> Action {
        if began.map({ now - $0 >= window }) ?? true {
            began = now
            count = 0
        }
        // The count stops where it has said all it has to say.
        count = min(count + 1, most + 2)
        if count <= most { return .refuse }
        return count == most + 1 ? .alarm : .delay
    }
}
