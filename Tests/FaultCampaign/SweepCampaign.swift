// SPDX-License-Identifier: Apache-2.0
// A fault at the first file operation, at the second, and so on, until a run is not hit any more.

import FaultChecker
import SystemKit
import TestSupport

/// Sweeps one scenario with one kind of fault.
struct SweepCampaign: Sendable {
    let laboratory: Laboratory
    let scenario: Scenario
    let durability: Durability
    let action: Fault.Action
    let width: Int
    /// Whether the first violation is enough.
    var stopsEarly = false

    var label: String { "\(action.rawValue) \(scenario.rawValue) \(durability.rawValue)" }
    var recoveryLabel: String { "recovery \(scenario.rawValue) \(durability.rawValue)" }

    /// Sweeps until a run is not hit.
    func run() async throws -> Summary {
        let tally = Tally(label)
        let began = ContinuousClock.now
        try await inParallel(Array(1...2_000), width: width) { point in
            let (wasHit, violations) = try await tryPoint([Fault(action: action, point: point)])
            tally.note { summary in
                if wasHit { summary.points += 1 }
                if wasHit && action == .kill { summary.kills += 1 }
                summary.violations += violations
            }
            return wasHit && !(stopsEarly && violations > 0)
        }
        return tally.summary(since: began)
    }

    /// Kills at a point, and the daemon that recovers at every `step`-th of its own.
    func runRecovery(first: Int, step: Int) async throws -> Summary {
        let tally = Tally(recoveryLabel)
        let began = ContinuousClock.now
        try await inParallel(Array(1...2_000), width: width) { point in
            var second = 1 + (point * 7 + first) % step
            while true {
                let faults = [Fault(action: .kill, point: point), Fault(action: .kill, point: second)]
                let (hits, violations) = try await tryPoints(faults)
                tally.note { summary in
                    summary.points += hits == 2 ? 1 : 0
                    summary.kills += hits
                    summary.violations += violations
                }
                if hits == 0 { return false }
                if hits == 1 { return true }
                second += step
            }
        }
        return tally.summary(since: began)
    }

    /// Whether a daemon's end is what such a fault is for; one that is asked to stop before it listens just ends.
    private func isExpected(_ daemon: QueueRun.Daemon, after fault: Fault) -> Bool {
        switch (fault.action, daemon.process.exitStatus) {
        case (.kill, _), (.term, .exited(0)), (.term, .signaled(15)): true
        default: false
        }
    }

    func tryPoint(_ faults: [Fault]) async throws -> (wasHit: Bool, violations: Int) {
        let (hits, violations) = try await tryPoints(faults)
        return (hits > 0, violations)
    }

    /// One run: each fault hits a daemon of its own, and a last daemon works without.
    func tryPoints(_ faults: [Fault]) async throws -> (hits: Int, violations: Int) {
        var options = QueueRun.Options()
        options.durability = durability
        let run = try QueueRun(laboratory, label: "\(scenario.rawValue)-\(action.rawValue)", options: options)
        try scenario.submit(to: run.client)
        var hits = 0
        var circumstances = Evidence.Circumstances()
        for fault in faults {
            let daemon = try run.start(fault)
            switch try await run.waitForRest(daemon) {
            case .atRest: try await run.stop(daemon)
            case .ended:
                try await run.noteEnd(of: daemon, wasEnded: run.wasHit(daemon) && isExpected(daemon, after: fault))
            case .timedOut(let why):
                circumstances.unrest = "with \(fault), no restart: \(why)"
                try await run.stop(daemon)
            }
            if !run.wasHit(daemon) { break }
            hits += 1
        }
        let violations = try await run.conclude(circumstances)
        if !violations.isEmpty {
            let points = faults.map { "\($0.point)" }.joined(separator: ",")
            laboratory.report(
                violations,
                of: run,
                repeatedBy: "sweep --scenario \(scenario.rawValue) --action \(action.rawValue) "
                    + "--durability \(durability.rawValue) --point \(points)"
            )
        }
        laboratory.detail("\(label) \(faults): \(hits) hits, \(violations.count) violations")
        return (hits, violations.count)
    }
}
