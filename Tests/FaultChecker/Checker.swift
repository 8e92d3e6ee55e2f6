// SPDX-License-Identifier: Apache-2.0
// Judges the evidence of one run against every invariant.

import QueueModel

/// Judges the evidence of one run against every invariant.
package struct Checker {
    let evidence: Evidence
    /// Every id that is told of, with what is known of it.
    let tasks: [String: TaskHistory]
    var found: [Violation] = []

    /// Judges the evidence of one run.
    /// - Parameter evidence: What the witnesses have seen.
    /// - Returns: Every breach; none when all is well.
    package static func violations(in evidence: Evidence) -> [Violation] {
        var checker = Checker(evidence)
        for id in checker.tasks.keys.sorted() {
            guard let task = checker.tasks[id] else { continue }
            checker.checkOutcome(of: task)
            checker.checkExecutions(of: task)
            checker.checkAttempts(of: task)
            checker.checkRepeats(of: task)
            checker.checkCancelling(of: task)
        }
        checker.checkStrangeFiles()
        checker.checkLetters()
        checker.checkKeptTasks()
        checker.checkReader()
        checker.checkEnd()
        return checker.found
    }

    private init(_ evidence: Evidence) {
        self.evidence = evidence
        tasks = TaskHistory.all(of: evidence)
    }

    mutating func report(_ invariant: Invariant, _ detail: String) {
        found.append(Violation(invariant, detail))
    }
}

/// What is known of one task.
struct TaskHistory {
    let id: String
    var client: [ClientEvent] = []
    var witness: [WitnessEvent] = []
    var results: [FilesAtRest.Entry<ResultRecord>] = []
    /// Without those that refuse another task of the id.
    var letters: [FilesAtRest.Entry<DeadLetterRecord>] = []
    var refusals = 0
    var seen: [Observation] = []
    var leftovers: [String] = []

    init(id: String) { self.id = id }

    var isAccepted: Bool { client.contains { $0.kind == .accepted || $0.kind == .repeated } }
    var maxAttempts: Int { client.map(\.maxAttempts).max() ?? 1 }

    static func all(of evidence: Evidence) -> [String: TaskHistory] {
        var tasks: [String: TaskHistory] = [:]
        func note(_ id: String, _ change: (inout TaskHistory) -> Void) {
            change(&tasks[id, default: TaskHistory(id: id)])
        }
        for event in evidence.client where event.isTask { note(event.name) { $0.client.append(event) } }
        for event in evidence.witness { note(event.task) { $0.witness.append(event) } }
        for entry in evidence.files.results { note(entry.name) { $0.results.append(entry) } }
        for entry in evidence.files.letters {
            guard let record = entry.record, let id = record.taskID?.string else { continue }
            if record.rawFile == nil {
                note(id) { $0.letters.append(entry) }
            } else if record.reason == .duplicateTaskID {
                note(id) { $0.refusals += 1 }
            }
        }
        for event in evidence.observations where event.shelf == .results { note(event.name) { $0.seen.append(event) } }
        for name in evidence.files.inbox {
            let id = String(name.dropLast(".json".count))
            if tasks[id] != nil { note(id) { $0.leftovers.append("tasks/\(name)") } }
        }
        for id in evidence.files.cancelRequests { note(id) { $0.leftovers.append("~cancel") } }
        for (id, kind) in evidence.files.claims { note(id) { $0.leftovers.append("~\(kind)") } }
        return tasks
    }
}
