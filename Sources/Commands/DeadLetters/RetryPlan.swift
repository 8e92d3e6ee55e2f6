// SPDX-License-Identifier: Apache-2.0
// What running dead letters again comes to, when a task has several.

package import FileQueue
import QueueModel

/// Which dead letters are run again, and which go or stay with them.
package struct RetryPlan {
    /// One task that is run again.
    package struct Step {
        /// The dead letter whose task is run again.
        package let letter: DeadLetter
        /// Older ones that hold the same task, and go with it.
        package let superseded: [DeadLetter]
    }

    /// What to do, in the order of the dead letters.
    package private(set) var steps: [Step] = []
    /// Dead letters that stay, since another task of the same id is run again.
    package private(set) var left: [DeadLetter] = []

    /// Decides for each task: the newest dead letter is run again; older ones go with it when they hold the same task.
    /// - Parameter letters: Oldest first.
    package init(_ letters: [DeadLetter]) {
        var seen: Set<TaskID> = []
        for letter in letters.reversed() {
            guard let id = letter.record.taskID else {
                steps.append(Step(letter: letter, superseded: []))
                continue
            }
            guard seen.insert(id).inserted else { continue }
            let older = letters.filter { $0.record.taskID == id && $0.place != letter.place }
            let same = older.filter { $0.record.task == letter.record.task && $0.worker == letter.worker }
            steps.append(Step(letter: letter, superseded: same))
            left += older.filter { other in !same.contains { $0.place == other.place } }
        }
        steps.reverse()
    }
}

extension DeadLetterBox {
    /// Runs one task of a plan again; the dead letters that it supersedes go last.
    /// - Parameter step: The step.
    /// - Throws: `SubmissionError` when the task cannot be put back, or a dead letter cannot be removed.
    func perform(_ step: RetryPlan.Step) throws(SubmissionError) {
        try retry(step.letter)
        for older in step.superseded { try remove(older) }
    }
}

extension DeadLetter {
    /// Names it among all of a queue.
    var place: String { "\(worker)/\(file)" }
}
