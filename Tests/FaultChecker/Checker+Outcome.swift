// SPDX-License-Identifier: Apache-2.0
// LOST, LIVE, ONE, PLACE, REAL and IDEM: what became of a task.

import QueueModel

extension Checker {
    mutating func checkOutcome(of task: TaskHistory) {
        if task.client.isEmpty {
            report(.real, "\(task.id): nobody submitted it")
            return
        }
        if task.results.isEmpty {
            if !task.letters.isEmpty { report(.one, "\(task.id): a dead letter and no result") }
            if !task.leftovers.isEmpty {
                report(.live, "\(task.id): no result, still at \(task.leftovers.joined(separator: " "))")
            } else if task.isAccepted && task.letters.isEmpty {
                report(.lost, "\(task.id): acknowledged, and nothing is left of it")
            }
            return
        }
        if !task.leftovers.isEmpty {
            report(.place, "\(task.id): has a result and \(task.leftovers.joined(separator: " "))")
        }
        if task.results.count > 1 { report(.one, "\(task.id): \(task.results.count) results") }
        if Set(task.seen.map(\.digest)).count > 1 { report(.one, "\(task.id): its result was seen to change") }
        for entry in task.results {
            guard let result = entry.record else { continue }
            checkLetters(of: task, result)
            checkReality(of: task, result)
        }
    }

    private mutating func checkLetters(of task: TaskHistory, _ result: ResultRecord) {
        let wanted = result.status == .failed ? 1 : 0
        guard task.letters.count != wanted else { return }
        report(.one, "\(task.id): \(result.status.rawValue) with \(task.letters.count) dead letters")
    }

    private mutating func checkReality(of task: TaskHistory, _ result: ResultRecord) {
        if !task.client.contains(where: { $0.digest == result.taskDigest }) {
            report(.real, "\(task.id): the result is of a task that nobody submitted")
        }
        guard result.status == .completed else { return }
        let last = result.attempts.last?.number ?? 0
        let successes = task.witness.filter { $0.kind == .exit(code: 0) && $0.attempt == last }
        if successes.isEmpty {
            report(.real, "\(task.id): completed, but attempt \(last) was not seen to succeed")
        } else if !successes.contains(where: { result.stdout.hasPrefix("\(task.id) \(last) \($0.run)\n") }) {
            report(.real, "\(task.id): the output is not that of the attempt that succeeded")
        }
    }

    mutating func checkCancelling(of task: TaskHistory) {
        let isRequested = task.client.contains { $0.kind == .cancelRequested }
        let mayBeRequested = isRequested || task.client.contains { $0.kind == .cancelling }
        // An agent that never ran has not made the request that it was to make.
        let isAsked = isRequested || mayBeRequested && !task.witness.isEmpty
        let hasEnded = task.witness.contains { if case .exit = $0.kind { true } else { false } }
        for result in task.results.compactMap(\.record) {
            if result.status == .cancelled, !mayBeRequested {
                report(.cancel, "\(task.id): cancelled, and nobody asked for it")
            } else if result.status != .cancelled, isAsked, !hasEnded {
                report(.cancel, "\(task.id): \(result.status.rawValue), though it was asked to be cancelled")
            }
        }
        if isRequested, !task.witness.isEmpty {
            report(.cancel, "\(task.id): started, though it was cancelled before")
        }
    }

    mutating func checkRepeats(of task: TaskHistory) {
        let accepted = Set(task.client.filter { $0.kind == .accepted || $0.kind == .repeated }.map(\.digest))
        if accepted.count - 1 > task.refusals {
            report(.idem, "\(task.id): \(accepted.count) different tasks accepted, \(task.refusals) refused later")
        }
        for event in task.client where event.kind == .refused {
            if !task.client.contains(where: { $0.kind == .attempted && $0.digest != event.digest }) {
                report(.idem, "\(task.id): refused, though no other task has the id")
            } else if task.results.contains(where: { $0.record?.taskDigest == event.digest }) {
                report(.idem, "\(task.id): refused, though it is the one that has the id")
            }
        }
        if accepted.count == 1, task.refusals > 0, Set(task.client.map(\.digest)).count == 1 {
            report(.idem, "\(task.id): refused later as another task, though there was only one")
        }
    }

    /// Files that are no tasks: each is in the dead letters once, byte for byte.
    mutating func checkStrangeFiles() {
        let strange = evidence.client.filter { !$0.isTask }
        for event in strange where event.kind == .accepted {
            let kept = evidence.files.raws.filter { $0.digest == event.digest && $0.name.hasPrefix("\(event.name)_") }
            let isQueued = evidence.files.inbox.contains("\(event.name).json")
            if kept.isEmpty && !isQueued { report(.lost, "\(event.name).json: no task, and its bytes are gone") }
            if isQueued { report(kept.isEmpty ? .live : .place, "\(event.name).json: still in the inbox") }
            let drops = strange.filter { $0.kind == .attempted && $0.name == event.name && $0.digest == event.digest }
            if kept.count > max(1, drops.count) { report(.one, "\(event.name).json: kept \(kept.count) times") }
        }
        for raw in evidence.files.raws where !evidence.client.contains(where: { isOrigin($0, of: raw) }) {
            report(.real, "dlq/\(raw.name).raw: nobody dropped these bytes")
        }
    }

    private func isOrigin(_ event: ClientEvent, of raw: (name: String, digest: String)) -> Bool {
        guard raw.name.hasPrefix("\(event.name)_") else { return false }
        // A valid task keeps its bytes only when another has its id.
        return event.isTask ? (tasks[event.name]?.refusals ?? 0) > 0 : event.digest == raw.digest
    }
}
