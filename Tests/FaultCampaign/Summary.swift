// SPDX-License-Identifier: Apache-2.0
// What a campaign tried, and what it found.

import FaultChecker
import Synchronization

/// The figures of one campaign.
struct Summary: Sendable {
    let campaign: String
    var points = 0
    var kills = 0
    var cuts = 0
    var inputs = 0
    var schedules = 0
    var starts = 0
    var violations = 0
    var note = ""
    var elapsed = Duration.zero

    init(_ campaign: String) { self.campaign = campaign }

    var line: String {
        var words: [String] = []
        let counts = [
            (points, "points"), (kills, "kills"), (cuts, "cuts"), (inputs, "inputs"), (schedules, "schedules"),
            (starts, "starts"),
        ]
        for (count, noun) in counts where count > 0 { words.append("\(count) \(noun)") }
        let seconds = Double(elapsed / .milliseconds(100)).rounded() / 10
        let tail = note.isEmpty ? "" : "; \(note)"
        let name = campaign + String(repeating: " ", count: max(1, 28 - campaign.count))
        return "\(name)\(words.joined(separator: ", ")), \(violations) violations, \(seconds) s\(tail)"
    }

    mutating func add(_ other: Summary) {
        points += other.points
        kills += other.kills
        cuts += other.cuts
        inputs += other.inputs
        schedules += other.schedules
        starts += other.starts
        violations += other.violations
    }
}

extension Summary {
    /// Adds up rounds of kills, each of which has a seed of its own.
    /// - Parameters:
    ///   - campaign: What it is called.
    ///   - killsPerRound: The most kills of one round.
    ///   - kills: How many kills in all.
    ///   - seed: The first round's; those of the others follow it.
    ///   - runRound: One round, with its seed and its number of kills.
    /// - Returns: The sum of all rounds.
    /// - Throws: What a round throws.
    static func ofRounds(
        _ campaign: String,
        of killsPerRound: Int,
        kills: Int,
        seed: UInt64,
        _ runRound: (_ seed: UInt64, _ kills: Int) async throws -> Summary
    ) async throws -> Summary {
        var summary = Summary(campaign)
        summary.note = "seed \(seed)"
        let began = ContinuousClock.now
        var left = kills
        var round: UInt64 = 0
        while left > 0 {
            let count = min(left, killsPerRound)
            summary.add(try await runRound(seed &+ round, count))
            left -= count
            round += 1
        }
        summary.elapsed = .now - began
        return summary
    }
}

/// Figures that several runs add to.
final class Tally: Sendable {
    private let state: Mutex<Summary>

    init(_ campaign: String) { state = Mutex(Summary(campaign)) }

    func note(_ change: @Sendable (inout Summary) -> Void) { state.withLock { change(&$0) } }

    func summary(since began: ContinuousClock.Instant) -> Summary {
        var summary = state.withLock { $0 }
        summary.elapsed = .now - began
        return summary
    }
}

extension Laboratory {
    /// Shows the figures of a campaign.
    func noted(_ summary: Summary) -> Summary {
        say(summary.line)
        return summary
    }

    /// Reports what is wrong with a run, where its files are, and how to have it again.
    func report(_ violations: [Violation], of run: QueueRun, repeatedBy command: String) {
        for violation in violations { say("VIOLATION \(violation)") }
        say("  kept in \(run.directory); again alone: fault-campaign \(command)")
    }
}

/// Works through a sequence, a few at a time, until one says that it was the last.
func inParallel<Value: Sendable>(
    _ values: [Value],
    width: Int,
    _ body: @escaping @Sendable (Value) async throws -> Bool
) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
        var next = values.makeIterator()
        for _ in 0..<width {
            guard let value = next.next() else { break }
            group.addTask { try await body(value) }
        }
        var goesOn = true
        while let result = try await group.next() {
            goesOn = goesOn && result
            guard goesOn, let value = next.next() else { continue }
            group.addTask { try await body(value) }
        }
    }
}
