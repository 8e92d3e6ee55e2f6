// SPDX-License-Identifier: Apache-2.0
// What is to be said about a queue's daemons, claims and leftovers.

package import FileQueue
package import QueueModel

/// What the files of a queue say about its daemons and claims.
package struct QueueState: Sendable {
    /// How it stands with each worker's daemon.
    package var conditions: [(WorkerID, WorkerCondition)]
    /// What each daemon wrote last about itself.
    package var heartbeats: [WorkerID: HeartbeatRecord]
    /// All claims.
    package var claims: [SurveyedClaim]
    /// The paths of old temporary files.
    package var leftovers: [String]
    /// When the files were read.
    package var now: Timestamp

    /// Gathers what was read.
    /// - Parameters:
    ///   - conditions: How it stands with each worker's daemon.
    ///   - heartbeats: What each daemon wrote last about itself.
    ///   - claims: All claims.
    ///   - leftovers: The paths of old temporary files.
    ///   - now: When the files were read.
    package init(
        conditions: [(WorkerID, WorkerCondition)],
        heartbeats: [WorkerID: HeartbeatRecord],
        claims: [SurveyedClaim] = [],
        leftovers: [String] = [],
        now: Timestamp
    ) {
        self.conditions = conditions
        self.heartbeats = heartbeats
        self.claims = claims
        self.leftovers = leftovers
        self.now = now
    }
}

extension QueueState {
    /// What is to be said about daemons, the clock, claims and leftovers.
    package var findings: [Finding] {
        heartbeatFindings + clockFindings + claimFindings + leftoverFindings
    }

    private var heartbeatFindings: [Finding] {
        var findings: [Finding] = []
        for (worker, condition) in conditions {
            let heartbeat = heartbeats[worker]
            let age = heartbeat.map { "\(Age(of: $0.timestamp, at: now))" } ?? ""
            let start = "vigil worker \(worker)"
            switch condition {
            case .running:
                let problems = (heartbeat?.problems ?? [:]).sorted { $0.key < $1.key }
                for (name, message) in problems {
                    findings.append(
                        .warning("heartbeats", "\(worker), \(name): \(message)", remedy: "see its log and vigil status")
                    )
                }
                if problems.isEmpty {
                    let word = heartbeat.map { "\($0.status.rawValue), \(age) ago" } ?? "starting"
                    findings.append(.ok("heartbeats", "\(worker): \(word)"))
                }
            case .silent:
                findings.append(
                    .warning(
                        "heartbeats",
                        "\(worker): its daemon lives, and has written none for \(age)",
                        remedy: "see its log, and whether the disk is full"
                    )
                )
            case .stopped: findings.append(.ok("heartbeats", "\(worker): stopped \(age) ago; to start it: \(start)"))
            case .crashed:
                findings.append(
                    .warning(
                        "heartbeats",
                        "\(worker): its daemon is gone without a word, its last one is \(age) old",
                        remedy: "start it: \(start)"
                    )
                )
            case .gone:
                findings.append(
                    .warning("heartbeats", "\(worker): the last one is \(age) old", remedy: "start it: \(start)")
                )
            case .absent: findings.append(.ok("heartbeats", "\(worker): never started; to start it: \(start)"))
            }
        }
        return findings
    }

    /// Two clocks may differ a little; a clock that was set back shows in what was written before.
    private static var clockTolerance: Duration { .seconds(5) }

    private var clockFindings: [Finding] {
        let ahead = heartbeats.values.filter { $0.timestamp.since(now) > Self.clockTolerance }
            .max { $0.timestamp < $1.timestamp }
        guard let ahead else { return [.ok("clock", "no heartbeat is from the future")] }
        return [
            .warning(
                "clock",
                "the heartbeat of \(ahead.worker) is \(Age(of: now, at: ahead.timestamp)) ahead of this clock",
                remedy: "see whether the clock was set back (timedatectl), or differs between machines"
            )
        ]
    }

    private var claimFindings: [Finding] {
        var findings: [Finding] = []
        for (worker, condition) in conditions where !condition.isAlive {
            let own = claims.filter { $0.worker == worker }
            let stale = own.filter { $0.holder == .nobody }
            if !stale.isEmpty {
                findings.append(
                    .warning(
                        "claims",
                        "\(worker): \(names(stale)) claimed by a daemon that is gone",
                        remedy: "the next start takes them up: vigil worker \(worker)"
                    )
                )
            }
            let unattended = own.filter { $0.holder == .supervisor }
            if !unattended.isEmpty {
                findings.append(
                    .warning(
                        "claims",
                        "\(worker): \(names(unattended)) at work without a daemon",
                        remedy: "the next start takes up the outcome: vigil worker \(worker)"
                    )
                )
            }
        }
        return findings.isEmpty ? [.ok("claims", "none is stale")] : findings
    }

    private func names(_ claims: [SurveyedClaim]) -> String {
        let shown = claims.prefix(3).map(\.id.string).joined(separator: ", ")
        return claims.count > 3 ? "\(shown) and \(claims.count - 3) more" : shown
    }

    private var leftoverFindings: [Finding] {
        guard let first = leftovers.first else { return [.ok("temporary_files", "none is left behind")] }
        return [
            .warning(
                "temporary_files",
                leftovers.count == 1
                    ? "\(first) is left behind" : "\(leftovers.count) are left behind, such as \(first)",
                remedy: "the next start of the worker removes them"
            )
        ]
    }
}
