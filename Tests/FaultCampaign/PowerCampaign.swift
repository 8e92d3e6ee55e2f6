// SPDX-License-Identifier: Apache-2.0
// Power cuts: a file system that forgets whatever was not synced.

import FaultChecker
import Glibc
import SystemKit
import TestSupport

/// Cuts the power of a queue's file system at random times.
///
/// The file system lies in a file of its own and is shut down without its log being flushed, which drops everything
/// that was not synced; then it is mounted anew, as after a reboot. A disk that loses its own cache is not simulated.
struct PowerCampaign {
    let laboratory: Laboratory
    let kind: String
    let seed: UInt64
    let cuts: Int

    func run() async throws -> Summary {
        var summary = Summary("power cut \(kind)")
        let began = ContinuousClock.now
        if let obstacle = try await obstacle() {
            summary.note = "SKIPPED: \(obstacle)"
            return summary
        }
        summary.note = "seed \(seed)"
        for number in 0..<UInt64(cuts) {
            summary.violations += try await cut(seed: seed &+ number)
            summary.cuts += 1
        }
        summary.elapsed = .now - began
        return summary
    }

    private var image: String { "\(laboratory.base)/disk-\(kind)" }

    /// Why there can be no power cuts here.
    private func obstacle() async throws -> String? {
        if SystemInfo.effectiveUserID != 0 { return "only root can mount" }
        guard try await laboratory.succeeds("truncate", "-s", kind == "xfs" ? "320M" : "48M", image), try await format()
        else {
            return "mkfs.\(kind) is not there"
        }
        let place = try laboratory.makeDirectory("mount").path
        guard try await laboratory.succeeds("mount", "-o", "loop", image, place) else {
            return "no loop file system can be mounted"
        }
        guard try await laboratory.succeeds("umount", place) else { return "\(place) cannot be unmounted" }
        return nil
    }

    private func format() async throws -> Bool {
        try await laboratory.succeeds("mkfs.\(kind)", "-q", kind == "xfs" ? "-f" : "-F", image)
    }

    private func cut(seed: UInt64) async throws -> Int {
        var generator = SeededGenerator(seed: seed)
        var options = QueueRun.Options()
        options.isObserved = false
        let run = try QueueRun(laboratory, label: "power-\(seed)", options: options)
        guard try await format() else { throw CampaignError("mkfs.\(kind) fails") }
        try await mount(run)
        try run.client.submit("s", "linger:2")
        try run.client.submit("r", "fail:1", retries: 2)
        let daemon = try run.start()
        if Bool.random(using: &generator) { try run.client.submit("d", "fail", retries: 1) }
        try run.client.drop("{", as: "i")
        // Ends early only when the daemon does, which is noted below.
        _ = try? await daemon.process.waitForExit(within: .microseconds(Int.random(in: 0...90_000, using: &generator)))
        let wasOver = daemon.process.hasEnded
        try shutDown(run.root)
        daemon.process.send(SIGKILL)
        try await run.noteEnd(of: daemon, wasEnded: !wasOver)
        try await ScratchProcesses(root: run.root).killAll()
        guard try await laboratory.succeeds("umount", run.root) else {
            throw CampaignError("\(run.root) cannot be unmounted")
        }
        try await mount(run)
        try run.observe()
        var circumstances = Evidence.Circumstances()
        circumstances.cutsPower = true
        circumstances.killsSupervisors = true
        let violations = try await run.conclude(circumstances, keepsFiles: true)
        if !violations.isEmpty {
            _ = try await laboratory.succeeds("cp", "-a", run.root, "\(run.directory)/root-at-rest")
            laboratory.report(violations, of: run, repeatedBy: "power --kind \(kind) --seed \(seed) --cuts 1")
        }
        guard try await laboratory.succeeds("umount", run.root) else {
            throw CampaignError("\(run.root) cannot be unmounted")
        }
        if violations.isEmpty { try laboratory.remove(run.place) }
        return violations.count
    }

    private func mount(_ run: QueueRun) async throws {
        guard try await laboratory.succeeds("mount", "-o", "loop", image, run.root) else {
            throw CampaignError("\(image) cannot be mounted at \(run.root)")
        }
    }

    /// Stops a file system without flushing its log: what `xfs_io -c shutdown` does, on ext4 too.
    private func shutDown(_ path: String) throws {
        let directory = try Directory.open(path)
        var withoutFlush: UInt32 = 2
        guard ioctl(directory.descriptor, 0x8004_587D, &withoutFlush) == 0 else {
            throw SystemCallError(call: "ioctl", errno: SystemKit.Errno(rawValue: errno), path: path)
        }
    }
}
