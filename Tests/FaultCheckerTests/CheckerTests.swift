// SPDX-License-Identifier: Apache-2.0
// The checker is silent about good histories and names what is wrong with bad ones.

import FaultChecker
import QueueModel
import TestSupport
import Testing

/// One way to spoil a good history.
struct Spoiler: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let breaks: Invariant
    let apply: @Sendable (inout GoodHistory) throws -> Void

    init(_ breaks: Invariant, _ what: String, _ apply: @escaping @Sendable (inout GoodHistory) throws -> Void) {
        testDescription = "\(breaks.rawValue): \(what)"
        self.breaks = breaks
        self.apply = apply
    }

    static let all = outcomes + executions + records + surroundings

    private static let outcomes = [
        Spoiler(.lost, "an accepted task is gone") { history in
            let id = history.completed[0]
            history.evidence.files.results.removeAll { $0.name == id }
        },
        Spoiler(.lost, "the bytes of a file that is no task are gone") { history in
            let name = history.strange[0]
            history.evidence.files.raws.removeAll { $0.name.hasPrefix("\(name)_") }
            history.evidence.files.letters.removeAll { $0.name.hasPrefix("\(name)_") }
        },
        Spoiler(.one, "two results") { history in
            var second = history.evidence.files.results[0]
            second.worker = "anga"
            second.record?.worker = try .init("anga")
            history.evidence.files.results.append(second)
        },
        Spoiler(.one, "a dead letter of a completed task") { history in
            let id = history.failed[0]
            for index in history.evidence.files.results.indices where history.evidence.files.results[index].name == id {
                history.evidence.files.results[index].record?.status = .completed
            }
        },
        Spoiler(.one, "a failed task without a dead letter") { history in
            let id = history.failed[0]
            history.evidence.files.letters.removeAll { $0.name.hasPrefix("\(id)_") }
        },
        Spoiler(.one, "a result that changes") { history in
            let id = history.completed[0]
            history.evidence.observations.append(Observation(.results, id, digest: "another", at: 1 << 40))
        },
        Spoiler(.real, "a result of a task that nobody submitted") { history in
            let id = history.completed[0]
            history.evidence.client.removeAll { $0.name == id }
        },
        Spoiler(.real, "a completed task whose agent failed") { history in
            let id = history.completed[0]
            for index in history.evidence.witness.indices where history.evidence.witness[index].task == id {
                if case .exit = history.evidence.witness[index].kind {
                    history.evidence.witness[index].kind = .exit(code: 1)
                }
            }
        },
        Spoiler(.real, "the output of another run") { history in
            let id = history.completed[0]
            for index in history.evidence.files.results.indices where history.evidence.files.results[index].name == id {
                history.evidence.files.results[index].record?.stdout = "\(id) 1 another\n"
            }
        },
        Spoiler(.real, "a dead letter of bytes that nobody dropped") { history in
            let name = history.strange[0]
            history.evidence.client.removeAll { $0.name == name }
        },
        Spoiler(.place, "a result and a claim") { history in
            history.evidence.files.claims.append((history.completed[0], "state"))
        },
        Spoiler(.place, "a kept task file without a result") { history in
            history.evidence.files.kept.append((GoodHistory.worker, "nobody", "digest"))
        },
        Spoiler(.read, "a kept task file of another task") { history in
            let id = history.completed[0]
            history.evidence.files.kept.removeAll { $0.id == id }
            history.evidence.files.kept.append((GoodHistory.worker, id, "another"))
        },
        Spoiler(.cancel, "a task that nobody asked to cancel") { history in
            let id = history.cancelled[0]
            history.evidence.client.removeAll {
                $0.name == id && ($0.kind == .cancelling || $0.kind == .cancelRequested)
            }
        },
        Spoiler(.cancel, "a request that was forgotten") { history in
            history.spoilResult(of: history.cancelled[0]) { $0.status = .failed }
        },
        Spoiler(.cancel, "a start after the request") { history in
            let id = try #require(history.cancelled.first { $0.hasPrefix("withdrawn") })
            history.evidence.witness.append(
                WitnessEvent(.start(alone: true, over: false), id, attempt: 1, run: "r", at: 1)
            )
        },
        Spoiler(.one, "a dead letter of a cancelled task") { history in
            let letter = history.evidence.files.letters.first { $0.record?.rawFile == nil }
            guard var letter else { return }
            letter.name = "\(history.cancelled[0])_1700000001"
            letter.record?.task = ["task_id": .string(history.cancelled[0])]
            history.evidence.files.letters.append(letter)
        },
        Spoiler(.place, "a request that stays") { history in
            history.evidence.files.cancelRequests.append(history.cancelled[0])
        },
        Spoiler(.live, "a task that stays in the inbox") { history in
            let id = history.completed[0]
            history.evidence.files.results.removeAll { $0.name == id }
            history.evidence.files.inbox.append("\(id).json")
        },
        Spoiler(.idem, "two different tasks of one id accepted") { history in
            let id = history.completed[0]
            history.evidence.client.append(ClientEvent(.accepted, id, digest: "another"))
        },
        Spoiler(.idem, "a repeat that is refused") { history in
            let event = history.evidence.client.first { $0.name == history.completed[0] }
            guard var event else { return }
            event.kind = .refused
            history.evidence.client.append(event)
        },
    ]

    private static let executions = [
        Spoiler(.excl, "a start beside a living execution") { history in
            history.spoilStart(of: history.retried[0]) { $0.kind = .start(alone: false, over: false) }
        },
        Spoiler(.excl, "an end after a later start") { history in
            let id = history.retried[0]
            let places = history.evidence.witness.indices.filter { history.evidence.witness[$0].task == id }
            history.evidence.witness.swapAt(places[1], places[2])
        },
        Spoiler(.done, "a start when the result is there") { history in
            history.spoilStart(of: history.completed[0]) { $0.kind = .start(alone: true, over: true) }
        },
        Spoiler(.done, "a start after the result was seen") { history in
            history.spoilStart(of: history.completed[0]) { $0.at = 1 << 40 }
        },
        Spoiler(.tree, "a process that outlives the result") { history in
            history.evidence.observations[0].isTaskAlive = true
        },
        Spoiler(.tree, "a process that lives at the end") { history in history.evidence.survivors = ["4711 agent"] },
        Spoiler(.att, "an attempt that is made twice") { history in
            let id = history.retried[0]
            for index in history.evidence.witness.indices where history.evidence.witness[index].task == id {
                history.evidence.witness[index].attempt = 1
            }
        },
        Spoiler(.att, "more attempts than allowed") { history in
            let id = history.retried[0]
            for index in history.evidence.client.indices where history.evidence.client[index].name == id {
                history.evidence.client[index].maxAttempts = 2
            }
        },
        Spoiler(.att, "an attempt that is not on record") { history in
            let id = history.failed[0]
            history.spoilResult(of: id) { $0.attempts.removeLast() }
        },
        Spoiler(.keep, "an attempt that ended with the daemon") { history in
            history.spoilResult(of: history.retried[0]) { $0.attempts[0].reason = .interrupted }
        },
    ]

    private static let records = [
        Spoiler(.read, "a torn result") { history in history.evidence.files.results[0].record = nil },
        Spoiler(.read, "a result under another name") { history in
            try history.spoilResult(of: history.completed[0]) { $0.taskID = try .init("another") }
        },
        Spoiler(.read, "a torn dead letter") { history in history.evidence.files.letters[0].record = nil },
        Spoiler(.read, "bytes without a reason") { history in
            let name = history.strange[0]
            history.evidence.files.letters.removeAll { $0.name.hasPrefix("\(name)_") }
        },
        Spoiler(.whole, "a reader that saw a part") { history in history.evidence.observations[0].isWhole = false },
    ]

    private static let surroundings = [
        Spoiler(.live, "a queue that does not come to rest") { history in
            history.evidence.circumstances.unrest = "not at rest after 30 s"
        },
        Spoiler(.trap, "a trap") { history in
            history.evidence.daemons.append(DaemonEnd(wasReady: false, wasEnded: false, signal: 4, code: nil))
        },
        Spoiler(.trap, "an end without a reason") { history in
            history.evidence.daemons.append(DaemonEnd(wasReady: true, wasEnded: false, signal: nil, code: 1))
        },
    ]
}

