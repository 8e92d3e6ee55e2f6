// SPDX-License-Identifier: Apache-2.0
// How many tasks ended when, and how long they took: a stretch of time in equal steps.

package import QueueModel

/// How ended tasks are spread over a stretch of time.
package struct Timeline: Sendable, Equatable {
    /// What ended within one step.
    package struct Step: Sendable, Equatable {
        /// How many tasks ended, by state; those at zero are left out.
        package fileprivate(set) var ended: [TaskState: Int] = [:]
        fileprivate var runs: [Int64] = []
        fileprivate var lives: [Int64] = []

        /// How long the last attempts of its tasks ran; nil when none of them had an attempt.
        package var run: Spread? { Spread(runs) }
        /// How long it was from submission to end; nil when no task ended.
        package var life: Spread? { Spread(lives) }
    }

    /// The middle and the upper end of some durations.
    package struct Spread: Sendable, Equatable {
        /// Half of them are no longer than this.
        package let median: Duration
        /// 95 of 100 are no longer than this.
        package let high: Duration

        /// Nil for no durations.
        fileprivate init?(_ milliseconds: [Int64]) {
            guard !milliseconds.isEmpty else { return nil }
            let sorted = milliseconds.sorted()
            // The nearest rank: the smallest of them that so many are no longer than.
            func rank(_ percent: Int) -> Duration { .milliseconds(sorted[(sorted.count * percent + 99) / 100 - 1]) }
            (median, high) = (rank(50), rank(95))
        }
    }

    /// One task that has ended.
    package struct Ending: Sendable {
        let at: Timestamp
        let state: TaskState
        let submittedAt: Timestamp
        let run: Duration?

        /// Names an end.
        /// - Parameters:
        ///   - at: When.
        ///   - state: How.
        ///   - submittedAt: When the task was submitted.
        ///   - run: How long its last attempt ran; nil when there was none.
        package init(at: Timestamp, state: TaskState, submittedAt: Timestamp, run: Duration?) {
            self.at = at
            self.state = state
            self.submittedAt = submittedAt
            self.run = run
        }
    }

    /// When the first step begins; steps begin at whole multiples of their length since 1970.
    package let start: Timestamp
    /// How long each step is.
    package let step: Duration
    /// The steps, oldest first; the last one has not ended yet.
    package private(set) var steps: [Step]
    /// Before when tasks are left out, since there were too many; nil when none are.
    package private(set) var leftOutBefore: Timestamp?

    /// A stretch of time that ends with a moment.
    /// - Parameters:
    ///   - now: The moment; it lies in the last step.
    ///   - step: How long each step is, at least a second.
    ///   - count: How many steps there are, at least one.
    package init(endingAt now: Timestamp, step: Duration, count: Int) {
        let length = max(1000, step.wholeMilliseconds)
        let count = max(1, count)
        // Times before 1970 are none of ours.
        let last = max(0, now.millisecondsSince1970) / length
        start = Timestamp(millisecondsSince1970: (last - Int64(count) + 1) * length)
        self.step = .milliseconds(length)
        steps = Array(repeating: Step(), count: count)
    }

    /// When the last step ends.
    package var end: Timestamp { start.adding(step * steps.count) }

    /// When a step begins.
    /// - Parameter index: Which step, from 0.
    /// - Returns: The moment.
    package func start(of index: Int) -> Timestamp { start.adding(step * index) }

    /// Counts an end; one outside of the stretch is passed over.
    /// - Parameter ending: The end.
    package mutating func add(_ ending: Ending) {
        guard ending.at >= start, ending.at < end else { return }
        let index = Int((ending.at.since(start).wholeMilliseconds) / step.wholeMilliseconds)
        steps[index].ended[ending.state, default: 0] += 1
        if let run = ending.run { steps[index].runs.append(run.wholeMilliseconds) }
        steps[index].lives.append(ending.at.since(ending.submittedAt).wholeMilliseconds)
    }

    /// Notes that older ends are left out.
    /// - Parameter time: Before when.
    package mutating func leaveOut(before time: Timestamp) { leftOutBefore = time }
}
