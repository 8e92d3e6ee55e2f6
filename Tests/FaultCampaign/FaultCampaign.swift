// SPDX-License-Identifier: Apache-2.0
// The command line of the campaigns.

import ArgumentParser
import SystemKit
import TestSupport

/// A campaign that can be started.
protocol Campaign: ParsableCommand {
    var common: CommonOptions { get }
    func campaign(in laboratory: Laboratory) async throws -> [Summary]
}

/// The options of every campaign.
struct CommonOptions: ParsableArguments {
    @Option(help: "The daemon to test; else the vigil beside this program.")
    var program: String?
    @Option(help: "Where shim.c and agent.c are; else where this program was built.")
    var sources: String?
    @Option(help: "How many queues are worked on at the same time.")
    var width = 6
    @Flag(help: "Say what each point came to.")
    var verbose = false
}

/// Where a campaign's random choices come from.
struct SeedOption: ParsableArguments {
    @Option(help: "Where random choices come from; else the time.")
    var seed: UInt64?

    /// The seed that was given, or a new one each time.
    var value: UInt64 { seed ?? SeededGenerator.fromEnvironment().seed }

    /// The seed, after it was printed: a campaign that is cut off can be repeated too.
    func announced(by laboratory: Laboratory) -> UInt64 {
        let seed = value
        laboratory.say("seed \(seed)")
        return seed
    }
}

/// The program.
@main
struct FaultCampaign: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fault-campaign",
        abstract: "Break a queue's daemon in every place, and check what comes out.",
        discussion: "Exits 1 when an invariant does not hold; docs/reliability.md says what they are.",
        subcommands: [
            All.self, Sweep.self, Recovery.self, Order.self, Kill.self, OrchestratorKill.self, Power.self, Fuzz.self,
            Simulate.self, Resources.self,
            Submit.self,
        ]
    )

    static func main() async {
        do {
            var command = try parseAsRoot()
            if let submit = command as? Submit {
                try await LoadClient(root: submit.root, log: submit.log, seed: submit.seed).run()
            } else if let campaign = command as? any Campaign {
                try await run(campaign)
            } else {
                try command.run()
            }
        } catch { exit(withError: error) }
    }

    private static func run(_ campaign: some Campaign) async throws {
        SignalSource.ignorePipe()
        let laboratory = try await Laboratory(
            program: campaign.common.program,
            sources: campaign.common.sources,
            isVerbose: campaign.common.verbose
        )
        let summaries = try await campaign.campaign(in: laboratory)
        let violations = summaries.map(\.violations).reduce(0, +)
        var total = Summary("total of \(summaries.count)")
        for summary in summaries {
            total.add(summary)
            total.elapsed += summary.elapsed
        }
        if summaries.count > 1 { laboratory.say(total.line) }
        laboratory.say(violations == 0 ? "all invariants held" : "\(violations) VIOLATIONS; see \(laboratory.base)")
        if violations > 0 { throw ExitCode(1) }
        try laboratory.removeAll()
    }
}

/// What a sweep is of.
struct SweepOptions: ParsableArguments {
    @Option(help: "success, retry, dead, invalid, repeated or cancel; else all.")
    var scenario: String?
    @Option(help: "full or relaxed.")
    var durability = "full"

    var scenarios: [Scenario] {
        get throws {
            guard let scenario else { return Scenario.allCases }
            guard let found = Scenario(rawValue: scenario) else {
                throw ValidationError("--scenario: there is no \(scenario)")
            }
            return [found]
        }
    }

    var durabilityValue: Durability {
        get throws {
            guard let found = Durability(rawValue: durability) else {
                throw ValidationError("--durability: full or relaxed, not \(durability)")
            }
            return found
        }
    }
}

/// One kind of fault in every place.
struct Sweep: Campaign {
    static let configuration = CommandConfiguration(abstract: "Spoil the first file operation, the second, and so on.")
    @OptionGroup var what: SweepOptions
    @Option(help: "kill, term, eio, enospc, emfile, eintr or short.")
    var action = "kill"
    @Option(help: "Only this operation; N,M: and then the M-th of the daemon that recovers.")
    var point: String?
    @Flag(help: "Try no further points after the first violation.")
    var stopEarly = false
    @OptionGroup var common: CommonOptions

