// SPDX-License-Identifier: Apache-2.0
// Kills the orchestrator at random moments while tasks end.

import ArgumentParser
import SystemKit
import TestSupport

/// Kills orchestrators in rounds, each on a queue of its own.
struct OrchestratorCampaign {
    let laboratory: Laboratory
    let seed: UInt64
    let kills: Int
    private static let killsPerRound = 50

    func run() async throws -> Summary {
        try await Summary.ofRounds("orchestrator kill", of: Self.killsPerRound, kills: kills, seed: seed, runRound)
    }

    private func runRound(seed: UInt64, kills: Int) async throws -> Summary {
        var generator = SeededGenerator(seed: seed)
        let place = try laboratory.makeDirectory("orchestrator-\(seed)")
        let root = try place.subdirectory("root", create: 0o750).path
        let hunt = OrchestratorHunt(
            program: laboratory.program,
            root: root,
            environment: [
                "PATH": "/usr/bin:/bin", "HOME": place.path, "LANG": "C.UTF-8", "VIGIL_ROOT": root,
                "METRICS_PORT": "0", "API_PORT": "0", "SCAN_INTERVAL": "1", "WORKERS": "marie",
                "SWIFT_BACKTRACE": "enable=no",
            ],
            log: "\(place.path)/orchestrator.log"
        )
        let (complaints, tasks) = try await hunt.run(kills: kills, using: &generator)
        for complaint in complaints { laboratory.say("VIOLATION \(complaint)") }
        if complaints.isEmpty {
            try laboratory.remove(place)
        } else {
            laboratory.say(
                "  kept in \(place.path); again: fault-campaign orchestrator --seed \(seed) --kills \(kills)"
            )
        }
        var summary = Summary("")
        summary.kills = kills
        summary.inputs = tasks
        summary.violations = complaints.count
        return summary
    }
}

/// Random kills of the orchestrator.
struct OrchestratorKill: Campaign {
    static let configuration = CommandConfiguration(
        commandName: "orchestrator",
        abstract: "Kill the orchestrator at random moments while tasks end."
    )
    @Option(help: "How many kills.")
    var kills = 500
    @OptionGroup var seed: SeedOption
    @OptionGroup var common: CommonOptions

    func campaign(in laboratory: Laboratory) async throws -> [Summary] {
        let seed = seed.announced(by: laboratory)
        return [
            laboratory.noted(try await OrchestratorCampaign(laboratory: laboratory, seed: seed, kills: kills).run())
        ]
    }
}
