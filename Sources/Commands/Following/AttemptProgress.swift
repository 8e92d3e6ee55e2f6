// SPDX-License-Identifier: Apache-2.0
// Which attempt's output is to be read next; decides, and reads nothing.

/// Goes through a task's attempts in order, each from its beginning to its end, however many are seen only afterwards.
package struct AttemptProgress: Sendable {
    /// What to do with the output of an attempt.
    package enum Step: Sendable, Equatable {
        /// Its output comes next.
        case begin(Int)
        /// It runs once more under the same number, with empty logs: the earlier run did not count.
        case restart(Int)
        /// Read what is there.
        case read(Int)
        /// Read to the end: nothing will be added.
        case finish(Int)
    }

    /// Where to begin.
    package enum Start: Sendable, Equatable {
        /// At this attempt, whether it has begun or not.
        case attempt(Int)
        /// At the attempt that is the latest when the first look finds any.
        case latest
    }

    /// The latest attempt, as a look at the files finds it.
    package struct Sighting: Sendable, Equatable {
        /// Its number; 0 when none has begun.
        package let number: Int
        /// The name of its run; nil when only its number is known.
        package let runID: String?
        /// Whether it may still write.
        package let isLive: Bool

        /// Describes a sighting.
        /// - Parameters:
        ///   - number: The attempt's number; 0 when none has begun.
        ///   - runID: The name of its run.
        ///   - isLive: Whether it may still write.
        package init(number: Int, runID: String? = nil, isLive: Bool) {
            self.number = number
            self.runID = runID
            self.isLive = isLive
        }
    }

    private let start: Start
    private var shown: (number: Int, runID: String?)?
    private var isOpen = false

    /// Nothing has been read yet.
    /// - Parameter start: Where to begin.
    package init(start: Start) { self.start = start }

    /// The attempt whose output was begun and may still grow.
    package var open: Int? { isOpen ? shown?.number : nil }

    /// Takes a look into account.
    /// - Parameter sighting: What was found.
    /// - Returns: What to do, in this order.
    package mutating func advance(to sighting: Sighting) -> [Step] {
        guard let shown else { return begin(sighting) }
        if sighting.number > shown.number {
            let end: [Step] = isOpen ? [.finish(shown.number)] : []
            return end + goOn(from: shown.number + 1, to: sighting)
        }
        guard sighting.number == shown.number else {
            // Taken back: it will run again under its number, or the task ends without it.
            return isOpen ? [.read(shown.number)] : []
        }
        var steps: [Step] = []
        if let runID = sighting.runID, let before = shown.runID, runID != before {
            steps = [.restart(shown.number)]
            isOpen = true
        }
        self.shown?.runID = sighting.runID ?? shown.runID
        // What is known to be over may have written something since the last look at it.
        if isOpen || sighting.runID == nil {
            steps.append(sighting.isLive ? .read(shown.number) : .finish(shown.number))
            isOpen = sighting.isLive
        }
        return steps
    }

    private mutating func begin(_ sighting: Sighting) -> [Step] {
        switch start {
        case .attempt(let first): goOn(from: max(1, first), to: sighting)
        case .latest: goOn(from: max(1, sighting.number), to: sighting)
        }
    }

    private mutating func goOn(from first: Int, to sighting: Sighting) -> [Step] {
        guard first <= sighting.number else { return [] }
        let missed = (first..<sighting.number).flatMap { [Step.begin($0), .finish($0)] }
        shown = (sighting.number, sighting.runID)
        isOpen = sighting.isLive
        return missed + [.begin(sighting.number), isOpen ? .read(sighting.number) : .finish(sighting.number)]
    }
}