    func campaign(in laboratory: Laboratory) async throws -> [Summary] {
        guard let action = Fault.Action(rawValue: action) else {
            throw ValidationError("--action: there is no \(action)")
        }
        var summaries: [Summary] = []
        for scenario in try what.scenarios {
            var sweep = SweepCampaign(
                laboratory: laboratory,
                scenario: scenario,
                durability: try what.durabilityValue,
                action: action,
                width: common.width
            )
            sweep.stopsEarly = stopEarly
            if let point {
                let faults = point.split(separator: ",").compactMap { Int($0) }.map { Fault(action: action, point: $0) }
                var summary = Summary("\(action.rawValue) \(scenario.rawValue) at \(point)")
                summary.points = 1
                summary.violations = try await sweep.tryPoints(faults).violations
                summaries.append(laboratory.noted(summary))
            } else {
                summaries.append(laboratory.noted(try await sweep.run()))
            }
        }
        return summaries
    }
}

/// A kill in every place, and another in the recovery from it.
struct Recovery: Campaign {
    static let configuration = CommandConfiguration(abstract: "Kill in every place, and again during recovery.")
    @OptionGroup var what: SweepOptions
    @Option(help: "Only every so many operations of the recovery; 1 is all.")
    var step = 1
    @OptionGroup var common: CommonOptions

    func campaign(in laboratory: Laboratory) async throws -> [Summary] {
        var summaries: [Summary] = []
        for scenario in try what.scenarios {
            let sweep = SweepCampaign(
                laboratory: laboratory,
                scenario: scenario,
                durability: try what.durabilityValue,
                action: .kill,
                width: common.width
            )
            summaries.append(laboratory.noted(try await sweep.runRecovery(first: 0, step: max(1, step))))
        }
        return summaries
    }
}

/// The order of syncs.
struct Order: Campaign {
    static let configuration = CommandConfiguration(abstract: "Check that syncs come before what relies on them.")
    @OptionGroup var common: CommonOptions

    func campaign(in laboratory: Laboratory) async throws -> [Summary] {
        [laboratory.noted(try await OrderCampaign(laboratory: laboratory).run())]
    }
}

/// Random kills.
struct Kill: Campaign {
    static let configuration = CommandConfiguration(abstract: "Kill at random times under load.")
    @Option(help: "How many kills.")
    var kills = 300
    @OptionGroup var seed: SeedOption
    @OptionGroup var common: CommonOptions

    func campaign(in laboratory: Laboratory) async throws -> [Summary] {
        let seed = seed.announced(by: laboratory)
        return [laboratory.noted(try await KillCampaign(laboratory: laboratory, seed: seed, kills: kills).run())]
    }
}

/// Power cuts.
struct Power: Campaign {
    static let configuration = CommandConfiguration(abstract: "Cut the power of a loop file system; needs root.")
    @Option(help: "ext4 or xfs.")
    var kind = "ext4"
    @Option(help: "How many cuts.")
    var cuts = 100
    @OptionGroup var seed: SeedOption
    @OptionGroup var common: CommonOptions

    func campaign(in laboratory: Laboratory) async throws -> [Summary] {
        let seed = seed.announced(by: laboratory)
        let power = PowerCampaign(laboratory: laboratory, kind: kind, seed: seed, cuts: cuts)
        return [laboratory.noted(try await power.run())]
    }
}

/// Spoiled input.
struct Fuzz: Campaign {
    static let configuration = CommandConfiguration(abstract: "Feed spoiled input to the decoders.")
    @Option(help: "How many inputs.")
    var inputs = 1_000_000
    @OptionGroup var seed: SeedOption
    @OptionGroup var common: CommonOptions

    func campaign(in laboratory: Laboratory) async throws -> [Summary] {
        let seed = seed.announced(by: laboratory)
        return [laboratory.noted(try FuzzCampaign(laboratory: laboratory, seed: seed, inputs: inputs).run())]
    }
}

/// The client of the random kills.
struct Submit: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Submit tasks until killed; used by kill.")
    @Option(help: "The queue.")
    var root: String
    @Option(help: "The directory of the log.")
    var log: String
    @Option(help: "What the tasks follow from.")
    var seed: UInt64
}