extension GoodHistory {
    mutating func spoilStart(of id: String, _ change: (inout WitnessEvent) -> Void) {
        guard let last = evidence.witness.indices.last(where: { evidence.witness[$0].isStart(of: id) }) else { return }
        change(&evidence.witness[last])
    }

    mutating func spoilResult(of id: String, _ change: (inout ResultRecord) throws -> Void) rethrows {
        for index in evidence.files.results.indices where evidence.files.results[index].name == id {
            guard var record = evidence.files.results[index].record else { continue }
            try change(&record)
            evidence.files.results[index].record = record
        }
    }
}

extension WitnessEvent {
    fileprivate func isStart(of id: String) -> Bool {
        if case .start = kind { task == id } else { false }
    }
}

@Suite
struct CheckerTests {
    @Test
    func goodHistoriesAreSilent() throws {
        for seed in 1...300 as ClosedRange<UInt64> {
            let violations = Checker.violations(in: try GoodHistory(seed: seed).evidence)
            #expect(violations.isEmpty, "seed \(seed)")
        }
    }

    @Test(arguments: Spoiler.all)
    func oneBadThingIsFound(_ spoiler: Spoiler) throws {
        var history = try GoodHistory(seed: 7, count: 6)
        try spoiler.apply(&history)
        let violations = Checker.violations(in: history.evidence)
        #expect(violations.contains { $0.invariant == spoiler.breaks }, "\(violations)")
    }

