// SPDX-License-Identifier: Apache-2.0
// What happens to a simulated worker, as data: made from a seed, run again, and made shorter.

import SystemKit
import TestSupport

/// One history of a simulated worker; every list of steps is one, so that any step can be left out.
struct Schedule: Sendable {
    /// How an agent ends, or what else ends an attempt.
    enum Ending: String, Sendable, CaseIterable {
        case success, failure, permanent, shutdown
    }

    /// A task as its producer writes it; times are milliseconds from its submission.
    struct Task: Sendable {
        var index: Int
        var priority = 0
        var retries = 0
        var dependencies: [Int] = []
        var notBefore: Int64?
        var expires: Int64?
    }

    /// One event.
    enum Step: Sendable {
        case submit(Task)
        case advance(Int64)
        /// To the next time at which the worker wants to be asked.
        case wake
        /// The wall clock alone.
        case jump(Int64)
        /// One of the agents that run ends.
        case end(Int, Ending)
        /// The daemon hears of one of the ends.
        case deliver(Int)
        case scan
        /// The daemon dies before the n-th change on disk from now on.
        case crash(Int)
        case killSupervisor(Int)
        case refuseStarts(Int)
        case drain
        case stopNow
        case start
    }

    static let mostTasks = 8
    let seed: UInt64
    var slots = 1
    var agingMilliseconds: Int64 = 0
    var threshold = 1
    var timeoutMilliseconds: Int64 = 1_000
    var jitter = 0.0
    var steps: [Step] = []

    /// The history that follows from a seed.
    init(seed: UInt64) {
        self.seed = seed
        var dice = SeededGenerator(seed: seed)
        slots = Int.random(in: 1...3, using: &dice)
        agingMilliseconds = [0, 1_000, 60_000][Int.random(in: 0...2, using: &dice)]
        threshold = Int.random(in: 1...3, using: &dice)
        timeoutMilliseconds = Int64.random(in: 1...60, using: &dice) * 1_000
        jitter = Bool.random(using: &dice) ? 0.5 : 0
        let tasks = Int.random(in: 1...Self.mostTasks, using: &dice)
        var submitted = 0
        for _ in 0..<Int.random(in: 10...60, using: &dice) {
            if submitted < tasks, Int.random(in: 0..<4, using: &dice) == 0 {
                steps.append(.submit(Self.task(submitted, of: tasks, using: &dice)))
                submitted += 1
            } else {
                steps.append(Self.step(using: &dice))
            }
        }
    }

    private static func task(_ index: Int, of count: Int, using dice: inout SeededGenerator) -> Task {
        var task = Task(index: index)
        if Bool.random(using: &dice) { task.priority = Int.random(in: -100...100, using: &dice) }
        task.retries = Int.random(in: 0...3, using: &dice)
        switch Int.random(in: 0..<8, using: &dice) {
        case 0, 1: task.dependencies = [Int.random(in: 0..<count, using: &dice)]
        case 2: task.dependencies = Set((0..<3).map { _ in Int.random(in: 0..<count, using: &dice) }).sorted()
        default: break
        }
        if Int.random(in: 0..<4, using: &dice) == 0 { task.notBefore = Int64.random(in: -5_000...60_000, using: &dice) }
        if Int.random(in: 0..<5, using: &dice) == 0 { task.expires = Int64.random(in: 0...90_000, using: &dice) }
        return task
    }

    private static func step(using dice: inout SeededGenerator) -> Step {
        let number = Int.random(in: 0..<64, using: &dice)
        switch Int.random(in: 0..<100, using: &dice) {
        case 0..<12: return .advance(Int64.random(in: 0...20_000, using: &dice))
        case 12..<24: return .wake
        case 24..<52:
            let dice = Int.random(in: 0..<20, using: &dice)
            return .end(number, dice < 9 ? .success : dice < 18 ? .failure : .permanent)
        case 52..<72: return .deliver(number)
        case 72..<77: return .scan
        case 77..<83: return .crash(Int.random(in: 0...6, using: &dice))
        case 83..<86: return .killSupervisor(number)
        case 86..<88: return .refuseStarts(1 + number % 2)
        case 88..<90: return .drain
        case 90..<92: return .stopNow
        case 92..<95: return .jump(Int64.random(in: -7_200_000...7_200_000, using: &dice))
        default: return .start
        }
    }

    /// A shorter history that breaks something too.
    /// - Parameter fails: Whether a history breaks something.
    /// - Returns: A history of which no single step can be left out.
    func shrunk(while fails: (Schedule) -> Bool) -> Schedule {
        var best = self
        var width = max(1, steps.count / 2)
        while true {
            var start = 0
            var isShorter = false
            while start < best.steps.count {
                var candidate = best
                candidate.steps.removeSubrange(start..<min(start + width, candidate.steps.count))
                if fails(candidate) {
                    best = candidate
                    isShorter = true
                } else {
                    start += width
                }
            }
            if width == 1 && !isShorter { return best }
            width = max(1, width / 2)
        }
    }
}
