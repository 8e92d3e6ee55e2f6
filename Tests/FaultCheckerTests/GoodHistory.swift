// SPDX-License-Identifier: Apache-2.0
// Random histories in which every invariant holds.

import FaultChecker
import QueueModel
import TestSupport

/// A random history in which every invariant holds, and what a test needs to spoil it.
struct GoodHistory {
    var evidence = Evidence()
    /// Tasks that completed, by the number of attempts that they needed.
    var completed: [String] = []
    var retried: [String] = []
    var failed: [String] = []
    var strange: [String] = []
    /// Tasks that were cancelled before they started, and while they ran.
    var cancelled: [String] = []
    private var now: Int64 = 1_000
    private var generator: SeededGenerator

    static let worker = "marie"
    private static let timestamp = Timestamp(millisecondsSince1970: 1_700_000_000_000)

    init(seed: UInt64, count: Int = 20) throws {
        generator = SeededGenerator(seed: seed)
        for number in 0..<count {
            switch number < 6 ? number : Int.random(in: 0..<8, using: &generator) {
            case 0: try addTask("ok-\(number)", failures: 0, maxAttempts: 3)
            case 1: try addTask("again-\(number)", failures: 2, maxAttempts: 3)
            case 2: try addTask("dead-\(number)", failures: 2, maxAttempts: 2)
            case 3: try addStrange("strange-\(number)")
            case 4: try addCancelled("stopped-\(number)", starts: true)
            case 5: try addCancelled("withdrawn-\(number)", starts: false)
            case 6: try addRepeated("twice-\(number)")
            default: try addRefused("taken-\(number)")
            }
        }
        interleave()
        evidence.daemons = [
            DaemonEnd(wasReady: true, wasEnded: true, signal: 9, code: nil),
            DaemonEnd(wasReady: false, wasEnded: false, signal: nil, code: 78),
            DaemonEnd(wasReady: true, wasEnded: true, signal: nil, code: 0),
        ]
    }

    private mutating func tick() -> Int64 {
        now += Int64.random(in: 1...50, using: &generator)
        return now
    }

    private func digest(_ id: String, _ content: String = "") -> String {
        Digest.sha256(Array("\(id) \(content)".utf8))
    }

    mutating func addTask(_ id: String, failures: Int, maxAttempts: Int) throws {
        for kind in [ClientEvent.Kind.attempted, .accepted] {
            evidence.client.append(ClientEvent(kind, id, digest: digest(id), maxAttempts: maxAttempts))
        }
        let attempts = failures < maxAttempts ? failures + 1 : failures
        let isSuccess = failures < maxAttempts
        var records: [AttemptRecord] = []
        for number in 1...attempts {
            let run = "\(id)-run-\(number)"
            let fails = number <= failures
            evidence.witness.append(
                WitnessEvent(.start(alone: true, over: false), id, attempt: number, run: run, at: tick())
            )
            evidence.witness.append(WitnessEvent(.exit(code: fails ? 1 : 0), id, attempt: number, run: run, at: tick()))
            records.append(AttemptRecord(number: number, exitCode: fails ? 1 : 0, reason: fails ? .exitCode : nil))
        }
        var result = ResultRecord(
            taskID: try TaskID(id),
            worker: try WorkerID(Self.worker),
            status: isSuccess ? .completed : .failed,
            timestamp: Self.timestamp
        )
        result.attempts = records
        result.retryCount = attempts - 1
        result.taskDigest = digest(id)
        result.stdout = "\(id) \(attempts) \(id)-run-\(attempts)\n"
        evidence.files.results.append(.init(worker: Self.worker, name: id, record: result))
        evidence.files.kept.append((Self.worker, id, digest(id)))
        evidence.observations.append(Observation(.results, id, digest: digest(id, "result"), at: tick()))
        if isSuccess {
            completed.append(id)
            if attempts > 1 { retried.append(id) }
        } else {
            failed.append(id)
            try addLetter("\(id)_1700000000", task: ["task_id": .string(id)], .maxRetriesExceeded)
        }
    }

    private mutating func addLetter(
        _ name: String,
        task: JSONObject?,
        _ reason: DeadLetterReason,
        raw: String? = nil
    ) throws {
        var letter = DeadLetterRecord(
            task: task,
            worker: try WorkerID(Self.worker),
            reason: reason,
            timestamp: Self.timestamp
        )
        if let raw {
            letter.rawFile = "\(name).raw"
            evidence.files.raws.append((name, raw))
        }
        evidence.files.letters.append(.init(worker: Self.worker, name: name, record: letter))
        evidence.observations.append(Observation(.letters, name, digest: digest(name, "letter"), at: tick()))
    }

    mutating func addStrange(_ name: String) throws {
        for kind in [ClientEvent.Kind.attempted, .accepted] {
            evidence.client.append(ClientEvent(kind, name, digest: digest(name), isTask: false))
        }
        strange.append(name)
        try addLetter("\(name)_1700000000", task: nil, .invalidJSON, raw: digest(name))
    }

    mutating func addCancelled(_ id: String, starts: Bool) throws {
        for kind in [ClientEvent.Kind.attempted, .accepted, .cancelling] + (starts ? [] : [.cancelRequested]) {
            evidence.client.append(ClientEvent(kind, id, digest: digest(id), maxAttempts: 2))
        }
        var result = ResultRecord(
            taskID: try TaskID(id),
            worker: try WorkerID(Self.worker),
            status: .cancelled,
            timestamp: Self.timestamp
        )
        result.taskDigest = digest(id)
        if starts {
            evidence.witness.append(
                WitnessEvent(.start(alone: true, over: false), id, attempt: 1, run: "\(id)-run-1", at: tick())
            )
            result.attempts = [AttemptRecord(number: 1, exitCode: 143, reason: .cancelled)]
        }
        evidence.files.results.append(.init(worker: Self.worker, name: id, record: result))
        evidence.files.kept.append((Self.worker, id, digest(id)))
        evidence.observations.append(Observation(.results, id, digest: digest(id, "result"), at: tick()))
        cancelled.append(id)
    }

    /// The same task again is a repeat.
    mutating func addRepeated(_ id: String) throws {
        try addTask(id, failures: 0, maxAttempts: 1)
        for kind in [ClientEvent.Kind.attempted, .repeated] {
            evidence.client.append(ClientEvent(kind, id, digest: digest(id)))
        }
    }

    /// Another task of the id is refused, at once or later.
    mutating func addRefused(_ id: String) throws {
        try addTask(id, failures: 0, maxAttempts: 1)
        let other = digest(id, "other")
        evidence.client.append(ClientEvent(.attempted, id, digest: other))
        if Bool.random(using: &generator) {
            evidence.client.append(ClientEvent(.refused, id, digest: other))
        } else {
            evidence.client.append(ClientEvent(.accepted, id, digest: other))
            try addLetter("\(id)_1700000000", task: ["task_id": .string(id)], .duplicateTaskID, raw: other)
        }
    }

    /// Tasks run beside each other; the order within one task stays.
    private mutating func interleave() {
        var queues = Dictionary(grouping: evidence.witness, by: \.task)
        var mixed: [WitnessEvent] = []
        while let id = queues.keys.sorted().randomElement(using: &generator) {
            if let next = queues[id]?.first { mixed.append(next) }
            queues[id]?.removeFirst()
            if queues[id]?.isEmpty == true { queues[id] = nil }
        }
        evidence.witness = mixed
    }
}