    @Test
    func everyInvariantHasABadHistory() {
        // ORDER is judged from traces, and has tests of its own.
        #expect(Set(Spoiler.all.map(\.breaks)).union([.order]) == Set(Invariant.allCases))
    }

    @Test
    func mutationsOfRandomHistoriesAreFound() throws {
        for seed in 1...300 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var history = try GoodHistory(seed: seed)
            let spoiler = try #require(Spoiler.all.randomElement(using: &generator))
            history.completed.shuffle(using: &generator)
            history.retried.shuffle(using: &generator)
            history.failed.shuffle(using: &generator)
            history.strange.shuffle(using: &generator)
            history.cancelled.shuffle(using: &generator)
            try spoiler.apply(&history)
            let violations = Checker.violations(in: history.evidence)
            #expect(
                violations.contains { $0.invariant == spoiler.breaks },
                "seed \(seed), \(spoiler.testDescription): \(violations)"
            )
        }
    }

    @Test
    func cutPowerAndKilledSupervisorsExcuseWhatTheyMayCause() throws {
        var history = try GoodHistory(seed: 7, count: 6)
        history.spoilResult(of: history.retried[0]) { $0.attempts[0].reason = .interrupted }
        history.evidence.circumstances.killsSupervisors = true
        #expect(Checker.violations(in: history.evidence).isEmpty)
    }

    @Test
    func unknownOutcomesAndRefusedOnesMayComeOut() throws {
        var history = try GoodHistory(seed: 7, count: 6)
        let id = history.completed[0]
        history.evidence.client.removeAll { $0.name == id && $0.kind == .accepted }
        #expect(Checker.violations(in: history.evidence).isEmpty)
    }

    @Test
    func linesAreReadAsTheyWereWritten() throws {
        let evidence = try GoodHistory(seed: 3).evidence
        #expect(ClientEvent.lines(of: evidence.client.flatMap(\.line)) == evidence.client)
        #expect(WitnessEvent.lines(of: evidence.witness.flatMap(\.line)) == evidence.witness)
        #expect(Observation.lines(of: evidence.observations.flatMap(\.line)) == evidence.observations)
    }

    @Test
    func tornLastLineIsLeftOutAndNoOther() throws {
        let lines = try GoodHistory(seed: 3).evidence.client.prefix(2).map(\.line)
        #expect(ClientEvent.lines(of: lines[0] + lines[1].dropLast(5))?.count == 1)
        #expect(ClientEvent.lines(of: lines[0].dropLast(5) + [UInt8(ascii: "\n")] + lines[1]) == nil)
    }
}
