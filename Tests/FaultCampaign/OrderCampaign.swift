// SPDX-License-Identifier: Apache-2.0
// The order of changes and syncs in runs without a fault.

import FaultChecker
import SystemKit
import TestSupport

/// Runs every scenario once with full durability, and judges the daemon's file operations.
struct OrderCampaign {
    let laboratory: Laboratory

    func run() async throws -> Summary {
        var summary = Summary("order of syncs")
        let began = ContinuousClock.now
        for scenario in Scenario.allCases {
            let run = try QueueRun(laboratory, label: "order-\(scenario.rawValue)")
            try scenario.submit(to: run.client)
            let daemon = try run.start(traced: true)
            guard case .atRest = try await run.waitForRest(daemon) else {
                throw CampaignError("\(scenario.rawValue) does not come to rest; see \(run.directory)")
            }
            try await run.stop(daemon)
            let violations = SyncOrder.violations(in: run.trace(daemon), root: run.root)
            let others = try await run.judge(.init())
            summary.points += 1
            summary.violations += violations.count + others.count
            if !(violations + others).isEmpty {
                laboratory.report(violations + others, of: run, repeatedBy: "order")
            }
        }
        summary.elapsed = .now - began
        return summary
    }
}
