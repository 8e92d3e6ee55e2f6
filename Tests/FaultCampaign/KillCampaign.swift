// SPDX-License-Identifier: Apache-2.0
// Kills at random times under load.

import FaultChecker
import Glibc
import SystemKit
import TestSupport

/// Kills daemons, supervisors, both, the agents that wait, and the client, at random times while tasks keep coming.
struct KillCampaign {
    let laboratory: Laboratory
    let seed: UInt64
    let kills: Int
    /// After so many kills the queue is brought to rest and judged.
    static let killsPerRound = 50

    private enum Victim { case daemon, supervisor, both, waitingAgents, client, stop }

    func run() async throws -> Summary {
        try await Summary.ofRounds("random kill", of: Self.killsPerRound, kills: kills, seed: seed, runRound)
    }

    private func runRound(seed: UInt64, kills: Int) async throws -> Summary {
        var generator = SeededGenerator(seed: seed)
        var options = QueueRun.Options()
        options.maxConcurrent = 4
        let run = try QueueRun(laboratory, label: "kill-\(seed)", options: options)
        var daemon = try run.start()
        var client = try startClient(run, seed)
        var circumstances = Evidence.Circumstances()
        circumstances.killsSupervisors = true
        for number in 1...kills {
            let pause = Duration.milliseconds(Int.random(in: 0...150, using: &generator))
            // Ends early only when the daemon does, which the checker is told of.
            _ = try? await daemon.process.waitForExit(within: pause)
            let victim = victim(Int.random(in: 0..<24, using: &generator))
            laboratory.detail("seed \(seed), kill \(number): \(victim) after \(pause)")
            if victim == .client {
                client.send(SIGKILL)
                try await client.waitForExit()
                client = try startClient(run, seed)
                continue
            }
            if victim == .waitingAgents {
                for pid in try children(of: supervisors(of: daemon.process.pid, root: run.root)) {
                    kill(pid) { status(of: $0).contains("(vigil-waiting)") }
                }
                continue
            }
            if victim == .stop {
                if try await !stop(daemon, run) { circumstances.unrest = "a daemon that was asked to stop goes on" }
                daemon = try run.start()
                continue
            }
            if victim != .daemon { try killSupervisors(of: daemon, run, all: victim == .both, &generator) }
            let wasOver = daemon.process.hasEnded
            if victim == .supervisor && !wasOver { continue }
            daemon.process.send(SIGKILL)
            if victim == .both { try killSupervisors(of: daemon, run, all: true, &generator) }
            try await run.noteEnd(of: daemon, wasEnded: !wasOver)
            daemon = try run.start()
        }
        client.send(SIGKILL)
        try await client.waitForExit()
        daemon.process.send(SIGKILL)
        try await run.noteEnd(of: daemon, wasEnded: true)
        let tasks = try run.client.reread()
        let violations = try await run.conclude(circumstances)
        if !violations.isEmpty {
            laboratory.report(violations, of: run, repeatedBy: "kill --seed \(seed) --kills \(kills)")
        }
        var summary = Summary("")
        summary.kills = kills
        summary.points = 0
        summary.inputs = Set(tasks.map(\.name)).count
        summary.violations = violations.count
        return summary
    }

    private func victim(_ dice: Int) -> Victim {
        switch dice {
        case ..<8: .daemon
        case ..<10: .stop
        case ..<13: .supervisor
        case ..<17: .both
        case ..<20: .client
        default: .waitingAgents
        }
    }

    /// Asks a daemon to stop.
    /// - Returns: Whether it does.
    private func stop(_ daemon: QueueRun.Daemon, _ run: QueueRun) async throws -> Bool {
        daemon.process.send(SIGTERM)
        do {
            let status = try await daemon.process.waitForExit(within: .seconds(30))
            // One that is asked before it listens just ends.
            try await run.noteEnd(of: daemon, wasEnded: status == .exited(0) || status == .signaled(SIGTERM))
            return true
        } catch is WaitFailure {
            daemon.process.send(SIGKILL)
            try await run.noteEnd(of: daemon, wasEnded: true)
            return false
        }
    }

    private func startClient(_ run: QueueRun, _ seed: UInt64) throws -> ChildProcess {
        try ChildProcess(
            [laboratory.own, "submit", "--root", run.root, "--log", run.directory, "--seed", "\(seed)"],
            environment: ["PATH": "/usr/bin:/bin"],
            output: "\(run.directory)/client-output.log"
        )
    }

    private func killSupervisors(
        of daemon: QueueRun.Daemon,
        _ run: QueueRun,
        all: Bool,
        _ generator: inout SeededGenerator
    ) throws {
        var numbers = try supervisors(of: daemon.process.pid, root: run.root).sorted()
        if !all { numbers = numbers.randomElement(using: &generator).map { [$0] } ?? [] }
        for pid in numbers { kill(pid, where: isSupervisor) }
    }

    /// Kills a process that is still what it was taken for.
    private func kill(_ pid: Int32, where isMeant: (Int32) -> Bool) {
        // One that has ended meanwhile is nobody's loss.
        guard let handle = try? pidfdOpen(pid), isMeant(pid) else { return }
        try? sendSignal(SIGKILL, toProcess: handle)
    }

    private func children(of parents: [Int32]) throws -> [Int32] {
        try listing("/proc").compactMap { Int32($0) }.filter { parent(of: $0).map(parents.contains) == true }
    }

    /// The supervisors that are children of a daemon, or that work for its queue alone.
    private func supervisors(of daemon: Int32, root: String) throws -> [Int32] {
        var found = Set(try ScratchProcesses(root: root).numbers().filter(isSupervisor))
        for pid in try listing("/proc").compactMap({ Int32($0) }) where isSupervisor(pid) && parent(of: pid) == daemon {
            found.insert(pid)
        }
        return Array(found)
    }

    private func isSupervisor(_ pid: Int32) -> Bool { status(of: pid).contains("(vigil-supervise)") }

    private func parent(of pid: Int32) -> Int32? {
        let words = status(of: pid).split(separator: ")").last?.split(separator: " ") ?? []
        return words.count > 1 ? Int32(words[1]) : nil
    }

    private func status(of pid: Int32) -> String {
        // A process that has ended has no status.
        let bytes = (try? Directory.open("/proc/\(pid)").read("stat", limit: 4096)) ?? []
        return String(decoding: bytes, as: UTF8.self)
    }
}
