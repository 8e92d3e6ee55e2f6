// SPDX-License-Identifier: Apache-2.0
// All campaigns, one after the other.

import ArgumentParser
import SystemKit
import TestSupport

/// Everything, in a size that suits every change, or a longer one.
struct All: Campaign {
    static let configuration = CommandConfiguration(abstract: "Run all campaigns.")
    @Flag(help: "Sweep everything instead of a sample.")
    var long = false
    @Option(help: "How many random kills.")
    var kills = 300
    @Option(help: "Begin no further campaign after so many minutes, and say which were left out.")
    var minutes: Int?
    @OptionGroup var seed: SeedOption
    @OptionGroup var common: CommonOptions

    func campaign(in laboratory: Laboratory) async throws -> [Summary] {
        let deadline = minutes.map { ContinuousClock.now + .seconds($0 * 60) }
        var sequence = CampaignSequence(laboratory: laboratory, deadline: deadline)
        try await runShort(&sequence, laboratory)
        for durability in [Durability.full, .relaxed] {
            for scenario in Scenario.allCases { try await sweep(scenario, durability, &sequence, laboratory) }
        }
        return sequence.summaries
    }

    /// The campaigns that try a little of everything.
    private func runShort(_ sequence: inout CampaignSequence, _ laboratory: Laboratory) async throws {
        let fuzz = FuzzCampaign(laboratory: laboratory, seed: seed.value, inputs: long ? 2_000_000 : 1_000_000)
        try await sequence.run("fuzz") { try fuzz.run() }
        let schedules = long ? 1_000_000 : 100_000
        let simulation = SimulationCampaign(laboratory: laboratory, seed: seed.value, schedules: schedules)
        try await sequence.run("simulation") { try await simulation.run() }
        try await sequence.run("order of syncs") { try await OrderCampaign(laboratory: laboratory).run() }
        let resources = ResourceCampaign(laboratory: laboratory, width: common.width)
        try await sequence.run("resources") { try await resources.run() }
        let kill = KillCampaign(laboratory: laboratory, seed: seed.value, kills: kills)
        try await sequence.run("random kill") { try await kill.run() }
        let hunt = OrchestratorCampaign(laboratory: laboratory, seed: seed.value, kills: long ? 500 : 50)
        try await sequence.run("orchestrator kill") { try await hunt.run() }
        for kind in ["ext4", "xfs"] {
            let cuts = long ? 1_000 : 50
            let power = PowerCampaign(laboratory: laboratory, kind: kind, seed: seed.value, cuts: cuts)
            try await sequence.run("power cut \(kind)") { try await power.run() }
        }
    }

    private func sweep(
        _ scenario: Scenario,
        _ durability: Durability,
        _ sequence: inout CampaignSequence,
        _ laboratory: Laboratory
    ) async throws {
        func campaign(_ action: Fault.Action) -> SweepCampaign {
            SweepCampaign(
                laboratory: laboratory,
                scenario: scenario,
                durability: durability,
                action: action,
                width: common.width
            )
        }
        for action in durability == .full || long ? Fault.Action.allCases : [.kill] {
            let sweep = campaign(action)
            try await sequence.run(sweep.label) { try await sweep.run() }
        }
        let step = long ? 1 : durability == .full ? 5 : 11
        let recovery = campaign(.kill)
        try await sequence.run(recovery.recoveryLabel) { try await recovery.runRecovery(first: 0, step: step) }
    }
}

/// Campaigns one after the other, as long as there is time to begin another.
struct CampaignSequence {
    let laboratory: Laboratory
    let deadline: ContinuousClock.Instant?
    private(set) var summaries: [Summary] = []

    init(laboratory: Laboratory, deadline: ContinuousClock.Instant?) {
        self.laboratory = laboratory
        self.deadline = deadline
    }

    /// Runs a campaign, or says that it was left out.
    mutating func run(_ label: String, _ campaign: () async throws -> Summary) async throws {
        if let deadline, deadline <= .now {
            var summary = Summary(label)
            summary.note = "SKIPPED: the time is over"
            summaries.append(laboratory.noted(summary))
        } else {
            summaries.append(laboratory.noted(try await campaign()))
        }
    }
}
