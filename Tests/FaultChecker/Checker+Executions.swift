// SPDX-License-Identifier: Apache-2.0
// EXCL, DONE, ATT and KEEP: how a task was executed.

import QueueModel

extension Checker {
    mutating func checkExecutions(of task: TaskHistory) {
        var runs: [String] = []
        for event in task.witness {
            switch event.kind {
            case .start(let alone, let over):
                if !alone { report(.excl, "\(task.id): attempt \(event.attempt) started while another lived") }
                if over { report(.done, "\(task.id): attempt \(event.attempt) started when the result was there") }
                if let first = task.seen.map(\.at).min(), event.at > first {
                    report(.done, "\(task.id): attempt \(event.attempt) started after the result was seen")
                }
                runs.append(event.run)
            case .exit:
                if event.run != runs.last {
                    report(.excl, "\(task.id): attempt \(event.attempt) ended after a later one had started")
                }
            }
        }
        if task.seen.contains(where: \.isTaskAlive) {
            report(.tree, "\(task.id): a process of it lived when its result was there")
        }
    }

    mutating func checkAttempts(of task: TaskHistory) {
        let started = task.witness.filter { if case .start = $0.kind { true } else { false } }.map(\.attempt)
        if !evidence.circumstances.cutsPower {
            for (earlier, later) in zip(started, started.dropFirst()) where later <= earlier {
                report(.att, "\(task.id): attempt \(later) started after attempt \(earlier)")
            }
            if let most = started.max(), most > task.maxAttempts {
                report(.att, "\(task.id): attempt \(most) started of \(task.maxAttempts) that are allowed")
            }
        }
        for result in task.results.compactMap(\.record) {
            let numbers = result.attempts.map(\.number)
            if numbers != Array(1..<(numbers.count + 1)) { report(.att, "\(task.id): attempts \(numbers) on record") }
            if numbers.count > task.maxAttempts {
                report(.att, "\(task.id): \(numbers.count) attempts of \(task.maxAttempts) on record")
            }
            if let most = started.max(), most > numbers.count {
                report(.att, "\(task.id): attempt \(most) was made, \(numbers.count) are on record")
            }
            if result.retryCount != max(0, numbers.count - 1) {
                report(.att, "\(task.id): retry_count \(result.retryCount) with \(numbers.count) attempts")
            }
            if result.status == .completed, result.attempts.last?.reason != nil {
                report(.att, "\(task.id): completed with a failed attempt at the end")
            }
            checkInterruptions(of: task, result, started)
        }
    }

    private mutating func checkInterruptions(of task: TaskHistory, _ result: ResultRecord, _ started: [Int]) {
        let circumstances = evidence.circumstances
        if circumstances.killsSupervisors || circumstances.cutsPower { return }
        for attempt in result.attempts where attempt.reason == .interrupted && started.contains(attempt.number) {
            report(.keep, "\(task.id): attempt \(attempt.number) was cut off by the end of a daemon")
        }
    }
}
