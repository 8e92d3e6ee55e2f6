// SPDX-License-Identifier: Apache-2.0
// READ, WHOLE, TREE, LIVE and TRAP: files, readers, processes, daemons.

import QueueModel

extension Checker {
    mutating func checkLetters() {
        for entry in evidence.files.results {
            guard let record = entry.record else {
                report(.read, "results/\(entry.worker)/\(entry.name).json cannot be read")
                continue
            }
            if record.taskID.string != entry.name || record.worker.string != entry.worker || record.taskDigest.isEmpty {
                report(.read, "results/\(entry.worker)/\(entry.name).json is not what its name says")
            }
        }
        for entry in evidence.files.letters {
            guard let record = entry.record else {
                report(.read, "dlq/\(entry.worker)/\(entry.name).json cannot be read")
                continue
            }
            if record.rawFile != nil {
                if !evidence.files.raws.contains(where: { $0.name == entry.name }) {
                    report(.read, "dlq/\(entry.worker)/\(entry.name).json: the bytes beside it are missing")
                }
            } else if record.taskID.map({ entry.name.hasPrefix("\($0)_") }) != true {
                report(.read, "dlq/\(entry.worker)/\(entry.name).json is not what its name says")
            }
        }
        for raw in evidence.files.raws where !evidence.files.letters.contains(where: { $0.name == raw.name }) {
            report(.read, "dlq/\(raw.name).raw: there is no reason beside it")
        }
    }

    /// A task file that was kept is that of the result beside it, and of no other task.
    mutating func checkKeptTasks() {
        for kept in evidence.files.kept {
            let file = "results/\(kept.worker)/\(kept.id)/task.json"
            let result = evidence.files.results.first { $0.worker == kept.worker && $0.name == kept.id }
            if result == nil {
                report(.place, "\(file): the task has no result")
            } else if let record = result?.record, kept.digest != record.taskDigest {
                report(.read, "\(file) is not the task of its result")
            }
        }
    }

    mutating func checkReader() {
        for seen in evidence.observations where !seen.isWhole {
            report(.whole, "\(seen.shelf.rawValue)/\(seen.name): a reader saw a part of it")
        }
    }

    mutating func checkEnd() {
        for survivor in evidence.survivors { report(.tree, "still running at the end: \(survivor)") }
        if let unrest = evidence.circumstances.unrest { report(.live, unrest) }
        for end in evidence.daemons where !end.wasEnded {
            let how = end.signal.map { "signal \($0)" } ?? "exit \(end.code ?? -1)"
            if end.signal != nil || end.wasReady || (end.code ?? 0) >= 128 {
                report(.trap, "a daemon ended by itself: \(how)")
            }
        }
    }
}
