// SPDX-License-Identifier: Apache-2.0
// Random schedules of a simulated worker, many and fast.

import ArgumentParser
import SystemKit
import TestSupport

/// Drives the worker's decisions through random schedules with a clock, a disk and agents that are values.
struct SimulationCampaign: Sendable {
    let laboratory: Laboratory
    let seed: UInt64
    let schedules: Int
    /// How many schedules one thread takes at a time.
    private static let portion = 500

    func run() async throws -> Summary {
        let tally = Tally("simulation")
        let began = ContinuousClock.now
        let portions = stride(from: 0, to: schedules, by: Self.portion).map { $0..<min($0 + Self.portion, schedules) }
        try await inParallel(portions, width: 4) { portion in
            let (starts, broken) = await examine(portion)
            tally.note { summary in
                summary.schedules += portion.count
                summary.starts += starts
                summary.violations += broken
            }
            return broken == 0
        }
        var summary = tally.summary(since: began)
        summary.note = "seed \(seed)"
        return summary
    }

    @concurrent private func examine(_ portion: Range<Int>) async -> (starts: Int, broken: Int) {
        var starts = 0
        for number in portion {
            let schedule = Schedule(seed: seed &+ UInt64(number))
            guard let breach = SimulatedWorld.breach(of: schedule, starts: &starts) else { continue }
            report(breach, of: schedule)
            return (starts, 1)
        }
        return (starts, 0)
    }

    private func report(_ breach: String, of schedule: Schedule) {
        var ignored = 0
        let short = schedule.shrunk { SimulatedWorld.breach(of: $0, starts: &ignored) != nil }
        let last = SimulatedWorld.breach(of: short, starts: &ignored) ?? breach
        laboratory.say("VIOLATION \(breach)")
        laboratory.say("  again alone: fault-campaign simulate --schedules 1 --seed \(schedule.seed)")
        laboratory.say("  shortest history, with \(short.steps.count) of \(schedule.steps.count) steps: \(last)")
        laboratory.say("    slots \(short.slots), threshold \(short.threshold), open \(short.timeoutMilliseconds) ms")
        for step in short.steps { laboratory.say("    \(step)") }
    }
}

/// The simulation as a command.
struct Simulate: Campaign {
    static let configuration = CommandConfiguration(
        abstract: "Drive the worker's decisions through random schedules.",
        discussion: "A schedule follows from its seed; the n-th has the seed S+n. Build with -c release for speed."
    )
    @Option(help: "How many schedules; else 100000.")
    var schedules: Int?
    @Flag(help: "Ten times as many.")
    var long = false
    @OptionGroup var seed: SeedOption
    @OptionGroup var common: CommonOptions

    func campaign(in laboratory: Laboratory) async throws -> [Summary] {
        let seed = seed.value
        let count = schedules ?? (long ? 1_000_000 : 100_000)
        return [
            laboratory.noted(
                try await SimulationCampaign(laboratory: laboratory, seed: seed, schedules: max(1, count)).run()
            )
        ]
    }
}
